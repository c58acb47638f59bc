//! Which checkpoints of paused trials to give up when a budget is exceeded.
//!
//! A [`RemovalPolicy`] is shown the [`Candidate`]s (paused trials whose checkpoint can be given up),
//! what must go ([`Need`], from a [`Budget`]) and how much of the run is left (the time ratio, from
//! [`Limits`] and [`Progress`]), and chooses.
//!
//! - [`Speculative`]: lowest expected cost first, rung level times the probability of being resumed
//!   in the time that is left, the chance p learned per rung (as Syne Tune 0.13 does, exactly).
//! - [`RankAware`]: likewise, but the rank of a trial itself says how likely an arrival beats it; it
//!   loses less and needs no estimates.
//! - [`ByLevel`]: lowest level first, then worst rank.
//! - [`Random`]: any, from a seeded stream of its own.
//!
//! A policy of one's own is checked by [`conformance::check`].
//!
//! ```
//! use rungkeeper_policies::{Budget, RemovalPolicy, Speculative};
//! use rungkeeper_rung_model::{Decision, ModelSpec, RungModel};
//!
//! let mut model = RungModel::new(&ModelSpec::geometric(1, 3, 27)?)?;
//! let mut policy = Speculative::default();
//! for (trial, loss) in [("a", 0.5), ("b", 0.3), ("c", 0.4), ("d", 0.7)] {
//!     model.start(trial, 0)?;
//!     if let Some(data) = model.report(trial, 1, loss, Decision::Pause)?.data {
//!         policy.observe(&data)?;
//!     }
//!     model.commit_checkpoint(trial, 1, 1_000)?;
//! }
//! let budget = Budget::of_checkpoints(3);
//! let need = budget.need(model.num_with_checkpoint(), model.checkpoint_bytes());
//! let candidates: Vec<_> = model.candidates().collect();
//! let chosen = policy.choose(&candidates, need, 1.0)?;
//! assert_eq!(candidates[chosen[0].candidate].trial_id, "d"); // rank 4 of 4
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! - `serde` (off by default): `Serialize` and `Deserialize` for settings.

mod budget;
mod by_level;
mod choice;
pub mod conformance;
mod error;
mod expected;
mod limits;
mod policy;
mod random;
mod rank_aware;
mod speculative;

pub use budget::{Budget, BudgetError, Need};
pub use by_level::ByLevel;
pub use choice::{Choice, RemovalReason, choose_cheapest, choose_in_order};
pub use error::PolicyError;
pub use limits::{LimitError, Limits, Progress};
pub use policy::RemovalPolicy;
pub use random::Random;
pub use rank_aware::RankAware;
pub use rungkeeper_rung_model::{ArrivalData, Candidate, PromotionQuantile, PromotionRule};
pub use speculative::{Speculative, SpeculativeSettings};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
