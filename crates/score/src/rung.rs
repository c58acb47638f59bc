//! A rung at one moment.

use crate::{
    Bernoulli, Horizon, PromotionQuantile, PromotionRule, RankAware, ScoreError,
    arrivals::Arrivals, binomial::Chance, methods::UnitStep, shares::Shares, walk::Walk,
};

/// Longest rung: up to here every length is a double.
const MAX_RUNG_LEN: u64 = 1 << 53;

/// A rung at one moment: its length, the part of it that is promoted, and the rule that says which trials are in it.
///
/// It is checked once. Its trials are then scored by [`rank_aware`](Self::rank_aware), which learns everything from
/// their ranks, or by [`bernoulli`](Self::bernoulli), which is told the chance p of a better arrival.
///
/// ```
/// use rungkeeper_score::{PromotionQuantile, PromotionRule, Rung};
///
/// // A third of 10 trials is promoted, and half of the time is over.
/// let third = PromotionQuantile::from_reduction_factor(3)?;
/// let rung = Rung::new(10, third, PromotionRule::TopFraction)?;
/// let mut scorer = rung.rank_aware(1.0)?;
/// assert_eq!(scorer.probability(3, 2)?.probability(), 1.0); // may be promoted now
/// assert!(scorer.probability(4, 3)? > scorer.probability(5, 4)?);
/// # Ok::<(), rungkeeper_score::ScoreError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rung {
    pub(crate) len: u64,
    pub(crate) quantile: PromotionQuantile,
    pub(crate) rule: PromotionRule,
}

impl Rung {
    /// A rung of `len` recorded trials, promoted ones included, of which the part `quantile` is promoted by `rule`.
    ///
    /// # Errors
    /// [`ScoreError::InvalidRungLen`] unless 1 <= `len` <= 2^53.
    pub fn new(
        len: u64,
        quantile: PromotionQuantile,
        rule: PromotionRule,
    ) -> Result<Self, ScoreError> {
        if !(1..=MAX_RUNG_LEN).contains(&len) {
            return Err(ScoreError::InvalidRungLen { rung_len: len });
        }
        Ok(Self {
            len,
            quantile,
            rule,
        })
    }

    /// The walk of the trial of this rank; none where it may be promoted now.
    #[inline]
    pub(crate) fn walk(&self, rank: u64) -> Result<Option<Walk>, ScoreError> {
        if !(1..=self.len).contains(&rank) {
            return Err(ScoreError::InvalidRank {
                rank,
                rung_len: self.len,
            });
        }
        let d = self.rule.distance(rank, self.len, self.quantile);
        Ok((d > 0).then(|| Walk {
            a: self.quantile.numerator(),
            b: self.quantile.denominator(),
            d: d.cast_unsigned(),
        }))
    }

    /// Scores the trials of this rung by their ranks, with `time_ratio` = time left over time spent. See
    /// [`rank_aware_probability`](crate::rank_aware_probability).
    ///
    /// # Errors
    /// [`ScoreError::InvalidTimeRatio`] unless `time_ratio` >= 0, and [`ScoreError::BeyondRange`] for rungs of more than
    /// 2^30 trials and for finite time ratios above [`RankAware::MAX_TIME_RATIO`]; infinity is allowed, the run never ends.
    pub fn rank_aware(self, time_ratio: f64) -> Result<RankAware, ScoreError> {
        RankAware::new(self, time_ratio)
    }

    /// Scores the trials of this rung with the chance `p` that an arrival is better. See
    /// [`resume_probability`](crate::resume_probability).
    ///
    /// # Errors
    /// [`ScoreError::InvalidTimeRatio`] unless `time_ratio` >= 0 (infinity is allowed), [`ScoreError::InvalidProbability`]
    /// unless 0 < `p` < 1, and [`ScoreError::ZeroApproxSteps`].
    pub fn bernoulli(
        self,
        p: f64,
        time_ratio: f64,
        horizon: Horizon,
        approx_steps: Option<u32>,
    ) -> Result<Bernoulli, ScoreError> {
        if !(time_ratio >= 0.0) {
            return Err(ScoreError::InvalidTimeRatio { time_ratio });
        }
        if !(p > 0.0 && p < 1.0) {
            return Err(ScoreError::InvalidProbability { p });
        }
        if approx_steps == Some(0) {
            return Err(ScoreError::ZeroApproxSteps);
        }
        let chance = Chance::new(p);
        Ok(Bernoulli {
            rung: self,
            chance,
            arrivals: Arrivals::left(self.len, time_ratio),
            horizon,
            approx_steps,
            unit_step: UnitStep::new(self.quantile.denominator(), chance),
            shares: Shares::default(),
        })
    }
}
