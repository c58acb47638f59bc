//! Where a paused trial stands.

use crate::PromotionQuantile;

/// One paused trial: its place in its rung and what is assumed of the arrivals still to come.
///
/// The fields are plain numbers; each function of this crate checks them before use.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PausedPosition {
    /// Rank of the trial in its rung, 1 = best, at most `rung_len`.
    pub rank: u64,
    /// Number of trials recorded in the rung, promoted ones included, 1 to 2^53.
    pub rung_len: u64,
    /// The fraction of the rung that is promoted.
    pub promotion_quantile: PromotionQuantile,
    /// Chance that an arrival at the rung is better than the trial, strictly between 0 and 1.
    pub p: f64,
    /// Time left over time spent, at least 0; infinity: the run never ends.
    pub time_ratio: f64,
}

/// One paused trial: its place in its rung, and how much of the run is left.
///
/// As [`PausedPosition`], without an assumption on the arrivals still to come.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RankedPosition {
    /// Rank of the trial in its rung, 1 = best, at most `rung_len`.
    pub rank: u64,
    /// Number of trials in the rung that are strictly better, less than `rank`; `rank - 1` where none before it is its
    /// equal. An arrival that equals the trial stands behind it, and is not better.
    pub num_better: u64,
    /// Number of trials recorded in the rung, promoted ones included, 1 to 2^30.
    pub rung_len: u64,
    /// The fraction of the rung that is promoted.
    pub promotion_quantile: PromotionQuantile,
    /// Time left over time spent, 0 to 10^9; infinity: the run never ends.
    pub time_ratio: f64,
}
