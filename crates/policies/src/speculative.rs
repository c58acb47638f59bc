use rungkeeper_estimators::{EstimatorSettings, LevelEstimators};
use rungkeeper_rung_model::{ArrivalData, Candidate};
use rungkeeper_score::{Horizon, PromotionRule, ScoreError, ScoreSettings};

use crate::expected::ln_losses;
use crate::{Need, PolicyError, RemovalPolicy};

/// Settings of [`Speculative`]; the defaults are those of Syne Tune 0.13.
///
/// ```
/// use rungkeeper_policies::SpeculativeSettings;
///
/// let settings = SpeculativeSettings::default();
/// assert_eq!(settings.approx_steps, Some(25));
/// assert_eq!(settings.estimators.prior_beta_mean, 0.33);
/// assert_eq!(settings.estimators.prior_beta_size, 2.0);
/// assert_eq!(settings.estimators.min_data_at_rung, 5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpeculativeSettings {
    /// Most better arrivals that are followed, at least 1; `None`: no cut-off.
    pub approx_steps: Option<u32>,
    /// When the scheduler promotes. Top fraction by default.
    pub promotion_rule: PromotionRule,
    /// How the estimate of the arrivals that are left is used. The first term is kept by default.
    pub horizon: Horizon,
    /// The estimators of p.
    pub estimators: EstimatorSettings,
}

impl Default for SpeculativeSettings {
    fn default() -> Self {
        Self {
            approx_steps: Some(25),
            promotion_rule: PromotionRule::TopFraction,
            horizon: Horizon::FirstTermKept,
            estimators: EstimatorSettings::default(),
        }
    }
}

/// Gives up the checkpoints whose loss costs least in expectation: rung level times the probability
/// that the trial is resumed in the time that is left.
///
/// The probability is a first-passage probability of a binomial walk (`rungkeeper_score`). The
/// chance p that an arrival ranks better is learned by one Beta-Binomial estimator per level, the
/// one over all levels while a level has fewer than `min_data_at_rung` values. Scores are compared
/// as logarithms, so they keep their order where the probability underflows.
///
/// As `HyperbandRemoveCheckpointsCallback` of Syne Tune 0.13, with exact scores.
#[derive(Clone, Debug)]
pub struct Speculative {
    score: ScoreSettings,
    estimators: LevelEstimators,
}

impl Speculative {
    /// A policy that has seen nothing.
    ///
    /// # Errors
    ///
    /// A prior mean outside (0, 1), a prior size that is not positive, or `approx_steps` 0.
    pub fn new(settings: SpeculativeSettings) -> Result<Self, PolicyError> {
        let score = ScoreSettings {
            promotion_rule: settings.promotion_rule,
            horizon: settings.horizon,
            approx_steps: settings.approx_steps,
        };
        if settings.approx_steps == Some(0) {
            return Err(ScoreError::ZeroApproxSteps.into());
        }
        Ok(Self {
            score,
            estimators: LevelEstimators::new(settings.estimators)?,
        })
    }
}

impl Default for Speculative {
    fn default() -> Self {
        Self::new(SpeculativeSettings::default()).expect("the defaults are valid")
    }
}

impl RemovalPolicy for Speculative {
    fn name(&self) -> &'static str {
        "speculative"
    }

    fn observe(&mut self, data: &ArrivalData) -> Result<(), PolicyError> {
        self.estimators
            .update(data.level, data.num_one, data.num_total)?;
        Ok(())
    }

    /// Logarithm of level times probability of being resumed; minus infinity for bad metrics, which
    /// are never promoted.
    fn ln_losses(
        &self,
        candidates: &[Candidate<'_>],
        time_ratio: f64,
    ) -> Result<Vec<f64>, PolicyError> {
        ln_losses(
            candidates,
            self.score.promotion_rule,
            |candidate, rung| {
                let p = self.estimators.probability(candidate.level);
                rung.bernoulli(p, time_ratio, self.score.horizon, self.score.approx_steps)
            },
            |scorer, candidate| scorer.probability(candidate.rank),
        )
    }

    /// The probability does not increase with the rank, so of candidates in one rung only as many of
    /// the worst as must go can be among the cheapest. What is given up for its bytes is chosen by
    /// another order.
    fn needs_all(&self, need: Need) -> bool {
        need.bytes > 0
    }

    fn estimators(&self) -> Option<&LevelEstimators> {
        Some(&self.estimators)
    }
}
