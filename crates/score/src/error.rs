//! What can be wrong with an input.

use alloc::string::String;

use thiserror::Error;

/// Why a score could not be computed.
///
/// Every message names the argument, the value it had and what is allowed.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages tell what each field is")]
pub enum ScoreError {
    /// A number is no promotion quantile.
    #[error(transparent)]
    Quantile(#[from] rungkeeper_rung_model::QuantileError),
    /// The rung is empty or too long.
    #[error("rung_len {rung_len}: must be at least 1 and at most 2^53")]
    InvalidRungLen { rung_len: u64 },
    /// The rank is 0 or greater than the rung is long.
    #[error("rank {rank}: must be at least 1 and at most the rung length {rung_len}")]
    InvalidRank { rank: u64, rung_len: u64 },
    /// More trials are better than the rank allows.
    #[error("num_better {num_better}: must be less than the rank {rank}")]
    InvalidNumBetter { num_better: u64, rank: u64 },
    /// The chance of a better arrival is not strictly between 0 and 1.
    #[error("p {p}: must be greater than 0 and less than 1")]
    InvalidProbability { p: f64 },
    /// The time ratio is negative or not a number.
    #[error("time_ratio {time_ratio}: must be at least 0 (infinity is allowed)")]
    InvalidTimeRatio { time_ratio: f64 },
    /// The cut-off is 0.
    #[error("approx_steps 0: must be at least 1 (or None: no cut-off)")]
    ZeroApproxSteps,
    /// The logarithm of a probability is positive or not a number.
    #[error("ln_probability {value}: must be at most 0 (minus infinity is allowed)")]
    InvalidLnProbability { value: f64 },
    /// The closed form holds for promotion quantiles 1/eta only.
    #[error(
        "promotion quantile {numerator}/{denominator}: the closed form needs a numerator of 1 (use resume_probability)"
    )]
    NoClosedForm { numerator: u64, denominator: u64 },
    /// The table would take more than [`MAX_WORK`](crate::MAX_WORK) elementary steps, and the sum has not converged
    /// within that: set `approx_steps`.
    #[error(
        "no convergence within {limit} elementary steps ({better_arrivals} better arrivals were followed): set approx_steps"
    )]
    TooManySteps { better_arrivals: u64, limit: u64 },
    /// The score without p is made for rungs of up to 2^30 trials and time ratios of up to 10^9 or infinity: beyond, its
    /// sums are not known to be as exact as it says.
    #[error(
        "a rung of {rung_len} with a time ratio of {time_ratio}: without p, at most 2^30 and 1e9 (or infinity) are supported"
    )]
    BeyondRange { rung_len: u64, time_ratio: f64 },
    /// No horizon has this name.
    #[error("{kind} {name:?}: must be one of {allowed}")]
    UnknownName {
        kind: &'static str,
        name: String,
        allowed: &'static str,
    },
}
