//! The probability of being resumed, on arrays.

mod rank_aware;
mod resumed;
mod rows;

use pyo3::prelude::*;
use rungkeeper_score::{Horizon, PromotionRule};

pub(crate) use self::rank_aware::{ln_rank_aware_probabilities, rank_aware_probabilities};
pub(crate) use self::resumed::{
    compute_ln_probabilities_of_getting_resumed, compute_probabilities_of_getting_resumed,
};
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

/// A promotion rule.
pub(crate) fn rule(name: &str, value: &Bound<'_, PyAny>) -> PyResult<PromotionRule> {
    arguments::named(name, value, "'top_fraction' or 'linear_quantile'")
}

/// A horizon.
pub(crate) fn horizon(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Horizon> {
    arguments::named(name, value, "'hard' or 'first_term_kept'")
}
