//! The entry point: the fastest exact method for its input.

use crate::{
    PausedPosition, ResumeProbability, ScoreError, ScoreSettings,
    closed_form::UnitStep,
    quadratic::ByArrival,
    step_wise,
    walk::{Course, Walk},
};

/// The probability that a paused trial can be promoted before the run ends.
///
/// P(k + X(l) <= alpha (n + l) for some l in 0..=n'), with X(l) ~ Bin(l, p) the number of better ones among l arrivals
/// and n' = ceil(n * time ratio) ([`arrivals_left`](crate::arrivals_left)), for the rule
/// [`TopFraction`](crate::PromotionRule::TopFraction); likewise k + X(l) - 1 <= alpha (n + l - 1) for
/// [`LinearQuantile`](crate::PromotionRule::LinearQuantile). With `approx_steps` = R only promotions after at most R
/// better arrivals count. 1 where the trial may be promoted now.
///
/// # Numerics
/// Relative error at most 1e-12 in the probability (where it is at least 1e-300) and in its logarithm. The
/// [closed form](crate::closed_form) where alpha = 1/eta, otherwise the cheaper one of [`quadratic`](crate::quadratic)
/// and [`step_wise`](crate::step_wise).
///
/// # Errors
/// What is outside the domain of [`PausedPosition`], and `approx_steps` = 0. Without a cut-off,
/// [`ScoreError::TooManySteps`] where alpha is not 1/eta and the sum has not converged within
/// [`MAX_WORK`](crate::MAX_WORK) steps.
///
/// ```
/// use rungkeeper_score::{Horizon, PausedPosition, PromotionQuantile, ScoreSettings, resume_probability};
///
/// let promotion_quantile = PromotionQuantile::from_reduction_factor(3)?;
/// let position = PausedPosition { rank: 11, rung_len: 30, promotion_quantile, p: 0.3, time_ratio: 1e-4 };
/// let settings = ScoreSettings::default();
/// assert_eq!(resume_probability(&position, &settings)?.probability(), 0.0);
/// // Three worse arrivals are needed and one is expected, but that is a guess.
/// let settings = ScoreSettings { horizon: Horizon::FirstTermKept, ..settings };
/// assert!((resume_probability(&position, &settings)?.probability() - 0.343).abs() < 1e-12);
/// # Ok::<(), rungkeeper_score::ScoreError>(())
/// ```
///
/// Source: the model is the one of Syne Tune 0.13; the formulas are on the project's page of mathematics.
pub fn resume_probability(
    position: &PausedPosition,
    settings: &ScoreSettings,
) -> Result<ResumeProbability, ScoreError> {
    resume_probability_with(position, settings, &mut Kept::default())
}

/// What is kept from one position to the next: what depends on the promotion quantile and p alone, and memory.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    unit_step: Option<UnitStep>,
    by_arrival: Option<ByArrival>,
}

#[inline]
pub(crate) fn resume_probability_with(
    position: &PausedPosition,
    settings: &ScoreSettings,
    kept: &mut Kept,
) -> Result<ResumeProbability, ScoreError> {
    let walk = match Course::new(position, settings)? {
        Course::Known(probability) => return Ok(probability),
        Course::Open(walk) => walk,
    };
    if walk.a == 1 {
        let step = match &mut kept.unit_step {
            Some(step) if step.is_for(walk.b, walk.p) => step,
            other => other.insert(UnitStep::new(walk.b, walk.p)),
        };
        return Ok(step.probability(walk.d, walk.last));
    }
    if gaps_are_wide(&walk) {
        step_wise::probability(&walk)
    } else {
        let table = kept
            .by_arrival
            .get_or_insert_with(|| ByArrival::new(walk.p));
        table.probability(&walk)
    }
}

/// Whether arrival by arrival costs more than gap by gap: a gap of b/a arrivals against at most R weights, each up to
/// eight times as dear and on average half as many.
fn gaps_are_wide(walk: &Walk) -> bool {
    walk.b / walk.a > walk.last.count().saturating_mul(4)
}
