//! The Python module `rungkeeper._core`: what `rungkeeper` is made of in Rust.
//!
//! Its signatures and documentation for users are in `python/rungkeeper/_core.pyi`; what `help()`
//! shows are the doc comments here, word for word the same (a test compares them). This crate only
//! translates: arguments into those of the crates below, errors into `ValueError` and `TypeError`
//! that name the argument, results into Python's.
//!
//! The interpreter's lock is released while scores are computed, while a callback works and while
//! runs are simulated; meanwhile the user can interrupt.

#![expect(
    clippy::doc_link_with_quotes,
    clippy::doc_markdown,
    reason = "doc comments are docstrings of Python"
)]

mod arguments;
mod arrays;
mod callback;
mod choose;
mod estimator;
mod interrupt;
mod keywords;
mod note;
mod policy;
mod promotion;
mod score;
mod simulation;
mod types;

use pyo3::prelude::*;

#[pymodule]
mod _core {
    use super::{Bound, PyModule, PyModuleMethods, PyResult};

    #[pymodule_export]
    use crate::callback::RemovalCallback;
    #[pymodule_export]
    use crate::choose::choose;
    #[pymodule_export]
    use crate::estimator::BetaBinomialEstimator;
    #[pymodule_export]
    use crate::policy::check_policy;
    #[pymodule_export]
    use crate::promotion::PromotionRungs;
    #[pymodule_export]
    use crate::score::{compute_probabilities_of_getting_resumed, rank_aware_probabilities};
    #[pymodule_export]
    use crate::simulation::simulate;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
