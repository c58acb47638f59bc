use rungkeeper_policies::{Budget, Limits};
use rungkeeper_rung_model::Decision;

use crate::log::Header;
use crate::{ExtraResults, Removal};

/// The latest time that an event of a log can have, in seconds of the run: some 30,000 years.
pub const MOST_SECONDS: f64 = 1e12;

/// A line of the event log. `elapsed` is in seconds of the run, interruptions left out.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(tag = "event", rename_all = "snake_case"))]
#[expect(
    missing_docs,
    reason = "`trial` and `elapsed` are explained once, above"
)]
pub enum Event {
    /// Settings of the run; the first line.
    Header(Box<Header>),
    /// A trial begins.
    Start {
        trial: String,
        /// Its bracket; 0 where the line does not say.
        #[cfg_attr(feature = "serde", serde(skip_serializing_if = "is_zero"))]
        bracket: usize,
        elapsed: f64,
    },
    /// A trial reported, and the scheduler decided.
    Result {
        trial: String,
        /// Resource of the report.
        level: u64,
        /// The metric. Null, text or a missing key are bad metrics: NaN.
        metric: f64,
        /// What the scheduler decided.
        decision: Decision,
        elapsed: f64,
    },
    /// A report that pauses or ends its trial, written before the checkpoint of that moment is
    /// committed. The [`Event::Result`] follows; where it does not, the run was cut short, and the
    /// report counts if the checkpoint is there.
    Reported {
        trial: String,
        /// Resource of the report.
        level: u64,
        /// The metric. Null, text or a missing key are bad metrics: NaN.
        metric: f64,
        elapsed: f64,
    },
    /// A training process of a trial is about to be started: after a kill between this line and the
    /// start of the process it tells whose process may be running. The checkpoint of a paused trial
    /// is no candidate from now on, since the process starts from it.
    Launch { trial: String, elapsed: f64 },
    /// A paused trial runs again.
    Resume { trial: String, elapsed: f64 },
    /// The training program of a running trial was started again, after a crash.
    Restart { trial: String, elapsed: f64 },
    /// A checkpoint is complete.
    Checkpoint {
        trial: String,
        /// Resource it was written at.
        level: u64,
        /// Its size.
        bytes: u64,
        elapsed: f64,
    },
    /// A trial's training program ended by itself.
    Complete { trial: String, elapsed: f64 },
    /// A trial crashed for good.
    Failed { trial: String, elapsed: f64 },
    /// A trial that had failed runs again, from the beginning.
    Retry { trial: String, elapsed: f64 },
    /// A checkpoint is removed: written before its files go.
    Remove {
        /// What is removed, and why.
        #[cfg_attr(feature = "serde", serde(flatten))]
        removal: Removal,
        elapsed: f64,
    },
    /// The files of a checkpoint that was removed are gone.
    Removed { trial: String, elapsed: f64 },
    /// The files of a checkpoint that was removed could not be deleted: they take room until
    /// [`Event::Removed`] says that they are gone.
    Undeleted {
        trial: String,
        /// The room they take.
        bytes: u64,
        elapsed: f64,
    },
    /// The checkpoint of a trial is kept, whatever the policy says.
    Pin { trial: String, elapsed: f64 },
    /// The end of a pin.
    Unpin { trial: String, elapsed: f64 },
    /// From here on the run keeps another budget.
    Budget {
        /// As in the header.
        #[cfg_attr(feature = "serde", serde(flatten))]
        budget: Budget,
        elapsed: f64,
    },
    /// From here on these limits end the run, in place of those before, and the time ratio counts
    /// from them.
    Limits {
        /// As in the header.
        #[cfg_attr(feature = "serde", serde(flatten))]
        limits: Limits,
        elapsed: f64,
    },
    /// The end of a turn in which checkpoints were removed.
    LoopEnd(LoopEnd),
    /// The end of the run. A run that is resumed with more to do goes on behind it.
    End(EndOfRun),
    /// An event of a name that is not known, from a later release: readers pass over it.
    Unknown,
}

#[cfg(feature = "serde")]
#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
fn is_zero(bracket: &usize) -> bool {
    *bracket == 0
}

/// What a loop end decided, and on what grounds.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LoopEnd {
    /// Seconds of the run.
    pub elapsed: f64,
    /// Number of checkpoints that had to go, not counting the budget of bytes.
    pub num_to_remove: u64,
    /// Number of candidates.
    pub candidates: usize,
    /// What was left of the run over what was used.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub time_ratio: Option<f64>,
    /// Estimated p of each level, as `(level, p)`.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub p: Option<Vec<(u64, f64)>>,
    /// What was removed, first to go first.
    pub removed: Vec<RemovedAtLoopEnd>,
}

/// A trial that lost its checkpoint at a loop end.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RemovedAtLoopEnd {
    /// The trial.
    pub trial: String,
    /// The rung level it waited at.
    pub level: u64,
    /// Its rank there, 1 for the best.
    pub rank: u64,
    /// Number of entries of the rung.
    pub rung_len: u64,
    /// The score that whoever wrote the log gave it, where it says.
    #[cfg_attr(
        feature = "serde",
        serde(
            default,
            alias = "reference_score",
            skip_serializing_if = "Option::is_none"
        )
    )]
    pub score: Option<f64>,
}

impl From<&Removal> for RemovedAtLoopEnd {
    fn from(removal: &Removal) -> Self {
        Self {
            trial: removal.trial.clone(),
            level: removal.level,
            rank: removal.rank,
            rung_len: removal.rung_len,
            score: removal.expected_cost,
        }
    }
}

/// Figures at the end of a run.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EndOfRun {
    /// Seconds of the run.
    pub elapsed: f64,
    /// Checkpoints removed, trials resumed, resource trained again.
    pub extra_results: ExtraResults,
    /// Trials resumed without their checkpoint, with the rung level they were paused at.
    pub trials_resumed_without_checkpoint: Vec<(String, u64)>,
    /// Counts of each level's estimator; null for a policy without estimators.
    #[cfg_attr(feature = "serde", serde(default))]
    pub estimators: Option<Vec<EstimatorCounts>>,
}

/// Counts of the estimator of a level.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EstimatorCounts {
    /// The rung level.
    pub level: u64,
    /// Values that were 1.
    pub num_one: u64,
    /// All values.
    pub num_total: u64,
}

/// The time of an event, by reference or by mutable reference as the event is.
macro_rules! time {
    ($event:expr) => {
        match $event {
            Event::Header(_) | Event::Unknown => None,
            Event::Start { elapsed, .. }
            | Event::Result { elapsed, .. }
            | Event::Reported { elapsed, .. }
            | Event::Launch { elapsed, .. }
            | Event::Retry { elapsed, .. }
            | Event::Undeleted { elapsed, .. }
            | Event::Limits { elapsed, .. }
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
            | Event::End(EndOfRun { elapsed, .. }) => Some(elapsed),
        }
    };
}

impl Event {
    /// Seconds of the run at which it happened; `None` for the header and for an event that is not
    /// known.
    #[must_use]
    pub fn elapsed(&self) -> Option<f64> {
        time!(self).copied()
    }

    /// The same event at another time. A header stays as it is.
    ///
    /// ```
    /// use rungkeeper_tuner_hooks::log::Event;
    ///
    /// let event = Event::Pin { trial: "3".to_owned(), elapsed: 0.0 };
    /// assert_eq!(event.at(1.5).elapsed(), Some(1.5));
    /// ```
    #[must_use]
    pub fn at(mut self, seconds: f64) -> Self {
        if let Some(elapsed) = time!(&mut self) {
            *elapsed = seconds;
        }
        self
    }
}
