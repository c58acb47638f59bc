//! The conformance suite of the core, for policies of a user's own.

use std::panic::{self, AssertUnwindSafe};

use pyo3::exceptions::PyAssertionError;
use pyo3::prelude::*;
use rungkeeper_policies::{RemovalPolicy, conformance};

use super::Own;
use crate::arguments::bad_type;
use crate::interrupt::{keep, taken};

/// Checks that a policy of your own keeps the laws that every policy keeps.
///
/// It is shown 200 situations, the same in each call, and each time a new copy of it
/// (`copy.deepcopy`). Nothing may go that was not shown, and none twice; a trial whose
/// metric is no finite number goes before all others, which costs take care of; equal
/// policies that are shown the same choose the same.
///
/// Args:
///     policy: The policy, as `RemovalCallback` takes it.
///
/// Raises:
///     AssertionError: A law is broken; the message tells which, and in what situation.
///     Exception: Whatever the policy raises, and what its answers are refused with.
///
/// Example:
///     >>> import numpy as np
///     >>> def largest_first(candidates):
///     ...     is_finite = np.isfinite(candidates.metric)
///     ...     return candidates.trial[np.lexsort((-candidates.bytes, is_finite))]
///     >>> check_policy(largest_first)
#[pyfunction]
pub(crate) fn check_policy(policy: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = policy.py();
    if !policy.is_callable() {
        let allowed =
            "a policy of your own, a callable: those of rungkeeper, by name, keep the laws";
        return Err(bad_type("policy", policy, allowed));
    }
    Own::new(policy)?;
    let copy = py.import("copy")?.getattr("deepcopy")?;
    let make = || -> Box<dyn RemovalPolicy> {
        match copy.call1((policy,)).and_then(|copied| Own::new(&copied)) {
            Ok(own) => Box::new(own),
            Err(error) => {
                keep(error);
                panic!("the policy cannot be copied");
            }
        }
    };
    taken();
    // The message is handed on as an exception; it is not printed as well.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| conformance::check(&make)));
    panic::set_hook(hook);
    let Err(broken) = outcome else {
        return Ok(());
    };
    if let Some(error) = taken() {
        return Err(error);
    }
    let message = broken.downcast_ref::<String>().cloned();
    let message = message.or_else(|| broken.downcast_ref::<&str>().map(ToString::to_string));
    let message = message.unwrap_or_else(|| "the policy breaks a law".to_owned());
    Err(PyAssertionError::new_err(message))
}
