//! The score without a chance p: what the rank itself says.

mod any_quantile;
mod arriving;
mod at_least;
mod bell;
mod bounds;
mod exactly;
mod ratios;
mod strided;
mod tails;
mod terms;
mod unit_step;
mod urn;

pub use at_least::rank_aware_lower_bounds;

use arriving::Arriving;
use unit_step::{Crowd, Passages, Tables};
use urn::Urn;

use crate::{
    BatchError, PromotionQuantile, PromotionRule, ResumeProbability, ScoreError, batch,
    position::check_place, shares::Shares, walk::distance,
};

/// One paused trial: its place in its rung, and how much of the run is left.
///
/// As [`PausedPosition`](crate::PausedPosition), without an assumption on the arrivals still to come.
///
/// ```
/// use rungkeeper_score::{PromotionQuantile, PromotionRule, RankedPosition, rank_aware_probability};
///
/// let position = RankedPosition {
///     rank: 3,
///     num_better: 2,
///     rung_len: 6,
///     promotion_quantile: PromotionQuantile::from_reduction_factor(3)?,
///     time_ratio: 1.5, // 40 % of the run are over
/// };
/// let probability = rank_aware_probability(&position, PromotionRule::TopFraction)?;
/// assert!((probability.probability() - 0.355).abs() < 5e-4);
/// # Ok::<(), rungkeeper_score::ScoreError>(())
/// ```
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

/// Longest rung.
const MAX_RUNG_LEN: u64 = 1 << 30;

impl RankedPosition {
    /// The largest finite time ratio that is supported. A run with so much of it left is as good as endless.
    pub const MAX_TIME_RATIO: f64 = 1e9;
}

/// The probability that a paused trial can be promoted before the run ends, from nothing but its rank k, the length n of
/// its rung, the number g - 1 of strictly better trials there (k - 1, unless equals stand before it) and the share
/// f = 1 / (1 + time ratio) of the run that is over.
///
/// Two things are uncertain that [`resume_probability`](crate::resume_probability) takes as known:
///
/// - *How likely an arrival is better.* Arrivals are exchangeable with the n trials seen, so the next one falls into each of
///   the n + 1 gaps between them with equal chance, and beats the trial in the g gaps before the first of its equals:
///   inside a tie and behind it, it stands behind. Then n has grown, and g too if it was better: a Polya urn. Of l
///   arrivals r are better with the beta-binomial probability C(l, r) B(g + r, n + 1 - g + l - r) / B(g, n + 1 - g).
/// - *How many still come.* n came in the share f, at a rate of which nothing is known beforehand: the number N' that is
///   still to come is negative binomial, P(N' >= l) = I_{1-f}(l, n + 1), the incomplete beta function; on average
///   (n + 1) times the time ratio.
///
/// All orders of r better and l - r worse arrivals are equally likely. With the share s(l, r) of them that makes the trial
/// promotable at the last arrival and not before,
///
/// P = sum over all first passages (l, r) of s(l, r) C(l, r) B(g + r, n + 1 - g + l - r) / B(g, n + 1 - g) P(N' >= l).
///
/// For alpha = 1/eta, s = d / l at l = d + eta r by the cycle lemma, with d = eta k - n (top fraction) or
/// d = eta (k - 1) - (n - 1) (linear quantile). For other quantiles it is counted arrival by arrival, as in
/// [`quadratic`](crate::quadratic). 1 where the trial may be promoted now; there is no cut-off and no constant to choose.
///
/// # Numerics
/// All terms are positive. They end where a bound on what is left is negligible: the ratio of successive terms is below
/// (1 - f)^eta (g + r) / (r + 1) times the product of (n - g + M + i) / (M + i), i = 1, ..., eta - 1, M = l - r, all of
/// whose factors fall with r. A term is a product of factorials from a table and of P(N' >= l), which is added up from its far end.
/// A bell of terms is summed by every m-th of them, and terms that count from r = 0 on with strides that grow with r, so
/// twenty to two hundred are enough for 1e-13 of the sum. Beyond n + l = 2^19 terms start at saddle-point values
/// (Loader 2000) and are integrated. So for alpha = 1/eta the work is bounded. Relative error at most 1e-12 in the probability (where it is
/// at least 1e-300); absolute error at most 1e-12 in its logarithm, relative where that is below -1.
///
/// The table, of at most 8 MB, is kept for the life of the program.
///
/// # Errors
/// What is outside the domain of [`RankedPosition`], [`ScoreError::BeyondRange`], and [`ScoreError::TooManySteps`] where alpha is not 1/eta and the sum
/// has not converged within [`MAX_WORK`](crate::MAX_WORK) steps.
///
/// ```
/// use rungkeeper_score::{PromotionQuantile, PromotionRule, RankedPosition, rank_aware_probability};
///
/// let promotion_quantile = PromotionQuantile::from_reduction_factor(2)?;
/// let at = |rank| RankedPosition {
///     rank,
///     num_better: rank - 1,
///     rung_len: 1,
///     promotion_quantile,
///     time_ratio: f64::INFINITY,
/// };
/// // The only trial of its rung, in a run without end, where half of the rung is promoted. After one worse arrival with
/// // chance 1/2, after a better one and two worse ones with 1/2 * 1/3 * 2/4, ...: 1 - 1/2 + 1/3 - 1/4 + ... in all.
/// let probability = rank_aware_probability(&at(1), PromotionRule::TopFraction)?;
/// assert!((probability.probability() - core::f64::consts::LN_2).abs() < 1e-12);
/// # Ok::<(), rungkeeper_score::ScoreError>(())
/// ```
///
/// Sources: Polya's urn and the beta-binomial distribution (Johnson, Kotz, Kemp 1992); Dvoretzky and Motzkin 1947 (the
/// cycle lemma).
pub fn rank_aware_probability(
    position: &RankedPosition,
    promotion_rule: PromotionRule,
) -> Result<ResumeProbability, ScoreError> {
    probability_with(position, None, promotion_rule, &mut Kept::default())
}

/// [`rank_aware_probability`] of each position, in order, but for rounding errors.
///
/// `probabilities` is emptied first. What depends on the rung length and the time ratio alone is kept from one position to
/// the next, so positions of one rung should stand together. The more there are of one rung, the less time each takes.
///
/// # Errors
/// The [`ScoreError`] of the first position that has one, with its index; `probabilities` holds those before it.
///
/// ```
/// use rungkeeper_score::{
///     PromotionQuantile, PromotionRule, RankedPosition, rank_aware_probabilities,
/// };
///
/// let promotion_quantile = PromotionQuantile::from_reduction_factor(3)?;
/// let positions: Vec<_> = (3..=9)
///     .map(|rank| RankedPosition {
///         rank,
///         num_better: rank - 1,
///         rung_len: 9,
///         promotion_quantile,
///         time_ratio: 2.0,
///     })
///     .collect();
/// let mut probabilities = Vec::new();
/// rank_aware_probabilities(&positions, PromotionRule::TopFraction, &mut probabilities)?;
/// assert!(probabilities.is_sorted_by(|better, worse| better >= worse));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn rank_aware_probabilities(
    positions: &[RankedPosition],
    promotion_rule: PromotionRule,
    probabilities: &mut Vec<ResumeProbability>,
) -> Result<(), BatchError> {
    let mut kept = Kept::default();
    let mut rungs = positions.chunk_by(RankedPosition::is_in_rung_of);
    let (mut left, mut crowd) = (0, None);
    batch::each(positions, probabilities, |position| {
        if left == 0 {
            let rung = rungs.next().unwrap_or_default();
            left = rung.len();
            crowd = crowd_of(rung);
        }
        left -= 1;
        probability_with(position, crowd, promotion_rule, &mut kept)
    })
}

/// Positions of one rung that have tables of their own.
const FEW: usize = 8;

/// Of that many in a rung one is scored at least, where more tables are worth it.
const MANY: u64 = 32;

/// None where they are few.
fn crowd_of(rung: &[RankedPosition]) -> Option<Crowd<&RankedPosition>> {
    if rung.len() < FEW {
        return None;
    }
    let valid = rung.iter().filter(|other| other.check().is_ok());
    let worst = valid.max_by_key(|other| other.rank)?;
    let is_dense = rung.len() as u64 >= worst.rung_len / MANY;
    Some(Crowd { worst, is_dense })
}

/// What is kept from one position to the next.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    arriving: Option<Arriving>,
    tables: Tables,
    shares: Shares,
}

impl RankedPosition {
    /// Whether the other stands in the same rung, most probably, at the same time.
    fn is_in_rung_of(&self, other: &Self) -> bool {
        self.rung_len == other.rung_len
            && self.promotion_quantile == other.promotion_quantile
            && self.time_ratio == other.time_ratio
    }

    /// D(0); positive while the trial may not be promoted.
    fn distance(&self, rule: PromotionRule) -> i128 {
        distance(self.rank, self.rung_len, self.promotion_quantile, rule)
    }

    fn urn(&self) -> Urn {
        Urn {
            gaps: (self.num_better + 1) as f64,
            rung_len: self.rung_len as f64,
        }
    }

    fn check(&self) -> Result<(), ScoreError> {
        let Self {
            rank,
            num_better,
            rung_len,
            time_ratio,
            ..
        } = *self;
        check_place(rank, rung_len, time_ratio)?;
        if num_better >= rank {
            return Err(ScoreError::InvalidNumBetter { num_better, rank });
        }
        check_range(rung_len, time_ratio)
    }
}

/// Refuses what is beyond the range in which sums are known to be exact.
pub(crate) fn check_range(rung_len: u64, time_ratio: f64) -> Result<(), ScoreError> {
    let is_vast = time_ratio > RankedPosition::MAX_TIME_RATIO && time_ratio < f64::INFINITY;
    if rung_len > MAX_RUNG_LEN || is_vast {
        return Err(ScoreError::BeyondRange {
            rung_len,
            time_ratio,
        });
    }
    Ok(())
}

pub(crate) fn probability_with(
    position: &RankedPosition,
    crowd: Option<Crowd<&RankedPosition>>,
    promotion_rule: PromotionRule,
    kept: &mut Kept,
) -> Result<ResumeProbability, ScoreError> {
    position.check()?;
    let d = position.distance(promotion_rule);
    if d <= 0 {
        return Ok(ResumeProbability::CERTAIN);
    }
    let (rung_len, time_ratio) = (position.rung_len, position.time_ratio);
    if time_ratio == 0.0 {
        return Ok(ResumeProbability::NEVER);
    }
    let arriving = match &mut kept.arriving {
        Some(arriving) if arriving.is_for(rung_len, time_ratio) => &*arriving,
        other => {
            kept.tables.forget();
            other.insert(Arriving::new(rung_len, time_ratio))
        }
    };
    let (a, b) = (
        position.promotion_quantile.numerator(),
        position.promotion_quantile.denominator(),
    );
    let ln = if a == 1 {
        let passages = |position: &RankedPosition| Passages {
            rank: position.rank,
            urn: position.urn(),
            eta: b,
            d: position.distance(promotion_rule).cast_unsigned(),
            arriving,
        };
        let crowd = || {
            crowd.map(|Crowd { worst, is_dense }| Crowd {
                worst: passages(worst),
                is_dense,
            })
        };
        passages(position).ln_sum(crowd, &mut kept.tables)
    } else {
        let urn = position.urn();
        any_quantile::ln_sum((a, b), d.cast_unsigned(), urn, arriving, &mut kept.shares)?
    };
    Ok(ResumeProbability::from_rounded_ln(ln))
}
