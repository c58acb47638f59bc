//! Hooks for a tuner: the checkpoint removal callback, the store trait and the event log.
//!
//! A tuner that pauses and resumes trials calls a [`TunerCallback`] as things happen.
//! [`RemovalCallback`] is one: it keeps the checkpoints within a [`Budget`], with any
//! [`RemovalPolicy`] and any [`CheckpointStore`]. [`log`] has the types of the event log, and
//! [`Replay`] feeds a log to a callback and compares its decisions with the recorded ones.
//!
//! # A whole small tuner
//!
//! It starts a trial whenever none can be promoted, pauses each at rungs 1 and 3, and keeps six
//! checkpoints.
//!
//! ```
#![doc = include_str!("../examples/small_tuner.rs")]
//! ```
//!
//! # Features
//!
//! - `serde` (off by default): the event log as JSON lines.

mod apply;
mod error;
mod hooks;
pub mod log;
mod note;
mod record;
mod removal;
mod replay;
mod store;

pub use error::{BoxError, HookError, SetupError};
pub use hooks::{TrialResult, TunerCallback};
pub use note::Note;
pub use removal::{ExtraResults, Removal, RemovalCallback, RemovalPlan};
pub use replay::{Checked, CheckedLoopEnd, Comparison, Replay, ReplayError, Step, Verdict};
pub use rungkeeper_policies::{
    Budget, ByLevel, Candidate, Cheapest, ExpectedCost, Limits, Need, PolicySpec, Priced, Progress,
    Random, RankAware, RemovalPolicy, RemovalReason, RungView, Speculative, SpeculativeSettings,
};
pub use rungkeeper_rung_model::{
    Brackets, CheckpointTracking, Decision, Mode, ModelSpec, RungModel, RungSpec, TrialInformation,
    TrialStatus,
};
pub use store::CheckpointStore;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
