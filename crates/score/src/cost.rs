//! The expected cost of removing a checkpoint.

use crate::ResumeProbability;

/// Expected cost of removing the checkpoint of a trial paused at `level`, in resource units: what must be trained again
/// if the trial is resumed, times the probability that it is.
///
/// cost = level * P, where a positive probability below the range of doubles counts as 0; compare such costs with
/// [`ln_expected_cost`]. Relative error 1e-12 where P >= 1e-300.
///
/// ```
/// use rungkeeper_score::{ResumeProbability, expected_cost};
///
/// assert_eq!(expected_cost(9, ResumeProbability::CERTAIN), 9.0);
/// assert_eq!(expected_cost(9, ResumeProbability::NEVER), 0.0);
/// ```
#[must_use]
pub fn expected_cost(level: u64, probability: ResumeProbability) -> f64 {
    level as f64 * probability.probability()
}

/// Natural logarithm of [`expected_cost`]: ln(level) + ln P, minus infinity where the cost is 0.
///
/// Absolute error 1e-12 where |ln P| <= 690, relative error 1e-12 of ln P below.
///
/// ```
/// use rungkeeper_score::{ResumeProbability, ln_expected_cost};
///
/// let tiny = ResumeProbability::from_ln(-1000.0)?;
/// assert!(ln_expected_cost(9, tiny) > ln_expected_cost(3, tiny));
/// # Ok::<(), rungkeeper_score::ScoreError>(())
/// ```
#[must_use]
pub fn ln_expected_cost(level: u64, probability: ResumeProbability) -> f64 {
    if level == 0 {
        return f64::NEG_INFINITY;
    }
    libm::log(level as f64) + probability.ln_probability()
}
