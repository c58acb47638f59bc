//! A bound from below on the score without p, from a single moment.

use super::{RankedPosition, urn::Urn};
use crate::{
    BatchError, PromotionRule, ResumeProbability, batch,
    factorials::{self, Factorials},
    wide::Wide,
};

/// A bound from below on each [`rank_aware_probability`](crate::rank_aware_probability), in order, in a small part of its
/// time: what is certainly more likely to be resumed than another need not be scored.
///
/// If a trial can be promoted after l arrivals, it could be so by then. So for any l, with x the largest number of better
/// ones among l arrivals with which it can,
///
/// P >= P(N' >= l) P(at most x of l arrivals are better).
///
/// l is the mode of N', where the first factor is at least 1/2; or, where that is too few, the least
/// l with which the trial can be promoted, where P(N' >= l) >= P(N' = l) / f. The beta-binomial probabilities of the second
/// factor have one peak: those from x - s to x, about a standard deviation, are no less than the smaller one at these ends. x
/// is taken no larger than their mean.
///
/// 1 where the trial may be promoted now; often some tenth of the probability where that is not small, far less where it
/// is, and 0 for rungs or waits of more than some 10^5 arrivals. It is below the probability that is computed, not only below
/// the true one.
///
/// # Errors
/// As [`rank_aware_probabilities`](crate::rank_aware_probabilities), but for [`ScoreError::TooManySteps`](crate::ScoreError::TooManySteps): nothing is followed.
///
/// ```
/// use rungkeeper_score::{
///     PromotionQuantile, PromotionRule, RankedPosition, rank_aware_lower_bounds, rank_aware_probability,
/// };
///
/// let position = RankedPosition {
///     rank: 800,
///     num_better: 799,
///     rung_len: 2000,
///     promotion_quantile: PromotionQuantile::new(2, 5)?,
///     time_ratio: 1.0,
/// };
/// let waits = RankedPosition { rank: 805, num_better: 804, ..position };
/// let mut bounds = Vec::new();
/// rank_aware_lower_bounds(&[position, waits], PromotionRule::TopFraction, &mut bounds)?;
/// assert_eq!(bounds[0].probability(), 1.0);
/// assert!(bounds[1].probability() > 0.05);
/// assert!(bounds[1] <= rank_aware_probability(&waits, PromotionRule::TopFraction)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn rank_aware_lower_bounds(
    positions: &[RankedPosition],
    promotion_rule: PromotionRule,
    bounds: &mut Vec<ResumeProbability>,
) -> Result<(), BatchError> {
    let mut kept = None;
    batch::each(positions, bounds, |position| {
        position.check()?;
        let d = position.distance(promotion_rule);
        if d <= 0 {
            return Ok(ResumeProbability::CERTAIN);
        }
        let bound = Moment::new(position, d.cast_unsigned(), &mut kept)
            .map_or(f64::NEG_INFINITY, |moment| moment.ln());
        Ok(ResumeProbability::from_rounded_ln(bound))
    })
}

/// So much is taken off the logarithm for rounding errors, of the bound and of the probability.
const MARGIN: f64 = 1e-9;

/// A number of arrivals after which the trial may be promoted.
struct Moment<'a> {
    urn: Urn,
    arrivals: u64,
    /// x
    most_better: u64,
    /// ln of a bound on P(N' >= l)
    ln_tail: f64,
    factorials: &'a Factorials,
}

impl<'a> Moment<'a> {
    /// None where that is beyond the table of factorials, or the run is over. `kept` is the table of the position before.
    fn new(position: &RankedPosition, d: u128, kept: &'a mut Option<Factorials>) -> Option<Self> {
        let (n, time_ratio) = (position.rung_len, position.time_ratio);
        let quantile = position.promotion_quantile;
        let (a, b) = (quantile.numerator(), quantile.denominator());
        let farthest = factorials::MOST.checked_sub(n)?;
        let d = u64::try_from(d).ok()?;
        let least = d.div_ceil(a);
        if least > farthest || time_ratio == 0.0 {
            return None;
        }
        let mode = libm::floor(n as f64 * time_ratio).min(farthest as f64) as u64;
        let arrivals = mode.max(least);
        let most_better = (a.checked_mul(arrivals)? - d) / b;
        if !(kept.as_ref()).is_some_and(|factorials| factorials.reach(n + arrivals)) {
            *kept = Some(Factorials::up_to(n + arrivals));
        }
        let factorials = kept.as_ref()?;
        let ln_tail = if arrivals == mode {
            -core::f64::consts::LN_2
        } else {
            let of = |n| factorials.of(n);
            let ways = of(n + arrivals) / (of(n) * of(arrivals));
            ways.ln()
                - n as f64 * libm::log1p(time_ratio)
                - arrivals as f64 * libm::log1p(1.0 / time_ratio)
        };
        Some(Self {
            urn: position.urn(),
            arrivals,
            most_better,
            ln_tail,
            factorials,
        })
    }

    /// ln of the bound.
    fn ln(&self) -> f64 {
        let Urn { gaps, rung_len } = self.urn;
        let (arrivals, chance) = (self.arrivals as f64, gaps / (rung_len + 1.0));
        let mean = arrivals * chance;
        let variance = mean * (1.0 - chance) * (1.0 + arrivals / (rung_len + 2.0));
        let last = self.most_better.min(mean as u64);
        let first = last.saturating_sub(libm::sqrt(variance) as u64);
        let (one, other) = (self.better(first), self.better(last));
        let smaller = if one.over(other.exponent) < other.factor {
            one
        } else {
            other
        };
        let all = Wide {
            factor: smaller.factor * (last - first + 1) as f64,
            ..smaller
        };
        self.ln_tail + all.ln() - MARGIN
    }

    /// P(so many of the arrivals are better) = C(g - 1 + r, r) C(n - g + m, m) / C(n + l, l), m = l - r.
    fn better(&self, better: u64) -> Wide {
        let (l, m) = (self.arrivals, self.arrivals - better);
        let (ahead, n) = (self.urn.gaps as u64 - 1, self.urn.rung_len as u64);
        let behind = n - 1 - ahead;
        let ways = |old, new| {
            let of = |n| self.factorials.of(n);
            of(old + new) / (of(old) * of(new))
        };
        ways(ahead, better) * ways(behind, m) / ways(n, l)
    }
}

#[cfg(test)]
mod tests {
    use crate::rank_aware::arriving::Arriving;

    /// What the bound rests on.
    #[test]
    fn half_of_the_arrivals_are_no_fewer_than_their_mode() {
        for n in (1..60u64).chain([100, 1000, 20_000]) {
            for time_ratio in [1e-6, 0.01, 0.1, 0.5, 0.9, 1.0, 1.1, 3.0, 10.0, 1e3, 1e6] {
                let mode = (n as f64 * time_ratio).floor();
                let at_least = Arriving::new(n, time_ratio).at_least(mode.into()).value();
                assert!(at_least >= 0.5, "{n} {time_ratio}: {at_least}");
            }
        }
    }
}
