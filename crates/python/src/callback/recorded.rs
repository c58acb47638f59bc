//! A removal callback with the log of all that it was told: what is pickled.

use std::fmt;
use std::sync::Arc;

use pyo3::PyResult;
use rungkeeper_policies::{PolicyError, PolicySpec};
use rungkeeper_tuner::log::read_lines;
use rungkeeper_tuner::replay::Replay;
use rungkeeper_tuner_hooks::log::{Event, Header};
use rungkeeper_tuner_hooks::{
    Budget, Decision, HookError, Limits, Priced, Removal, RemovalCallback, RemovalReason, RungView,
    SetupError, TrialInformation,
};

use super::commits::{Commits, Known};
use super::history::{Decided, History};
use super::settings::Settings;
use super::told::Told;
use crate::arguments::refused;
use crate::interrupt::Patience;
use crate::policy::{self, Own};

/// Seconds of the run, number of events of the turn that is open, notes that nobody has taken, whether they are logged,
/// and what is known of commits; `None` of a release that did not tell.
pub(super) type State = (f64, usize, Vec<String>, bool, Option<Known>);

/// A callback, its header, and its log.
pub(super) struct Recorded {
    pub(super) callback: RemovalCallback,
    header: Header,
    history: History,
    /// Seconds of the run at the last loop end.
    elapsed: f64,
    /// What nobody has taken yet.
    notes: Vec<String>,
    /// How many of these, the last ones, nobody has been told yet.
    untold: usize,
    /// Whether somebody is told of them before they are taken.
    log_notes: bool,
    /// The policy, where it is one of a user's own.
    own: Option<Own>,
    commits: Commits,
}

impl Recorded {
    /// A run that has not begun.
    pub(super) fn new(settings: Settings) -> Result<Self, SetupError> {
        let Settings { header, own, .. } = settings;
        let own = own.map(|own| own.under_a_lock());
        let callback = callback_of(&header, own.as_ref())?;
        let history = History::new(header.clone());
        Ok(Self {
            log_notes: settings.log_notes,
            ..Self::of(callback, header, history, own)
        })
    }

    fn of(callback: RemovalCallback, header: Header, history: History, own: Option<Own>) -> Self {
        let commits = Commits::new(header.checkpoints);
        Self {
            callback,
            header,
            history,
            elapsed: 0.0,
            notes: Vec::new(),
            untold: 0,
            log_notes: true,
            own,
            commits,
        }
    }

    /// The run as its log leaves it, to go on with.
    ///
    /// Only the policy `random` is asked again, so that its stream goes on where it was.
    pub(super) fn from_log(text: &str, own: Option<Own>) -> PyResult<Self> {
        let mut patience = Patience::new();
        let mut events = read_lines(text.as_bytes());
        let Some((_, Event::Header(header))) = events.next().transpose().map_err(refused)? else {
            return Err(refused("the log is empty: it begins with a header"));
        };
        check_policy_of(&header, own.as_ref())?;
        let own = own.map(|own| own.under_a_lock());
        let callback = callback_of(&header, own.as_ref())
            .map_err(|error| refused(format!("line 1: {error}")))?;
        let mut replay = match header.policy_spec() {
            Ok(PolicySpec::Random { .. }) => Replay::checked_by(callback),
            _ => Replay::recorded(callback),
        };
        let (mut elapsed, mut commits) = (0.0, Commits::new(header.checkpoints));
        for event in events {
            let (line, event) = event.map_err(refused)?;
            let at = event.elapsed().unwrap_or(elapsed);
            // All events of a turn have the time of its end.
            commits.replaying(replay.callback().model(), &event, at != elapsed);
            replay.feed(line, &event).map_err(refused)?;
            elapsed = at;
            patience.tick()?;
        }
        let callback = replay.into_callback().map_err(refused)?;
        let history = History::of_lines(text.to_owned());
        let mut recorded = Self {
            commits,
            ..Self::of(callback, *header, history, own)
        };
        recorded.callback.take_notes(); // they were told when they came up
        recorded.arrive_at(elapsed).map_err(refused)?;
        Ok(recorded)
    }

    /// Refuses a name that is not that of the policy.
    pub(super) fn check_policy_is(&self, name: &str) -> PyResult<()> {
        let named = &self.header.policy;
        if named == name {
            return Ok(());
        }
        Err(refused(format!(
            "policy is \"{name}\", but the log is of a run with the policy \"{named}\", which goes on: \
             leave policy out"
        )))
    }

    /// What the log does not hold: [`Recorded::set_state`] takes it.
    pub(super) fn state(&self) -> State {
        let (open, notes) = (self.history.num_open(), self.notes.clone());
        let known = Some(self.commits.known());
        (self.elapsed, open, notes, self.log_notes, known)
    }

    /// Goes back to where the callback stood when it was asked for its state and its log.
    pub(super) fn set_state(&mut self, state: State) -> PyResult<()> {
        let (elapsed, open, notes, log_notes, known) = state;
        self.history.reopen(open)?;
        self.arrive_at(elapsed).map_err(refused)?;
        if let Some(known) = known {
            self.commits.set_known(known);
        }
        self.notes = notes;
        self.log_notes = log_notes;
        Ok(())
    }

    /// Moves the clock; nothing has to go under no budget at all.
    fn arrive_at(&mut self, elapsed: f64) -> Result<(), HookError> {
        self.callback.plan_within(Budget::default(), elapsed)?;
        self.elapsed = elapsed;
        Ok(())
    }

    /// The whole log.
    pub(super) fn log(&mut self) -> PyResult<String> {
        self.history.log(self.elapsed)
    }

    /// Tells the callback what happened to a trial, and keeps it unless it is refused.
    pub(super) fn tell(&mut self, trial: String, told: Told) -> Result<(), HookError> {
        self.callback.apply(&told.event(&trial, self.elapsed))?;
        match told {
            Told::Result(result) if result.decision == Decision::Pause => {
                self.commits.paused(&trial, result.level);
            }
            Told::Checkpoint { .. } => self.commits.committed(),
            _ => {}
        }
        self.history.told(trial, told);
        self.gather_notes();
        Ok(())
    }

    /// As [`Recorded::tell`]; whether the trial that runs again has its checkpoint.
    pub(super) fn resume(&mut self, trial: String) -> Result<bool, HookError> {
        let lost = |callback: &RemovalCallback| callback.trials_resumed_without_checkpoint().len();
        let before = lost(&self.callback);
        let note = self.commits.resuming(self.callback.model(), &trial);
        self.tell(trial, Told::Resume)?;
        if let Some(note) = note {
            self.commits.noted();
            self.add_note(note);
        }
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

    /// Ends the turn and removes what the budget asks for: nothing mostly.
    pub(super) fn loop_end(&mut self, elapsed: f64) -> Result<Option<Arc<Decided>>, HookError> {
        let mut plan = match self.callback.plan(elapsed) {
            Ok(plan) => plan,
            Err(error) => {
                self.arrive_at(self.elapsed)?; // nothing has changed
                return Err(error);
            }
        };
        self.elapsed = elapsed;
        if let Some(note) = self.commits.end_turn(self.callback.model()) {
            self.add_note(note);
        }
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
        for note in self.callback.take_notes() {
            self.add_note(note.to_string());
        }
    }

    fn add_note(&mut self, note: String) {
        self.notes.push(note);
        self.untold += 1;
    }

    /// Notes that are to be logged now; they stay until they are taken.
    pub(super) fn untold(&mut self) -> Vec<String> {
        if !self.log_notes {
            return Vec::new();
        }
        let told = self.notes.len() - std::mem::take(&mut self.untold).min(self.notes.len());
        self.notes[told..].to_vec()
    }

    /// Takes what a person should know.
    pub(super) fn take_notes(&mut self) -> Vec<String> {
        self.untold = 0;
        std::mem::take(&mut self.notes)
    }

    /// Paused trials that hold a checkpoint, with the expected cost of losing it.
    pub(super) fn candidates(&self) -> Result<Vec<TrialInformation>, HookError> {
        let callback = &self.callback;
        let rungs: Vec<RungView<'_>> = callback.model().rung_views().collect();
        let mut scores = self.costs(&rungs)?.into_iter();
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

impl Recorded {
    /// The cost of each candidate, rung by rung, worst first; empty where the policy estimates none.
    fn costs(&self, rungs: &[RungView<'_>]) -> Result<Vec<f64>, PolicyError> {
        let time_ratio = self.callback.time_ratio();
        if let Some(own) = &self.own {
            let of_trial = own.costs(rungs, time_ratio)?.unwrap_or_default();
            let candidates = rungs.iter().flat_map(|rung| rung.worst_first());
            return Ok(candidates
                .filter_map(|it| of_trial.get(it.trial_id).copied())
                .collect());
        }
        let Some(cost) = self.callback.policy().cost() else {
            return Ok(Vec::new());
        };
        let priced = Priced::all(cost, rungs, time_ratio)?;
        Ok(priced.iter().map(|it| libm::exp(it.ln_cost)).collect())
    }

    /// The policy, where it is one of a user's own.
    pub(super) fn own(&self) -> Option<&Own> {
        self.own.as_ref()
    }
}

/// A callback that has seen nothing.
fn callback_of(header: &Header, own: Option<&Own>) -> Result<RemovalCallback, SetupError> {
    let policy = match own {
        Some(own) => Box::new(own.clone()),
        None => policy::build(&header.policy_spec()?)?,
    };
    RemovalCallback::new(&header.model_spec(), header.budget)?
        .with_policy(policy)
        .with_limits(header.limits)
}

/// Refuses a policy that the log does not name, and a log whose policy is not there.
fn check_policy_of(header: &Header, own: Option<&Own>) -> PyResult<()> {
    let named = &header.policy;
    match own {
        None if PolicySpec::NAMES.contains(&named.as_str()) => Ok(()),
        None => Err(refused(format!(
            "the log is of a run with the policy \"{named}\", which is none of rungkeeper's: give it \
             as policy"
        ))),
        Some(own) if own.name() == named => Ok(()),
        Some(own) => Err(refused(format!(
            "policy is named \"{}\", but the log is of a run with the policy \"{named}\"",
            own.name()
        ))),
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
            "): {} trials, {} running, {} with checkpoint, {} removed",
            model.num_trials(),
            model.num_running(),
            model.num_with_checkpoint(),
            self.callback.num_checkpoints_removed()
        )
    }
}
