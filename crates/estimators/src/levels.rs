use alloc::collections::BTreeMap;

use crate::{BetaBinomial, EstimatorError};

/// Settings of [`LevelEstimators`]; the defaults are those of Syne Tune 0.13.
///
/// ```
/// let settings = rungkeeper_estimators::EstimatorSettings::default();
/// assert_eq!(settings.prior_beta_mean, 0.33);
/// assert_eq!(settings.prior_beta_size, 2.0);
/// assert_eq!(settings.min_data_at_rung, 5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct EstimatorSettings {
    /// Mean of the Beta prior, in (0, 1); keep it under 1/2.
    pub prior_beta_mean: f64,
    /// Size of the Beta prior, positive, in units of values.
    pub prior_beta_size: f64,
    /// A level with fewer values than this uses the overall estimator.
    pub min_data_at_rung: u64,
}

impl Default for EstimatorSettings {
    fn default() -> Self {
        Self {
            prior_beta_mean: 0.33,
            prior_beta_size: 2.0,
            min_data_at_rung: 5,
        }
    }
}

/// One estimator per rung level and one over all levels.
///
/// Every batch goes to the estimator of its level and to the overall one. A level with fewer than
/// `min_data_at_rung` values is answered by the overall estimator.
///
/// ```
/// use rungkeeper_estimators::{EstimatorSettings, LevelEstimators};
///
/// let mut estimators = LevelEstimators::new(EstimatorSettings::default())?;
/// estimators.update(1, 4, 6)?;
/// estimators.update(3, 0, 1)?;
/// assert_eq!(estimators.probability(1), (0.66 + 4.0) / 8.0);
/// assert_eq!(estimators.probability(3), (0.66 + 4.0) / 9.0); // overall
/// assert_eq!(estimators.at_level(3).num_total(), 1);
/// # Ok::<(), rungkeeper_estimators::EstimatorError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LevelEstimators {
    min_data_at_rung: u64,
    overall: BetaBinomial,
    untouched: BetaBinomial,
    levels: BTreeMap<u64, BetaBinomial>,
}

impl LevelEstimators {
    /// Estimators that have seen nothing.
    ///
    /// # Errors
    ///
    /// As [`BetaBinomial::new`].
    pub fn new(settings: EstimatorSettings) -> Result<Self, EstimatorError> {
        let untouched = BetaBinomial::new(settings.prior_beta_mean, settings.prior_beta_size)?;
        Ok(Self {
            min_data_at_rung: settings.min_data_at_rung,
            overall: untouched.clone(),
            untouched,
            levels: BTreeMap::new(),
        })
    }

    /// Takes a batch at a level: `num_one` ones among `num_total` values. An empty batch changes
    /// nothing.
    ///
    /// # Errors
    ///
    /// As [`BetaBinomial::update_counts`]; all estimators are then as before.
    pub fn update(
        &mut self,
        level: u64,
        num_one: u64,
        num_total: u64,
    ) -> Result<(), EstimatorError> {
        if num_one == 0 && num_total == 0 {
            return Ok(());
        }
        // The overall estimator holds at least as much as any level: it is the one to overflow.
        self.overall.update_counts(num_one, num_total)?;
        self.levels
            .entry(level)
            .or_insert_with(|| self.untouched.clone())
            .update_counts(num_one, num_total)
    }

    /// The estimate of `p` at a level, in (0, 1): the posterior mean of the level's estimator, or
    /// of the overall one while the level has fewer than `min_data_at_rung` values.
    #[must_use]
    pub fn probability(&self, level: u64) -> f64 {
        self.in_charge(level).posterior_mean()
    }

    /// The estimator that [`LevelEstimators::probability`] asks for a level.
    #[must_use]
    pub fn in_charge(&self, level: u64) -> &BetaBinomial {
        let own = self.at_level(level);
        if own.num_total() < self.min_data_at_rung {
            &self.overall
        } else {
            own
        }
    }

    /// The estimator of a level, the bare prior where nothing arrived yet.
    #[must_use]
    pub fn at_level(&self, level: u64) -> &BetaBinomial {
        self.levels.get(&level).unwrap_or(&self.untouched)
    }

    /// The estimator over all levels.
    #[must_use]
    pub fn overall(&self) -> &BetaBinomial {
        &self.overall
    }

    /// Levels with data, ascending, with their estimators.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &BetaBinomial)> {
        self.levels
            .iter()
            .map(|(&level, estimator)| (level, estimator))
    }
}
