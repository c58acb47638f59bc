//! First passages in closed form, for alpha = 1/eta.

mod recurrence;
mod root;
mod terms;

use crate::{
    PausedPosition, ResumeProbability, ScoreError, ScoreSettings,
    binomial::Chance,
    double_double::DoubleDouble,
    followed::LN_NEGLIGIBLE,
    long_sum::{FARTHEST, Summable, long_sum},
    scaled::Scaled,
    walk::{Course, Last},
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
/// Gauss-Legendre): the work is bounded for every input, an endless horizon included. Next to 1 it is the complement that
/// is summed: 1 - x^d, x being the smallest positive root of p x^eta - x + 1 - p = 0, plus the terms after the last one.
/// Relative error at most 1e-12 in the probability (where it is at least 1e-300) and in its logarithm.
///
/// # Errors
/// What is outside the domain of [`PausedPosition`], `approx_steps` = 0, and [`ScoreError::NoClosedForm`] where the
/// promotion quantile is not 1/eta.
///
/// ```
/// use rungkeeper_score::{PausedPosition, PromotionQuantile, ScoreSettings, closed_form};
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
    Ok(match Course::new(position, settings)? {
        Course::Known(probability) => probability,
        Course::Open(walk) => UnitStep::new(walk.b, walk.p).probability(walk.d, walk.last),
    })
}

/// A walk that comes down in steps of one: what depends on eta and p alone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UnitStep {
    eta: u64,
    chance: Chance,
    /// -ln x, once it was asked for: x^d is the probability of ever coming down from d.
    minus_ln_root: Option<f64>,
    /// p (1 - p)^(eta - 1), of use for small eta only.
    weight: f64,
}

/// Largest eta for which the ratio of successive terms is a short product; 16 factors below 2^53 do not overflow.
const MAX_PRODUCT_ETA: u64 = 16;

/// Above these values of ln P the complement is summed: the rounding error of P is below 5e-15 after a few terms, below
/// 2e-13 after a thousand, and is divided by |ln P| on the way to ln P.
const COMPLEMENT_ABOVE_SHORT: f64 = -0.01;
const COMPLEMENT_ABOVE: f64 = -0.3;
const SHORT: f64 = 64.0;

impl UnitStep {
    pub(crate) fn new(eta: u64, p: f64) -> Self {
        let chance = Chance::new(p);
        let mut weight = DoubleDouble::from(p);
        if eta <= MAX_PRODUCT_ETA {
            for _ in 1..eta {
                weight = weight * chance.worse;
            }
        }
        Self {
            eta,
            chance,
            minus_ln_root: None,
            weight: weight.high,
        }
    }

    fn minus_ln_root(&mut self) -> f64 {
        let (eta, p) = (self.eta, self.chance.p);
        *self
            .minus_ln_root
            .get_or_insert_with(|| root::minus_ln_root(eta, p))
    }

    /// Whether these are the constants for eta and p.
    #[inline]
    pub(crate) fn is_for(&self, eta: u64, p: f64) -> bool {
        self.eta == eta && self.chance.p == p
    }

    /// The sum of t(0), ..., t(last).
    #[inline]
    pub(crate) fn probability(&mut self, d: u128, last: Last) -> ResumeProbability {
        if last.real() > SHORT
            && let Some(probability) = self.nearly_ever(d, last)
        {
            return probability;
        }
        let passages = Passages::new(self, d);
        let ln = passages.ln_sum(last);
        let threshold = if last.real() <= SHORT {
            COMPLEMENT_ABOVE_SHORT
        } else {
            COMPLEMENT_ABOVE
        };
        if ln > threshold {
            let minus_ln_root = self.minus_ln_root();
            let passages = Passages::new(self, d);
            ResumeProbability::from_complement(passages.complement(minus_ln_root, last))
        } else {
            ResumeProbability::from_rounded_ln(ln)
        }
    }

    /// x^d less the passages after the last one that counts, where those are few and soon summed: most of a long horizon
    /// costs nothing then.
    #[inline(never)]
    fn nearly_ever(&mut self, d: u128, last: Last) -> Option<ResumeProbability> {
        let minus_ln_root = self.minus_ln_root();
        let passages = Passages::new(self, d);
        let ln_ever = -passages.real_d * minus_ln_root;
        let never = -libm::expm1(ln_ever);
        let is_nothing = |rest: Scaled| {
            let rest = rest.ln() - LN_NEGLIGIBLE;
            rest < ln_ever && rest < libm::log(never)
        };
        let rest = match last {
            Last::At(last) => {
                let first = passages.term(((last + 1) as f64).into());
                match passages.bound_by_ratio(last + 1) {
                    Some(bound) if is_nothing(first.times(bound)) => Scaled::NOTHING,
                    _ => first.times(passages.sum_by_ratios(last + 1, u64::MAX)?),
                }
            }
            Last::Vast(last) if last == f64::INFINITY => Scaled::NOTHING,
            Last::Vast(_) => return None,
        };
        let share = rest.relative_to(ln_ever);
        if !(share <= AT_MOST_LATER) {
            return None;
        }
        let ln = ln_ever + libm::log1p(-share);
        Some(if ln > COMPLEMENT_ABOVE {
            ResumeProbability::from_complement(never + rest.value())
        } else {
            ResumeProbability::from_rounded_ln(ln)
        })
    }
}

/// The part of all passages that may come after the last one that counts: what is left after the subtraction has at
/// most one and a half times their relative error.
const AT_MOST_LATER: f64 = 0.25;

/// The first passages of a walk that comes down from d in steps of one.
#[derive(Debug, Clone, Copy)]
struct Passages<'a> {
    step: &'a UnitStep,
    d: u128,
    real_d: f64,
}

impl<'a> Passages<'a> {
    #[inline]
    fn new(step: &'a UnitStep, d: u128) -> Self {
        let real_d = u64::try_from(d).map_or(d as f64, |d| d as f64);
        Self { step, d, real_d }
    }

    /// ln of t(0) + ... + t(last).
    #[inline]
    fn ln_sum(&self, last: Last) -> f64 {
        if let Some(sum) = self.sum_by_ratios(0, last.count()) {
            return self.real_d * self.step.chance.ln_worse + libm::log(sum);
        }
        long_sum(self, 0.0.into(), last.wide()).ln()
    }

    /// 1 - (t(0) + ... + t(last)): the walk never comes down, or does so later.
    #[cold]
    fn complement(&self, minus_ln_root: f64, last: Last) -> f64 {
        let never = -libm::expm1(-self.real_d * minus_ln_root);
        if last.real() == f64::INFINITY {
            return never;
        }
        never + self.sum_after(last).value()
    }

    /// t(last + 1) + t(last + 2) + ...
    fn sum_after(&self, last: Last) -> Scaled {
        let start = last.wide() + DoubleDouble::from(1.0);
        if start.high >= FARTHEST {
            return self.power_law_after(start.high);
        }
        let first = self.term(start);
        if first.ln() + libm::log(16.0 * (start.high + 1.0)) < LN_NOTHING {
            return Scaled::NOTHING;
        }
        match last {
            Last::At(last) => self
                .sum_by_ratios(last + 1, u64::MAX)
                .map(|sum| first.times(sum)),
            Last::Vast(_) => None,
        }
        .unwrap_or_else(|| long_sum(self, start, f64::INFINITY.into()))
    }

    /// L = d + eta r.
    fn arrivals(&self, r: DoubleDouble) -> DoubleDouble {
        DoubleDouble::from_integer(self.d) + r * self.step.eta as f64
    }
}

/// Below this, as a logarithm, a probability is no double.
const LN_NOTHING: f64 = -760.0;
