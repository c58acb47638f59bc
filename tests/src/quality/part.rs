//! A part of the study: runs, ways to choose, and what they lost.

use anyhow::Result;

use crate::quality::measures::Comparison;
use crate::quality::study::{Column, Configuration, Contender, Plan, Row, compare_rows};
use crate::quality::{Group, live};

/// Runs, ways to choose, and what they lost.
pub struct Part {
    /// Which runs.
    pub plan: Plan,
    /// Who chose.
    pub contenders: Vec<Contender>,
    /// What was lost.
    pub rows: Vec<Row>,
}

/// A choice of rows; what is `None` does not matter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Of {
    /// Those of families of this group.
    pub group: Option<Group>,
    /// Those of the family at this place.
    pub family: Option<usize>,
    /// Those with so many checkpoints beyond those of the running trials.
    pub spare: Option<u64>,
}

impl Part {
    /// Replays all runs of a plan on their frozen schedules.
    ///
    /// # Errors
    ///
    /// As [`Plan::rows`].
    pub fn frozen(plan: Plan, contenders: Vec<Contender>) -> Result<Self> {
        let rows = plan.rows(&contenders)?;
        Ok(Self {
            plan,
            contenders,
            rows,
        })
    }

    /// Simulates all runs of a plan, training again taking its time. The contenders are policies,
    /// known by their names.
    ///
    /// # Errors
    ///
    /// Settings that the simulation refuses.
    pub fn live(plan: Plan, contenders: Vec<Contender>) -> Result<Self> {
        let names: Vec<&str> = contenders.iter().map(|contender| contender.name).collect();
        let rows = live::rows(&plan, &names)?;
        Ok(Self {
            plan,
            contenders,
            rows,
        })
    }

    /// The column of a contender.
    ///
    /// # Panics
    ///
    /// If there is no contender of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Column {
        let place = self.contenders.iter().position(|one| one.name == name);
        Column::Contender(place.expect("the contender takes part"))
    }

    /// Compares two columns over some of the rows; `None` where there are none.
    #[must_use]
    pub fn compare(
        &self,
        of: Of,
        column: Column,
        reference: Column,
    ) -> Option<Comparison<Configuration>> {
        let chosen = self.rows.iter().filter(|row| {
            of.group.is_none_or(|group| self.plan.is_of(row, group))
                && (of.family).is_none_or(|place| row.configuration.setting.family == place)
                && (of.spare).is_none_or(|spare| row.configuration.spare == spare)
        });
        compare_rows(chosen, column, reference)
    }

    /// A configuration in words.
    #[must_use]
    pub fn describe(&self, at: Configuration) -> String {
        let Configuration { setting, spare } = at;
        format!(
            "{}, eta {}, {} workers, C = {spare}",
            self.plan.families[setting.family].name, setting.eta, setting.workers
        )
    }
}
