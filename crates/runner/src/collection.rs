//! Making room on request: what would go, what goes, and what nobody owns.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use rungkeeper_checkpoints::{Orphan, Pending, Store};
use rungkeeper_policies::{Budget, RemovalReason};
use rungkeeper_tuner::replay::Replay;
use rungkeeper_tuner_hooks::log::Event;
use rungkeeper_tuner_hooks::{Removal, RemovalCallback, RungModel, TrialStatus};

use crate::books::Ranking;
use crate::desk::Job;
use crate::directory::{RunDirectory, read_experiment};
use crate::experiment::Experiment;
use crate::journal::Journal;
use crate::trials::Trials;
use crate::{RunError, storage};

/// A checkpoint that goes, or would go.
#[derive(Clone, Debug, PartialEq)]
pub struct Doomed {
    /// What is removed, and on what grounds.
    pub removal: Removal,
    /// Where it lies: a path, or a key of the bucket.
    pub location: String,
}

/// What a collection did, or would do.
#[derive(Debug, Default)]
pub struct Collected {
    /// Removed, first to go first.
    pub gone: Vec<Doomed>,
    /// What could not be deleted.
    pub left: Vec<Pending>,
    /// Number of checkpoints that are held then.
    pub held: usize,
    /// Bytes of them.
    pub bytes: u64,
    /// Trials whose checkpoints stay though the budget allows less, because they are pinned.
    pub pinned: Vec<String>,
    /// The best finished trial, if it is one of them.
    pub best: Option<String>,
    /// Likewise those that are to be started again, from there.
    pub to_go_on: Vec<String>,
}

impl Collected {
    /// `model` is what the removals left.
    pub(crate) fn new(
        gone: Vec<Doomed>,
        left: Vec<Pending>,
        model: &RungModel,
        budget: Budget,
    ) -> Self {
        let (held, bytes) = (model.num_with_checkpoint(), model.checkpoint_bytes());
        let is_kept = budget.need(held, bytes).is_none();
        let stay = |why: &dyn Fn(&str, TrialStatus) -> bool| {
            let trials = model.trials().filter(|(trial, status)| {
                !is_kept && model.checkpoint(trial).is_some() && why(trial, *status)
            });
            trials.map(|(trial, _)| trial.to_owned()).collect()
        };
        Self {
            pinned: stay(&|trial, _| model.is_pinned(trial)),
            to_go_on: stay(&|trial, status| {
                status == TrialStatus::Running && !model.is_pinned(trial)
            }),
            best: None,
            gone,
            left,
            held,
            bytes,
        }
    }

    /// With the trial that the run keeps as the best, if there is one.
    pub(crate) fn with_best(mut self, best: Option<&str>) -> Self {
        let of_them = best.filter(|best| self.pinned.iter().any(|trial| trial == best));
        self.best = of_them.map(str::to_owned);
        self
    }
}

/// What lies in the store of a run without being owned by its log.
#[derive(Debug)]
pub struct Orphans {
    /// All of it.
    pub found: Vec<Orphan>,
    /// How many of the run's own were removed.
    pub removed: usize,
}

/// What [`Runner::collect`](crate::Runner::collect) would do as the log of a run stands, for the budget that `change` makes
/// of the run's own. Nothing is changed, and another process may work on the run. What the
/// log names and the store does not hold is left out.
///
/// # Errors
///
/// The directory holds no run, or its log or store cannot be read.
pub fn what_would_go(
    directory: &Path,
    change: impl FnOnce(Budget) -> Budget,
) -> Result<Collected, RunError> {
    let directory = RunDirectory::look_at(directory)?;
    let (mut callback, ranking, elapsed) = replayed(&directory)?;
    let (store, experiment) = open_store(&directory)?;
    let mut places = places(&*store)?;
    // Somebody may have removed checkpoints by hand: they take no room, and are not there to go.
    let model = callback.model();
    let held = model
        .trials()
        .filter(|(trial, _)| model.checkpoint(trial).is_some());
    let gone: Vec<String> = held
        .filter(|(trial, _)| !places.contains_key(*trial))
        .map(|(trial, _)| trial.to_owned())
        .collect();
    for trial in gone {
        let _ = callback.lose(&trial); // one that runs holds nothing that could go
    }
    let budget = change(callback.budget());
    let plan = callback.plan_within(budget, elapsed)?;
    callback.carry_out(&plan.removals)?; // in this copy: it has no store
    let gone = located(&mut places, plan.removals);
    let best = ranking.best_finished().filter(|_| experiment.pin_best);
    let collected = Collected::new(gone, Vec::new(), callback.model(), budget);
    Ok(collected.with_best(best.map(|best| best.trial)))
}

/// What lies in the store without being owned by the log. Nothing is changed.
///
/// # Errors
///
/// As [`what_would_go`].
pub fn orphans(directory: &Path) -> Result<Orphans, RunError> {
    let directory = RunDirectory::look_at(directory)?;
    let (callback, ..) = replayed(&directory)?;
    let (store, _) = open_store(&directory)?;
    let found = store.orphans(&|trial| callback.model().status(trial).is_some())?;
    Ok(Orphans { found, removed: 0 })
}

/// Removes what exceeds a budget that is kept this once. The files are on their way out when this returns.
pub(crate) fn collect(trials: &mut Trials<'_>, budget: Budget) -> Result<Vec<Doomed>, RunError> {
    let plan = trials.books.plan_within(budget)?;
    let mut places = places(trials.desk.store())?;
    let gone = located(&mut places, plan.removals);
    for doomed in &gone {
        let removal = doomed.removal.clone();
        let (trial, bytes) = (removal.trial.clone(), removal.bytes);
        let elapsed = trials.books.elapsed();
        trials.books.record(&Event::Remove { removal, elapsed })?;
        trials.desk.ask(&trial, Job::Remove { bytes });
    }
    Ok(gone)
}

/// Removes what this run committed and its log does not own.
pub(crate) fn collect_orphans(trials: &mut Trials<'_>) -> Result<Orphans, RunError> {
    let model = trials.books.model();
    let store = trials.desk.store();
    let found = store.orphans(&|trial| model.status(trial).is_some())?;
    let mut removed = 0;
    for orphan in &found {
        if let Orphan::Checkpoint(stored) = orphan {
            store.delete(&stored.trial)?;
            removed += 1;
        }
    }
    Ok(Orphans { found, removed })
}

/// The removal callback as the log of a run leaves it, who is how good, and the seconds of the run.
fn replayed(directory: &RunDirectory) -> Result<(RemovalCallback, Ranking, f64), RunError> {
    let (header, events) = Journal::read_wanting(&directory.log(), |_| false)?;
    // What was removed is what the log says: the policy is asked nothing.
    let mut replay = Replay::recorded(RemovalCallback::of_header(&header)?);
    let mut ranking = Ranking::new(header.rungs.iter().map(|rung| rung.level));
    let (mut elapsed, mut line) = (0.0, 1);
    events.try_each(|event, _| {
        line += 1;
        elapsed = event.elapsed().unwrap_or(elapsed);
        replay.feed(line, event)?;
        ranking.happened(event, replay.callback().model());
        Ok::<(), RunError>(())
    })?;
    Ok((replay.into_callback()?, ranking, elapsed))
}

/// Never makes a store: who only looks finds what is there.
fn open_store(directory: &RunDirectory) -> Result<(Arc<dyn Store>, Experiment), RunError> {
    let (experiment, _) = read_experiment(&directory.experiment())?;
    let (origin, whereabouts) = directory.origin()?;
    let store = storage::open(directory, &origin, &whereabouts, &experiment, true)?;
    Ok((store, experiment))
}

/// Where the checkpoints lie.
fn places(store: &dyn Store) -> Result<HashMap<String, String>, RunError> {
    let stored = store.list()?.into_iter();
    let stored = stored.filter(|stored| storage::is_there(store, stored));
    let places = stored.map(|stored| (stored.trial, stored.location));
    Ok(places.collect())
}

/// What was removed because someone asked says so.
fn located(places: &mut HashMap<String, String>, removals: Vec<Removal>) -> Vec<Doomed> {
    let doomed = removals.into_iter().map(|removal| Doomed {
        location: places.remove(&removal.trial).unwrap_or_default(),
        removal: Removal {
            reason: RemovalReason::Asked,
            ..removal
        },
    });
    doomed.collect()
}
