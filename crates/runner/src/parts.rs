//! What a run is made of, and how that is put together.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use rungkeeper_rung_model::CheckpointTracking;
use rungkeeper_score::PromotionRule;
use rungkeeper_tuner_hooks::log::Header;
use serde_json::{Map, Value, json};

use crate::books::{Books, Standing};
use crate::clock::Clock;
use crate::desk::{Desk, Settings};
use crate::directory::RunDirectory;
use crate::experiment::Experiment;
use crate::journal::Journal;
use crate::ledger::Ledger;
use crate::message::Message;
use crate::observer::Observer;
use crate::origin::{Origin, Whereabouts};
use crate::trials::Trials;
use crate::{RunError, storage};

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
    /// The parts of a new run, in a directory that must be new or empty.
    pub(crate) fn create(
        experiment: Experiment,
        text: &str,
        experiment_file: &Path,
        directory: &Path,
    ) -> Result<Self, RunError> {
        let directory = RunDirectory::claim(directory)?;
        storage::check_that_nothing_is_kept(&directory, &experiment)?;
        directory.begin(experiment_file, text)?;
        let header = header(&experiment);
        // Before there is a log: a place that cannot be used is no run yet, and whoever is killed here can begin again.
        let origin = Origin::new(experiment_file, directory.path())?;
        origin.write(directory.path())?;
        let store = storage::open(&directory, &origin, &Whereabouts::Same, &experiment, false)?;
        let journal = Journal::create(&directory.log(), &header, &begun_as(&experiment))?;
        Ok(Self {
            standing: Standing::new(&experiment, &header)?,
            experiment,
            directory,
            origin,
            store,
            journal,
            elapsed: 0.0,
            obstacles: Obstacles::default(),
        })
    }

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
            patience: experiment.store.patience(),
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

/// The first line of a run's log.
pub(crate) fn header(experiment: &Experiment) -> Header {
    let mut spec = experiment.scheduler.model.clone();
    spec.checkpoints = CheckpointTracking::Committed;
    // As the scheduler keeps its rungs: see its documentation on ties.
    spec.promoted_behind_equals = experiment.scheduler.rule == PromotionRule::LinearQuantile;
    let mut header = Header::new("run", &spec, experiment.scheduler.max_resource);
    header.set_policy(experiment.policy);
    header.policy_seed = experiment.policy_seed;
    header.budget = experiment.budget;
    header.limits = experiment.limits;
    header.settings.promotion_rule = experiment.scheduler.rule;
    header.workers = experiment.workers;
    header.seed = experiment.scheduler.seed;
    header
}

/// What of the experiment a later resume compares the file with, in the log's first line.
fn begun_as(experiment: &Experiment) -> Map<String, Value> {
    [("experiment".to_owned(), json!(experiment.table()))]
        .into_iter()
        .collect()
}
