//! What a run held over time, and whether that was within its budget.

use rungkeeper_tuner_hooks::log::Event;
use rungkeeper_tuner_hooks::{Budget, RungModel};

/// An amount over time: at which time it became what.
#[derive(Debug)]
pub(crate) struct Held {
    /// At every moment.
    pub(crate) moments: Vec<(f64, u64)>,
    /// As the turns of the loop left it.
    pub(crate) turns: Vec<(f64, u64)>,
}

/// Checkpoints and bytes over time.
#[derive(Debug)]
pub(crate) struct Holdings {
    /// Number of checkpoints as the budget counts them: trials that hold one, those in training
    /// included.
    pub(crate) checkpoints: Held,
    /// Number of complete checkpoints, which are in the store.
    pub(crate) stored: Held,
    /// Bytes of complete checkpoints.
    pub(crate) bytes: Held,
    /// Time and the budget that is kept from then on; the first at 0.
    pub(crate) budgets: Vec<(f64, Budget)>,
    /// The first time at which a turn ended with more than the budget allows.
    pub(crate) exceeded: Option<f64>,
    /// More was held than the budget allows, within a turn.
    pub(crate) exceeded_within_turns: bool,
    /// Nothing could be removed when more was held than allowed, since then.
    helpless: Option<f64>,
}

impl Holdings {
    pub(super) fn new(budget: Budget) -> Self {
        Self {
            checkpoints: Held::nothing(),
            stored: Held::nothing(),
            bytes: Held::nothing(),
            budgets: vec![(0.0, budget)],
            exceeded: None,
            exceeded_within_turns: false,
            helpless: None,
        }
    }

    /// The budget at the end.
    pub(crate) fn budget(&self) -> Budget {
        self.budgets.last().map(|last| last.1).unwrap_or_default()
    }

    /// An event happened at `time`; `model` and `budget` are as they are after it.
    pub(super) fn happened(&mut self, time: f64, event: &Event, model: &RungModel, budget: Budget) {
        if budget != self.budget() {
            self.budgets.push((time, budget));
        }
        let (number, bytes) = (model.num_with_checkpoint(), model.checkpoint_bytes());
        let settled = self.settle(time, event, model, !budget.need(number, bytes).is_none());
        self.checkpoints.push(time, number as u64, settled);
        self.stored
            .push(time, model.num_committed() as u64, settled);
        self.bytes.push(time, bytes, settled);
    }

    /// Whether what is held now is what a turn leaves behind; `over`: it is more than allowed.
    ///
    /// The budget is kept at the end of each turn. A turn in which something is removed ends with a
    /// line of its own; in others nothing could be, and time goes on.
    fn settle(&mut self, time: f64, event: &Event, model: &RungModel, over: bool) -> bool {
        if !over {
            self.helpless = None;
            return true;
        }
        self.exceeded_within_turns = true;
        let ends = matches!(event, Event::LoopEnd(_) | Event::End(_));
        let helpless = model.num_candidates() == 0;
        let went_on = helpless && self.helpless.is_some_and(|since| since < time);
        if (ends || went_on) && self.exceeded.is_none() {
            self.exceeded = Some(time);
        }
        self.helpless = helpless.then(|| self.helpless.unwrap_or(time));
        ends || went_on
    }

    /// The log ends at `time`.
    pub(super) fn end(&mut self, time: f64, model: &RungModel) {
        let (number, bytes) = (model.num_with_checkpoint(), model.checkpoint_bytes());
        self.checkpoints.end(time, number as u64);
        self.stored.end(time, model.num_committed() as u64);
        self.bytes.end(time, bytes);
    }
}

impl Held {
    fn nothing() -> Self {
        Self {
            moments: vec![(0.0, 0)],
            turns: vec![(0.0, 0)],
        }
    }

    /// "8", or "8 at the end of a turn, 10 within one" where it was more for moments.
    pub(crate) fn at_most(&self, text: impl Fn(u64) -> String) -> String {
        let (after, within) = (text(self.most_after_turns()), text(self.most()));
        if after == within {
            after
        } else {
            format!("{after} at the end of a turn, {within} within one")
        }
    }

    /// Most at the end of a turn.
    pub(crate) fn most_after_turns(&self) -> u64 {
        self.turns.iter().map(|at| at.1).max().unwrap_or(0)
    }

    /// Most at any moment.
    pub(crate) fn most(&self) -> u64 {
        self.moments.iter().map(|at| at.1).max().unwrap_or(0)
    }

    fn push(&mut self, time: f64, now: u64, settled: bool) {
        push(&mut self.moments, time, now);
        if settled {
            push(&mut self.turns, time, now);
        }
    }

    fn end(&mut self, time: f64, now: u64) {
        self.push(time, now, false);
        for held in [&mut self.moments, &mut self.turns] {
            held.extend(held.last().map(|last| (time, last.1)));
        }
    }
}

fn push(held: &mut Vec<(f64, u64)>, time: f64, now: u64) {
    if held.last().is_none_or(|last| last.1 != now) {
        held.push((time, now));
    }
}
