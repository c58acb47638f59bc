//! Checkpoints that a person wants to keep.

use rungkeeper_tuner_hooks::log::Event;
use serde_json::json;

use super::Trials;
use crate::RunError;
use crate::desk::Job;

impl Trials<'_> {
    pub(crate) fn pin(&mut self, trial: &str) -> Result<(), RunError> {
        let model = self.books.model();
        let reason = if model.status(trial).is_none() {
            Some("is unknown to the run")
        } else if model.checkpoint(trial).is_none() {
            Some("has no checkpoint, so there is nothing to keep")
        } else {
            None
        };
        refuse(trial, reason)?;
        let (workers, pin_best) = (self.experiment.workers, self.experiment.pin_best);
        let kept = self.books.num_kept(Some(trial), pin_best);
        self.books.budget().check_workers(workers, kept)?;
        let event = Event::Pin {
            trial: trial.to_owned(),
            elapsed: self.books.elapsed(),
        };
        // From now on it is kept even if it is no longer the best.
        self.books.record_with(&event, &[("asked", json!(true))])
    }

    /// With `even_best`, what keeps the checkpoint of the best trial is ended too.
    pub(crate) fn unpin(&mut self, trial: &str, even_best: bool) -> Result<(), RunError> {
        let model = self.books.model();
        let reason = if model.status(trial).is_none() {
            Some("is unknown to the run")
        } else if model.is_pinned(trial) {
            None
        } else {
            Some("is not pinned")
        };
        refuse(trial, reason)?;
        if !even_best && self.kept_as_best() == Some(trial) {
            return Err(RunError::PinnedBest {
                place: self.place(trial),
                trial: trial.to_owned(),
            });
        }
        if let Some(bytes) = self.books.unpin(trial)? {
            self.desk.ask(trial, Job::Remove { bytes });
        }
        Ok(())
    }

    /// Where the checkpoint of a trial lies, told without asking the store.
    fn place(&self, trial: &str) -> String {
        let store = &self.experiment.store;
        let folder = store.checkpoints_of(self.directory().path(), trial);
        folder.map_or_else(
            || format!("in {}", store.name()),
            |folder| folder.display().to_string(),
        )
    }

    /// The best finished trial, if its pin keeps a checkpoint.
    pub(crate) fn kept_as_best(&self) -> Option<&str> {
        let (best, _) = self.books.best()?;
        let is_kept = self.experiment.pin_best && self.books.model().is_pinned(best);
        is_kept.then_some(best)
    }
}

fn refuse(trial: &str, reason: Option<&'static str>) -> Result<(), RunError> {
    reason.map_or(Ok(()), |reason| {
        Err(RunError::Pin {
            trial: trial.to_owned(),
            reason,
        })
    })
}
