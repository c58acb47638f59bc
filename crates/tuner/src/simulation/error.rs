use rungkeeper_rung_model::SpecError;
use rungkeeper_tuner_hooks::{BoxError, HookError, SetupError};
use thiserror::Error;

use crate::optimum::OptimumError;
use crate::scheduler::SchedulerError;

/// Why a run could not be simulated.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SimulationError {
    /// A run needs a worker.
    #[error("the number of workers is 0, but must be at least 1")]
    NoWorkers,
    /// A grid has more runs than there is memory and time for.
    #[error(
        "there are {runs} runs, one for each combination of curves, levels, workers, budgets, seeds \
         and policies, but there must be at most {most}"
    )]
    TooManyRuns {
        /// Runs asked for.
        runs: u128,
        /// Most there may be.
        most: u64,
    },
    /// A run with replacement is to have more trials than there is memory and time for.
    #[error("a run of {trials} trials is asked for, but there must be at most {most}")]
    TooManyTrials {
        /// Trials asked for.
        trials: u64,
        /// Most there may be.
        most: u64,
    },
    /// A run with replacement does not come to its end.
    #[error(
        "a run has started {most} trials and has not reached any limit: lower the limit of seconds, \
         reports or resource, or give one of trials"
    )]
    NoEnd {
        /// Most there may be where no limit of trials is given.
        most: u64,
    },
    /// The budget is smaller than what the running trials hold.
    #[error(
        "the budget is {budget} checkpoints, but {workers} workers hold one each: the smallest \
         budget that works is {workers}"
    )]
    BudgetTooSmall {
        /// The budget.
        budget: u64,
        /// Number of workers.
        workers: u64,
    },
    /// The trials are to be trained further than the curves tell.
    #[error(
        "the max resource is {max_resource}, but {curves} lists no resource beyond {last}: it must \
         be at most {last}"
    )]
    MaxResource {
        /// The file.
        curves: String,
        /// The max resource asked for.
        max_resource: u64,
        /// The largest resource listed.
        last: u64,
    },
    /// The first level is one at which nothing is known yet.
    #[error(
        "the first rung level is {level}, but {curves} lists no resource before {first}: it must be \
         at least {first}"
    )]
    FirstLevel {
        /// The file.
        curves: String,
        /// The first level.
        level: u64,
        /// The smallest resource listed.
        first: u64,
    },
    /// The rung levels or brackets.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The policy or the limits.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The scheduler refused a call.
    #[error(transparent)]
    Scheduler(#[from] SchedulerError),
    /// The removal callback refused an event.
    #[error(transparent)]
    Hook(#[from] HookError),
    /// The optimum of the schedule could not be found.
    #[error(transparent)]
    Optimum(#[from] OptimumError),
    /// An event could not be written.
    #[error("the event log could not be written: {0}")]
    Log(BoxError),
    /// A search failed.
    #[error(transparent)]
    Search(BoxError),
    /// A search has no curve before more has happened, and nothing more can happen.
    #[error(
        "the search has nothing for trial {trial} before it is told more, and no trial runs or can be \
         promoted: it has to choose one, or say that it ends"
    )]
    SearchWaits {
        /// The trial.
        trial: String,
    },
    /// The threads of a grid could not be started.
    #[error("the threads could not be started: {0}")]
    Threads(BoxError),
}
