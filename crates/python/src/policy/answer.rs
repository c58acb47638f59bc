//! What a policy of a user's own returns: costs, or an order.

use std::collections::{HashMap, HashSet};

use numpy::{PyArrayDyn, PyArrayMethods};
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFrozenSet, PySet, PyString};
use rungkeeper_policies::RungView;

use super::question::Question;
use crate::arguments::{kind, number, refused};
use crate::interrupt::answered;

/// What a policy told of the candidates that it was shown.
pub(crate) struct Answer {
    pub(super) told: Answered,
    /// Trials it was shown.
    shown: HashSet<String>,
    /// Whether it counts although others have become candidates since it was asked.
    is_last: bool,
}

/// What was returned, checked.
pub(super) enum Answered {
    /// The natural logarithm of the cost of each trial.
    Costs(HashMap<String, f64>),
    /// Trials, first to go first.
    Order(Vec<String>),
}

impl Answer {
    /// Reads what the policy returned.
    pub(super) fn of(policy: &str, question: &Question, told: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self {
            told: Reader { policy, question }.read(told)?,
            shown: question.trials().iter().cloned().collect(),
            is_last: false,
        })
    }

    /// The last word on its question: who has become a candidate since waits for the next one.
    pub(crate) fn into_last(self) -> Self {
        Self {
            is_last: true,
            ..self
        }
    }

    /// Whether it was shown all of these candidates.
    pub(super) fn was_shown(&self, rungs: &[RungView<'_>]) -> bool {
        let mut all = rungs.iter().flat_map(|rung| rung.worst_first());
        all.all(|candidate| self.shown.contains(candidate.trial_id))
    }

    /// Whether it can be taken for an answer about these candidates.
    pub(super) fn counts_for(&self, rungs: &[RungView<'_>]) -> bool {
        self.is_last || self.was_shown(rungs)
    }
}

struct Reader<'a> {
    policy: &'a str,
    question: &'a Question,
}

impl Reader<'_> {
    fn read(&self, told: &Bound<'_, PyAny>) -> PyResult<Answered> {
        let elements = self.elements(told)?;
        let texts = elements.iter().filter(|it| it.is_instance_of::<PyString>());
        match texts.count() {
            0 if elements.is_empty() => Err(refused(self.wrong("nothing: an empty sequence"))),
            0 => self.costs(told.py(), &elements).map(Answered::Costs),
            texts if texts == elements.len() => self.order(&elements).map(Answered::Order),
            _ => Err(self.no_answer("a mixture of text and something else")),
        }
    }

    /// The elements of a sequence, or of an iterator, which need not have an end.
    fn elements<'py>(&self, told: &Bound<'py, PyAny>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let has_no_order = told.is_instance_of::<PyDict>()
            || told.is_instance_of::<PySet>()
            || told.is_instance_of::<PyFrozenSet>()
            || told.is_instance_of::<PyString>();
        let elements = if has_no_order {
            None
        } else {
            answered(told.py(), told.try_iter())?
        };
        let elements = elements.ok_or_else(|| self.no_answer(&kind(told)))?;
        let most = self.number();
        let elements: Vec<_> = elements.take(most + 1).collect::<PyResult<_>>()?;
        if elements.len() > most {
            return Err(refused(self.wrong(&format!("more than {most} values"))));
        }
        Ok(elements)
    }

    fn costs(
        &self,
        py: Python<'_>,
        elements: &[Bound<'_, PyAny>],
    ) -> PyResult<HashMap<String, f64>> {
        let costs = self.numbers(py, elements)?;
        let mut ln_costs = HashMap::with_capacity(costs.len());
        for ((trial, is_promotable), cost) in self.question.promotable().zip(costs) {
            // Who is never promoted goes first in any case.
            let is_cost = cost >= 0.0; // NaN is none
            if is_promotable && !is_cost {
                return Err(refused(format!(
                    "the policy {} returned {cost} as the cost of trial {trial:?}, but a cost is a number \
                     from 0; for another order return the trials themselves",
                    self.policy
                )));
            }
            ln_costs.insert(trial.to_owned(), libm::log(cost));
        }
        Ok(ln_costs)
    }

    /// The elements as floats, one for each candidate.
    fn numbers(&self, py: Python<'_>, elements: &[Bound<'_, PyAny>]) -> PyResult<Vec<f64>> {
        let numpy = py.import("numpy")?;
        let array = numpy.call_method1("asarray", (elements.to_vec(),));
        let array = array.map_err(|error| {
            let refused = error.is_instance_of::<PyTypeError>(py)
                || error.is_instance_of::<PyValueError>(py)
                || error.is_instance_of::<PyOverflowError>(py);
            // An interrupt is none of the policy's faults.
            match error.value(py).str() {
                Ok(why) if refused => self.no_answer(&why.to_string_lossy()),
                Err(interrupt) if refused => interrupt,
                _ => error,
            }
        })?;
        let shape: Vec<usize> = array.getattr("shape")?.extract()?;
        if shape.len() > 1 {
            return Err(refused(self.wrong(&format!("costs of shape {shape:?}"))));
        }
        if elements.len() < self.number() {
            let number = elements.len();
            let costs = if number == 1 { "cost" } else { "costs" };
            return Err(refused(self.wrong(&format!("{number} {costs}"))));
        }
        let dtype = array.getattr("dtype")?;
        let kind: String = dtype.getattr("kind")?.extract()?;
        match kind.as_str() {
            "i" | "u" | "f" => {
                let floats = numpy.getattr("float64")?;
                let array = numpy.call_method1("asarray", (array, floats))?;
                let array = array.cast::<PyArrayDyn<f64>>()?.readonly();
                Ok(array.as_array().iter().copied().collect())
            }
            // Numbers that are none of NumPy's, each as Python makes a float of it.
            "O" => self.one_by_one(elements),
            _ => Err(self.no_answer(&format!("an array of dtype {dtype}"))),
        }
    }

    fn one_by_one(&self, elements: &[Bound<'_, PyAny>]) -> PyResult<Vec<f64>> {
        let named = self.question.trials().iter().zip(elements);
        let read = |(trial, element): (&String, &Bound<'_, PyAny>)| {
            let name = format!(
                "what the policy {} returned as the cost of trial {trial:?}",
                self.policy
            );
            number(&name, element)
        };
        named.map(read).collect()
    }

    fn order(&self, elements: &[Bound<'_, PyAny>]) -> PyResult<Vec<String>> {
        let policy = self.policy;
        let known: HashSet<&str> = self.question.trials().iter().map(String::as_str).collect();
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

    fn number(&self) -> usize {
        self.question.trials().len()
    }

    /// That it is of no type that an answer has.
    fn no_answer(&self, what: &str) -> PyErr {
        PyTypeError::new_err(self.wrong(what))
    }

    fn wrong(&self, what: &str) -> String {
        let each = match self.number() {
            1 => "the one candidate".to_owned(),
            number => format!("each of the {number} candidates, in their order"),
        };
        format!(
            "the policy {} returned {what}, but must return costs (a number for {each}) or an order \
             (their trials, first to go first)",
            self.policy
        )
    }
}
