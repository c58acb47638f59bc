//! First passages in closed form, for alpha = 1/eta.

mod ratios;
mod terms;

use crate::{
    PausedPosition, ResumeProbability, ScoreError, ScoreSettings, binomial::Chance,
    double_double::DoubleDouble, long_sum::long_sum, walk::Last,
};

/// [`resume_probability`](crate::resume_probability) in closed form, for promotion quantiles 1/eta.
///
/// For a = 1 the walk D comes down in steps of one and cannot jump over 0, so the cycle lemma counts its first passages:
/// with d = eta k - n (top fraction) or d = eta (k - 1) - (n - 1) (linear quantile) and L = d + eta r,
///
/// P(first promotable after L arrivals, r of them better) = t(r) = d / L * C(L, r) * p^r * (1 - p)^(L - r),
///
/// and the result is the sum of t(r) over r = 0, 1, ... while r <= R and L <= n'.
///
/// # Numerics
/// All terms are positive. Short sums follow the ratio of successive terms from t(0); others start at saddle-point values
/// (Loader 2000), and sums of more than about a thousand terms that count are integrated (Euler-Maclaurin, adaptive
/// Gauss-Legendre): the work is bounded for every input, an endless horizon included. Absolute error at most 1e-12 in the
/// logarithm of the probability, relative where that is below -1.
///
/// # Errors
/// What is outside the domain of [`PausedPosition`], `approx_steps` = 0, and [`ScoreError::NoClosedForm`] where the
/// promotion quantile is not 1/eta.
///
/// ```
/// use rungkeeper_score::{PausedPosition, PromotionQuantile, ScoreSettings, methods::closed_form};
///
/// let promotion_quantile = PromotionQuantile::from_reduction_factor(2)?;
/// let position = PausedPosition { rank: 2, rung_len: 3, promotion_quantile, p: 0.25, time_ratio: 1.0 };
/// // d = 1, n' = 3: worse at once (3/4), or better, worse, worse (9/64).
/// let probability = closed_form(&position, &ScoreSettings::default())?.probability();
/// assert!((probability - 57.0 / 64.0).abs() < 1e-15);
/// # Ok::<(), rungkeeper_score::ScoreError>(())
/// ```
///
/// Sources: Dvoretzky and Motzkin 1947 (the cycle lemma); Kemperman 1961; Takacs 1967 (ballot theorems).
pub fn closed_form(
    position: &PausedPosition,
    settings: &ScoreSettings,
) -> Result<ResumeProbability, ScoreError> {
    let quantile = position.promotion_quantile;
    if quantile.numerator() != 1 {
        return Err(ScoreError::NoClosedForm {
            numerator: quantile.numerator(),
            denominator: quantile.denominator(),
        });
    }
    let mut scorer = position.scorer(settings)?;
    scorer.by(position.rank, |passages, scorer| {
        Ok(scorer.unit_step.ln_sum(passages.walk.d, passages.last))
    })
}

/// A walk that comes down in steps of one: what depends on eta and p alone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UnitStep {
    eta: u64,
    chance: Chance,
    /// p (1 - p)^(eta - 1), of use for small eta only.
    weight: f64,
}

/// Largest eta for which the ratio of successive terms is a short product; 16 factors below 2^53 do not overflow.
const MAX_PRODUCT_ETA: u64 = 16;

impl UnitStep {
    pub(crate) fn new(eta: u64, chance: Chance) -> Self {
        let mut weight = DoubleDouble::from(chance.p);
        if eta <= MAX_PRODUCT_ETA {
            for _ in 1..eta {
                weight = weight * chance.worse;
            }
        }
        Self {
            eta,
            chance,
            weight: weight.high,
        }
    }

    /// ln of t(0) + ... + t(last).
    #[inline]
    pub(crate) fn ln_sum(&self, d: u128, last: Last) -> f64 {
        let passages = FirstPassages::new(self, d);
        if let Some(sum) = passages.sum_by_ratios(last.count()) {
            return passages.real_d * self.chance.ln_worse + libm::log(sum);
        }
        long_sum(&passages, 0.0.into(), last.wide()).ln()
    }
}

/// The first passages of a walk that comes down from d in steps of one.
#[derive(Debug, Clone, Copy)]
struct FirstPassages<'a> {
    step: &'a UnitStep,
    d: u128,
    real_d: f64,
}

impl<'a> FirstPassages<'a> {
    #[inline]
    fn new(step: &'a UnitStep, d: u128) -> Self {
        let real_d = u64::try_from(d).map_or(d as f64, |d| d as f64);
        Self { step, d, real_d }
    }

    /// L = d + eta r.
    fn arrivals(&self, r: DoubleDouble) -> DoubleDouble {
        DoubleDouble::from_integer(self.d) + r * self.step.eta as f64
    }
}
