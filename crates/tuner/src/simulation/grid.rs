//! Many runs at once.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;
use rungkeeper_tuner_hooks::log::Event;
use rungkeeper_tuner_hooks::{BoxError, PolicySpec};

use crate::simulation::run::run;
use crate::simulation::setup::Setup;
use crate::simulation::{
    Cell, CellResult, Conditions, CurveSearch, Curves, EventSink, Levels, SimulationError,
};

/// Every combination of curves, levels, workers, budgets, seeds and policies, simulated on several
/// threads.
///
/// Results come in that order, the last varying fastest, and do not depend on the number of
/// threads. On frozen schedules the optimum of each combination is computed once, for all policies.
///
/// ```
/// use rungkeeper_rung_model::Mode;
/// use rungkeeper_tuner::curves::{CurveTable, ReadOptions};
/// use rungkeeper_tuner::simulation::{Conditions, Curves, Grid, Levels, Retraining};
/// use rungkeeper_tuner_hooks::PolicySpec;
///
/// let rows = (0..40).map(|i| format!("{i},1,{},3\n{i},2,{},3\n", i % 7, i % 5));
/// let file = format!("trial,resource,loss,seconds\n{}", rows.collect::<String>());
/// let table = CurveTable::read(file.as_bytes(), "losses.csv", &ReadOptions::new())?;
/// let grid = Grid {
///     curves: vec![Curves { table, mode: Mode::Min }],
///     levels: vec![Levels::geometric(2)],
///     workers: vec![2],
///     budgets: vec![4, 8],
///     seeds: (0..3).collect(),
///     policies: vec![PolicySpec::default(), PolicySpec::ByLevel],
///     conditions: Conditions { retraining: Retraining::Frozen, ..Conditions::default() },
///     threads: None,
/// };
/// let results = grid.run(&())?;
/// assert_eq!(results.len(), 2 * 3 * 2);
/// assert!(results.iter().all(|cell| cell.optimum.unwrap() <= cell.cost_resources));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// Files of curves.
    pub curves: Vec<Curves>,
    /// Rung levels.
    pub levels: Vec<Levels>,
    /// Numbers of workers.
    pub workers: Vec<u64>,
    /// Budgets.
    pub budgets: Vec<u64>,
    /// Seeds.
    pub seeds: Vec<u64>,
    /// Policies.
    pub policies: Vec<PolicySpec>,
    /// What is common to all runs.
    pub conditions: Conditions,
    /// Number of threads, of which no more than 1,024 or than there are runs are started; `None`: as
    /// many as there are cores.
    pub threads: Option<usize>,
}

/// Most runs of a grid: their results may take some kilobytes each.
const MOST_RUNS: u64 = 100_000;

/// Most threads of a grid.
const MOST_THREADS: usize = 1_024;

/// Takes the events of a run as they happen.
pub type BoxedSink = Box<dyn FnMut(&Event) -> Result<(), BoxError>>;

/// Looks on as a grid is simulated, from several threads at once. `()` does nothing.
pub trait GridObserver: Sync {
    /// A run begins: where its event log goes. Nowhere by default.
    ///
    /// # Errors
    ///
    /// Whatever keeps the log from being written; the grid is then given up.
    fn log(&self, _curves: &Curves, _cell: &Cell) -> Result<Option<BoxedSink>, BoxError> {
        Ok(None)
    }

    /// A run begins: who chooses the curves of its trials, if the seed is not to. Nobody by default.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from choosing; the grid is then given up.
    fn search(
        &self,
        _curves: &Curves,
        _conditions: &Conditions,
        _cell: &Cell,
    ) -> Result<Option<Box<dyn CurveSearch>>, BoxError> {
        Ok(None)
    }

    /// A run is over. Does nothing by default.
    fn done(&self, _result: &CellResult) {}
}

impl GridObserver for () {}

impl Grid {
    /// Number of runs; [`usize::MAX`] where it is larger than that.
    #[must_use]
    pub fn num_cells(&self) -> usize {
        usize::try_from(self.num_runs()).unwrap_or(usize::MAX)
    }

    fn num_runs(&self) -> u128 {
        let sides = [
            self.curves.len(),
            self.levels.len(),
            self.workers.len(),
            self.budgets.len(),
            self.seeds.len(),
            self.policies.len(),
        ];
        let sides = sides.into_iter().map(|side| side as u128);
        sides.fold(1, u128::saturating_mul)
    }

    /// Refuses what cannot be simulated, without simulating anything.
    ///
    /// # Errors
    ///
    /// More than 100,000 runs; and as [`simulate`](super::simulate), for the first combination that is refused.
    pub fn check(&self) -> Result<(), SimulationError> {
        let (runs, most) = (self.num_runs(), MOST_RUNS);
        if runs > u128::from(most) {
            return Err(SimulationError::TooManyRuns { runs, most });
        }
        for (curves, cell) in self.groups() {
            for &policy in &self.policies {
                Setup::new(
                    curves,
                    &self.conditions,
                    &Cell {
                        policy,
                        ..cell.clone()
                    },
                )?;
            }
        }
        Ok(())
    }

    /// Simulates all of it.
    ///
    /// # Errors
    ///
    /// As [`Grid::check`], before anything is simulated; and the error of a run that fails, after
    /// which no further one is begun.
    pub fn run(&self, observer: &impl GridObserver) -> Result<Vec<CellResult>, SimulationError> {
        self.check()?;
        let groups: Vec<(&Curves, Cell)> = self.groups().collect();
        let most = groups.len().clamp(1, MOST_THREADS);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads.map_or(0, |threads| threads.min(most))) // 0: the number of cores
            .build()
            .map_err(|error| SimulationError::Threads(error.into()))?;
        let failed = AtomicBool::new(false);
        let results: Vec<Result<Vec<CellResult>, SimulationError>> = pool.install(|| {
            groups
                .par_iter()
                .with_max_len(1) // each takes long, and some longer than others: none waits behind another
                .map(|(curves, cell)| {
                    if failed.load(Ordering::Relaxed) {
                        return Ok(Vec::new()); // the others would be thrown away
                    }
                    let results = self.group(curves, cell, observer);
                    failed.fetch_or(results.is_err(), Ordering::Relaxed);
                    results
                })
                .collect()
        });
        let mut flat = Vec::with_capacity(self.num_cells());
        for group in results {
            flat.extend(group?);
        }
        Ok(flat)
    }

    /// All combinations, policies aside: each has the default one.
    fn groups(&self) -> impl Iterator<Item = (&Curves, Cell)> {
        self.curves.iter().flat_map(move |curves| {
            self.levels.iter().flat_map(move |levels| {
                self.workers.iter().flat_map(move |&workers| {
                    self.budgets.iter().flat_map(move |&budget| {
                        self.seeds.iter().map(move |&seed| {
                            let cell = Cell {
                                levels: levels.clone(),
                                workers,
                                budget,
                                seed,
                                policy: PolicySpec::default(),
                            };
                            (curves, cell)
                        })
                    })
                })
            })
        })
    }

    /// All policies on one schedule, or what would be one if training again took no time.
    fn group(
        &self,
        curves: &Curves,
        cell: &Cell,
        observer: &impl GridObserver,
    ) -> Result<Vec<CellResult>, SimulationError> {
        let mut results = Vec::with_capacity(self.policies.len());
        let mut optimum = None;
        for &policy in &self.policies {
            let cell = Cell {
                policy,
                ..cell.clone()
            };
            let mut sink = observer.log(curves, &cell).map_err(SimulationError::Log)?;
            let search = observer
                .search(curves, &self.conditions, &cell)
                .map_err(SimulationError::Search)?;
            let sink = sink.as_deref_mut().map(|sink| sink as EventSink<'_>);
            let simulated = run(curves, &self.conditions, &cell, search, sink)?;
            if let (None, Some(schedule)) = (optimum, &simulated.schedule) {
                optimum = Some(schedule.optimum(cell.budget)?);
            }
            let result = CellResult {
                optimum,
                ..simulated.result
            };
            observer.done(&result);
            results.push(result);
        }
        Ok(results)
    }
}
