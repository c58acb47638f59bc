//! First passages of a walk for any alpha = a/b, arrival by arrival.

use super::followed;
use crate::{
    PausedPosition, ResumeProbability, ScoreError, ScoreSettings, bernoulli::Passages,
    shares::Shares, work::Work,
};

/// [`resume_probability`](crate::resume_probability) for any promotion quantile, arrival by arrival: work quadratic in
/// the number of better arrivals followed.
///
/// Of all orders in which j better and l - j worse arrivals can come, let f(l, j) be the share that has not made the
/// trial promotable yet. It does not depend on p. f = 1 before the first possible passage, and
///
/// f(l + 1, j) = ((l + 1 - j) f(l, j) + j f(l, j - 1)) / (l + 1),
///
/// a state being taken out (f = 0) once it meets the promotion rule, b (k + j) <= a (n + l) for the top fraction. It
/// is then a first passage, and counts f(l, j) times the binomial probability of j better ones among l.
///
/// # Numerics
/// All terms are positive and f lies in [0, 1], so nothing cancels and nothing underflows. Absolute error at most 1e-12 in
/// the logarithm of the probability, relative where that is below -1. Without a cut-off the table is doubled until a bound
/// on the rest is below 1e-17 of the result.
///
/// # Errors
/// What is outside the domain of [`PausedPosition`], `approx_steps` = 0, and [`ScoreError::TooManySteps`] where the
/// table would take more than [`MAX_WORK`](crate::MAX_WORK) elementary steps.
///
/// ```
/// use rungkeeper_score::{PausedPosition, PromotionQuantile, ScoreSettings, methods::quadratic};
///
/// let promotion_quantile = PromotionQuantile::new(2, 5)?;
/// let position = PausedPosition { rank: 2, rung_len: 3, promotion_quantile, p: 0.25, time_ratio: 1.0 };
/// // Two worse arrivals at once; with one better arrival it would take five, and three are to come.
/// let probability = quadratic(&position, &ScoreSettings::default())?.probability();
/// assert!((probability - 0.5625).abs() < 1e-15);
/// # Ok::<(), rungkeeper_score::ScoreError>(())
/// ```
pub fn quadratic(
    position: &PausedPosition,
    settings: &ScoreSettings,
) -> Result<ResumeProbability, ScoreError> {
    let mut scorer = position.scorer(settings)?;
    scorer.by(position.rank, |passages, scorer| {
        ln_by_arrival(passages, &mut scorer.shares)
    })
}

/// ln of the sum.
pub(crate) fn ln_by_arrival(passages: &Passages, shares: &mut Shares) -> Result<f64, ScoreError> {
    let mut work = Work::default();
    followed::ln_sum(passages, |top, passage| {
        shares.follow(&mut work, &passages.walk, top, passage)
    })
}
