//! All runs, with all policies.

use std::fmt;

use anyhow::Result;
use rayon::prelude::*;
use rungkeeper_tuner_hooks::Limits;

use super::Family;
use super::frozen::{Frozen, Setting};

/// Names of the policies, the reference first and then the one that is to be proved.
pub const POLICIES: [&str; 4] = ["speculative", "rank_aware", "by_level", "random"];
/// The policy that others are compared with.
pub const REFERENCE: Column = Column::Policy(0);
/// The policy that is to be proved.
pub const PROVED: Column = Column::Policy(1);
pub(crate) const BY_LEVEL: Column = Column::Policy(2);

/// Which runs are looked at.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The families.
    pub families: Vec<Family>,
    /// Reduction factors.
    pub etas: Vec<u64>,
    /// Numbers of workers.
    pub workers: Vec<u64>,
    /// Numbers of brackets.
    pub brackets: Vec<usize>,
    /// Numbers of checkpoints that may be kept beyond those of the running trials.
    pub spare: Vec<u64>,
    /// Seeds.
    pub seeds: Vec<u64>,
    /// By what the announced number of reports differs from that which ends the run.
    pub announced: f64,
}

/// Everything about a run but its seed.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Configuration {
    /// What the run is made of.
    pub setting: Setting,
    /// Number of checkpoints that may be kept beyond those of the running trials.
    pub spare: u64,
}

/// What each policy lost on one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Which run.
    pub configuration: Configuration,
    /// Seed of the run.
    pub seed: u64,
    /// Sum of the levels of all trials that were resumed.
    pub resumed_levels: u64,
    /// The least that any choice could have lost, where the schedule is frozen.
    pub optimum: Option<u64>,
    /// Cost of each of the [`POLICIES`].
    pub costs: Vec<u64>,
}

/// A column of the rows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Column {
    /// The policy at this place among the [`POLICIES`].
    Policy(usize),
    /// The least possible.
    Optimum,
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Policy(place) => POLICIES[*place],
            Self::Optimum => "least possible",
        })
    }
}

impl Plan {
    /// All families with the settings of the main tables.
    #[must_use]
    pub fn of(families: Vec<Family>, seeds: Vec<u64>) -> Self {
        Self {
            families,
            etas: vec![2, 3, 4],
            workers: vec![4, 8],
            brackets: vec![1],
            spare: vec![4, 8, 16, 32],
            seeds,
            announced: 1.0,
        }
    }

    /// Settings and seeds, in the order of the rows.
    fn runs(&self) -> Vec<(Setting, u64)> {
        let mut runs = Vec::new();
        for family in 0..self.families.len() {
            for &eta in &self.etas {
                for &workers in &self.workers {
                    for &brackets in &self.brackets {
                        let setting = Setting {
                            family,
                            eta,
                            workers,
                            brackets,
                        };
                        runs.extend(self.seeds.iter().map(|&seed| (setting, seed)));
                    }
                }
            }
        }
        runs
    }

    /// Calls `of` with each family, setting and seed, and gathers its rows. They do not depend on the number of threads.
    ///
    /// # Errors
    ///
    /// The first, in the order of the rows, of a run that fails.
    pub(crate) fn gather(
        &self,
        of: impl Fn(&Family, Setting, u64) -> Result<Vec<Row>> + Sync,
    ) -> Result<Vec<Row>> {
        let runs = self.runs();
        let rows: Vec<Result<Vec<Row>>> = runs
            .par_iter()
            .map(|&(setting, seed)| of(&self.families[setting.family], setting, seed))
            .collect();
        let mut all = Vec::new();
        for rows in rows {
            all.extend(rows?);
        }
        Ok(all)
    }

    /// Replays each run with each policy and budget.
    ///
    /// # Errors
    ///
    /// As [`Plan::gather`].
    pub(crate) fn frozen_rows(&self) -> Result<Vec<Row>> {
        self.gather(|family, setting, seed| {
            let frozen = Frozen::record(family, setting, seed)?;
            let announced = Limits {
                reports: Some((self.announced * family.reports as f64) as u64),
                ..Limits::default()
            };
            let row = |&spare: &u64| {
                let budget = setting.workers + spare;
                let replay = |policy: &str| frozen.replay(policy, budget, announced);
                let optimum = Some(frozen.optimum(budget)?);
                Row::of(setting, spare, seed, &frozen, optimum, replay)
            };
            self.spare.iter().map(row).collect()
        })
    }
}

impl Row {
    /// What each policy costs on a run, compared with the levels resumed in the frozen one.
    pub(crate) fn of(
        setting: Setting,
        spare: u64,
        seed: u64,
        frozen: &Frozen,
        optimum: Option<u64>,
        cost: impl Fn(&str) -> Result<u64>,
    ) -> Result<Self> {
        Ok(Self {
            configuration: Configuration { setting, spare },
            seed,
            resumed_levels: frozen.resumed_levels,
            optimum,
            costs: POLICIES.into_iter().map(cost).collect::<Result<_>>()?,
        })
    }

    /// What one column cost, if it is known.
    #[must_use]
    pub fn cost(&self, column: Column) -> Option<u64> {
        match column {
            Column::Policy(place) => self.costs.get(place).copied(),
            Column::Optimum => self.optimum,
        }
    }
}
