//! The Beta-Binomial estimator.

use pyo3::prelude::*;
use pyo3::types::PyType;
use rungkeeper_estimators::BetaBinomial;

use crate::arguments::{bad_type, flag, number, refused, seed};
use crate::interrupt::Patience;

/// Estimator of the chance p of a yes, from yes-or-no values and a Beta prior.
///
/// The prior is Beta(a, b) with mean a / (a + b) and size a + b, the number of values
/// it weighs as much as.
///
/// Args:
///     beta_mean: Mean of the prior, in (0, 1).
///     beta_size: Size of the prior, positive.
///
/// Raises:
///     ValueError: An argument outside its range.
///
/// Example:
///     >>> estimator = BetaBinomialEstimator(beta_mean=0.33, beta_size=2)
///     >>> estimator.update([True, False, False])
///     >>> estimator.num_one, estimator.num_total
///     (1, 3)
///     >>> round(estimator.posterior_mean(), 3)
///     0.332
#[pyclass(module = "rungkeeper", eq)]
#[derive(Clone, PartialEq)]
pub(crate) struct BetaBinomialEstimator {
    inner: BetaBinomial,
}

impl From<BetaBinomial> for BetaBinomialEstimator {
    fn from(inner: BetaBinomial) -> Self {
        Self { inner }
    }
}

#[pymethods]
impl BetaBinomialEstimator {
    #[new]
    fn new(beta_mean: &Bound<'_, PyAny>, beta_size: &Bound<'_, PyAny>) -> PyResult<Self> {
        let beta_mean = number("beta_mean", beta_mean)?;
        let beta_size = number("beta_size", beta_size)?;
        // The message names the arguments of the callback: prior_beta_mean.
        let named = |error: rungkeeper_estimators::EstimatorError| {
            refused(error.to_string().replace("prior_beta", "beta"))
        };
        Ok(BetaBinomial::new(beta_mean, beta_size)
            .map_err(named)?
            .into())
    }

    /// Takes a batch of values: bool, or 0 and 1; also an array of them.
    fn update(&mut self, data: &Bound<'_, PyAny>) -> PyResult<()> {
        let (mut num_one, mut num_total) = (0, 0);
        let mut patience = Patience::new();
        for value in data
            .try_iter()
            .map_err(|_| bad_type("data", data, "a sequence of bool"))?
        {
            num_one += u64::from(yes(&value?)?);
            num_total += 1;
            patience.tick()?;
        }
        self.inner
            .update_counts(num_one, num_total)
            .map_err(refused)
    }

    /// Takes a batch given by its counts: `num_one` ones among `num_total` values.
    ///
    /// Raises:
    ///     ValueError: `num_one` is above `num_total`, or a count is negative.
    fn update_counts(
        &mut self,
        num_one: &Bound<'_, PyAny>,
        num_total: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let (num_one, num_total) = (seed("num_one", num_one)?, seed("num_total", num_total)?);
        self.inner
            .update_counts(num_one, num_total)
            .map_err(refused)
    }

    /// Mean of the prior.
    #[getter]
    fn beta_mean(&self) -> f64 {
        self.inner.prior_mean()
    }

    /// Size of the prior.
    #[getter]
    fn beta_size(&self) -> f64 {
        self.inner.prior_size()
    }

    /// Number of values that were true.
    #[getter]
    fn num_one(&self) -> u64 {
        self.inner.num_one()
    }

    /// Number of values.
    #[getter]
    fn num_total(&self) -> u64 {
        self.inner.num_total()
    }

    /// The estimate of p.
    fn posterior_mean(&self) -> f64 {
        self.inner.posterior_mean()
    }

    /// The parameters (a, b) of the posterior Beta distribution.
    fn posterior_parameters(&self) -> (f64, f64) {
        self.inner.posterior_parameters()
    }

    fn __repr__(&self) -> String {
        let inner = &self.inner;
        format!(
            "BetaBinomialEstimator(beta_mean={:?}, beta_size={:?}): {} of {}, posterior mean {:.4}",
            inner.prior_mean(),
            inner.prior_size(),
            inner.num_one(),
            inner.num_total(),
            inner.posterior_mean()
        )
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> Reduced<'py> {
        let inner = &slf.borrow().inner;
        let prior = (inner.prior_mean(), inner.prior_size());
        (slf.get_type(), prior, (inner.num_one(), inner.num_total()))
    }

    fn __setstate__(&mut self, state: (u64, u64)) -> PyResult<()> {
        self.inner.update_counts(state.0, state.1).map_err(refused)
    }
}

/// Class, arguments and state, as pickle wants them.
type Reduced<'py> = (Bound<'py, PyType>, (f64, f64), (u64, u64));

/// A truth value of Python or `NumPy`, or 0 or 1.
fn yes(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    flag("data", value).or_else(|error| match seed("data", value) {
        Ok(number @ 0..=1) => Ok(number == 1),
        _ => Err(error),
    })
}
