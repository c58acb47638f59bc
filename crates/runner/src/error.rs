use std::io;
use std::path::PathBuf;

use rungkeeper_checkpoints::StoreError;
use rungkeeper_policies::BudgetError;
use rungkeeper_rung_model::SpecError;
use rungkeeper_tuner_hooks::{HookError, ReplayError, SetupError};
use thiserror::Error;

use crate::experiment::ExperimentError;
use crate::journal::JournalError;
use rungkeeper_tuner::scheduler::SchedulerError;

/// Why a run could not begin, or had to stop. What is in the log is not lost.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// A file of the run.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
    /// The experiment file has problems.
    #[error("{}:\n{source}", path.display())]
    Experiment {
        /// The file.
        path: PathBuf,
        /// All of them.
        source: ExperimentError,
    },
    /// The directory holds a run already.
    #[error("{} holds a run already: `rungkeeper resume` goes on with it", .0.display())]
    Exists(PathBuf),
    /// The directory holds no run.
    #[error("{} holds no run (there is no log.jsonl in it)", .0.display())]
    NoRun(PathBuf),
    /// Another process works on the run.
    #[error("another process works on the run in {}", .0.display())]
    Locked(PathBuf),
    /// The event log.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The budget.
    #[error(transparent)]
    Budget(#[from] BudgetError),
    /// A trial that cannot be pinned or unpinned.
    #[error("trial \"{trial}\" {reason}")]
    Pin {
        /// The trial.
        trial: String,
        /// Why not.
        reason: &'static str,
    },
    /// The settings.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The scheduler's settings.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The scheduler.
    #[error(transparent)]
    Scheduler(#[from] SchedulerError),
    /// The log does not fit together.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The removal callback.
    #[error(transparent)]
    Hook(#[from] HookError),
    /// The training program could not be started.
    #[error("cannot start {program}: {source}")]
    Start {
        /// The program.
        program: String,
        /// Why not.
        source: io::Error,
    },
}
