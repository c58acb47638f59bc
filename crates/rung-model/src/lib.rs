//! Trials, rungs, ranks and checkpoints of promotion-type successive halving, fed by events only.
//!
//! [`RungModel`] is told what happens in a run (a trial starts, reports, is paused, resumed, ends;
//! a checkpoint is committed or removed) and knows at any time who stands where in which rung, who
//! holds a checkpoint, and whose could be removed. [`Rung`] is its building block, of use to a
//! scheduler of one's own.
//!
//! # Conventions
//!
//! - Ranks count from 1, the best. Of equal metrics the newer entry stands behind the older, a
//!   promoted one behind its equals (as Syne Tune 0.13 sorts) unless told otherwise.
//! - Metrics that are no finite number are recorded behind all others, for `min` and for `max`.
//! - Trial ids are text: `"7"` and `"0007"` are two trials.
//! - Levels, resources and sizes are integers.
//!
//! # Features
//!
//! - `serde` (off by default): `Serialize` and `Deserialize` for the plain data types.

#![no_std]

extern crate alloc;

mod error;
mod metric;
mod model;
mod outcome;
mod quantile;
mod ranked_map;
mod rule;
mod rung;
mod spec;
mod trial;
mod view;

pub use error::{EventError, SpecError};
pub use metric::{MetricKey, Mode};
pub use model::RungModel;
pub use outcome::{ArrivalData, Recorded, Report, Resumed, TrainedAgain};
pub use quantile::{PromotionQuantile, QuantileError};
pub use rule::PromotionRule;
pub use rung::{Position, Rung};
pub use spec::{Brackets, CheckpointTracking, ModelSpec, RungSpec};
pub use trial::{Checkpoint, Decision, TrialIndex, TrialInformation, TrialStatus};
pub use view::{Candidate, RungView};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
