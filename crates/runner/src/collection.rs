//! Making room on request: what would go, what goes, and what nobody owns.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rungkeeper_checkpoints::{Orphan, Pending, Store};
use rungkeeper_policies::{Budget, RemovalReason};
use rungkeeper_tuner_hooks::log::Event;
use rungkeeper_tuner_hooks::{Removal, RemovalCallback, Replay};

use super::files::{RunFiles, read_experiment};
use super::{Observer, RunError, Runner};
use crate::journal::Journal;

/// Time for deletions before what is left is told.
const PATIENCE: Duration = Duration::from_secs(60);

/// A checkpoint that goes, or would go.
#[derive(Clone, Debug, PartialEq)]
pub struct Doomed {
    /// What is given up, and on what grounds.
    pub removal: Removal,
    /// Where it lies: a path, or a key of the bucket.
    pub location: String,
}

/// What a collection did.
#[derive(Debug, Default)]
pub struct Collected {
    /// Given up, first to go first.
    pub gone: Vec<Doomed>,
    /// What could not be deleted.
    pub left: Vec<Pending>,
    /// Number of checkpoints that are held now.
    pub held: usize,
    /// Bytes of them.
    pub bytes: u64,
}

/// What lies in the store of a run without being owned by its log.
#[derive(Debug)]
pub struct Orphans {
    /// All of it.
    pub found: Vec<Orphan>,
    /// How many of the run's own were removed.
    pub removed: usize,
}

/// What [`Runner::collect`] would give up as the log of a run stands, first to go first, for the
/// budget that `change` makes of the run's own. Nothing is changed, and another process may work on
/// the run.
///
/// # Errors
///
/// The directory holds no run, or its log or store cannot be read.
pub fn what_would_go(
    directory: &Path,
    change: impl FnOnce(Budget) -> Budget,
) -> Result<Vec<Doomed>, RunError> {
    let files = RunFiles::look_at(directory)?;
    let (mut callback, elapsed) = replayed(&files)?;
    let plan = callback.plan_within(change(callback.budget()), elapsed)?;
    located(&*open_store(&files)?, plan.removals)
}

/// What lies in the store without being owned by the log. Nothing is changed.
///
/// # Errors
///
/// As [`what_would_go`].
pub fn orphans(directory: &Path) -> Result<Orphans, RunError> {
    let files = RunFiles::look_at(directory)?;
    let (callback, _) = replayed(&files)?;
    let store = open_store(&files)?;
    let found = store.orphans(&|trial| callback.model().status(trial).is_some())?;
    Ok(Orphans { found, removed: 0 })
}

impl Runner {
    /// Makes room: gives up checkpoints until `budget` is kept this once, in the order of the policy,
    /// and waits until they are gone.
    ///
    /// # Errors
    ///
    /// The log cannot be written, or the store cannot be read.
    pub fn collect(
        &mut self,
        budget: Budget,
        observer: &mut dyn Observer,
    ) -> Result<Collected, RunError> {
        let elapsed = self.elapsed();
        let plan = self.callback.plan_within(budget, elapsed)?;
        let gone = located(&*self.store, plan.removals)?;
        for doomed in &gone {
            let removal = doomed.removal.clone();
            self.write(&Event::Remove { removal, elapsed }, observer)?;
        }
        self.journal.sync()?;
        for doomed in &gone {
            self.callback.give_up(&doomed.removal.trial)?;
        }
        let left = self.settle(observer)?;
        let model = self.callback.model();
        Ok(Collected {
            gone,
            left,
            held: model.num_with_checkpoint(),
            bytes: model.checkpoint_bytes(),
        })
    }

    /// Waits until what was given up is gone, and writes that down. What could not be deleted comes
    /// back; the next [`Runner::resume`] tries again.
    ///
    /// # Errors
    ///
    /// The log cannot be written.
    pub fn settle(&mut self, observer: &mut dyn Observer) -> Result<Vec<Pending>, RunError> {
        let left = self.callback.store_mut().drain(PATIENCE);
        self.note_deletions(observer)?;
        self.journal.sync()?;
        Ok(left)
    }

    /// Removes the checkpoints in the store that this run committed and its log does not own. What
    /// the run did not make is left alone.
    ///
    /// # Errors
    ///
    /// The store cannot be read, or a checkpoint cannot be removed.
    pub fn collect_orphans(&mut self) -> Result<Orphans, RunError> {
        let model = self.callback.model();
        let found = self.store.orphans(&|trial| model.status(trial).is_some())?;
        let mut removed = 0;
        for orphan in &found {
            if let Orphan::Checkpoint(stored) = orphan {
                self.store.delete(&stored.trial)?;
                removed += 1;
            }
        }
        Ok(Orphans { found, removed })
    }
}

/// The removal callback as the log of a run leaves it, and the seconds of the run.
fn replayed(files: &RunFiles) -> Result<(RemovalCallback, f64), RunError> {
    let (header, events) = Journal::read(&files.log())?;
    let mut replay = Replay::checked(&header)?;
    let mut elapsed = 0.0;
    for (place, recorded) in events.enumerate() {
        let (event, _) = recorded?;
        replay.feed(place + 2, &event)?;
        elapsed = event.elapsed().unwrap_or(elapsed);
    }
    replay.finish()?;
    Ok((replay.into_callback(), elapsed))
}

fn open_store(files: &RunFiles) -> Result<Arc<dyn Store>, RunError> {
    let (experiment, _) = read_experiment(&files.experiment())?;
    files.open_store(&experiment)
}

/// Where the checkpoints lie. What was given up because someone asked says so.
fn located(store: &dyn Store, removals: Vec<Removal>) -> Result<Vec<Doomed>, RunError> {
    let stored = store.list()?.into_iter();
    let mut places: HashMap<String, String> = stored
        .map(|stored| (stored.trial, stored.location))
        .collect();
    let doomed = removals.into_iter().map(|removal| Doomed {
        location: places.remove(&removal.trial).unwrap_or_default(),
        removal: Removal {
            reason: RemovalReason::Asked,
            ..removal
        },
    });
    Ok(doomed.collect())
}
