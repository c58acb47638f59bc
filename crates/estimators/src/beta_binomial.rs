use crate::EstimatorError;

/// Estimator of `p = P(X = 1)` from independent values 0 and 1, with a Beta prior.
///
/// The prior is Beta(a, b), given by its mean `a / (a + b)` and its size `a + b`, the number of
/// values it weighs as much as. After `num_one` ones among `num_total` values the posterior is
/// Beta(a + `num_one`, b + `num_total` - `num_one`), whose mean is
///
/// ```text
/// (prior_mean * prior_size + num_one) / (prior_size + num_total)
/// ```
///
/// The state is two integers, so the order of the data cannot matter and a batch equals its values
/// one by one, exactly.
///
/// ```
/// use rungkeeper_estimators::BetaBinomial;
///
/// let mut estimator = BetaBinomial::new(0.33, 2.0)?;
/// assert_eq!(estimator.posterior_mean(), 0.33);
/// estimator.update([true, false, false])?;
/// assert_eq!((estimator.num_one(), estimator.num_total()), (1, 3));
/// assert_eq!(estimator.posterior_mean(), (0.66 + 1.0) / (2.0 + 3.0));
/// # Ok::<(), rungkeeper_estimators::EstimatorError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Stored"))]
#[doc(alias = "BetaBinomialEstimator")]
pub struct BetaBinomial {
    prior_mean: f64,
    prior_size: f64,
    num_one: u64,
    num_total: u64,
}

impl BetaBinomial {
    /// An estimator that has seen nothing.
    ///
    /// `prior_mean` lies in (0, 1); for the use in successive halving keep it under 1/2.
    /// `prior_size` is positive, in units of values.
    ///
    /// # Errors
    ///
    /// [`EstimatorError::PriorMean`] or [`EstimatorError::PriorSize`], NaN included.
    pub fn new(prior_mean: f64, prior_size: f64) -> Result<Self, EstimatorError> {
        if !(prior_mean > 0.0 && prior_mean < 1.0) {
            return Err(EstimatorError::PriorMean(prior_mean));
        }
        if !(prior_size > 0.0 && prior_size.is_finite()) {
            return Err(EstimatorError::PriorSize(prior_size));
        }
        Ok(Self {
            prior_mean,
            prior_size,
            num_one: 0,
            num_total: 0,
        })
    }

    /// Takes a batch of values.
    ///
    /// # Errors
    ///
    /// [`EstimatorError::Overflow`]; the estimator is then as before.
    pub fn update<I: IntoIterator<Item = bool>>(&mut self, data: I) -> Result<(), EstimatorError> {
        let (mut num_one, mut num_total) = (0, 0);
        for value in data {
            num_one += u64::from(value);
            num_total += 1;
        }
        self.update_counts(num_one, num_total)
    }

    /// Takes a batch given by its counts: `num_one` ones among `num_total` values.
    ///
    /// ```
    /// # use rungkeeper_estimators::BetaBinomial;
    /// let mut by_values = BetaBinomial::new(0.33, 2.0)?;
    /// let mut by_counts = by_values.clone();
    /// by_values.update([true, true, false])?;
    /// by_counts.update_counts(2, 3)?;
    /// assert_eq!(by_values, by_counts);
    /// # Ok::<(), rungkeeper_estimators::EstimatorError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`EstimatorError::Counts`] when `num_one > num_total`, [`EstimatorError::Overflow`] when the
    /// sum does not fit; the estimator is then as before.
    pub fn update_counts(&mut self, num_one: u64, num_total: u64) -> Result<(), EstimatorError> {
        if num_one > num_total {
            return Err(EstimatorError::Counts { num_one, num_total });
        }
        self.num_total = self
            .num_total
            .checked_add(num_total)
            .ok_or(EstimatorError::Overflow {
                held: self.num_total,
                added: num_total,
            })?;
        self.num_one += num_one; // at most num_total
        Ok(())
    }

    /// Number of values that were 1.
    #[must_use]
    pub fn num_one(&self) -> u64 {
        self.num_one
    }

    /// Number of values.
    #[must_use]
    pub fn num_total(&self) -> u64 {
        self.num_total
    }

    /// Mean of the prior, in (0, 1).
    #[must_use]
    pub fn prior_mean(&self) -> f64 {
        self.prior_mean
    }

    /// Size of the prior, in units of values.
    #[must_use]
    pub fn prior_size(&self) -> f64 {
        self.prior_size
    }

    /// Mean of the posterior: the estimate of `p`.
    ///
    /// It lies between the prior mean and the observed fraction, strictly inside (0, 1) for every
    /// prior that [`BetaBinomial::new`] takes and fewer than about 10^15 values. Three roundings,
    /// in this order: `prior_mean * prior_size`, the two sums, the quotient.
    #[must_use]
    pub fn posterior_mean(&self) -> f64 {
        (self.prior_mean * self.prior_size + self.num_one as f64)
            / (self.prior_size + self.num_total as f64)
    }

    /// Parameters `(a, b)` of the posterior Beta distribution.
    ///
    /// ```
    /// # use rungkeeper_estimators::BetaBinomial;
    /// let mut estimator = BetaBinomial::new(0.25, 2.0)?;
    /// estimator.update_counts(2, 3)?;
    /// assert_eq!(estimator.posterior_parameters(), (2.5, 2.5));
    /// # Ok::<(), rungkeeper_estimators::EstimatorError>(())
    /// ```
    #[must_use]
    pub fn posterior_parameters(&self) -> (f64, f64) {
        let ones = self.num_one as f64;
        let zeros = (self.num_total - self.num_one) as f64;
        (
            self.prior_mean * self.prior_size + ones,
            (1.0 - self.prior_mean) * self.prior_size + zeros,
        )
    }
}

/// What is read back is checked like what is built.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    prior_mean: f64,
    prior_size: f64,
    num_one: u64,
    num_total: u64,
}

#[cfg(feature = "serde")]
impl TryFrom<Stored> for BetaBinomial {
    type Error = EstimatorError;

    fn try_from(stored: Stored) -> Result<Self, EstimatorError> {
        let mut estimator = Self::new(stored.prior_mean, stored.prior_size)?;
        estimator.update_counts(stored.num_one, stored.num_total)?;
        Ok(estimator)
    }
}
