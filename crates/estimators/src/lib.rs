//! Beta-Binomial estimators of the chance `p` that an arrival at a rung ranks better.
//!
//! In promotion-type successive halving a paused trial waits at a rung while others arrive there.
//! Each arrival either is not worse than the paused trial, or it is. From these yes-or-no values
//! [`BetaBinomial`] learns the chance of the first, and [`LevelEstimators`] keeps one estimator
//! per rung level, with the one over all levels standing in where a level has little data.
//!
//! ```
//! use rungkeeper_estimators::{EstimatorSettings, LevelEstimators};
//!
//! let mut levels = LevelEstimators::new(EstimatorSettings::default())?;
//! levels.update(1, 3, 8)?; // level 1: three ones among eight values
//! assert_eq!(levels.probability(1), (0.66 + 3.0) / (2.0 + 8.0));
//! assert_eq!(levels.probability(9), levels.probability(1)); // level 9 has no data of its own
//! # Ok::<(), rungkeeper_estimators::EstimatorError>(())
//! ```
//!
//! The estimator is that of Syne Tune 0.13 (`BetaBinomialEstimator`), which the policy `speculative` of
//! `rungkeeper-policies` uses. The default policy, `rank_aware`, needs no estimates.
//!
//! # What it is not
//!
//! It knows no rungs, trials or scores: the caller decides what counts as a value. It is not a library of statistics.
//!
//! # Features
//!
//! - `serde` (off by default): `Serialize` and `Deserialize` for settings and estimators.

#![no_std]

extern crate alloc;

mod beta_binomial;
mod error;
mod levels;

pub use beta_binomial::BetaBinomial;
pub use error::EstimatorError;
pub use levels::{EstimatorSettings, LevelEstimators};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
