//! The probability that a paused trial of promotion-type successive halving is resumed, exact to the last digits.
//!
//! A rung holds n recorded trials. A trial paused there at rank k (1 = best) is resumed once it is in the top fraction
//! alpha = a/b of its rung. Every further arrival at the rung lengthens it by one and, with probability p, pushes the
//! trial back by one rank. n' = ceil(n * time ratio) arrivals are still to come. How likely is it that the trial can be
//! promoted in time? The more likely, and the higher its level, the more the loss of its checkpoint costs.
//!
//! ```
//! use rungkeeper_score::{Horizon, PromotionQuantile, PromotionRule, Rung, expected_cost};
//!
//! // Rank 4 of 10 at level 9, a third is promoted, half of the time is over.
//! let third = PromotionQuantile::from_reduction_factor(3)?;
//! let rung = Rung::new(10, third, PromotionRule::TopFraction)?;
//! let probability = rung.rank_aware(1.0)?.probability(4, 3)?; // three trials are strictly better
//! assert!((expected_cost(9, probability) - 9.0 * 0.5918).abs() < 1e-3);
//!
//! // With a chance p that an arrival is better in place of what the ranks tell.
//! let probability = rung.bernoulli(0.33, 1.0, Horizon::Hard, Some(25))?.probability(4)?;
//! assert!((expected_cost(9, probability) - 9.0 * 0.6509).abs() < 1e-3);
//! # Ok::<(), rungkeeper_score::ScoreError>(())
//! ```
//!
//! # Where to start
//! - [`Rung`]: a rung at one moment, checked once, whose trials are then scored one after the other: by their ranks, which
//!   tell how likely an arrival is better ([`Rung::rank_aware`]), or with a chance p ([`Rung::bernoulli`]).
//! - [`rank_aware_probability`], [`resume_probability`]: the same for one trial.
//! - [`expected_cost`], [`ln_expected_cost`]: what the loss of a checkpoint costs.
//! - [`promotable`], [`first_passage_arrivals`], [`arrivals_left`]: the pieces of the model, in exact integers.
//! - [`methods`]: three methods with little in common, which agree to 1e-12.
//! - [`mathematics`]: what is computed, how and why.
//!
//! # What it is not
//! It knows no trials, clocks or files, does not estimate p (`rungkeeper-estimators` does), and does not choose
//! (`rungkeeper-policies` does).
//!
//! # Names of Syne Tune 0.13
//! `compute_probabilities_of_getting_resumed` is [`Rung::bernoulli`], or [`resume_probability`] for one trial, with
//! [`Horizon::FirstTermKept`] and 25 `approx_steps`. [`Rung::rank_aware`] is the score of the default policy, which
//! Syne Tune does not have.
//!
//! # Accuracy
//! Absolute error at most 1e-12 in the logarithm of a probability, relative where that is below -1: far below 1e-300 too. A sum
//! that has not converged is never returned.
//!
//! # Features
//! - `serde` (off): `Serialize` and `Deserialize` for [`PausedPosition`], [`RankedPosition`], [`ScoreSettings`],
//!   [`PromotionQuantile`], [`PromotionRule`] and [`Horizon`].
//!
//! The crate does without the standard library: it does no IO, reads no clock and draws no random numbers. Exponentials
//! and logarithms come from the `libm` crate: results are the same on every platform.

#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod arrivals;
mod bernoulli;
mod beta_binomial;
mod binomial;
mod cost;
mod double_double;
mod error;
mod long_sum;
pub mod methods;
mod negative_binomial;
mod position;
mod probability;
mod rank_aware;
mod rung;
mod scaled;
mod settings;
mod shares;
mod walk;
mod work;

pub use arrivals::{arrivals_left, first_passage_arrivals, promotable};
pub use bernoulli::{Bernoulli, resume_probability};
pub use cost::{expected_cost, ln_expected_cost};
pub use error::ScoreError;
pub use position::{PausedPosition, RankedPosition};
pub use probability::ResumeProbability;
pub use rank_aware::{RankAware, rank_aware_probability};
pub use rung::Rung;
pub use rungkeeper_rung_model::{PromotionQuantile, PromotionRule, QuantileError};
pub use settings::{Horizon, ScoreSettings};
pub use work::MAX_WORK;

#[expect(clippy::doc_markdown, reason = "formulas are no code")]
#[doc = include_str!("../docs/mathematics.md")]
pub mod mathematics {}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
