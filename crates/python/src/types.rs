//! Results that are Python classes: `python/rungkeeper/_types.py` defines them.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;
use rungkeeper_tuner_hooks::{Removal, RemovalReason, TrialInformation};

const MODULE: &str = "rungkeeper._types";

/// A `rungkeeper.Removal`.
pub(crate) fn removal<'py>(py: Python<'py>, removal: &Removal) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    CLASS.import(py, MODULE, "Removal")?.call1((
        &removal.trial,
        removal.level,
        removal.rank,
        removal.rung_len,
        removal.bytes,
        removal.expected_cost,
        removal.ln_expected_cost,
        reason(removal.reason),
    ))
}

/// A `rungkeeper.TrialInformation`.
pub(crate) fn information<'py>(
    py: Python<'py>,
    information: &TrialInformation,
) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    CLASS.import(py, MODULE, "TrialInformation")?.call1((
        &information.trial_id,
        information.level,
        information.rank,
        information.rung_len,
        information.score_val,
    ))
}

fn reason(reason: RemovalReason) -> &'static str {
    match reason {
        RemovalReason::MaxCheckpoints => "max_checkpoints",
        RemovalReason::MaxBytes => "max_bytes",
        RemovalReason::Asked => "asked",
        RemovalReason::Lost => "lost",
    }
}
