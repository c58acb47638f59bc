use std::io;
use std::path::{Path, PathBuf};

use rungkeeper_checkpoints::StoreError;
use rungkeeper_policies::{BudgetError, LimitError};
use rungkeeper_rung_model::SpecError;
use rungkeeper_tuner::replay::ReplayError;
use rungkeeper_tuner_hooks::{HookError, SetupError};
use thiserror::Error;

use crate::directory::worked_on_by;
use crate::experiment::ExperimentError;
use crate::journal::JournalError;
use crate::whole::is_full;
use rungkeeper_tuner::scheduler::SchedulerError;

/// Why a run could not begin, or had to stop. What is in the log is not lost.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// A file of the run.
    #[error("{}: {source}{}", path.display(), if is_full(source) { "; free space there, and try it again" } else { "" })]
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
    /// The directory holds something that is no run.
    #[error(
        "{} is not used: it holds {entry:?}, which no run made; give a new or empty directory with --dir",
        directory.display()
    )]
    NotOurs {
        /// The directory.
        directory: PathBuf,
        /// Something in it.
        entry: String,
    },
    /// The training command cannot be started as it is written.
    #[error("{}: {reason}", path.display())]
    Command {
        /// The experiment file.
        path: PathBuf,
        /// What is missing, and where it was looked for.
        reason: String,
    },
    /// The directory is a copy, and its store is the original's.
    #[error(
        "{} is a copy of the run in {}, and both would use the store {store}: nothing was touched; go on with the \
         original, or move it away first if this is the one to keep", directory.display(), original.display()
    )]
    CopyOfAStore {
        /// The copy.
        directory: PathBuf,
        /// The original.
        original: PathBuf,
        /// The store.
        store: String,
    },
    /// The folder that the experiment's paths are relative to is not there.
    #[error(
        "the programs of the run in {} ran in {}, and {} is not there; name the folder with --base DIR",
        directory.display(), base.display(), base.join(file).display()
    )]
    NoBase {
        /// The run's directory.
        directory: PathBuf,
        /// The folder as it was.
        base: PathBuf,
        /// The experiment file in it.
        file: PathBuf,
    },
    /// The experiment file in the run's directory was changed where the run cannot follow.
    #[error("{}:\n{}", path.display(), reasons.join("\n"))]
    Changed {
        /// The file.
        path: PathBuf,
        /// What was changed, and what to do.
        reasons: Vec<String>,
    },
    /// The disk that the checkpoints are on is full.
    #[error(
        "the disk of {} is full or cannot be written: programs were paused, nothing is lost, and `rungkeeper resume` goes on once there is \
         room", place.display()
    )]
    DiskFull {
        /// Where the checkpoints are.
        place: PathBuf,
    },
    /// The directory holds a run already.
    #[error("{} holds a run already: `rungkeeper resume` goes on with it, and --dir names a place for another", .0.display())]
    Exists(PathBuf),
    /// The directory holds checkpoints of a run whose event log is gone or empty.
    #[error(
        "{} is not used: its store holds {kept} checkpoint{} of a run whose log.jsonl is gone or empty\nput the log back, or give \
         a new directory with --dir",
        directory.display(),
        if *kept == 1 { "" } else { "s" }
    )]
    NoLog {
        /// The directory.
        directory: PathBuf,
        /// Number of checkpoints.
        kept: usize,
    },
    /// The directory holds no run.
    #[error("{} {why}", path.display())]
    NoRun {
        /// The directory.
        path: PathBuf,
        /// What was found there, as the end of a sentence.
        why: &'static str,
    },
    /// Another process works on the run.
    #[error("{} works on the run in {}", who_works_on(.0), .0.display())]
    Locked(PathBuf),
    /// A process works on the run, and did not take up what it was asked in this time.
    #[error(
        "process {process} works on the run in {}, but did not answer within {seconds} s: it may be stopped or hang\n`kill -CONT \
         {process}` lets one that was stopped go on",
        directory.display()
    )]
    NoAnswer {
        /// Directory of the run.
        directory: PathBuf,
        /// The number of the process.
        process: u32,
        /// How long it was waited for.
        seconds: f64,
    },
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
    /// A pin that keeps the checkpoint of the best trial, which nobody asked to delete.
    #[error(
        "trial \"{trial}\" is the best: unpinning it would delete its checkpoint, {place}\nwith --delete-best that is done"
    )]
    PinnedBest {
        /// The trial.
        trial: String,
        /// Where its checkpoint lies.
        place: String,
    },
    /// Limits that are none.
    #[error(transparent)]
    Limits(#[from] LimitError),
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
    /// The work on the store broke off.
    #[error(
        "the work on the store for trial \"{trial}\" broke off, which is a mistake of this program; `rungkeeper resume` \
         goes on from what is in the log"
    )]
    Broke {
        /// The trial.
        trial: String,
    },
    /// The training program could not be started.
    #[error("cannot start {program}: {source}")]
    Start {
        /// The program.
        program: String,
        /// Why not.
        source: io::Error,
    },
}

/// The process by its number, where that is known.
fn who_works_on(directory: &Path) -> String {
    let number = worked_on_by(directory);
    number.map_or("another process".to_owned(), |number| {
        format!("process {number}")
    })
}

pub(crate) fn file_error(path: &Path, source: io::Error) -> RunError {
    RunError::File {
        path: path.to_owned(),
        source,
    }
}
