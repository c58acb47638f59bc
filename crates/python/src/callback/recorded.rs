//! A removal callback with the log of all that it was told: what is pickled.

use std::fmt;
use std::sync::Arc;

use pyo3::PyResult;
use rungkeeper_tuner::replay::Replay;
use rungkeeper_tuner_hooks::log::{Event, Header, read_lines};
use rungkeeper_tuner_hooks::{
    Budget, HookError, Limits, Priced, Removal, RemovalCallback, RemovalReason, RungView,
    SetupError, TrialInformation,
};

use super::history::{Decided, History};
use super::told::Told;
use crate::arguments::refused;

/// Seconds of the run, number of events of the turn that is open, notes that nobody has taken.
pub(super) type State = (f64, usize, Vec<String>);

/// A callback, its header, and its log.
pub(super) struct Recorded {
    pub(super) callback: RemovalCallback,
    header: Header,
    history: History,
    /// Seconds of the run at the last loop end.
    elapsed: f64,
    /// What nobody has taken yet.
    notes: Vec<String>,
}

impl Recorded {
    /// A run that has not begun.
    pub(super) fn new(header: Header) -> Result<Self, SetupError> {
        let callback = RemovalCallback::of_header(&header)?;
        Ok(Self {
            callback,
            history: History::new(header.clone()),
            header,
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
        let mut recorded = Self {
            callback: replay.into_callback(),
            header: *header,
            history: History::of_lines(text.to_owned()),
            elapsed,
            notes: Vec::new(),
        };
        recorded.callback.take_notes(); // they were told when they came up
        recorded.arrive_at(elapsed).map_err(refused)?;
        Ok(recorded)
    }

    /// What the log does not hold: [`Recorded::set_state`] takes it.
    pub(super) fn state(&self) -> State {
        (self.elapsed, self.history.num_open(), self.notes.clone())
    }

    /// Goes back to where the callback stood when it was asked for its state and its log.
    pub(super) fn set_state(&mut self, (elapsed, open, notes): State) -> PyResult<()> {
        self.history.reopen(open).map_err(refused)?;
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
    pub(super) fn log(&mut self) -> String {
        self.history.log(self.elapsed)
    }

    /// Tells the callback what happened to a trial, and keeps it unless it is refused.
    pub(super) fn tell(&mut self, trial: String, told: Told) -> Result<(), HookError> {
        self.callback.apply(&told.event(&trial, self.elapsed))?;
        self.history.told(trial, told);
        self.gather_notes();
        Ok(())
    }

    /// As [`Recorded::tell`]; whether the trial that runs again has its checkpoint.
    pub(super) fn resume(&mut self, trial: String) -> Result<bool, HookError> {
        let lost = |callback: &RemovalCallback| callback.trials_resumed_without_checkpoint().len();
        let before = lost(&self.callback);
        self.tell(trial, Told::Resume)?;
        Ok(lost(&self.callback) == before)
    }

    /// Keeps another budget from the next loop end on.
    pub(super) fn set_budget(&mut self, budget: Budget) {
        self.callback.set_budget(budget);
        self.history.happened(Event::Budget {
            budget,
            elapsed: self.elapsed,
        });
    }

    /// Other limits end the run from here on.
    pub(super) fn set_limits(&mut self, limits: Limits) -> Result<(), HookError> {
        self.callback.set_limits(limits)?;
        self.history.happened(Event::Limits {
            limits,
            elapsed: self.elapsed,
        });
        Ok(())
    }

    /// Ends the turn and gives up what the budget asks for: nothing mostly.
    pub(super) fn loop_end(&mut self, elapsed: f64) -> Result<Option<Arc<Decided>>, HookError> {
        let mut plan = self.callback.plan(elapsed)?;
        self.elapsed = elapsed;
        if plan.removals.is_empty() {
            self.history.end_turn(elapsed);
            return Ok(None);
        }
        let removals = std::mem::take(&mut plan.removals);
        let end = self.callback.loop_end(&plan);
        let decided = Arc::new(Decided { removals, end });
        self.history.end_turn_with(decided.clone());
        self.callback.carry_out(&decided.removals)?;
        Ok(Some(decided))
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
        match reason {
            RemovalReason::Lost => self.callback.lose(trial)?,
            _ => self.callback.give_up(trial)?,
        }
        self.history.happened(event);
        self.gather_notes();
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

    fn gather_notes(&mut self) {
        let notes = self.callback.take_notes();
        self.notes.extend(notes.iter().map(ToString::to_string));
    }

    /// Takes what a person should know.
    pub(super) fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// Paused trials that hold a checkpoint, with the expected cost of losing it.
    pub(super) fn candidates(&self) -> Result<Vec<TrialInformation>, HookError> {
        let callback = &self.callback;
        let rungs: Vec<RungView<'_>> = callback.model().rung_views().collect();
        let mut scores = Vec::new();
        if let Some(cost) = callback.policy().cost() {
            scores = Priced::all(cost, &rungs, callback.time_ratio())?;
        }
        let mut scores = scores.iter().map(|priced| libm::exp(priced.ln_cost));
        let mut all = Vec::new();
        for rung in rungs {
            let start = all.len();
            all.extend(rung.worst_first().map(|candidate| TrialInformation {
                trial_id: candidate.trial_id.to_owned(),
                level: rung.level(),
                rank: candidate.rank,
                rung_len: rung.len(),
                score_val: scores.next(),
            }));
            all[start..].reverse(); // best first
        }
        Ok(all)
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
