//! What a run is made of, and how that is put together.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::RunError;
use crate::books::{Books, Standing};
use crate::clock::Clock;
use crate::desk::{Desk, Settings};
use crate::directory::RunDirectory;
use crate::experiment::{Experiment, Search, StorePlace, find_program};
use crate::journal::Journal;
use crate::ledger::Ledger;
use crate::observer::Observer;
use crate::origin::Origin;
use crate::runner::Message;
use crate::trials::Trials;

/// What a runner is made of.
pub(crate) struct Parts {
    pub(crate) experiment: Experiment,
    pub(crate) directory: RunDirectory,
    pub(crate) origin: Origin,
    pub(crate) store: Arc<dyn rungkeeper_checkpoints::Store>,
    pub(crate) journal: Journal,
    pub(crate) standing: Standing,
    pub(crate) elapsed: f64,
    pub(crate) obstacles: Obstacles,
}

/// What is of interest only if the run goes on.
#[derive(Default)]
pub(crate) struct Obstacles {
    /// What a person should know before.
    pub(crate) notes: Vec<String>,
    /// Why it cannot go on, though all else can be done with it.
    pub(crate) error: Option<RunError>,
}

impl Parts {
    /// Puts the parts together; what programs and the store have to say is sent to `to`.
    pub(crate) fn into_trials<'o>(
        self,
        observer: &'o mut dyn Observer,
        to: &SyncSender<Message>,
    ) -> (Trials<'o>, Obstacles) {
        let Self {
            experiment,
            directory,
            origin,
            store,
            journal,
            standing,
            elapsed,
            obstacles,
        } = self;
        let settings = Settings {
            workers: experiment.workers,
            patience: match &experiment.store {
                StorePlace::Folder { timeout, .. } => *timeout,
                // Its client tries again by itself for longer; this is for the local copy.
                StorePlace::Bucket { .. } => Duration::from_secs(10),
            },
            mark: origin.mark.clone(),
            log: journal.file(),
        };
        let desk = Desk::new(store, settings, to);
        let clock = Clock::start(elapsed, directory.clock());
        let books = Books::new(Ledger::new(journal, clock, observer), standing);
        let working_directory = origin.base().join(&experiment.directory);
        let experiment = Arc::new(experiment);
        let mut trials = Trials::new(
            experiment,
            books,
            desk,
            directory,
            working_directory,
            origin.mark,
        );
        trials.set_up_search(to);
        (trials, obstacles)
    }
}

/// What of the experiment a later resume compares the file with, in the log's first line.
pub(crate) fn begun_as(experiment: &Experiment) -> Map<String, Value> {
    [("experiment".to_owned(), json!(experiment.table()))]
        .into_iter()
        .collect()
}

/// That the programs of the run can be started from a folder.
pub(crate) fn check_command(
    experiment: &Experiment,
    file: &Path,
    directory: &Path,
) -> Result<(), RunError> {
    let here = directory.as_os_str().is_empty();
    let directory = if here { Path::new(".") } else { directory };
    let find = |command: &[String]| find_program(command, directory, &experiment.environment);
    let search = match &experiment.search {
        Search::Program { command, .. } => find(command).map_err(|why| format!("[search]: {why}")),
        Search::Random => Ok(PathBuf::new()),
    };
    let found = find(&experiment.command).and(search);
    found.map(drop).map_err(|reason| RunError::Command {
        path: file.to_owned(),
        reason,
    })
}
