//! Checkpoints that nobody said to be complete, where somebody should.

use rungkeeper_tuner_hooks::log::Event;
use rungkeeper_tuner_hooks::{CheckpointTracking, Decision, RungModel};

/// Whether it was said, whether one was committed since, the pauses that are [`Commits::waiting`], and how many of these
/// came before the turn that is open: what is pickled.
pub(super) type Known = (bool, bool, Vec<(String, u64)>, usize);

/// What is known of commits.
///
/// A checkpoint is often written beside the loop, and committed some time after the pause, so only what a whole turn did
/// not bring is told, and what a resume finds missing.
pub(super) struct Commits {
    are_told: bool,
    /// Trials that were paused, with their levels, as [`waits`] asks for them; some may wait no longer.
    waiting: Vec<(String, u64)>,
    /// How many of these were paused before the turn that is open.
    before: usize,
    noted: bool,
    /// Whether a checkpoint was committed since it was said.
    committed: bool,
}

impl Commits {
    /// Of a run that has not begun.
    pub(super) fn new(tracking: CheckpointTracking) -> Self {
        Self {
            are_told: tracking == CheckpointTracking::Committed,
            waiting: Vec::new(),
            before: 0,
            noted: false,
            committed: false,
        }
    }

    /// What a copy must know.
    pub(super) fn known(&self) -> Known {
        (
            self.noted,
            self.committed,
            self.waiting.clone(),
            self.before,
        )
    }

    /// Knows what the original knew.
    pub(super) fn set_known(&mut self, (noted, committed, waiting, before): Known) {
        let before = before.min(waiting.len());
        (self.noted, self.committed) = (noted, committed);
        (self.waiting, self.before) = (waiting, before);
    }

    /// A trial was paused.
    pub(super) fn paused(&mut self, trial: &str, level: u64) {
        if self.are_told {
            self.waiting.push((trial.to_owned(), level));
        }
    }

    /// A checkpoint is complete.
    pub(super) fn committed(&mut self) {
        self.committed = true;
    }

    /// A trial is about to be resumed. A note, which counts as said once it is [`Commits::noted`]: nobody said that the
    /// checkpoint of its pause is complete.
    pub(super) fn resuming(&self, model: &RungModel, trial: &str) -> Option<String> {
        if self.noted {
            return None;
        }
        let paused = self.waiting.iter().rev().find(|(it, _)| it == trial)?;
        note(model, paused, "by its resume")
    }

    /// The note was said.
    pub(super) fn noted(&mut self) {
        self.noted = true;
        self.committed = false;
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
            Event::Checkpoint { .. } => self.committed(),
            Event::Resume { trial, .. } if self.resuming(model, trial).is_some() => self.noted(),
            _ => {}
        }
    }

    /// A note: a trial was paused before this turn, and nobody told that its checkpoint is complete. It comes again only
    /// after all were committed.
    pub(super) fn end_turn(&mut self, model: &RungModel) -> Option<String> {
        let note = if self.noted {
            self.begin_anew(model);
            None
        } else {
            let before = self.waiting.drain(..self.before);
            let late: Vec<_> = before.filter(|paused| waits(model, paused)).collect();
            let note = late
                .first()
                .and_then(|paused| note(model, paused, "by the end of the next turn"));
            self.waiting.splice(..0, late);
            note
        };
        if note.is_some() {
            self.noted();
        }
        self.before = self.waiting.len();
        note
    }

    /// Where it was said: it can be said again once all that waited were committed.
    fn begin_anew(&mut self, model: &RungModel) {
        // From the end: who commits nothing is asked for one trial a turn.
        while self.waiting.pop_if(|last| !waits(model, last)).is_some() {}
        self.noted = !(self.waiting.is_empty() && self.committed);
    }
}

/// Whether a trial is still in that pause, and no checkpoint of it was committed.
fn waits(model: &RungModel, (trial, level): &(String, u64)) -> bool {
    model.awaits_commit(trial) == Some(*level)
}

/// The note on a pause whose checkpoint nobody told of, if that is so.
fn note(model: &RungModel, paused: &(String, u64), when: &str) -> Option<String> {
    if !waits(model, paused) {
        return None;
    }
    let (trial, level) = paused;
    let resume = match model.checkpoint(trial) {
        None => "resume says False".to_owned(),
        Some(held) => format!("a resume goes on from that of level {}", held.level),
    };
    Some(format!(
        "trial {trial:?} was paused at level {level}, and {when} checkpoint_committed has told of no \
         checkpoint of that pause: until it does, one counts as held and cannot be removed, and {resume}. \
         Say checkpoints='assumed' where each paused trial holds one. Logged once, until all were committed"
    ))
}
