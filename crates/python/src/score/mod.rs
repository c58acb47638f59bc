//! The probability of being resumed, on arrays.

mod rank_aware;
mod resumed;
mod rows;

use pyo3::prelude::*;
use rungkeeper_score::{Horizon, PromotionRule, ResumeProbability};

pub(crate) use self::rank_aware::rank_aware_probabilities;
pub(crate) use self::resumed::compute_probabilities_of_getting_resumed;
use crate::arguments;

/// A promotion rule by its name.
#[derive(Clone, Copy, Default)]
pub(crate) struct Rule(PromotionRule);

impl FromPyObject<'_, '_> for Rule {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        rule("promotion_rule", &value).map(Self)
    }
}

/// Whether logarithms are asked for.
#[derive(Clone, Copy, Default)]
pub(crate) struct Logarithm(bool);

impl Logarithm {
    /// What is returned of a probability.
    fn of(self) -> fn(ResumeProbability) -> f64 {
        if self.0 {
            ResumeProbability::ln_probability
        } else {
            ResumeProbability::probability
        }
    }
}

impl FromPyObject<'_, '_> for Logarithm {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        arguments::flag("log", &value).map(Self)
    }
}

/// A promotion rule.
pub(crate) fn rule(name: &str, value: &Bound<'_, PyAny>) -> PyResult<PromotionRule> {
    arguments::named(name, value, "'top_fraction' or 'linear_quantile'")
}

/// A horizon.
pub(crate) fn horizon(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Horizon> {
    arguments::named(name, value, "'hard' or 'first_term_kept'")
}
