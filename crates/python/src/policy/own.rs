//! A policy of a user's own: a callable of Python.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyString;
use rungkeeper_policies::{
    Candidate, Cheapest, Choice, ExpectedCost, Need, PolicyError, PolicySpec, RemovalPolicy,
    RungCost, RungView, choose_in_order,
};

use super::answer::{Answer, answer};
use super::shown::show;
use crate::arguments::{bad_value, refused};
use crate::interrupt::keep;

/// A callable that is shown candidates and returns their costs, or an order.
///
/// An exception of it is [kept](crate::interrupt::keep), and [`PolicyError::Other`] returned.
#[derive(Clone)]
pub(crate) struct Own {
    callable: Arc<Py<PyAny>>,
    name: &'static str,
    /// What it expected of the candidates that it was shown last, if it told costs.
    costs: Option<Cheapest<Known>>,
}

impl Own {
    /// A policy that has seen nothing.
    pub(crate) fn new(policy: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self {
            callable: Arc::new(policy.clone().unbind()),
            name: kept(name_of(policy)?),
            costs: None,
        })
    }

    /// The callable.
    pub(crate) fn callable(&self) -> &Py<PyAny> {
        &self.callable
    }

    /// The same callable, as if it had been shown nothing.
    pub(crate) fn share(&self) -> Self {
        Self {
            costs: None,
            ..self.clone()
        }
    }

    /// Its name, as in the header of a log.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// What it tells of these candidates.
    fn ask(
        &self,
        rungs: &[RungView<'_>],
        need: Need,
        time_ratio: f64,
    ) -> Result<Answer, PolicyError> {
        Python::attach(|py| {
            let shown = show(py, rungs, need, time_ratio)?;
            let told = self.callable.bind(py).call1((shown,))?;
            answer(self.name, rungs, &told)
        })
        .map_err(|error| self.failed(error))
    }

    /// The cost of losing each checkpoint, by trial; `None` where it only tells an order.
    pub(crate) fn costs(
        &self,
        rungs: &[RungView<'_>],
        time_ratio: f64,
    ) -> Result<Option<HashMap<String, f64>>, PolicyError> {
        if is_empty(rungs) {
            return Ok(None);
        }
        Ok(match self.ask(rungs, Need::default(), time_ratio)? {
            Answer::Costs(ln_costs) => {
                let costs = ln_costs.into_iter();
                Some(costs.map(|(trial, ln)| (trial, libm::exp(ln))).collect())
            }
            Answer::Order(_) => None,
        })
    }

    fn failed(&self, error: PyErr) -> PolicyError {
        keep(error);
        PolicyError::Other(format!("the policy {} failed", self.name))
    }

    /// Refuses an order that ends before enough has gone.
    fn check_enough(
        &self,
        ordered: usize,
        chosen: &[Choice<'_>],
        rungs: &[RungView<'_>],
        need: Need,
    ) -> Result<(), PolicyError> {
        let all: usize = rungs.iter().map(|rung| rung.worst_first().count()).sum();
        let freed = chosen.iter().map(|it| it.candidate.bytes);
        let freed = freed.fold(0u64, u64::saturating_add);
        if ordered == all || (chosen.len() as u64 >= need.checkpoints && freed >= need.bytes) {
            return Ok(());
        }
        Err(self.failed(refused(format!(
            "the policy {} ordered {ordered} of {all} candidates, but {} checkpoints and {} bytes \
             must go: it must name as many as that takes, or all",
            self.name, need.checkpoints, need.bytes
        ))))
    }
}

impl RemovalPolicy for Own {
    fn name(&self) -> &'static str {
        self.name
    }

    fn choose<'m>(
        &mut self,
        rungs: &[RungView<'m>],
        need: Need,
        time_ratio: f64,
    ) -> Result<Vec<Choice<'m>>, PolicyError> {
        if need.is_none() || is_empty(rungs) {
            return Ok(Vec::new());
        }
        match self.ask(rungs, need, time_ratio)? {
            Answer::Costs(ln_costs) => {
                let mut costs = Cheapest(Known {
                    name: self.name,
                    ln_costs,
                });
                let chosen = costs.choose(rungs, need, time_ratio);
                self.costs = Some(costs);
                chosen
            }
            Answer::Order(order) => {
                self.costs = None;
                let ordered = order.len();
                let chosen = choose_in_order(in_order(rungs, &order), need);
                self.check_enough(ordered, &chosen, rungs, need)?;
                Ok(chosen)
            }
        }
    }

    fn cost(&self) -> Option<&dyn ExpectedCost> {
        self.costs.as_ref()?.cost()
    }
}

fn is_empty(rungs: &[RungView<'_>]) -> bool {
    rungs.iter().all(|rung| rung.worst_first().next().is_none())
}

/// The candidates of these trials with the places of their rungs.
fn in_order<'m>(rungs: &[RungView<'m>], order: &[String]) -> Vec<(usize, Candidate<'m>)> {
    let mut all = HashMap::new();
    for (place, rung) in rungs.iter().enumerate() {
        for candidate in rung.worst_first() {
            all.insert(candidate.trial_id, (place, candidate));
        }
    }
    let found = order.iter().filter_map(|trial| all.remove(trial.as_str()));
    found.collect()
}

/// Costs that were told.
#[derive(Clone)]
struct Known {
    name: &'static str,
    ln_costs: HashMap<String, f64>,
}

impl ExpectedCost for Known {
    fn name(&self) -> &'static str {
        self.name
    }

    fn of_rung<'a>(
        &'a self,
        _: RungView<'a>,
        _: f64,
    ) -> Result<Box<dyn RungCost + 'a>, PolicyError> {
        Ok(Box::new(|candidate: &Candidate<'_>| {
            let trial = candidate.trial_id;
            let found = self.ln_costs.get(trial).copied();
            found.ok_or_else(|| {
                PolicyError::Other(format!("the policy told no cost of trial {trial:?}"))
            })
        }))
    }
}

/// The name of a policy: its attribute `name`, or that of the function or class, in lower case with underscores.
fn name_of(policy: &Bound<'_, PyAny>) -> PyResult<String> {
    const ALLOWED: &str = "lower case letters, digits and underscores";
    let given = policy.getattr_opt("name")?;
    let name = match &given {
        Some(name) => name.cast::<PyString>()?.to_string(),
        None => derived_name(policy)?,
    };
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || !name.chars().all(plain) {
        let name = PyString::new(policy.py(), &name);
        return Err(bad_value("the name of the policy", &name, ALLOWED));
    }
    if PolicySpec::NAMES.contains(&name.as_str()) {
        return Err(refused(format!(
            "the policy is named {name}, as one of rungkeeper's own: give it another name, with an \
             attribute `name` if need be"
        )));
    }
    Ok(name)
}

fn derived_name(policy: &Bound<'_, PyAny>) -> PyResult<String> {
    let inner = policy.getattr_opt("func")?; // of a `functools.partial`
    let named = inner.as_ref().unwrap_or(policy);
    let name = match named.getattr_opt("__name__")? {
        Some(name) => name.str()?.to_string(),
        None => named.get_type().name()?.to_string(),
    };
    let mut plain = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !plain.is_empty() && !plain.ends_with('_') {
            plain.push('_');
        }
        if c.is_ascii_alphanumeric() || c == '_' {
            plain.push(c.to_ascii_lowercase());
        }
    }
    let plain = plain.trim_matches('_');
    Ok(if plain.is_empty() { "own" } else { plain }.to_owned())
}

/// The name for as long as the program runs; each is kept once.
fn kept(name: String) -> &'static str {
    static NAMES: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    let names = names.get_or_insert_default();
    if let Some(known) = names.get(name.as_str()) {
        return known;
    }
    let name: &'static str = name.leak();
    names.insert(name);
    name
}
