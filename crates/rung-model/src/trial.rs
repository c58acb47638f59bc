use alloc::string::String;
use core::fmt;

use crate::outcome::TrainedAgain;
use crate::rung::Position;

/// Status of a trial, spelled as in Syne Tune 0.13.
///
/// ```
/// use rungkeeper_rung_model::TrialStatus;
///
/// assert_eq!(TrialStatus::PausedWithCheckpoint.to_string(), "PAUSED-WITH-CP");
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum TrialStatus {
    /// A worker trains it: how each trial begins.
    #[default]
    #[cfg_attr(feature = "serde", serde(rename = "RUNNING"))]
    Running,
    /// Paused; its checkpoint is kept, or may still be committed.
    #[cfg_attr(feature = "serde", serde(rename = "PAUSED-WITH-CP"))]
    PausedWithCheckpoint,
    /// Paused; its checkpoint was removed or lost.
    #[cfg_attr(feature = "serde", serde(rename = "PAUSED-NO-CP"))]
    PausedNoCheckpoint,
    /// Stopped, completed or failed.
    #[cfg_attr(feature = "serde", serde(rename = "STOPPED-COMPLETED"))]
    StoppedOrCompleted,
}

impl TrialStatus {
    pub(crate) fn is_paused(self) -> bool {
        matches!(self, Self::PausedWithCheckpoint | Self::PausedNoCheckpoint)
    }
}

impl fmt::Display for TrialStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "RUNNING",
            Self::PausedWithCheckpoint => "PAUSED-WITH-CP",
            Self::PausedNoCheckpoint => "PAUSED-NO-CP",
            Self::StoppedOrCompleted => "STOPPED-COMPLETED",
        })
    }
}

/// What a scheduler decides on a report, spelled as in the event log.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "UPPERCASE"))]
pub enum Decision {
    /// The trial goes on.
    Continue,
    /// The trial is paused and may be resumed later.
    Pause,
    /// The trial ends.
    Stop,
}

/// Number of a trial in a model, in order of the starts.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TrialIndex(u32);

impl TrialIndex {
    /// The trial started as number `index`, from 0.
    #[must_use]
    pub fn new(index: u32) -> Self {
        Self(index)
    }

    /// The number, from 0.
    #[must_use]
    pub fn get(self) -> usize {
        self.0 as usize
    }
}

/// A trial that stands in a rung, as it is shown to people and other programs.
///
/// Fields as in Syne Tune 0.13's `TrialInformation`.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TrialInformation {
    /// The trial's id.
    pub trial_id: String,
    /// The highest rung level it is recorded at, in resource units.
    pub level: u64,
    /// Its rank there, 1 for the best.
    pub rank: u64,
    /// Number of entries of that rung.
    pub rung_len: u64,
    /// A score, where one was computed: for the speculative policy the expected cost of losing the
    /// checkpoint, in resource units.
    pub score_val: Option<f64>,
}

/// A complete checkpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Checkpoint {
    /// Resource it was written at.
    pub level: u64,
    /// Its size.
    pub bytes: u64,
}

/// Where a trial is recorded highest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub(crate) rung: u32,
    pub(crate) position: Position,
    pub(crate) promoted: bool,
}

/// What the model knows of a trial.
#[derive(Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // no two of them exclude each other
pub(crate) struct TrialState {
    pub(crate) status: TrialStatus,
    pub(crate) bracket: u32,
    pub(crate) standing: Option<Standing>,
    /// Last resource reported since the trial was started or resumed.
    pub(crate) last_resource: u64,
    /// Level of the checkpoint that the trial was resumed from, 0 if it trains from scratch.
    pub(crate) resumed_at: u64,
    /// Resource at which the trial had been paused, from its resume with a checkpoint to its first
    /// report; 0 otherwise.
    pub(crate) paused_at: u64,
    pub(crate) checkpoint: Option<Checkpoint>,
    /// Whether the checkpoint was committed after the pause that goes on: then it is what the trial
    /// is resumed from, whatever its level.
    pub(crate) committed_since_pause: bool,
    pub(crate) pinned: bool,
    /// Whether it is paused and its training program is about to be started.
    pub(crate) about_to_run: bool,
    pub(crate) non_finite_seen: bool,
    /// Whether it ended by a crash: it can be tried again.
    pub(crate) failed: bool,
}

impl TrialState {
    /// What the first report after a resume with a checkpoint tells: that training was done again,
    /// if it is not above the resource of the pause.
    pub(crate) fn trained_again(&mut self, resource: u64) -> Option<TrainedAgain> {
        let paused_at = core::mem::take(&mut self.paused_at);
        // Where nobody told the level of the checkpoint, a program that goes on from the middle tells
        // it: it was saved just before. One that begins at 1 has not read it.
        if self.checkpoint.is_none() && (2..=paused_at).contains(&resource) {
            self.resumed_at = resource - 1;
        }
        (resource <= paused_at).then_some(TrainedAgain {
            paused_at,
            saved_at: self.resumed_at,
            from: resource,
        })
    }

    /// Moves on to a reported resource; returns how many units were trained for it.
    pub(crate) fn advance(&mut self, resource: u64) -> u64 {
        // A program that starts over although it had a checkpoint reports from 1 on.
        let from = if self.last_resource == 0 && self.resumed_at < resource {
            self.resumed_at
        } else {
            self.last_resource
        };
        self.last_resource = resource;
        resource - from
    }
}
