//! What a policy of a user's own is asked: its candidates, as they stand at that moment.

use numpy::PyArray1;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyType};
use rungkeeper_policies::{Need, RungView};

const COLUMNS: [&str; 6] = ["rung", "level", "rank", "rung_len", "num_better", "bytes"];

/// Candidates rung by rung, worst first, and how much must go. It borrows nothing: the run may go on while it is asked.
pub(crate) struct Question {
    trials: Vec<String>,
    columns: [Vec<i64>; COLUMNS.len()],
    /// NaN for a trial that is never promoted.
    metrics: Vec<f64>,
    quantiles: Vec<f64>,
    need: Need,
    time_ratio: f64,
}

impl Question {
    pub(super) fn of(rungs: &[RungView<'_>], need: Need, time_ratio: f64) -> Self {
        let mut question = Self {
            trials: Vec::new(),
            columns: Default::default(),
            metrics: Vec::new(),
            quantiles: Vec::new(),
            need,
            time_ratio,
        };
        for (place, rung) in rungs.iter().enumerate() {
            let quantile = rung.promotion_quantile().value();
            for candidate in rung.worst_first() {
                question.trials.push(candidate.trial_id.to_owned());
                let row = [
                    place as u64,
                    rung.level(),
                    candidate.rank,
                    rung.len(),
                    candidate.num_better,
                    candidate.bytes,
                ];
                for (column, value) in question.columns.iter_mut().zip(row) {
                    column.push(value.cast_signed()); // below 2^53
                }
                question.metrics.push(candidate.metric.unwrap_or(f64::NAN));
                question.quantiles.push(quantile);
            }
        }
        question
    }

    /// The trials, in the order in which costs are told.
    pub(super) fn trials(&self) -> &[String] {
        &self.trials
    }

    /// The trials, each with whether it may ever be promoted.
    pub(super) fn promotable(&self) -> impl Iterator<Item = (&str, bool)> {
        let metrics = self.metrics.iter().map(|metric| metric.is_finite());
        self.trials.iter().map(String::as_str).zip(metrics)
    }

    /// A `rungkeeper.Candidates`.
    pub(super) fn show<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let numpy = py.import(intern!(py, "numpy"))?;
        let trials = PyList::new(py, &self.trials)?;
        // NumPy's own texts lose zeros at their ends.
        let objects = numpy.call_method1("empty", (trials.len(), intern!(py, "O")))?;
        objects.set_item(pyo3::types::PySlice::full(py), trials)?;
        let shown = PyDict::new(py);
        shown.set_item("trial", objects)?;
        for (name, column) in COLUMNS.into_iter().zip(&self.columns) {
            shown.set_item(name, PyArray1::from_slice(py, column))?;
        }
        shown.set_item("metric", PyArray1::from_slice(py, &self.metrics))?;
        shown.set_item("prom_quant", PyArray1::from_slice(py, &self.quantiles))?;
        shown.set_item("time_ratio", self.time_ratio)?;
        shown.set_item("checkpoints_to_go", self.need.checkpoints)?;
        shown.set_item("bytes_to_go", self.need.bytes)?;
        CLASS
            .import(py, "rungkeeper._types", "Candidates")?
            .call((), Some(&shown))
    }
}
