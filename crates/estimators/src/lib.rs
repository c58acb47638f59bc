//! Beta-Binomial estimators of the chance `p` that an arrival at a rung ranks better.
//!
//! In promotion-type successive halving a paused trial waits at a rung while others arrive there.
//! Each arrival either is not worse than the paused trial, or it is. From these yes-or-no values
//! [`BetaBinomial`] learns the chance of the first, and [`LevelEstimators`] keeps one estimator
//! per rung level, with the one over all levels standing in where a level has little data.
//!
//! # Features
//!
//! - `serde` (off by default): `Serialize` and `Deserialize` for settings and estimators.
//!
//! Estimators as in Syne Tune 0.13 (`BetaBinomialEstimator`).

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
