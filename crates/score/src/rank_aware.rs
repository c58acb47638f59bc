//! The score without a chance p: what the rank itself says.
//!
//! A trial of rank k, with g - 1 strictly better ones, in a rung of n, f of the run being over:
//!
//! P = sum over all first passages (l, r) of h(l) w(l),
//! h(l) = s(l, r) C(l, r) B(g + r, n + 1 - g + l - r) / B(g, n + 1 - g),   w(l) = P(N' >= l),
//!
//! s(l, r) being the share of the orders of r better and l - r worse arrivals that make the trial promotable at the last one
//! and not before. The factor behind it is beta-binomial, and N', the number of arrivals to come, negative binomial.
//! For alpha = 1/eta, s = d / l at l = d + eta r: `unit_step`. Otherwise it is counted: `any_quantile`.

mod any_quantile;
mod unit_step;

use unit_step::FirstPassages;

use crate::{
    PromotionRule, RankedPosition, ResumeProbability, Rung, ScoreError,
    beta_binomial::BetaBinomial, double_double::DoubleDouble, negative_binomial::NegativeBinomial,
    shares::Shares,
};

/// Longest rung.
const MAX_RUNG_LEN: u64 = 1 << 30;

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
/// [`quadratic`](crate::methods::quadratic). 1 where the trial may be promoted now; there is no cut-off and no constant to
/// choose.
///
/// # Numerics
/// For alpha = 1/eta the terms follow each other by recurrences, from the far end of the sum down; all are positive, and what is
/// left out at either end is bounded by 1e-15 of the sum. Sums of more than 2^15 terms, sums whose terms are too different
/// in size, and those for eta above 16 are integrated, so the work is bounded. Absolute error at most 1e-12 in the
/// logarithm, relative where that is below -1.
///
/// # Errors
/// What is outside the domain of [`RankedPosition`], [`ScoreError::BeyondRange`], and [`ScoreError::TooManySteps`] where
/// alpha is not 1/eta and the sum has not converged within [`MAX_WORK`](crate::MAX_WORK) steps.
///
/// ```
/// use rungkeeper_score::{PromotionQuantile, PromotionRule, RankedPosition, rank_aware_probability};
///
/// let position = RankedPosition {
///     rank: 1,
///     num_better: 0,
///     rung_len: 1,
///     promotion_quantile: PromotionQuantile::from_reduction_factor(2)?,
///     time_ratio: f64::INFINITY,
/// };
/// // The only trial of its rung, in a run without end, where half of the rung is promoted. After one worse arrival with
/// // chance 1/2, after a better one and two worse ones with 1/2 * 1/3 * 2/4, ...: 1 - 1/2 + 1/3 - 1/4 + ... in all.
/// let probability = rank_aware_probability(&position, PromotionRule::TopFraction)?;
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
    position
        .scorer(promotion_rule)?
        .probability(position.rank, position.num_better)
}

impl RankedPosition {
    /// The scorer of the position's rung, for all trials that stand there at the same time.
    ///
    /// # Errors
    /// As [`Rung::new`] and [`Rung::rank_aware`]; the rank is looked at by the scorer alone.
    ///
    /// ```
    /// use rungkeeper_score::{PromotionQuantile, PromotionRule, RankedPosition, rank_aware_probability};
    ///
    /// let promotion_quantile = PromotionQuantile::from_reduction_factor(3)?;
    /// let position = RankedPosition { rank: 4, num_better: 3, rung_len: 10, promotion_quantile, time_ratio: 1.0 };
    /// let rule = PromotionRule::TopFraction;
    /// let mut scorer = position.scorer(rule)?;
    /// assert_eq!(scorer.probability(4, 3)?, rank_aware_probability(&position, rule)?);
    /// # Ok::<(), rungkeeper_score::ScoreError>(())
    /// ```
    pub fn scorer(&self, promotion_rule: PromotionRule) -> Result<RankAware, ScoreError> {
        Rung::new(self.rung_len, self.promotion_quantile, promotion_rule)?
            .rank_aware(self.time_ratio)
    }
}

/// Scores the trials of one rung at one moment by their ranks; made by [`Rung::rank_aware`].
///
/// ```
/// use rungkeeper_score::{PromotionQuantile, PromotionRule, Rung};
///
/// let third = PromotionQuantile::from_reduction_factor(3)?;
/// let mut scorer = Rung::new(9, third, PromotionRule::TopFraction)?.rank_aware(2.0)?;
/// let probabilities: Vec<_> = (3..=9)
///     .map(|rank| scorer.probability(rank, rank - 1))
///     .collect::<Result<_, _>>()?;
/// assert!(probabilities.is_sorted_by(|better, worse| better > worse));
/// # Ok::<(), rungkeeper_score::ScoreError>(())
/// ```
#[derive(Debug)]
pub struct RankAware {
    rung: Rung,
    to_come: NegativeBinomial,
    /// (1 - f)^eta where alpha = 1/eta.
    left_to_eta: DoubleDouble,
    shares: Shares,
}

impl RankAware {
    /// The largest finite time ratio that is supported. A run with more of it left is as good as endless.
    pub const MAX_TIME_RATIO: f64 = 1e9;

    pub(crate) fn new(rung: Rung, time_ratio: f64) -> Result<Self, ScoreError> {
        if !(time_ratio >= 0.0) {
            return Err(ScoreError::InvalidTimeRatio { time_ratio });
        }
        let is_vast = time_ratio > Self::MAX_TIME_RATIO && time_ratio < f64::INFINITY;
        if rung.len > MAX_RUNG_LEN || is_vast {
            return Err(ScoreError::BeyondRange {
                rung_len: rung.len,
                time_ratio,
            });
        }
        let to_come = NegativeBinomial::new(time_ratio);
        let factors = rung.quantile.denominator().min(unit_step::MOST_FACTORS);
        Ok(Self {
            rung,
            left_to_eta: to_come.left().to_the(factors),
            to_come,
            shares: Shares::default(),
        })
    }

    /// The probability that the trial of this rank (1 = best) is resumed, `num_better` trials being strictly better:
    /// `rank` - 1 where none before it is its equal. See [`rank_aware_probability`].
    ///
    /// # Errors
    /// [`ScoreError::InvalidRank`], [`ScoreError::InvalidNumBetter`] unless `num_better` < `rank`, and
    /// [`ScoreError::TooManySteps`] where the promotion quantile is not 1/eta and the sum takes too long.
    pub fn probability(
        &mut self,
        rank: u64,
        num_better: u64,
    ) -> Result<ResumeProbability, ScoreError> {
        let ln = self.ln_probability(rank, num_better, f64::INFINITY)?;
        Ok(ResumeProbability::from_rounded_ln(ln))
    }

    /// [`probability`](Self::probability) if that is at most `most`; otherwise a part of it that is above `most`, often in a
    /// small part of the time: all terms of the sum are positive, and a few of them may be enough. Who looks for the least of
    /// many probabilities needs no more.
    ///
    /// # Errors
    /// As [`probability`](Self::probability).
    ///
    /// ```
    /// use rungkeeper_score::{PromotionQuantile, PromotionRule, Rung};
    ///
    /// let third = PromotionQuantile::from_reduction_factor(3)?;
    /// let mut scorer = Rung::new(30, third, PromotionRule::TopFraction)?.rank_aware(1.0)?;
    /// let (last, better) = (scorer.probability(30, 29)?, scorer.probability(11, 10)?);
    /// assert_eq!(scorer.probability_up_to(30, 29, better)?, last);
    /// let part = scorer.probability_up_to(11, 10, last)?;
    /// assert!(last < part && part <= better);
    /// # Ok::<(), rungkeeper_score::ScoreError>(())
    /// ```
    pub fn probability_up_to(
        &mut self,
        rank: u64,
        num_better: u64,
        most: ResumeProbability,
    ) -> Result<ResumeProbability, ScoreError> {
        let ln = self.ln_probability(rank, num_better, most.ln_probability())?;
        Ok(ResumeProbability::from_rounded_ln(ln))
    }

    /// ln P; once it is known to be above `most`, any number between the two.
    fn ln_probability(&mut self, rank: u64, num_better: u64, most: f64) -> Result<f64, ScoreError> {
        let walk = self.rung.walk(rank)?;
        if num_better >= rank {
            return Err(ScoreError::InvalidNumBetter { num_better, rank });
        }
        let Some(walk) = walk else {
            return Ok(0.0);
        };
        if self.to_come.is_over() {
            return Ok(f64::NEG_INFINITY);
        }
        let urn = BetaBinomial {
            gaps: (num_better + 1) as f64,
            rung_len: self.rung.len as f64,
        };
        if walk.a == 1 {
            let passages = FirstPassages {
                eta: walk.b,
                d: walk.d as u64, // below 2^61 for rungs of up to 2^30
                urn,
                to_come: &self.to_come,
                left_to_eta: self.left_to_eta,
            };
            return Ok(passages.ln_sum(most));
        }
        any_quantile::ln_sum(walk, urn, &self.to_come, &mut self.shares, most)
    }
}
