//! Which checkpoints of paused trials to remove when a budget is exceeded.
//!
//! A [`RemovalPolicy`] is shown the rungs ([`RungView`]) with their [`Candidate`]s (paused trials whose checkpoint can be
//! removed), what must go ([`Need`], from a [`Budget`]) and how much of the run is left (the time ratio, from [`Limits`] and
//! [`Progress`]), and chooses. [`PolicySpec`] names a policy and builds it:
//!
//! - [`RankAware`], the default: lowest expected cost first, rung level times the probability of being resumed in the time
//!   that is left. The rank of a trial itself says how likely an arrival beats it, so it needs no estimates.
//! - [`Speculative`]: likewise, with the chance p learned per rung (as Syne Tune 0.13 does, without its rounding).
//! - [`ByLevel`]: lowest level first, then worst rank.
//! - [`Random`]: any, from a seeded stream of its own.
//!
//! The first two are costs ([`ExpectedCost`]); [`Cheapest`] makes a policy of a cost. A policy or a cost from elsewhere is
//! checked by [`conformance::check`].
//!
//! ```
//! use rungkeeper_policies::{Budget, PolicySpec};
//! use rungkeeper_rung_model::{Decision, ModelSpec, RungModel};
//!
//! let mut model = RungModel::new(&ModelSpec::geometric(1, 3, 27)?)?;
//! let mut policy = PolicySpec::default().build()?;
//! for (trial, loss) in [("a", 0.5), ("b", 0.3), ("c", 0.4), ("d", 0.7)] {
//!     model.start(trial, 0)?;
//!     if let Some(data) = model.report(trial, 1, loss, Decision::Pause)?.data {
//!         policy.observe(&data)?;
//!     }
//!     model.commit_checkpoint(trial, 1, 1_000)?;
//! }
//! let budget = Budget::of_checkpoints(3);
//! let need = budget.need(model.num_with_checkpoint(), model.checkpoint_bytes());
//! let rungs: Vec<_> = model.rung_views().collect();
//! let chosen = policy.choose(&rungs, need, 1.0)?;
//! assert_eq!(chosen[0].candidate.trial_id, "d"); // rank 4 of 4
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it is not
//!
//! It deletes nothing and knows no files, tuners or clocks. `rungkeeper-tuner-hooks` has a callback that counts,
//! remembers and deletes.
//!
//! # Names of Syne Tune 0.13
//!
//! [`Speculative`] chooses as `HyperbandRemoveCheckpointsCallback` does, [`ByLevel`] and [`Random`] as
//! `HyperbandRemoveCheckpointsBaselineCallback`.
//!
//! # Features
//!
//! - `serde` (off by default): `Serialize` and `Deserialize` for settings.

#![no_std]

extern crate alloc;

mod budget;
mod by_level;
mod cheapest;
mod choice;
pub mod conformance;
mod cost;
mod error;
mod limits;
mod policy;
mod priced;
mod random;
mod rank_aware;
mod spec;
mod speculative;

pub use budget::{Budget, BudgetError, Need};
pub use by_level::ByLevel;
pub use cheapest::Cheapest;
pub use choice::{Choice, RemovalReason, choose_in_order};
pub use cost::{ExpectedCost, RungCost};
pub use error::PolicyError;
pub use limits::{LimitError, Limits, Progress};
pub use policy::RemovalPolicy;
pub use priced::Priced;
pub use random::Random;
pub use rank_aware::RankAware;
pub use rungkeeper_rung_model::{
    ArrivalData, Candidate, PromotionQuantile, PromotionRule, RungView,
};
pub use spec::PolicySpec;
pub use speculative::{Speculative, SpeculativeSettings};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;

#[cfg(doctest)]
#[doc = concat!("```\n", include_str!("../examples/own_policy.rs"), "\n```")]
struct OwnPolicy;
