//! Checkpoints that nobody said to be complete, where somebody should.

use rungkeeper_tuner_hooks::log::Event;
use rungkeeper_tuner_hooks::{CheckpointTracking, Decision, RungModel, TrialStatus};

/// Whether it was said, and trials paused in the turn that is open, with their levels: what is pickled.
pub(super) type Known = (bool, Vec<(String, u64)>);

/// What is known of commits.
pub(super) struct Commits {
    are_told: bool,
    /// Trials paused in the turn that is open, with their levels; none once one was noted.
    paused: Vec<(String, u64)>,
    noted: bool,
}

impl Commits {
    /// Of a run that has not begun.
    pub(super) fn new(tracking: CheckpointTracking) -> Self {
        Self {
            are_told: tracking == CheckpointTracking::Committed,
            paused: Vec::new(),
            noted: false,
        }
    }

    /// What a copy must know.
    pub(super) fn known(&self) -> Known {
        (self.noted, self.paused.clone())
    }

    /// Knows what the original knew.
    pub(super) fn set_known(&mut self, (noted, paused): Known) {
        (self.noted, self.paused) = (noted, paused);
    }

    /// A trial was paused.
    pub(super) fn paused(&mut self, trial: &str, level: u64) {
        if self.are_told && !self.noted {
            self.paused.push((trial.to_owned(), level));
        }
    }

    /// A trial is about to be resumed. Once in a run a note, which counts as said once it is [`Commits::noted`]: nobody said
    /// that the checkpoint of its pause, in this turn, is complete.
    pub(super) fn resuming(&self, model: &RungModel, trial: &str) -> Option<String> {
        self.note(model, "by its resume", |paused| paused == trial)
    }

    /// The note was said.
    pub(super) fn noted(&mut self) {
        self.noted = true;
        self.paused.clear();
    }

    /// An event of a log is about to be replayed, the first of another turn or not.
    pub(super) fn replaying(&mut self, model: &RungModel, event: &Event, begins_turn: bool) {
        if begins_turn {
            self.end_turn(model);
        }
        match event {
            Event::Result {
                trial,
                level,
                decision: Decision::Pause,
                ..
            } => self.paused(trial, *level),
            Event::Resume { trial, .. } if self.resuming(model, trial).is_some() => self.noted(),
            _ => {}
        }
    }

    /// Once in a run a note: a trial was paused in this turn, and nobody said that its checkpoint is complete.
    pub(super) fn end_turn(&mut self, model: &RungModel) -> Option<String> {
        let note = self.note(model, "by the end of the turn", |_| true);
        self.noted |= note.is_some();
        self.paused.clear();
        note
    }

    fn note(
        &self,
        model: &RungModel,
        when: &str,
        is_meant: impl Fn(&str) -> bool,
    ) -> Option<String> {
        let holds_unknown = |trial: &str| {
            model.status(trial) == Some(TrialStatus::PausedWithCheckpoint)
                && model.checkpoint(trial).is_none()
        };
        let mut paused = self.paused.iter();
        let (trial, level) = paused.find(|(trial, _)| is_meant(trial) && holds_unknown(trial))?;
        Some(format!(
            "trial {trial:?} was paused at level {level}, and {when} checkpoint_committed has told of \
             no checkpoint of it: until it does, one counts as held and cannot be removed, and resume \
             says False. Say checkpoints='assumed' where each paused trial holds one. This is logged once"
        ))
    }
}
