//! Which checkpoints are kept for good.

use rungkeeper_rung_model::TrialStatus;
use rungkeeper_tuner_hooks::log::Event;

use super::Books;
use crate::RunError;

impl Books<'_> {
    pub(super) fn pin_as_best(&mut self, trial: &str) -> Result<(), RunError> {
        if self.model().is_pinned(trial) {
            return Ok(());
        }
        let event = Event::Pin {
            trial: trial.to_owned(),
            elapsed: self.elapsed(),
        };
        self.record(&event)
    }

    /// Once the checkpoint of the best trial is complete, the ones before need theirs no longer: ends their pins, and
    /// returns those that have ended, with the bytes of their checkpoints.
    pub(crate) fn unpin_former_best(&mut self) -> Result<Vec<(String, u64)>, RunError> {
        let Some(best) = self.best().map(|(trial, _)| trial.to_owned()) else {
            return Ok(Vec::new());
        };
        if self.model().checkpoint(&best).is_none() {
            return Ok(Vec::new());
        }
        let former = self.standing.pinned_as_best.iter();
        let former: Vec<String> = former.filter(|trial| **trial != best).cloned().collect();
        let mut ended = Vec::new();
        for trial in former {
            ended.extend(self.unpin(&trial)?.map(|bytes| (trial, bytes)));
        }
        Ok(ended)
    }

    /// Ends a pin. The bytes of the checkpoint of a trial that has ended are returned: it is needed no longer.
    pub(crate) fn unpin(&mut self, trial: &str) -> Result<Option<u64>, RunError> {
        let bytes = self.model().checkpoint(trial).map_or(0, |held| held.bytes);
        let event = Event::Unpin {
            trial: trial.to_owned(),
            elapsed: self.elapsed(),
        };
        self.record(&event)?;
        let ended = self.model().status(trial) == Some(TrialStatus::StoppedOrCompleted);
        Ok(ended.then_some(bytes))
    }

    /// Number of checkpoints that are kept for good: what is pinned, `also`, and the best finished
    /// trial's, once there is one.
    pub(crate) fn num_kept(&self, also: Option<&str>, pin_best: bool) -> u64 {
        let model = self.model();
        let as_best = &self.standing.pinned_as_best;
        let asked = model.trials().filter(|(id, _)| {
            Some(*id) == also || (model.is_pinned(id) && !as_best.iter().any(|best| best == id))
        });
        asked.count() as u64 + u64::from(pin_best)
    }
}
