//! The score with a chance p of a better arrival: by the fastest exact method for the input.

use crate::{
    Horizon, PausedPosition, ResumeProbability, Rung, ScoreError, ScoreSettings,
    arrivals::Arrivals,
    binomial::Chance,
    methods::{UnitStep, ln_by_arrival, ln_by_gap},
    shares::Shares,
    walk::{Last, Walk},
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
/// Absolute error at most 1e-12 in the logarithm of the probability, relative where that is below -1. The
/// [closed form](crate::methods::closed_form) where alpha = 1/eta, otherwise the cheaper one of
/// [`quadratic`](crate::methods::quadratic) and [`step_wise`](crate::methods::step_wise).
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
#[doc(alias = "compute_probabilities_of_getting_resumed")]
pub fn resume_probability(
    position: &PausedPosition,
    settings: &ScoreSettings,
) -> Result<ResumeProbability, ScoreError> {
    position.scorer(settings)?.probability(position.rank)
}

impl PausedPosition {
    /// The scorer of the position's rung, for all trials that stand there at the same time.
    ///
    /// # Errors
    /// As [`Rung::new`] and [`Rung::bernoulli`]; the rank is looked at by the scorer alone.
    ///
    /// ```
    /// use rungkeeper_score::{PausedPosition, PromotionQuantile, ScoreSettings, resume_probability};
    ///
    /// let promotion_quantile = PromotionQuantile::from_reduction_factor(3)?;
    /// let position = PausedPosition { rank: 4, rung_len: 10, promotion_quantile, p: 0.33, time_ratio: 1.0 };
    /// let mut scorer = position.scorer(&ScoreSettings::default())?;
    /// assert_eq!(scorer.probability(4)?, resume_probability(&position, &ScoreSettings::default())?);
    /// # Ok::<(), rungkeeper_score::ScoreError>(())
    /// ```
    pub fn scorer(&self, settings: &ScoreSettings) -> Result<Bernoulli, ScoreError> {
        let rung = Rung::new(
            self.rung_len,
            self.promotion_quantile,
            settings.promotion_rule,
        )?;
        rung.bernoulli(
            self.p,
            self.time_ratio,
            settings.horizon,
            settings.approx_steps,
        )
    }
}

/// Scores the trials of one rung at one moment with a chance p of a better arrival; made by [`Rung::bernoulli`].
#[derive(Debug)]
pub struct Bernoulli {
    pub(crate) rung: Rung,
    pub(crate) chance: Chance,
    pub(crate) arrivals: Arrivals,
    pub(crate) horizon: Horizon,
    pub(crate) approx_steps: Option<u32>,
    pub(crate) unit_step: UnitStep,
    pub(crate) shares: Shares,
}

/// First passages that have to be summed: those with 0, ..., `last` better arrivals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Passages {
    pub(crate) walk: Walk,
    pub(crate) chance: Chance,
    pub(crate) last: Last,
}

impl Bernoulli {
    /// The probability that the trial of this rank (1 = best) is resumed. See [`resume_probability`].
    ///
    /// # Errors
    /// [`ScoreError::InvalidRank`], and without a cut-off [`ScoreError::TooManySteps`] where the promotion quantile is not
    /// 1/eta and the sum takes too long.
    pub fn probability(&mut self, rank: u64) -> Result<ResumeProbability, ScoreError> {
        self.by(rank, |passages, scorer| {
            let Walk { a, b, d } = passages.walk;
            if a == 1 {
                Ok(scorer.unit_step.ln_sum(d, passages.last))
            } else if b / a > passages.last.count().saturating_mul(4) {
                // A gap of b/a arrivals against at most R weights, each up to eight times as expensive, and half as many on average.
                ln_by_gap(passages)
            } else {
                ln_by_arrival(passages, &mut scorer.shares)
            }
        })
    }

    /// The same by a method that gives the logarithm of the sum, where there is one.
    #[inline]
    pub(crate) fn by(
        &mut self,
        rank: u64,
        ln_sum: impl FnOnce(&Passages, &mut Self) -> Result<f64, ScoreError>,
    ) -> Result<ResumeProbability, ScoreError> {
        let Some(walk) = self.rung.walk(rank)? else {
            return Ok(ResumeProbability::CERTAIN);
        };
        let last = match (walk.last_in_time(self.arrivals), self.approx_steps) {
            (None, _) if self.horizon == Horizon::Hard => return Ok(ResumeProbability::NEVER),
            (None, _) => Last::At(0),
            (Some(last), Some(steps)) if f64::from(steps) <= last.real() => Last::At(steps.into()),
            (Some(last), _) => last,
        };
        if last.real() == f64::INFINITY && walk.comes_down(self.chance.p) {
            return Ok(ResumeProbability::CERTAIN);
        }
        let ln = if last == Last::At(0) {
            // The first `l_0` arrivals are all worse.
            walk.arrivals_at(0) as f64 * self.chance.ln_worse
        } else {
            let chance = self.chance;
            ln_sum(&Passages { walk, chance, last }, self)?
        };
        Ok(ResumeProbability::from_rounded_ln(ln))
    }
}
