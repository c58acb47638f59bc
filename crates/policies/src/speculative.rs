use alloc::boxed::Box;

use rungkeeper_estimators::{EstimatorSettings, LevelEstimators};
use rungkeeper_rung_model::{ArrivalData, Candidate, PromotionRule, RungView};
use rungkeeper_score::{Horizon, Rung, ScoreError, ln_expected_cost};

use crate::{ExpectedCost, PolicyError, RungCost};

/// Settings of [`Speculative`], in the order of the event log; the defaults are those of Syne Tune 0.13.
///
/// ```
/// use rungkeeper_policies::SpeculativeSettings;
///
/// let settings = SpeculativeSettings::default();
/// assert_eq!(settings.approx_steps, Some(25));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct SpeculativeSettings {
    /// Most better arrivals that are followed, at least 1; `None`: no cut-off.
    pub approx_steps: Option<u32>,
    /// The estimators of p.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub estimators: EstimatorSettings,
    /// When the scheduler promotes. Top fraction by default.
    pub promotion_rule: PromotionRule,
    /// How the estimate of the arrivals that are left is used. The first term is kept by default.
    pub horizon: Horizon,
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

/// The cost of Syne Tune 0.13: rung level times the probability that the trial is resumed in the time that is left, for a
/// chance p that an arrival ranks better.
///
/// The probability is a first-passage probability of a binomial walk (`rungkeeper_score`). The chance p is learned by one
/// Beta-Binomial estimator per level, the one over all levels while a level has fewer than `min_data_at_rung` values. Scores
/// are compared as logarithms, so they keep their order where the probability underflows.
///
/// As `HyperbandRemoveCheckpointsCallback` of Syne Tune 0.13, with exact scores.
#[derive(Clone, Debug)]
#[doc(alias = "HyperbandRemoveCheckpointsCallback")]
pub struct Speculative {
    settings: SpeculativeSettings,
    estimators: LevelEstimators,
}

impl Speculative {
    /// A cost that has seen nothing.
    ///
    /// # Errors
    ///
    /// A prior mean outside (0, 1), a prior size that is not positive, or `approx_steps` 0.
    pub fn new(settings: SpeculativeSettings) -> Result<Self, PolicyError> {
        if settings.approx_steps == Some(0) {
            return Err(ScoreError::ZeroApproxSteps.into());
        }
        Ok(Self {
            settings,
            estimators: LevelEstimators::new(settings.estimators)?,
        })
    }
}

impl Default for Speculative {
    fn default() -> Self {
        Self::new(SpeculativeSettings::default()).expect("the defaults are valid")
    }
}

impl ExpectedCost for Speculative {
    fn name(&self) -> &'static str {
        "speculative"
    }

    fn observe(&mut self, data: &ArrivalData) -> Result<(), PolicyError> {
        self.estimators
            .update(data.level, data.num_one, data.num_total)?;
        Ok(())
    }

    fn of_rung<'a>(
        &'a self,
        rung: RungView<'a>,
        time_ratio: f64,
    ) -> Result<Box<dyn RungCost + 'a>, PolicyError> {
        let SpeculativeSettings {
            approx_steps,
            promotion_rule,
            horizon,
            ..
        } = self.settings;
        let level = rung.level();
        let p = self.estimators.probability(level);
        let mut scorer = Rung::new(rung.len(), rung.promotion_quantile(), promotion_rule)
            .and_then(|rung| rung.bernoulli(p, time_ratio, horizon, approx_steps))
            .map_err(|source| PolicyError::Rung { level, source })?;
        Ok(Box::new(move |candidate: &Candidate<'_>| {
            let probability = scorer.probability(candidate.rank);
            let probability = probability.map_err(PolicyError::of(level, candidate))?;
            Ok(ln_expected_cost(level, probability))
        }))
    }

    /// The probability does not increase with the rank.
    fn falls_with_rank(&self) -> bool {
        true
    }

    fn estimators(&self) -> Option<&LevelEstimators> {
        Some(&self.estimators)
    }
}
