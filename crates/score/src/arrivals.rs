//! The pieces of the model in exact integers: the promotion rule, `l_i` and n'.

use crate::{PausedPosition, PromotionQuantile, PromotionRule, ScoreError, ScoreSettings};

/// Whether a trial of this rank (1 = best) in a rung of this length may be promoted now.
///
/// k <= alpha n under [`PromotionRule::TopFraction`], k - 1 <= alpha (n - 1) under [`PromotionRule::LinearQuantile`],
/// decided in integers: exact for all arguments.
///
/// ```
/// use rungkeeper_score::{PromotionQuantile, PromotionRule, promotable};
///
/// let third = PromotionQuantile::from_reduction_factor(3)?;
/// assert!(promotable(3, 9, third, PromotionRule::TopFraction));
/// assert!(!promotable(3, 8, third, PromotionRule::TopFraction));
/// // The two rules differ: a third of two trials is none, but the best of two meets the interpolated quantile.
/// assert!(promotable(1, 2, third, PromotionRule::LinearQuantile));
/// assert!(!promotable(1, 2, third, PromotionRule::TopFraction));
/// # Ok::<(), rungkeeper_score::ScoreError>(())
/// ```
#[must_use]
pub fn promotable(
    rank: u64,
    rung_len: u64,
    promotion_quantile: PromotionQuantile,
    promotion_rule: PromotionRule,
) -> bool {
    promotion_rule.promotes(rank, rung_len, promotion_quantile)
}

/// `l_i`: the number of arrivals after which the trial can first be promoted with exactly i = `better` of them better.
///
/// `l_i` = ceil((d + b i) / a) with d = b k - a n under [`PromotionRule::TopFraction`] and d = b (k - 1) - a (n - 1) under
/// [`PromotionRule::LinearQuantile`], in integers. `None` where the trial may be promoted now (d <= 0), and beyond 2^64.
/// `p` and `time_ratio` play no part (they are checked all the same).
///
/// # Errors
/// What is outside the domain of [`PausedPosition`].
///
/// ```
/// use rungkeeper_score::{PausedPosition, PromotionQuantile, PromotionRule, first_passage_arrivals};
///
/// let promotion_quantile = PromotionQuantile::from_reduction_factor(3)?;
/// let position = PausedPosition { rank: 4, rung_len: 10, promotion_quantile, p: 0.33, time_ratio: 1.0 };
/// // Rank 4 of 12 after two worse arrivals, rank 5 of 15 after five of which one is better.
/// assert_eq!(first_passage_arrivals(&position, PromotionRule::TopFraction, 0)?, Some(2));
/// assert_eq!(first_passage_arrivals(&position, PromotionRule::TopFraction, 1)?, Some(5));
/// assert_eq!(first_passage_arrivals(&position, PromotionRule::LinearQuantile, 0)?, None);
/// # Ok::<(), rungkeeper_score::ScoreError>(())
/// ```
pub fn first_passage_arrivals(
    position: &PausedPosition,
    promotion_rule: PromotionRule,
    better: u64,
) -> Result<Option<u64>, ScoreError> {
    let settings = ScoreSettings {
        promotion_rule,
        ..ScoreSettings::default()
    };
    let walk = position.scorer(&settings)?.rung.walk(position.rank)?;
    Ok(walk.and_then(|walk| u64::try_from(walk.arrivals_at(better)).ok()))
}

/// n' = ceil(`rung_len` * `time_ratio`): how many arrivals are still to come, as many in the time left as so far in
/// the time spent.
///
/// Exact: a double is an integer times a power of two, and the product is rounded up in integers. Values of 2^64 and
/// more give `u64::MAX` (the probabilities of this crate go on with the true value); a `time_ratio` that is not
/// positive, NaN included, gives 0.
///
/// ```
/// use rungkeeper_score::arrivals_left;
///
/// assert_eq!(arrivals_left(10, 1.0), 10);
/// assert_eq!(arrivals_left(10, 0.1), 2); // the double 0.1 is a little more than a tenth
/// assert_eq!(arrivals_left(10, f64::INFINITY), u64::MAX);
/// ```
#[must_use]
pub fn arrivals_left(rung_len: u64, time_ratio: f64) -> u64 {
    match Arrivals::left(rung_len, time_ratio) {
        Arrivals::Finite(arrivals) => arrivals,
        Arrivals::Vast(_) => u64::MAX,
    }
}

/// A number of arrivals: exact below 2^64, a double above.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Arrivals {
    Finite(u64),
    Vast(f64),
}

impl Arrivals {
    pub(crate) fn left(rung_len: u64, time_ratio: f64) -> Self {
        if !(time_ratio > 0.0) || rung_len == 0 {
            return Self::Finite(0);
        }
        if time_ratio == f64::INFINITY {
            return Self::Vast(f64::INFINITY);
        }
        // time_ratio = mantissa * 2^exponent
        let biased = (time_ratio.to_bits() >> 52) as i32;
        let fraction = time_ratio.to_bits() & ((1 << 52) - 1);
        let (mantissa, exponent) = if biased == 0 {
            (fraction, -1074)
        } else {
            (fraction | (1 << 52), biased - 1075)
        };
        let product = u128::from(rung_len) * u128::from(mantissa); // below 2^117
        let whole = if exponent >= 0 {
            if product.leading_zeros() <= exponent.unsigned_abs() {
                return Self::Vast(rung_len as f64 * time_ratio);
            }
            product << exponent
        } else if exponent <= -120 {
            1
        } else {
            let rounded_down = product >> -exponent;
            rounded_down + u128::from(product != rounded_down << -exponent)
        };
        u64::try_from(whole).map_or(Self::Vast(rung_len as f64 * time_ratio), Self::Finite)
    }
}
