//! Where a paused trial stands.

use crate::{PromotionQuantile, ScoreError};

/// Longest rung: up to here every length is a double.
const MAX_RUNG_LEN: u64 = 1 << 53;

/// One paused trial: its place in its rung and what is assumed of the arrivals still to come.
///
/// The fields are plain numbers; each function of this crate checks them before use.
///
/// ```
/// use rungkeeper_score::{PausedPosition, PromotionQuantile, ScoreSettings, resume_probability};
///
/// let position = PausedPosition {
///     rank: 4,
///     rung_len: 10,
///     promotion_quantile: PromotionQuantile::from_reduction_factor(3)?,
///     p: 0.33,
///     time_ratio: 1.0,
/// };
/// let probability = resume_probability(&position, &ScoreSettings::default())?;
/// assert!((probability.probability() - 0.6509).abs() < 5e-5);
/// # Ok::<(), rungkeeper_score::ScoreError>(())
/// ```
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

impl PausedPosition {
    /// Refuses what is outside the domain. NaN fails every comparison, so the tests are positive ones.
    #[inline]
    pub(crate) fn check(&self) -> Result<(), ScoreError> {
        let p_is_valid = self.p > 0.0 && self.p < 1.0;
        check_place(self.rank, self.rung_len, self.time_ratio)?;
        if p_is_valid {
            Ok(())
        } else {
            Err(ScoreError::InvalidProbability { p: self.p })
        }
    }
}

/// Refuses a rung length, a rank or a time ratio outside its domain.
#[inline]
pub(crate) fn check_place(rank: u64, rung_len: u64, time_ratio: f64) -> Result<(), ScoreError> {
    check_rung_len(rung_len)?;
    if !(1..=rung_len).contains(&rank) {
        return Err(ScoreError::InvalidRank { rank, rung_len });
    }
    check_time_ratio(time_ratio)
}

/// Refuses a rung length outside its domain.
#[inline]
pub(crate) fn check_rung_len(rung_len: u64) -> Result<(), ScoreError> {
    if (1..=MAX_RUNG_LEN).contains(&rung_len) {
        Ok(())
    } else {
        Err(ScoreError::InvalidRungLen { rung_len })
    }
}

/// Refuses a time ratio outside its domain, NaN included.
#[inline]
pub(crate) fn check_time_ratio(time_ratio: f64) -> Result<(), ScoreError> {
    if time_ratio >= 0.0 {
        Ok(())
    } else {
        Err(ScoreError::InvalidTimeRatio { time_ratio })
    }
}
