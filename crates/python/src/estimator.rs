//! The Beta-Binomial estimator.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use numpy::{
    PyArrayDescrMethods, PyArrayDyn, PyArrayMethods, PyUntypedArray, PyUntypedArrayMethods,
};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyTuple, PyType};
use rungkeeper_estimators::BetaBinomial;

use crate::arguments::{bad_type, bad_value, is_truth, number, refused, seed};
use crate::interrupt::{Patience, answered};

/// Estimator of the chance p of a yes, from yes-or-no values and a Beta prior.
///
/// The prior is Beta(a, b) with mean a / (a + b) and size a + b, the number of values
/// it weighs as much as.
///
/// Two are equal if their priors and counts are; the hash is that of the prior, which
/// no value changes. It can be subclassed: a subclass has its own arguments and calls
/// `super().__init__(beta_mean, beta_size)`.
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
#[pyclass(module = "rungkeeper", eq, subclass)]
#[derive(Clone, PartialEq)]
pub(crate) struct BetaBinomialEstimator {
    /// None until `__init__` was called, which a subclass may forget.
    inner: Option<BetaBinomial>,
}

impl From<BetaBinomial> for BetaBinomialEstimator {
    fn from(inner: BetaBinomial) -> Self {
        Self { inner: Some(inner) }
    }
}

impl BetaBinomialEstimator {
    fn inner(&self) -> PyResult<&BetaBinomial> {
        self.inner.as_ref().ok_or_else(not_initialized)
    }

    fn add_counts(&mut self, num_one: u64, num_total: u64) -> PyResult<()> {
        let inner = self.inner.as_mut().ok_or_else(not_initialized)?;
        inner.update_counts(num_one, num_total).map_err(refused)
    }
}

fn not_initialized() -> PyErr {
    PyRuntimeError::new_err(
        "the estimator has no prior yet: the __init__ of a subclass must call \
         super().__init__(beta_mean, beta_size)",
    )
}

#[pymethods]
impl BetaBinomialEstimator {
    /// Takes what `__init__` of a subclass may take.
    #[new]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = "(beta_mean, beta_size)")]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self { inner: None }
    }

    fn __init__(
        &mut self,
        beta_mean: &Bound<'_, PyAny>,
        beta_size: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let beta_mean = number("beta_mean", beta_mean)?;
        let beta_size = number("beta_size", beta_size)?;
        // The message names the arguments of the callback: prior_beta_mean.
        let named = |error: rungkeeper_estimators::EstimatorError| {
            refused(error.to_string().replace("prior_beta", "beta"))
        };
        self.inner = Some(BetaBinomial::new(beta_mean, beta_size).map_err(named)?);
        Ok(())
    }

    /// Takes a batch of values: bool, or 0 and 1; also an array of them.
    fn update(&mut self, data: &Bound<'_, PyAny>) -> PyResult<()> {
        let (mut num_one, mut num_total) = (0, 0);
        let mut patience = Patience::new();
        let mut count = |yes: bool| {
            num_one += u64::from(yes);
            num_total += 1;
            patience.tick()
        };
        if let Some(values) = numbers_of_array(data)? {
            for &value in values.readonly().as_array() {
                let refused = || not_a_yes(PyFloat::new(data.py(), value).as_any());
                count(zero_or_one(value).ok_or_else(refused)?)?;
            }
        } else {
            let values = answered(data.py(), data.try_iter())?;
            let values = values.ok_or_else(|| bad_type("data", data, "a sequence of bool"))?;
            for value in values {
                count(yes(&value?)?)?;
            }
        }
        self.add_counts(num_one, num_total)
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
        self.add_counts(num_one, num_total)
    }

    /// Mean of the prior.
    #[getter]
    fn beta_mean(&self) -> PyResult<f64> {
        Ok(self.inner()?.prior_mean())
    }

    /// Size of the prior.
    #[getter]
    fn beta_size(&self) -> PyResult<f64> {
        Ok(self.inner()?.prior_size())
    }

    /// Number of values that were true.
    #[getter]
    fn num_one(&self) -> PyResult<u64> {
        Ok(self.inner()?.num_one())
    }

    /// Number of values.
    #[getter]
    fn num_total(&self) -> PyResult<u64> {
        Ok(self.inner()?.num_total())
    }

    /// The estimate of p.
    fn posterior_mean(&self) -> PyResult<f64> {
        Ok(self.inner()?.posterior_mean())
    }

    /// The parameters (a, b) of the posterior Beta distribution.
    fn posterior_parameters(&self) -> PyResult<(f64, f64)> {
        Ok(self.inner()?.posterior_parameters())
    }

    fn __hash__(&self) -> PyResult<u64> {
        let inner = self.inner()?;
        let mut hasher = DefaultHasher::new();
        for number in [inner.prior_mean(), inner.prior_size()] {
            number.to_bits().hash(&mut hasher);
        }
        Ok(hasher.finish())
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let kind = slf.get_type().name()?;
        let estimator = slf.borrow();
        let inner = estimator.inner()?;
        Ok(format!(
            "{kind}(beta_mean={:?}, beta_size={:?}): {} of {}, posterior mean {:.4}",
            inner.prior_mean(),
            inner.prior_size(),
            inner.num_one(),
            inner.num_total(),
            inner.posterior_mean()
        ))
    }

    /// For `pickle` and `copy`: the prior, the counts, and what a subclass added.
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Reduced<'py>> {
        let make = slf.py().import("copyreg")?.getattr("__newobj__")?;
        let added = slf.getattr_opt("__dict__")?;
        let estimator = slf.borrow();
        let inner = estimator.inner()?;
        let counts = (inner.num_one(), inner.num_total());
        let state = (inner.prior_mean(), inner.prior_size(), counts);
        Ok((make, (slf.get_type(),), (state, added)))
    }

    fn __setstate__(slf: &Bound<'_, Self>, state: &Bound<'_, PyAny>) -> PyResult<()> {
        // In 0.1.0 the prior was among the arguments, and the counts were all of the state.
        if let Ok((num_one, num_total)) = state.extract::<(u64, u64)>() {
            return slf.borrow_mut().add_counts(num_one, num_total);
        }
        let ((mean, size, counts), added): (State, Option<Bound<'_, PyDict>>) = state.extract()?;
        let mut inner = BetaBinomial::new(mean, size).map_err(refused)?;
        inner.update_counts(counts.0, counts.1).map_err(refused)?;
        slf.borrow_mut().inner = Some(inner);
        if let Some(added) = added {
            slf.getattr("__dict__")?.call_method1("update", (added,))?;
        }
        Ok(())
    }
}

/// Mean and size of the prior, and the counts.
type State = (f64, f64, (u64, u64));

/// What makes the object, its class, and the state, as pickle wants them.
type Reduced<'py> = (
    Bound<'py, PyAny>,
    (Bound<'py, PyType>,),
    (State, Option<Bound<'py, PyAny>>),
);

/// The values of a NumPy array of numbers. One by one its scalars take long, and swallow an interrupt.
fn numbers_of_array<'py>(
    data: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyArrayDyn<f64>>>> {
    let Ok(array) = data.cast::<PyUntypedArray>() else {
        return Ok(None);
    };
    if !matches!(array.dtype().kind(), b'b' | b'i' | b'u' | b'f') {
        return Ok(None);
    }
    let numbers = data.call_method1("astype", ("float64",))?;
    Ok(Some(numbers.cast_into::<PyArrayDyn<f64>>()?))
}

/// A truth value of Python or `NumPy`, or the number 0 or 1.
fn yes(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    let refused = || bad_type("data", value, "a bool, 0 or 1");
    if is_truth(value)? {
        return answered(value.py(), value.is_truthy())?.ok_or_else(refused);
    }
    let number = answered(value.py(), number("data", value))?.ok_or_else(refused)?;
    zero_or_one(number).ok_or_else(|| not_a_yes(value))
}

fn zero_or_one(number: f64) -> Option<bool> {
    match number {
        0.0 => Some(false),
        1.0 => Some(true),
        _ => None,
    }
}

fn not_a_yes(value: &Bound<'_, PyAny>) -> PyErr {
    bad_value("data", value, "True, False, 0 or 1")
}
