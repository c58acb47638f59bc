//! Checkpoints that are kept whatever the policy says: the best finished trial's, and those that a
//! person asked for.

use rungkeeper_rung_model::{Mode, TrialStatus};
use rungkeeper_tuner_hooks::RungModel;
use rungkeeper_tuner_hooks::log::Event;
use serde_json::{Value, json};

use super::{Observer, RunError, Runner};

impl Runner {
    /// Whether a finished trial with this metric is the best so far.
    pub(super) fn is_best(&self, metric: f64) -> bool {
        let mode = self.experiment.scheduler.model.mode;
        let better = |best: f64| match mode {
            Mode::Min => metric < best,
            Mode::Max => metric > best,
        };
        metric.is_finite() && self.best.as_ref().is_none_or(|(_, best)| better(*best))
    }

    /// Pins a trial that is about to end as the best.
    pub(super) fn pin_as_best(
        &mut self,
        trial: &str,
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        if self.experiment.pin_best && !self.callback.model().is_pinned(trial) {
            self.write_pin(trial, &[], observer)?;
            self.pinned.push(trial.to_owned());
        }
        Ok(())
    }

    /// Once the checkpoint of the best trial is complete, the ones before need theirs no longer.
    pub(super) fn let_former_go(&mut self, observer: &mut dyn Observer) -> Result<(), RunError> {
        let Some((best, _)) = self.best.clone() else {
            return Ok(());
        };
        if self.callback.model().checkpoint(&best).is_none() {
            return Ok(());
        }
        let former = |trial: &String| *trial != best;
        for trial in self
            .pinned
            .extract_if(.., |trial| former(trial))
            .collect::<Vec<_>>()
        {
            self.let_go(&trial, observer)?;
        }
        Ok(())
    }

    /// Keeps the checkpoint of a trial because a person asks for it.
    ///
    /// # Errors
    ///
    /// The trial is unknown, or has ended without a checkpoint; the budget has no room for another
    /// one that is kept; or the log cannot be written.
    pub fn pin(&mut self, trial: &str, observer: &mut dyn Observer) -> Result<(), RunError> {
        check_pin(self.callback.model(), trial)?;
        let (workers, kept) = (self.experiment.workers, self.num_kept(Some(trial)));
        self.callback.budget().check_workers(workers, kept)?;
        // From now on it is kept even if it is no longer the best.
        self.pinned.retain(|pinned| pinned != trial);
        self.write_pin(trial, &[("asked", json!(true))], observer)
    }

    /// Ends a pin; the checkpoint of a trial that has ended goes.
    ///
    /// # Errors
    ///
    /// The trial is unknown or not pinned, or the log cannot be written.
    pub fn unpin(&mut self, trial: &str, observer: &mut dyn Observer) -> Result<(), RunError> {
        check_unpin(self.callback.model(), trial)?;
        self.pinned.retain(|pinned| pinned != trial);
        self.let_go(trial, observer)
    }

    /// Number of checkpoints that are kept for good: what is pinned, `also`, and the best finished
    /// trial's, once there is one.
    pub(super) fn num_kept(&self, also: Option<&str>) -> u64 {
        let model = self.callback.model();
        let asked = model.trials().filter(|(id, _)| {
            let as_best = self.pinned.iter().any(|pinned| pinned == id);
            Some(*id) == also || (model.is_pinned(id) && !as_best)
        });
        asked.count() as u64 + u64::from(self.experiment.pin_best)
    }

    fn write_pin(
        &mut self,
        trial: &str,
        more: &[(&str, Value)],
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        let event = Event::Pin {
            trial: trial.to_owned(),
            elapsed: self.elapsed(),
        };
        self.write_with(&event, more, observer)?;
        Ok(self.callback.pin(trial)?)
    }

    fn let_go(&mut self, trial: &str, observer: &mut dyn Observer) -> Result<(), RunError> {
        let event = Event::Unpin {
            trial: trial.to_owned(),
            elapsed: self.elapsed(),
        };
        self.write(&event, observer)?;
        self.callback.unpin(trial)?;
        if self.callback.model().status(trial) == Some(TrialStatus::StoppedOrCompleted) {
            self.callback.store_mut().drop_all(trial);
        }
        Ok(())
    }
}

/// Whether a trial can be pinned.
pub(super) fn check_pin(model: &RungModel, trial: &str) -> Result<(), RunError> {
    let reason = match model.status(trial) {
        None => "is unknown to the run",
        Some(TrialStatus::StoppedOrCompleted) if model.checkpoint(trial).is_none() => {
            "has ended, and its checkpoint is gone"
        }
        Some(_) => return Ok(()),
    };
    Err(RunError::Pin {
        trial: trial.to_owned(),
        reason,
    })
}

/// Whether a trial can be unpinned.
pub(super) fn check_unpin(model: &RungModel, trial: &str) -> Result<(), RunError> {
    let reason = match model.status(trial) {
        None => "is unknown to the run",
        Some(_) if !model.is_pinned(trial) => "is not pinned",
        Some(_) => return Ok(()),
    };
    Err(RunError::Pin {
        trial: trial.to_owned(),
        reason,
    })
}
