//! Results that are Python classes: `python/rungkeeper/_types.py` defines them.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyType};
use rungkeeper_tuner_hooks::{Removal, RemovalReason, TrialInformation};

const MODULE: &str = "rungkeeper._types";

/// A `rungkeeper.Removal`, built as `pickle` builds it: the constructor of a frozen class is slow,
/// and this is much of a loop end.
pub(crate) fn removal<'py>(py: Python<'py>, removal: &Removal) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let class = CLASS.import(py, MODULE, "Removal")?;
    let built = class.call_method1(intern!(py, "__new__"), (class,))?;
    let fields = built.getattr(intern!(py, "__dict__"))?;
    let fields = fields.cast::<PyDict>()?;
    fields.set_item(intern!(py, "trial"), &removal.trial)?;
    fields.set_item(intern!(py, "level"), removal.level)?;
    fields.set_item(intern!(py, "rank"), removal.rank)?;
    fields.set_item(intern!(py, "rung_len"), removal.rung_len)?;
    fields.set_item(intern!(py, "bytes"), removal.bytes)?;
    fields.set_item(intern!(py, "expected_cost"), removal.expected_cost)?;
    fields.set_item(intern!(py, "ln_expected_cost"), removal.ln_expected_cost)?;
    fields.set_item(intern!(py, "reason"), reason(py, removal.reason))?;
    Ok(built)
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

fn reason(py: Python<'_>, reason: RemovalReason) -> &Bound<'_, PyString> {
    match reason.name() {
        "max_checkpoints" => intern!(py, "max_checkpoints"),
        "max_bytes" => intern!(py, "max_bytes"),
        "asked" => intern!(py, "asked"),
        "lost" => intern!(py, "lost"),
        _ => intern!(py, "unknown"),
    }
}
