//! A part of the study: runs, and what each policy lost.

use anyhow::Result;

use super::measures::{Comparison, Pair, compare};
use super::study::{Column, Configuration, Plan, Row};
use super::{Group, live};

/// Runs, and what each policy lost.
pub struct Part {
    /// Which runs.
    pub plan: Plan,
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
    /// Those with this many checkpoints beyond those of the running trials.
    pub spare: Option<u64>,
}

impl Of {
    /// The rows of families of a group.
    #[must_use]
    pub fn group(group: Group) -> Self {
        Self {
            group: Some(group),
            ..Self::default()
        }
    }

    /// The rows of the family at a place.
    #[must_use]
    pub fn family(place: usize) -> Self {
        Self {
            family: Some(place),
            ..Self::default()
        }
    }

    /// Of these, the rows with this many spare checkpoints.
    #[must_use]
    pub fn with_spare(self, spare: Option<u64>) -> Self {
        Self { spare, ..self }
    }
}

impl Part {
    /// Replays all runs of a plan on their frozen schedules.
    ///
    /// # Errors
    ///
    /// Settings that the simulation refuses.
    pub fn frozen(plan: Plan) -> Result<Self> {
        let rows = plan.frozen_rows()?;
        Ok(Self { plan, rows })
    }

    /// Simulates all runs of a plan, training again taking its time.
    ///
    /// # Errors
    ///
    /// Settings that the simulation refuses.
    pub fn live(plan: Plan) -> Result<Self> {
        let rows = live::rows(&plan)?;
        Ok(Self { plan, rows })
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
            let Configuration { setting, spare } = row.configuration;
            of.group
                .is_none_or(|group| self.plan.families[setting.family].group == group)
                && of.family.is_none_or(|place| setting.family == place)
                && of.spare.is_none_or(|of| of == spare)
        });
        let pair = |row: &Row| {
            Some(Pair {
                configuration: row.configuration,
                seed: row.seed,
                resumed_levels: row.resumed_levels as f64,
                cost: row.cost(column)? as f64,
                reference: row.cost(reference)? as f64,
            })
        };
        compare(&chosen.filter_map(pair).collect::<Vec<_>>())
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
