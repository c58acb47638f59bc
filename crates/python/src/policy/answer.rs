//! What a policy of a user's own returns: costs, or an order.

use std::collections::{HashMap, HashSet};

use numpy::{PyArrayDyn, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFrozenSet, PySet, PyString};
use rungkeeper_policies::{Candidate, RungView};

use crate::arguments::{kind, refused};

/// What was returned, checked.
pub(super) enum Answer {
    /// The natural logarithm of the cost of each trial.
    Costs(HashMap<String, f64>),
    /// Trials, first to go first.
    Order(Vec<String>),
}

/// Reads it.
pub(super) fn answer(
    policy: &str,
    rungs: &[RungView<'_>],
    told: &Bound<'_, PyAny>,
) -> PyResult<Answer> {
    let all: Vec<Candidate<'_>> = rungs.iter().flat_map(|rung| rung.worst_first()).collect();
    let wrong = |what: &str| {
        PyTypeError::new_err(format!(
            "the policy {policy} returned {what}, but must return costs (a number for each of the \
             {} candidates, in their order) or an order (their trials, first to go first)",
            all.len()
        ))
    };
    let has_no_order = told.is_instance_of::<PyDict>()
        || told.is_instance_of::<PySet>()
        || told.is_instance_of::<PyFrozenSet>()
        || told.is_instance_of::<PyString>();
    let Some(elements) = told.try_iter().ok().filter(|_| !has_no_order) else {
        return Err(wrong(&kind(told)));
    };
    let elements: Vec<Bound<'_, PyAny>> = elements.collect::<PyResult<_>>()?;
    let texts = elements.iter().filter(|it| it.is_instance_of::<PyString>());
    match texts.count() {
        0 => costs(policy, told, &elements, &all, &wrong).map(Answer::Costs),
        texts if texts == elements.len() => order(policy, &elements, &all).map(Answer::Order),
        _ => Err(wrong("a mixture of text and something else")),
    }
}

fn costs(
    policy: &str,
    told: &Bound<'_, PyAny>,
    elements: &[Bound<'_, PyAny>],
    all: &[Candidate<'_>],
    wrong: &dyn Fn(&str) -> PyErr,
) -> PyResult<HashMap<String, f64>> {
    let py = told.py();
    let numpy = py.import("numpy")?;
    // What was an iterator is read by now.
    let array = numpy.call_method1("asarray", (elements.to_vec(),));
    let array = array.map_err(|error| {
        let refused = error.is_instance_of::<PyTypeError>(py)
            || error.is_instance_of::<PyValueError>(py)
            || error.is_instance_of::<PyOverflowError>(py);
        // An interrupt is none of the policy's faults.
        match error.value(py).str() {
            Ok(why) if refused => wrong(&why.to_string_lossy()),
            Err(interrupt) if refused => interrupt,
            _ => error,
        }
    })?;
    let dtype = array.getattr("dtype")?;
    let kind: String = dtype.getattr("kind")?.extract()?;
    if !matches!(kind.as_str(), "i" | "u" | "f") {
        return Err(wrong(&format!("an array of dtype {dtype}")));
    }
    let array = numpy.call_method1("asarray", (array, numpy.getattr("float64")?))?;
    let array = array.cast::<PyArrayDyn<f64>>()?.readonly();
    if array.shape() != [all.len()] {
        return Err(refused(format!(
            "the policy {policy} returned costs of shape {:?}, but there are {} candidates",
            array.shape(),
            all.len()
        )));
    }
    let mut ln_costs = HashMap::with_capacity(all.len());
    for (candidate, &cost) in all.iter().zip(array.as_array()) {
        let trial = candidate.trial_id;
        // Who is never promoted goes first in any case.
        if !(cost >= 0.0 || candidate.metric.is_none()) {
            return Err(refused(format!(
                "the policy {policy} returned {cost} as the cost of trial {trial:?}, but a cost is a \
                 number from 0; for another order return the trials themselves"
            )));
        }
        ln_costs.insert(trial.to_owned(), libm::log(cost));
    }
    Ok(ln_costs)
}

fn order(
    policy: &str,
    elements: &[Bound<'_, PyAny>],
    all: &[Candidate<'_>],
) -> PyResult<Vec<String>> {
    let known: HashSet<&str> = all.iter().map(|candidate| candidate.trial_id).collect();
    let (mut seen, mut order) = (HashSet::new(), Vec::with_capacity(elements.len()));
    for element in elements {
        let trial: String = element.extract()?;
        if !known.contains(trial.as_str()) {
            return Err(refused(format!(
                "the policy {policy} returned trial {trial:?}, which is no candidate"
            )));
        }
        if !seen.insert(trial.clone()) {
            return Err(refused(format!(
                "the policy {policy} returned trial {trial:?} twice"
            )));
        }
        order.push(trial);
    }
    Ok(order)
}
