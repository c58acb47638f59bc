//! A removal callback with the log of all that it was told: what is pickled.

use std::fmt;

use pyo3::PyResult;
use rungkeeper_tuner_hooks::log::{
    EndOfRun, Event, Header, LoopEnd, parse_line, read_lines, to_line,
};
use rungkeeper_tuner_hooks::{
    Budget, HookError, Removal, RemovalCallback, RemovalReason, Replay, SetupError,
    TrialInformation,
};

use crate::arguments::refused;

/// Seconds of the run, number of events of the turn that is open, notes that nobody has taken.
pub(super) type State = (f64, usize, Vec<String>);

/// A callback, its header, and its log as text.
///
/// The events of a turn get the time of the loop end that closes it: then a log tells the turns
/// apart, and who replays it with decisions of its own decides at the same times.
pub(super) struct Recorded {
    pub(super) callback: RemovalCallback,
    header: Header,
    /// The lines up to the last loop end.
    lines: String,
    /// What happened since, oldest first.
    turn: Vec<Event>,
    /// Seconds of the run at the last loop end.
    elapsed: f64,
    /// What nobody has taken yet.
    notes: Vec<String>,
}

impl Recorded {
    /// A run that has not begun.
    pub(super) fn new(header: Header) -> Result<Self, SetupError> {
        let callback = RemovalCallback::new(
            &header.model_spec(),
            header.build_policy()?,
            header.budget(),
            header.limits(),
            (),
        )?;
        let mut lines = String::new();
        push_line(&mut lines, &Event::Header(Box::new(header.clone())));
        Ok(Self {
            callback,
            header,
            lines,
            turn: Vec::new(),
            elapsed: 0.0,
            notes: Vec::new(),
        })
    }

    /// The run as its log leaves it, to go on with.
    pub(super) fn from_log(text: &str) -> PyResult<Self> {
        let mut events = read_lines(text.as_bytes());
        let Some((_, Event::Header(header))) = events.next().transpose().map_err(refused)? else {
            return Err(refused("the log is empty: it begins with a header"));
        };
        let mut replay = Replay::checked(&header).map_err(refused)?;
        let mut elapsed = 0.0;
        for event in events {
            let (line, event) = event.map_err(refused)?;
            replay.feed(line, &event).map_err(refused)?;
            elapsed = event.elapsed().unwrap_or(elapsed);
        }
        replay.finish().map_err(refused)?;
        let mut lines = text.to_owned();
        if !lines.ends_with('\n') {
            lines.push('\n');
        }
        let mut recorded = Self {
            callback: replay.into_callback(),
            header: *header,
            lines,
            turn: Vec::new(),
            elapsed,
            notes: Vec::new(),
        };
        recorded.callback.take_notes(); // they were told when they came up
        recorded.arrive_at(elapsed).map_err(refused)?;
        Ok(recorded)
    }

    /// What the log does not hold: [`Recorded::set_state`] takes it.
    pub(super) fn state(&self) -> State {
        (self.elapsed, self.turn.len(), self.notes.clone())
    }

    /// Goes back to where the callback stood when it was asked for its state and its log.
    pub(super) fn set_state(&mut self, (elapsed, open, notes): State) -> PyResult<()> {
        for _ in 0..open {
            let before = self.lines.trim_end_matches('\n').rfind('\n');
            let last = self.lines.split_off(before.map_or(0, |end| end + 1));
            self.turn
                .push(parse_line(0, last.trim_end()).map_err(refused)?);
        }
        self.turn.reverse();
        self.arrive_at(elapsed).map_err(refused)?;
        self.notes = notes;
        Ok(())
    }

    /// Moves the clock; nothing has to go under no budget at all.
    fn arrive_at(&mut self, elapsed: f64) -> Result<(), HookError> {
        self.callback.plan_within(Budget::default(), elapsed)?;
        self.elapsed = elapsed;
        Ok(())
    }

    /// The whole log.
    pub(super) fn log(&self) -> String {
        let mut lines = self.lines.clone();
        for event in &self.turn {
            push_line(&mut lines, &at(event.clone(), self.elapsed));
        }
        lines
    }

    /// Tells the callback of an event, and writes it down unless it is refused.
    pub(super) fn happened<T>(
        &mut self,
        event: Event,
        hook: impl FnOnce(&mut RemovalCallback) -> Result<T, HookError>,
    ) -> Result<T, HookError> {
        let result = hook(&mut self.callback)?;
        self.turn.push(event);
        let notes = self.callback.take_notes();
        self.notes.extend(notes.iter().map(ToString::to_string));
        Ok(result)
    }

    /// Ends the turn and gives up what the budget asks for.
    pub(super) fn loop_end(&mut self, elapsed: f64) -> Result<Vec<Removal>, HookError> {
        let plan = self.callback.plan(elapsed)?;
        self.elapsed = elapsed;
        for event in self.turn.drain(..) {
            push_line(&mut self.lines, &at(event, elapsed));
        }
        if plan.removals.is_empty() {
            return Ok(Vec::new());
        }
        for removal in plan.removals.iter().cloned() {
            push_line(&mut self.lines, &Event::Remove { removal, elapsed });
        }
        let end = self.callback.loop_end(&plan);
        push_line(&mut self.lines, &Event::LoopEnd(end));
        self.callback.carry_out(&plan.removals)?;
        Ok(plan.removals)
    }

    /// The checkpoint of a trial goes, for a reason that is no budget.
    pub(super) fn drop_checkpoint(
        &mut self,
        trial: &str,
        reason: RemovalReason,
    ) -> Result<Removal, HookError> {
        let removal = self.removal(trial, reason);
        let event = Event::Remove {
            removal: removal.clone(),
            elapsed: self.elapsed,
        };
        self.happened(event, |callback| match reason {
            RemovalReason::Lost => callback.lose(trial),
            _ => callback.give_up(trial),
        })?;
        Ok(removal)
    }

    /// Where a trial stands and what its checkpoint holds; level 0 if it stands in no rung.
    fn removal(&self, trial: &str, reason: RemovalReason) -> Removal {
        let model = self.callback.model();
        let standing = model.trial_information(trial);
        let of = |read: fn(&TrialInformation) -> u64| standing.as_ref().map_or(0, read);
        Removal {
            trial: trial.to_owned(),
            level: of(|standing| standing.level),
            rank: of(|standing| standing.rank),
            rung_len: of(|standing| standing.rung_len),
            bytes: model
                .checkpoint(trial)
                .map_or(0, |checkpoint| checkpoint.bytes),
            expected_cost: None,
            ln_expected_cost: None,
            reason,
        }
    }

    /// Takes what a person should know.
    pub(super) fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// Paused trials that hold a checkpoint, with the expected cost of losing it.
    pub(super) fn candidates(&self) -> Result<Vec<TrialInformation>, HookError> {
        let callback = &self.callback;
        let candidates: Vec<_> = callback.model().candidates().collect();
        let has_scores = callback.policy().estimates_costs();
        let losses = callback
            .policy()
            .ln_losses(&candidates, callback.time_ratio())?;
        let information =
            candidates
                .iter()
                .zip(losses)
                .map(|(candidate, ln_loss)| TrialInformation {
                    trial_id: candidate.trial_id.to_owned(),
                    level: candidate.level,
                    rank: candidate.rank,
                    rung_len: candidate.rung_len,
                    score_val: has_scores.then(|| libm::exp(ln_loss)),
                });
        Ok(information.collect())
    }
}

impl fmt::Display for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (header, model) = (&self.header, self.callback.model());
        let levels: Vec<u64> = header.rungs.iter().map(|rung| rung.level).collect();
        let (policy, mode) = (&header.policy, header.mode);
        write!(
            f,
            "RemovalCallback(policy='{policy}', mode='{mode}', rungs={levels:?}"
        )?;
        let budget = self.callback.budget();
        if let Some(most) = budget.max_checkpoints {
            write!(f, ", max_checkpoints={most}")?;
        }
        if let Some(most) = budget.max_bytes {
            write!(f, ", max_bytes={most}")?;
        }
        write!(
            f,
            "): {} trials, {} running, {} with checkpoint, {} given up",
            model.num_trials(),
            model.num_running(),
            model.num_with_checkpoint(),
            self.callback.num_checkpoints_removed()
        )
    }
}

fn push_line(lines: &mut String, event: &Event) {
    lines.push_str(&to_line(event));
    lines.push('\n');
}

/// The event, at another time.
fn at(mut event: Event, seconds: f64) -> Event {
    match &mut event {
        Event::Header(_) => {}
        Event::Start { elapsed, .. }
        | Event::Result { elapsed, .. }
        | Event::Reported { elapsed, .. }
        | Event::Resume { elapsed, .. }
        | Event::Restart { elapsed, .. }
        | Event::Checkpoint { elapsed, .. }
        | Event::Complete { elapsed, .. }
        | Event::Failed { elapsed, .. }
        | Event::Remove { elapsed, .. }
        | Event::Removed { elapsed, .. }
        | Event::Budget { elapsed, .. }
        | Event::Pin { elapsed, .. }
        | Event::Unpin { elapsed, .. }
        | Event::LoopEnd(LoopEnd { elapsed, .. })
        | Event::End(EndOfRun { elapsed, .. }) => *elapsed = seconds,
    }
    event
}
