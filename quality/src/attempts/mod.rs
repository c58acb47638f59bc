//! Attempts at a better score: the rank-aware one with other arguments, or put to another use.

mod composed;
mod known;
mod rates;
mod walk;

pub use composed::Composed;
pub use known::Known;
pub use rates::Rates;
pub use walk::{Walk, Worth};

use crate::attempt::Candidate;

/// The arguments of a score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arguments {
    /// Rank of the trial in its rung, 1 for the best.
    pub rank: u64,
    /// Of the `rung_len + 1` gaps between the entries of the rung, those in which an arrival is
    /// better than the trial. As many as the rank says, unless it has equals before it.
    pub better_gaps: u64,
    /// Number of entries of the rung.
    pub rung_len: u64,
    /// alpha = a / b of the rung.
    pub promotion_quantile: (u64, u64),
    /// Expected number of arrivals at the rung that still come.
    pub expected: f64,
}

impl Arguments {
    /// Those of the rank-aware score: with n entries in the share f of the run, and a flat prior on
    /// the rate, (n + 1) (1 - f) / f arrivals are expected.
    #[must_use]
    pub fn of(candidate: &Candidate<'_>, time_ratio: f64) -> Self {
        Self {
            rank: candidate.rank,
            better_gaps: candidate.num_better + 1,
            rung_len: candidate.rung_len,
            promotion_quantile: candidate.promotion_quantile.given().into(),
            expected: (candidate.rung_len as f64 + 1.0) * time_ratio,
        }
    }

    /// The time ratio with which the rank-aware score expects as many arrivals.
    #[must_use]
    pub fn time_ratio(&self) -> f64 {
        self.expected / (self.rung_len as f64 + 1.0)
    }
}
