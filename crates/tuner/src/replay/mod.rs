//! Feeding an event log to the removal callback, and comparing its decisions with the recorded ones.

mod check;

use rungkeeper_tuner_hooks::log::{EndOfRun, Event, Header, LoopEnd};
use rungkeeper_tuner_hooks::{
    Budget, HookError, Note, RemovalCallback, RemovalPlan, RemovalReason, SetupError,
};
use thiserror::Error;

pub use check::{Checked, CheckedLoopEnd, Comparison, Verdict};

/// Why a log could not be replayed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The header's settings.
    #[error("line 1: {0}")]
    Setup(#[from] SetupError),
    /// An event that does not fit the ones before.
    #[error("line {line}: {source}")]
    Event {
        /// Number of its line.
        line: usize,
        /// Why not.
        source: HookError,
    },
    /// A header that is not the first event.
    #[error("line {line}: a second header")]
    SecondHeader {
        /// Number of its line.
        line: usize,
    },
}

/// Feeds the events of a log to a removal callback, in one of three ways.
///
/// - [`Replay::free`]: the callback decides by itself, at the end of each group of events with the
///   same `elapsed`; removals in the log are passed over (except for those a person asked for and for checkpoints that were
///   lost), and so is a failed deletion of what the callback did not remove.
/// - [`Replay::checked`]: each recorded loop end is compared with what the callback would have done
///   from the same state, then the recorded removal is applied; at the end the extra results, the
///   trials resumed without checkpoint and the estimators are compared.
/// - [`Replay::recorded`]: what the log removed is removed, and the policy is asked nothing: for one that no header can
///   name, or that is slow.
///
/// A run that was cut short goes on with the callback of a recorded replay; with that of a checked one where the policy is
/// `random`, whose stream of numbers then stands where it stood ([`Replay::into_callback`]).
///
/// ```
/// use rungkeeper_tuner::replay::Replay;
/// use rungkeeper_tuner_hooks::log::{Event, Header};
/// use rungkeeper_tuner_hooks::{CheckpointTracking, Decision, ModelSpec};
///
/// let mut header = Header::new("example", &ModelSpec::geometric(1, 3, 27)?, 27);
/// header.budget.max_checkpoints = Some(1);
/// header.checkpoints = CheckpointTracking::Assumed;
/// let mut replay = Replay::free(&header)?;
/// let mut line = 1;
/// let mut feed = |event| { line += 1; replay.feed(line, &event).map(|step| step.plan) };
/// for (trial, metric, elapsed) in [("0", 0.5, 1.0), ("1", 0.4, 2.0)] {
///     let trial = trial.to_owned();
///     feed(Event::Start { trial: trial.clone(), bracket: 0, elapsed })?;
///     feed(Event::Result { trial, level: 1, metric, decision: Decision::Pause, elapsed })?;
/// }
/// let plan = replay.finish()?.plan.unwrap();
/// assert_eq!(plan.removals[0].trial, "0"); // rank 2 of 2
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Replay {
    callback: RemovalCallback,
    way: Way,
    /// Trials of `remove` events that no loop end has accounted for yet, with their lines.
    announced: Vec<(usize, String)>,
    /// Time of the group of events that is open, with the line of its last one.
    group: Option<(f64, usize)>,
}

/// Who decides.
enum Way {
    Free,
    Checked(Comparison),
    Recorded,
}

/// What feeding an event brought about.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Step {
    /// Free replay: a loop end before this event that removed something.
    pub plan: Option<RemovalPlan>,
    /// Checked replay: the loop end that this event is, compared.
    pub checked: Option<CheckedLoopEnd>,
}

impl Replay {
    /// A replay in which the callback decides by itself.
    ///
    /// # Errors
    ///
    /// Settings that the callback refuses.
    pub fn free(header: &Header) -> Result<Self, ReplayError> {
        Ok(Self::of(RemovalCallback::of_header(header)?, Way::Free))
    }

    /// A replay that compares with what is recorded.
    ///
    /// # Errors
    ///
    /// Settings that the callback refuses.
    pub fn checked(header: &Header) -> Result<Self, ReplayError> {
        let callback = RemovalCallback::of_header(header)?;
        Ok(Self::checked_by(callback))
    }

    /// As [`Replay::checked`], with a callback of the caller's that has seen nothing.
    #[must_use]
    pub fn checked_by(callback: RemovalCallback) -> Self {
        Self::of(callback, Way::Checked(Comparison::default()))
    }

    /// A replay that removes what is recorded, with a callback of the caller's that has seen nothing. Its policy, which may
    /// be none that a header can name, learns from the reports and is never asked.
    ///
    /// ```
    /// use rungkeeper_tuner::replay::Replay;
    /// use rungkeeper_tuner_hooks::{Budget, ModelSpec, RemovalCallback};
    ///
    /// let callback =
    ///     RemovalCallback::new(&ModelSpec::geometric(1, 3, 27)?, Budget::of_checkpoints(8))?;
    /// assert_eq!(Replay::recorded(callback).into_callback()?.model().num_trials(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn recorded(callback: RemovalCallback) -> Self {
        Self::of(callback, Way::Recorded)
    }

    fn of(callback: RemovalCallback, way: Way) -> Self {
        Self {
            callback,
            way,
            announced: Vec::new(),
            group: None,
        }
    }

    fn decides_by_itself(&self) -> bool {
        matches!(self.way, Way::Free)
    }

    /// The callback, as it is after the events so far.
    #[must_use]
    pub fn callback(&self) -> &RemovalCallback {
        &self.callback
    }

    /// The callback as the log leaves it, to go on with. Removals whose loop end is missing count, since the tuner may
    /// have deleted these checkpoints.
    ///
    /// # Errors
    ///
    /// As [`Replay::feed`], for such a removal.
    pub fn into_callback(mut self) -> Result<RemovalCallback, ReplayError> {
        self.apply_announced()?;
        Ok(self.callback)
    }

    /// Takes the notes of the callback that gathered since the last call.
    pub fn take_notes(&mut self) -> Vec<Note> {
        self.callback.take_notes()
    }

    /// Feeds an event, the one on line `line` of its log.
    ///
    /// # Errors
    ///
    /// An event that does not fit the ones before; the replay is then as before it.
    pub fn feed(&mut self, line: usize, event: &Event) -> Result<Step, ReplayError> {
        let at = |source| ReplayError::Event { line, source };
        if matches!(event, Event::Header(_)) {
            return Err(ReplayError::SecondHeader { line });
        }
        if matches!(event, Event::Unknown) {
            return Ok(Step::default()); // not the end of a group either: it has no time
        }
        let mut step = Step::default();
        if self.decides_by_itself() {
            step.plan = self.end_group(event.elapsed())?;
            self.group = event.elapsed().map(|elapsed| (elapsed, line));
        } else if !matches!(event, Event::Remove { .. } | Event::LoopEnd(_)) {
            self.apply_announced()?;
        }
        match event {
            // Made by a loop end, which the callback of a free replay decides by itself. Others belong to none.
            Event::Remove { removal, .. } if is_of_a_budget(removal.reason) => {
                if !self.decides_by_itself() {
                    self.announced.push((line, removal.trial.clone()));
                }
            }
            Event::LoopEnd(end) => step.checked = self.loop_end(end).map_err(at)?,
            Event::End(end) => self.end(end),
            // In a free replay the trial may hold the checkpoint that it removed in the log.
            Event::Undeleted { trial, .. }
                if self.decides_by_itself()
                    && self.callback.model().checkpoint(trial).is_some() => {}
            other => self.callback.apply(other).map_err(at)?,
        }
        Ok(step)
    }

    /// Ends the log. In a free replay the last loop end is made up for.
    ///
    /// # Errors
    ///
    /// As [`Replay::feed`].
    pub fn finish(&mut self) -> Result<Step, ReplayError> {
        self.apply_announced()?;
        let plan = self.end_group(None)?;
        Ok(Step {
            plan,
            checked: None,
        })
    }

    /// What a checked replay found so far; all zero for the others.
    #[must_use]
    pub fn comparison(&self) -> Comparison {
        match &self.way {
            Way::Checked(comparison) => comparison.clone(),
            Way::Free | Way::Recorded => Comparison::default(),
        }
    }

    /// Removals whose loop end is missing: the run was cut short between them and it.
    fn apply_announced(&mut self) -> Result<(), ReplayError> {
        for (line, trial) in std::mem::take(&mut self.announced) {
            let done = self.callback.give_up(&trial);
            done.map_err(|source| ReplayError::Event { line, source })?;
        }
        Ok(())
    }

    fn loop_end(&mut self, end: &LoopEnd) -> Result<Option<CheckedLoopEnd>, HookError> {
        match &mut self.way {
            Way::Free => Ok(None),
            Way::Checked(comparison) => {
                self.announced.clear(); // the loop end lists them again
                let checked = check::loop_end(&mut self.callback, end)?;
                comparison.count(checked.verdict);
                Ok(Some(checked))
            }
            Way::Recorded => {
                self.announced.clear();
                // Nothing is over no budget: this moves the clock alone.
                self.callback.plan_within(Budget::default(), end.elapsed)?;
                for removed in &end.removed {
                    self.callback.give_up(&removed.trial)?;
                }
                Ok(None)
            }
        }
    }

    fn end(&mut self, end: &EndOfRun) {
        if let Way::Checked(comparison) = &mut self.way {
            comparison.end(&self.callback, end);
        }
    }

    /// Free replay: ends the open group unless the next event belongs to it.
    fn end_group(&mut self, next: Option<f64>) -> Result<Option<RemovalPlan>, ReplayError> {
        let Some((elapsed, line)) = self.group else {
            return Ok(None);
        };
        if next == Some(elapsed) {
            return Ok(None);
        }
        self.group = None;
        let at = |source| ReplayError::Event { line, source };
        let plan = self.callback.plan(elapsed).map_err(at)?;
        self.callback.carry_out(&plan.removals).map_err(at)?;
        Ok((!plan.removals.is_empty()).then_some(plan))
    }
}

fn is_of_a_budget(reason: RemovalReason) -> bool {
    !matches!(reason, RemovalReason::Lost | RemovalReason::Asked)
}
