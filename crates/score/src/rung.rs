//! A rung at one moment.

use crate::{
    Bernoulli, Horizon, PromotionQuantile, PromotionRule, RankAware, ScoreError,
    walk::{Walk, distance},
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
        let d = distance(rank, self.len, self.quantile, self.rule);
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
    ///
    /// ```
    /// use rungkeeper_score::{Horizon, PromotionQuantile, PromotionRule, Rung};
    ///
    /// let third = PromotionQuantile::from_reduction_factor(3)?;
    /// let rung = Rung::new(10, third, PromotionRule::TopFraction)?;
    /// let mut scorer = rung.bernoulli(0.33, 1.0, Horizon::Hard, Some(25))?;
    /// assert!((scorer.probability(4)?.probability() - 0.6509).abs() < 5e-5);
    /// # Ok::<(), rungkeeper_score::ScoreError>(())
    /// ```
    pub fn bernoulli(
        self,
        p: f64,
        time_ratio: f64,
        horizon: Horizon,
        approx_steps: Option<u32>,
    ) -> Result<Bernoulli, ScoreError> {
        Bernoulli::new(self, p, time_ratio, horizon, approx_steps)
    }
}

#[cfg(test)]
mod tests {
    use super::Rung;
    use crate::{
        Horizon, PausedPosition, PromotionQuantile, PromotionRule, RankedPosition, ScoreError,
        ScoreSettings, rank_aware_probability, resume_probability,
    };

    fn rung(len: u64) -> Result<Rung, ScoreError> {
        let third = PromotionQuantile::from_reduction_factor(3)?;
        Rung::new(len, third, PromotionRule::TopFraction)
    }

    #[test]
    fn scorers_are_the_functions_of_a_position() -> Result<(), ScoreError> {
        let promotion_quantile = PromotionQuantile::from_reduction_factor(3)?;
        let (rung_len, time_ratio, p) = (30, 0.7, 0.3);
        let mut rank_aware = rung(rung_len)?.rank_aware(time_ratio)?;
        let mut bernoulli = rung(rung_len)?.bernoulli(p, time_ratio, Horizon::Hard, Some(25))?;
        for rank in (1..=rung_len).rev() {
            let position = RankedPosition {
                rank,
                num_better: rank / 2,
                rung_len,
                promotion_quantile,
                time_ratio,
            };
            let one = rank_aware_probability(&position, PromotionRule::TopFraction)?;
            let found = rank_aware.probability(rank, rank / 2)?;
            let tolerance = 1e-13 * one.ln_probability().abs().max(1.0);
            assert!((found.ln_probability() - one.ln_probability()).abs() <= tolerance);
            let position = PausedPosition {
                rank,
                rung_len,
                promotion_quantile,
                p,
                time_ratio,
            };
            let one = resume_probability(&position, &ScoreSettings::default())?;
            assert_eq!(bernoulli.probability(rank)?, one);
        }
        Ok(())
    }

    #[test]
    fn what_is_refused() -> Result<(), ScoreError> {
        assert!(matches!(
            rung(0),
            Err(ScoreError::InvalidRungLen { rung_len: 0 })
        ));
        let rung = rung(9)?;
        for time_ratio in [f64::NAN, -1.0] {
            assert!(matches!(
                rung.rank_aware(time_ratio),
                Err(ScoreError::InvalidTimeRatio { .. })
            ));
            assert!(
                rung.bernoulli(0.3, time_ratio, Horizon::Hard, None)
                    .is_err()
            );
        }
        assert!(matches!(
            rung.rank_aware(2e9),
            Err(ScoreError::BeyondRange { .. })
        ));
        for p in [f64::NAN, 0.0, 1.0] {
            assert!(rung.bernoulli(p, 1.0, Horizon::Hard, None).is_err());
        }
        assert!(matches!(
            rung.bernoulli(0.3, 1.0, Horizon::Hard, Some(0)),
            Err(ScoreError::ZeroApproxSteps)
        ));
        let mut scorer = rung.rank_aware(f64::INFINITY)?;
        for (rank, num_better) in [(0, 0), (10, 9), (4, 4)] {
            assert!(scorer.probability(rank, num_better).is_err());
        }
        Ok(())
    }
}
