//! A policy of a user's own: a callable of Python.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyString;
use rungkeeper_policies::{
    Candidate, Cheapest, Choice, ExpectedCost, Need, PolicyError, PolicySpec, RemovalPolicy,
    RungCost, RungView, choose_in_order,
};

use super::answer::{Answer, Answered};
use super::question::Question;
use crate::arguments::{bad_type, bad_value, refused};
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
    /// Where questions are left for others to ask; without it they are asked at once.
    desk: Option<Desk>,
}

/// What goes between a policy that must not be asked here, under a lock, and who asks it.
type Desk = Arc<Mutex<OnDesk>>;

enum OnDesk {
    Nothing,
    Question(Question),
    Answer(Answer),
}

impl Own {
    /// A policy that has seen nothing.
    pub(crate) fn new(policy: &Bound<'_, PyAny>) -> PyResult<Self> {
        if !policy.is_callable() {
            return Err(bad_type("policy", policy, "a str or a callable"));
        }
        Ok(Self {
            callable: Arc::new(policy.clone().unbind()),
            name: kept(name_of(policy)?),
            costs: None,
            desk: None,
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
            desk: None,
            ..self.clone()
        }
    }

    /// The same for work under a lock: the policy may do what it likes, so it is asked without. Where it has no answer that
    /// counts, choosing fails and leaves a [question](Own::take_question); its copies share both.
    pub(crate) fn under_a_lock(&self) -> Self {
        Self {
            desk: Some(Arc::new(Mutex::new(OnDesk::Nothing))),
            ..self.share()
        }
    }

    /// What is to be asked, if anything, before the work is done again.
    pub(crate) fn take_question(&self) -> Option<Question> {
        match self.swap_desk(OnDesk::Nothing) {
            OnDesk::Question(question) => Some(question),
            OnDesk::Nothing | OnDesk::Answer(_) => None,
        }
    }

    /// The answer to the question, for the next work.
    pub(crate) fn put_answer(&self, answer: Answer) {
        self.swap_desk(OnDesk::Answer(answer));
    }

    fn swap_desk(&self, next: OnDesk) -> OnDesk {
        let Some(desk) = &self.desk else {
            return OnDesk::Nothing;
        };
        let mut desk = desk.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut desk, next)
    }

    /// Its name, as in the header of a log.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// What it tells of candidates.
    pub(crate) fn ask(&self, py: Python<'_>, question: &Question) -> PyResult<Answer> {
        let told = self.callable.bind(py).call1((question.show(py)?,))?;
        Answer::of(self.name, question, &told)
    }

    /// What it tells of these candidates, or told of them before.
    fn answer(
        &self,
        rungs: &[RungView<'_>],
        need: Need,
        time_ratio: f64,
    ) -> Result<Answer, PolicyError> {
        let before = self.swap_desk(OnDesk::Nothing);
        if let OnDesk::Answer(answer) = before
            && answer.counts_for(rungs)
        {
            return Ok(answer);
        }
        let question = Question::of(rungs, need, time_ratio);
        if self.desk.is_some() {
            self.swap_desk(OnDesk::Question(question));
            return Err(PolicyError::Other("it is to be asked".to_owned()));
        }
        Python::attach(|py| self.ask(py, &question)).map_err(|error| self.failed(error))
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
        Ok(
            match self.answer(rungs, Need::default(), time_ratio)?.told {
                Answered::Costs(ln_costs) => {
                    let costs = ln_costs.into_iter();
                    Some(costs.map(|(trial, ln)| (trial, libm::exp(ln))).collect())
                }
                Answered::Order(_) => None,
            },
        )
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
        let answer = self.answer(rungs, need, time_ratio)?;
        let was_shown_all = answer.was_shown(rungs);
        match answer.told {
            Answered::Costs(ln_costs) => {
                let mut costs = Cheapest(Known {
                    name: self.name,
                    ln_costs,
                });
                let chosen = costs.choose(rungs, need, time_ratio);
                self.costs = Some(costs);
                chosen
            }
            Answered::Order(order) => {
                self.costs = None;
                // Whose checkpoint has gone, or cannot go any more, since the policy was asked is none of these.
                let ordered = in_order(rungs, &order);
                let number = ordered.len();
                let chosen = choose_in_order(ordered, need);
                if was_shown_all {
                    self.check_enough(number, &chosen, rungs, need)?;
                }
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
        // Who has become a candidate since the policy was asked goes last.
        Ok(Box::new(|candidate: &Candidate<'_>| {
            let known = self.ln_costs.get(candidate.trial_id);
            Ok(known.copied().unwrap_or(f64::INFINITY))
        }))
    }
}

/// The name of a policy: its attribute `name`, or that of the function or class, in lower case with underscores.
fn name_of(policy: &Bound<'_, PyAny>) -> PyResult<String> {
    const ALLOWED: &str = "lower case letters, digits and underscores";
    let given = policy.getattr_opt("name")?;
    let name = match &given {
        Some(name) => match name.cast::<PyString>() {
            Ok(name) => name.to_string(),
            Err(_) => return Err(bad_type("the name of the policy", name, "a str")),
        },
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
