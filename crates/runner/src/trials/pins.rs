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

    pub(crate) fn unpin(&mut self, trial: &str) -> Result<(), RunError> {
        let model = self.books.model();
        let reason = if model.status(trial).is_none() {
            Some("is unknown to the run")
        } else if model.is_pinned(trial) {
            None
        } else {
            Some("is not pinned")
        };
        refuse(trial, reason)?;
        if let Some(bytes) = self.books.unpin(trial)? {
            self.desk.ask(trial, Job::Remove { bytes });
        }
        Ok(())
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
