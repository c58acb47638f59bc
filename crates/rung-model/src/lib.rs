//! Trials, rungs, ranks and checkpoints of promotion-type successive halving, fed by events only.
//!
//! [`RungModel`] is told what happens in a run (a trial starts, reports, is paused, resumed, ends;
//! a checkpoint is committed or removed) and knows at any time who stands where in which rung, who
//! holds a checkpoint, and whose could be removed. [`Rung`] is its building block, of use to a
//! scheduler of your own.
//!
//! ```
//! use rungkeeper_rung_model::{Decision, ModelSpec, RungModel};
//!
//! // Rungs at 1, 3 and 9, of which a third is promoted; max resource 27.
//! let mut model = RungModel::new(&ModelSpec::geometric(1, 3, 27)?)?;
//! for (trial, loss) in [("a", 0.5), ("b", 0.3)] {
//!     model.start(trial, 0)?;
//!     model.report(trial, 1, loss, Decision::Pause)?;
//!     model.commit_checkpoint(trial, 1, 1_000)?;
//! }
//! let lowest = model.rung_views().last().unwrap();
//! let candidates: Vec<_> = lowest.worst_first().map(|it| (it.trial_id, it.rank)).collect();
//! assert_eq!(candidates, [("a", 2), ("b", 1)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it is not
//!
//! It is not a scheduler: others decide who is paused and promoted. It is not a policy: which of the candidates lose
//! their checkpoint is chosen in `rungkeeper-policies`. It touches no files and reads no clock.
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
