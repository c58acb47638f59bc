//! Tuning a real training program on this machine: processes, checkpoints, the event log.
//!
//! [`Runner`] starts training processes, pauses and promotes them as the scheduler says, keeps their
//! checkpoints in a store within the budget, and writes everything down before it counts. The event
//! log is the state: after a crash at any moment [`Runner::resume`] goes on where the log ends.
//!
//! The run's directory holds `experiment.toml`, `log.jsonl`, `lock`, the checkpoints, and the output
//! of each trial under `output/`.

mod collection;
mod committing;
mod ending;
mod error;
mod files;
mod pins;
mod process;
mod recovery;
mod reports;
mod requests;
#[cfg(test)]
mod tests;
mod trash;
mod turn;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use rungkeeper_checkpoints::{DeletionEvent, Store, StoreError};
use rungkeeper_policies::Budget;
use rungkeeper_rung_model::Decision;
use rungkeeper_tuner_hooks::log::{Event, Header};
use rungkeeper_tuner_hooks::{RemovalCallback, RungModel};
use serde_json::{Map, Value};

use crate::experiment::Experiment;
use crate::journal::Journal;
use rungkeeper_tuner::scheduler::PromotionScheduler;
use rungkeeper_tuner::search_space::Configuration;

pub use collection::{Collected, Doomed, Orphans, orphans, what_would_go};
pub use error::RunError;
pub use files::{RunFiles, worked_on_by};
pub use requests::{Request, ask};

use process::{Process, Said};
use trash::Trash;

/// How long the loop sleeps when nothing is said: ends of processes are noticed that late.
const TICK: Duration = Duration::from_millis(20);

/// Lines that training programs may be ahead of the loop before they have to wait.
const LINES_AHEAD: usize = 4096;

/// Someone who watches a run.
pub trait Observer {
    /// An event was written to the log.
    fn event(&mut self, _event: &Event) {}

    /// Something a person should know, though the run goes on.
    fn note(&mut self, _text: &str) {}

    /// A turn of the loop is over.
    fn turn(&mut self, _run: &View<'_>) {}

    /// Asked once per turn: whether the run shall stop.
    fn stop(&mut self) -> Stop {
        Stop::No
    }
}

/// Whether a run shall stop.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Stop {
    /// It goes on.
    #[default]
    No,
    /// Running trials are paused at their next report, then the run stops and can be resumed.
    Cleanly,
    /// Running trials are ended at once; they train again from their last checkpoint.
    Now,
}

/// What an observer sees of a run.
pub struct View<'r> {
    /// Seconds of the run.
    pub elapsed: f64,
    /// Trials, rungs and checkpoints.
    pub model: &'r RungModel,
    /// The best finished trial and its metric.
    pub best: Option<(&'r str, f64)>,
    /// Number of checkpoints that were given up and are not deleted yet.
    pub deleting: usize,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// A limit was reached, or there is nothing left to train.
    Finished,
    /// It was asked to stop, and can be resumed.
    Stopped,
    /// Too many trials failed; it can be resumed.
    TooManyFailures,
}

/// A run on this machine.
pub struct Runner {
    experiment: Experiment,
    files: RunFiles,
    journal: Journal,
    scheduler: PromotionScheduler,
    callback: RemovalCallback<Trash>,
    store: Arc<dyn Store>,
    deletions: Receiver<DeletionEvent>,
    slots: Vec<Option<Slot>>,
    /// Trials that ran when the run was interrupted: they go on before anything else.
    interrupted: Vec<String>,
    /// Paused trials that are promoted as soon as their old process has ended.
    held: Vec<String>,
    to: SyncSender<Said>,
    said: Receiver<Said>,
    /// Seconds of the run before this process.
    before: f64,
    begin: Instant,
    /// Processes started by this run, so that each has a number of its own.
    processes: u64,
    crashes: HashMap<String, u64>,
    failed: u64,
    best: Option<(String, f64)>,
    /// Finished trials that are pinned as the best: one, or two while the new best's checkpoint is
    /// not complete yet.
    pinned: Vec<String>,
    stop: Stop,
    /// When the processes of all slots were last looked at.
    looked_after_slots: Instant,
    /// When requests were last looked for.
    looked_for_requests: Instant,
    /// Why the store is not used any more: the run stops.
    store_error: Option<StoreError>,
}

/// A worker's trial.
struct Slot {
    trial: String,
    /// Where its program writes.
    staging: PathBuf,
    process: Process,
    number: u64,
    /// What the trial is waited for.
    phase: Phase,
    /// Last resource reported, by this process.
    resource: u64,
    /// Last resource at which the program said that a checkpoint was written.
    checkpoint_at: Option<u64>,
    /// The checkpoint of this pause was committed while the program waited for its answer.
    committed: bool,
    /// When patience ends: then the group is asked to end, or killed.
    deadline: Option<Instant>,
    asked_to_end: bool,
    /// Nothing more comes from it.
    has_said_all: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    Training,
    /// Told to pause or stop by the scheduler.
    Ending(Decision),
    /// Told to pause because the run stops: the trial goes on when it is resumed.
    Interrupted,
}

impl Runner {
    /// A new run in a directory of its own, which must not hold one.
    ///
    /// # Errors
    ///
    /// The experiment has problems, the directory holds a run already or cannot be written.
    pub fn create(experiment_file: &Path, directory: &Path) -> Result<Self, RunError> {
        let (experiment, text) = files::read_experiment(experiment_file)?;
        let files = RunFiles::create(directory, &text)?;
        let header = recovery::header(&experiment);
        // Before there is a log: a place that cannot be used is no run yet, and whoever is killed here can begin again.
        let base = experiment_file.parent().unwrap_or(Path::new(""));
        files.remember_base(base)?;
        let store = files.open_store(&experiment)?;
        let journal = Journal::create(&files.log(), &header)?;
        let mut runner = Self::build(experiment, files, store, journal, &header)?;
        runner.journal.sync()?;
        runner.begin = Instant::now();
        Ok(runner)
    }

    /// An interrupted run, brought back from its log. Processes it left behind are ended.
    ///
    /// # Errors
    ///
    /// The directory holds no run, another process works on it, or the log is damaged.
    pub fn resume(directory: &Path, observer: &mut dyn Observer) -> Result<Self, RunError> {
        let files = RunFiles::open(directory)?;
        let (experiment, _) = files::read_experiment(&files.experiment())?;
        let store = files.open_store(&experiment)?;
        let (journal, header, events) = Journal::recover(&files.log())?;
        let mut runner = Self::build(experiment, files, store, journal, &header)?;
        runner.recover(&events, observer)?;
        Ok(runner)
    }

    fn build(
        experiment: Experiment,
        files: RunFiles,
        store: Arc<dyn Store>,
        journal: Journal,
        header: &Header,
    ) -> Result<Self, RunError> {
        let (trash, deletions) = Trash::new(Arc::clone(&store));
        let scheduler = PromotionScheduler::new(&experiment.scheduler, experiment.space.clone())?;
        let callback = RemovalCallback::new(
            &header.model_spec(),
            header.build_policy()?,
            header.budget(),
            header.limits(),
            trash,
        )?;
        let (to, said) = sync_channel(LINES_AHEAD);
        let slots = (0..experiment.workers).map(|_| None).collect();
        Ok(Self {
            experiment,
            files,
            journal,
            scheduler,
            callback,
            store,
            deletions,
            slots,
            interrupted: Vec::new(),
            held: Vec::new(),
            to,
            said,
            before: 0.0,
            begin: Instant::now(),
            processes: 0,
            crashes: HashMap::new(),
            failed: 0,
            best: None,
            pinned: Vec::new(),
            stop: Stop::No,
            looked_after_slots: Instant::now(),
            looked_for_requests: Instant::now(),
            store_error: None,
        })
    }

    /// Keeps another budget from now on; a smaller one is reached at once, in the order of the
    /// policy.
    ///
    /// # Errors
    ///
    /// The budget is too small for the workers and what is pinned, or the log cannot be written.
    pub fn set_budget(
        &mut self,
        budget: Budget,
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        budget.check_workers(self.experiment.workers, self.num_kept(None))?;
        let event = Event::Budget {
            max_num_checkpoints: budget.max_checkpoints,
            max_bytes: budget.max_bytes,
            elapsed: self.elapsed(),
        };
        self.write(&event, observer)?;
        self.callback.set_budget(budget);
        Ok(())
    }

    /// The budget that is kept.
    #[must_use]
    pub fn budget(&self) -> Budget {
        self.callback.budget()
    }

    /// Runs until a limit is reached, nothing is left to train, or the observer stops it.
    ///
    /// # Errors
    ///
    /// The log or the store fails: the run stops with nothing lost, and can be resumed.
    pub fn run(&mut self, observer: &mut dyn Observer) -> Result<Outcome, RunError> {
        loop {
            self.stop = self.stop.max(observer.stop());
            self.listen(observer)?;
            self.look_after_slots(observer)?;
            let idle = match self.fill(observer) {
                Err(RunError::Store(error)) if error.is_unavailable() => {
                    self.stop_without_store(error, observer);
                    true
                }
                filled => filled?,
            };
            self.hear_requests(observer)?;
            self.keep_budget(observer)?;
            self.note_deletions(observer)?;
            observer.turn(&self.view());
            if idle && self.slots.iter().all(Option::is_none) {
                return self.finish(observer);
            }
        }
    }

    /// What there is to see now.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        let best = self.best.as_ref();
        View {
            elapsed: self.elapsed(),
            model: self.callback.model(),
            best: best.map(|(trial, metric)| (trial.as_str(), *metric)),
            deleting: self.callback.store().pending(),
        }
    }

    /// Hyper-parameters of a trial.
    #[must_use]
    pub fn configuration(&self, trial: &str) -> Configuration {
        // Trials are numbered by the scheduler; their hyper-parameters follow from the number.
        self.scheduler.configuration(trial.parse().unwrap_or(0))
    }

    /// The removal callback's figures.
    #[must_use]
    pub fn extra_results(&self) -> rungkeeper_tuner_hooks::ExtraResults {
        self.callback.extra_results()
    }

    /// Seconds of the run, interruptions left out; in milliseconds, as the log has them.
    fn elapsed(&self) -> f64 {
        let now = self.before + self.begin.elapsed().as_secs_f64();
        (now * 1e3).round() / 1e3
    }

    /// Takes what training programs said, waiting a moment for the first.
    fn listen(&mut self, observer: &mut dyn Observer) -> Result<(), RunError> {
        let mut next = self.said.recv_timeout(TICK).ok();
        // No more than there is room for, so that a talkative program cannot hold up the loop.
        for _ in 0..LINES_AHEAD {
            let Some(said) = next else { break };
            self.heard(&said, observer)?;
            next = self.said.try_recv().ok();
        }
        Ok(())
    }

    /// Writes an event to the log: from then on it happened.
    fn write(&mut self, event: &Event, observer: &mut dyn Observer) -> Result<(), RunError> {
        self.write_with(event, &[], observer)
    }

    /// As [`Runner::write`], with fields of the run's own.
    fn write_with(
        &mut self,
        event: &Event,
        more: &[(&str, Value)],
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        let named = more
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()));
        self.journal.append(event, &named.collect::<Map<_, _>>())?;
        observer.event(event);
        Ok(())
    }

    fn finish(&mut self, observer: &mut dyn Observer) -> Result<Outcome, RunError> {
        if let Some(error) = self.store_error.take() {
            self.journal.sync()?;
            return Err(error.into());
        }
        for pending in self.settle(observer)? {
            let error = pending.error.unwrap_or_default();
            let trial = &pending.trial;
            observer.note(&format!(
                "the checkpoint of trial \"{trial}\" is still there: {error}"
            ));
        }
        let over_failures = self.too_many_failures();
        if self.stop == Stop::No && !over_failures {
            let event = Event::End(self.callback.end_of_run(self.elapsed()));
            self.write(&event, observer)?;
        }
        self.journal.sync()?;
        Ok(match (self.stop, over_failures) {
            (Stop::No, true) => Outcome::TooManyFailures,
            (Stop::No, false) => Outcome::Finished,
            _ => Outcome::Stopped,
        })
    }

    fn too_many_failures(&self) -> bool {
        let most = self.experiment.max_failed_trials;
        most.is_some_and(|most| self.failed > most)
    }
}
