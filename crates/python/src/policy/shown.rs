//! What a policy of a user's own is shown.

use numpy::IntoPyArray;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyType};
use rungkeeper_policies::{Need, RungView};

/// A `rungkeeper.Candidates`, rung by rung, worst first.
pub(super) fn show<'py>(
    py: Python<'py>,
    rungs: &[RungView<'_>],
    need: Need,
    time_ratio: f64,
) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let mut trials = Vec::new();
    let mut columns: [Vec<i64>; 6] = Default::default();
    let (mut metrics, mut quantiles) = (Vec::new(), Vec::new());
    for (place, rung) in rungs.iter().enumerate() {
        let quantile = rung.promotion_quantile().value();
        for candidate in rung.worst_first() {
            trials.push(candidate.trial_id);
            let row = [
                place as u64,
                rung.level(),
                candidate.rank,
                rung.len(),
                candidate.num_better,
                candidate.bytes,
            ];
            for (column, value) in columns.iter_mut().zip(row) {
                column.push(value.cast_signed()); // below 2^53
            }
            metrics.push(candidate.metric.unwrap_or(f64::NAN));
            quantiles.push(quantile);
        }
    }
    let numpy = py.import(intern!(py, "numpy"))?;
    let trials = PyList::new(py, trials)?;
    // NumPy's own texts lose zeros at their ends.
    let objects = numpy.call_method1("empty", (trials.len(), intern!(py, "O")))?;
    objects.set_item(pyo3::types::PySlice::full(py), trials)?;
    let shown = PyDict::new(py);
    shown.set_item("trial", objects)?;
    let names = ["rung", "level", "rank", "rung_len", "num_better", "bytes"];
    for (name, column) in names.into_iter().zip(columns) {
        shown.set_item(name, column.into_pyarray(py))?;
    }
    shown.set_item("metric", metrics.into_pyarray(py))?;
    shown.set_item("prom_quant", quantiles.into_pyarray(py))?;
    shown.set_item("time_ratio", time_ratio)?;
    shown.set_item("checkpoints_to_go", need.checkpoints)?;
    shown.set_item("bytes_to_go", need.bytes)?;
    CLASS
        .import(py, "rungkeeper._types", "Candidates")?
        .call((), Some(&shown))
}
