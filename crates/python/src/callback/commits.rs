//! Checkpoints that nobody said to be complete, where somebody should.

use std::collections::HashSet;

use rungkeeper_tuner_hooks::{CheckpointTracking, Decision, Note, RungModel, TrialStatus};

use super::told::Told;

/// What is known of commits.
pub(super) struct Commits {
    are_told: bool,
    /// Trials paused in the turn that is open, with their levels; none once one was noted.
    paused: Vec<(String, u64)>,
    noted: bool,
    /// Trials that were resumed though no checkpoint of theirs was known: they train from scratch, as they were told.
    resumed_without: HashSet<String>,
}

impl Commits {
    /// Of a run that has not begun.
    pub(super) fn new(tracking: CheckpointTracking) -> Self {
        Self {
            are_told: tracking == CheckpointTracking::Committed,
            paused: Vec::new(),
            noted: false,
            resumed_without: HashSet::new(),
        }
    }

    /// Something happened to a trial.
    pub(super) fn told(&mut self, trial: &str, told: Told) {
        if let Told::Result(result) = told
            && result.decision == Decision::Pause
            && self.are_told
            && !self.noted
        {
            self.paused.push((trial.to_owned(), result.level));
        }
    }

    /// Whether there is a checkpoint of the trial, as far as somebody has to tell.
    pub(super) fn is_known(&self, model: &RungModel, trial: &str) -> bool {
        !self.are_told || model.checkpoint(trial).is_some()
    }

    /// A trial was resumed whose checkpoint was not known.
    pub(super) fn resumed_without(&mut self, trial: String) {
        self.resumed_without.insert(trial);
    }

    /// Whether a note is of a trial that trains from scratch because it was told to.
    pub(super) fn explains(&self, note: &Note) -> bool {
        let Note::IgnoresCheckpoint { trial, .. } = note else {
            return false;
        };
        self.resumed_without.contains(trial)
    }

    /// Once in a run a note: a trial was paused in this turn, and nobody said that its checkpoint is complete.
    pub(super) fn end_turn(&mut self, model: &RungModel) -> Option<String> {
        let paused = std::mem::take(&mut self.paused);
        let holds_unknown = |trial: &str| {
            model.status(trial) == Some(TrialStatus::PausedWithCheckpoint)
                && model.checkpoint(trial).is_none()
        };
        let (trial, level) = paused.iter().find(|(trial, _)| holds_unknown(trial))?;
        self.noted = true;
        Some(format!(
            "trial {trial:?} was paused at level {level}, and by the end of the turn \
             checkpoint_committed has told of no checkpoint of it: until it does, one counts as held \
             and cannot be given up, and resume says False. Say checkpoints='assumed' where each \
             paused trial holds one. This is said once"
        ))
    }
}
