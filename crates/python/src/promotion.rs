//! The promotion scheduler's rungs, for tuners that start and number their trials themselves.

use std::collections::HashMap;

use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyType};
use rungkeeper_tuner::scheduler::{
    BracketDistribution, PromotionScheduler, PromotionSpec, Scheduler, SchedulerError, Task,
};
use rungkeeper_tuner::search_space::{Configuration, SearchSpace};
use rungkeeper_tuner_hooks::{Decision, Mode};

use crate::arguments::{
    bad_type, bad_value, factor, metric, named, positive, refused, seed, trial_id, unsigned,
};
use crate::interrupt::{Patience, answered, to_list};
use crate::keywords::Keywords;

const NAME: &str = "PromotionRungs";
const EVENTS: &str = "a list of events";

/// Rungs, and which of their trials is promoted next: for schedulers in Python.
///
/// For tuners that start trials themselves and ask which paused one may go on. A trial
/// that gets to a rung is paused there, always, and stops at `max_resource`. The best
/// paused trial of a rung is promoted if it is among the best 1 / `reduction_factor` of
/// all that were recorded there, promoted ones included; the highest rung comes first.
/// Of equals the one recorded earlier is better.
///
/// Trials are text; an int stands for its decimal text, and trials that are returned
/// are text. What is refused (a `ValueError`) changes nothing.
///
/// It can be pickled and copied. What is pickled are the settings and all calls, and
/// what is read back is their replay.
///
/// Args:
///     grace_period: The first level.
///     reduction_factor: From a level to the next, at least 2; a whole number, also
///         as 3.0.
///     max_resource: Resource at which a trial stops; levels stay below it.
///     mode: Whether small or large metrics are good.
///     brackets: Number of brackets; bracket s starts at the s-th level. All
///         brackets share the rungs.
///     seed: Seed of the brackets that trials are given.
///
/// Raises:
///     ValueError: An argument outside its range.
///     TypeError: An argument that is missing, unknown or of another type.
///
/// Example:
///     >>> rungs = PromotionRungs(grace_period=1, reduction_factor=3, max_resource=9)
///     >>> for trial, loss in enumerate([0.3, 0.5, 0.4]):
///     ...     bracket, milestone = rungs.start(trial)
///     ...     decision = rungs.report(trial, milestone, loss)
///     >>> decision
///     'PAUSE'
///     >>> rungs.promote()
///     ('0', 1, 3)
///     >>> print(rungs.promote())
///     None
#[pyclass(module = "rungkeeper._core")]
pub(crate) struct PromotionRungs {
    settings: Settings,
    first_levels: Vec<u64>,
    brackets: BracketDistribution,
    scheduler: PromotionScheduler,
    /// Names of the trials by the scheduler's number, and back.
    names: Vec<String>,
    numbers: HashMap<String, usize>,
    events: Vec<Event>,
}

#[derive(Clone, Copy)]
struct Settings {
    grace_period: u64,
    reduction_factor: u64,
    max_resource: u64,
    mode: Mode,
    brackets: u64,
    seed: u64,
}

/// What happened: its name, the trial, and of a report the resource and the metric.
type Event = (String, String, u64, f64);

impl PromotionRungs {
    fn of(settings: Settings) -> PyResult<Self> {
        let Settings {
            grace_period,
            reduction_factor,
            max_resource,
            ..
        } = settings;
        let spec = PromotionSpec::geometric(grace_period, reduction_factor, max_resource);
        let mut spec = spec.map_err(refused)?;
        spec.model.mode = settings.mode;
        spec.model.brackets.number = settings.brackets as usize;
        spec.seed = settings.seed;
        Ok(Self {
            settings,
            first_levels: spec.model.rungs.iter().map(|rung| rung.level).collect(),
            brackets: BracketDistribution::new(&spec.model).map_err(refused)?,
            scheduler: PromotionScheduler::new(&spec, SearchSpace::default()).map_err(refused)?,
            names: Vec::new(),
            numbers: HashMap::new(),
            events: Vec::new(),
        })
    }

    /// The scheduler's name of a trial.
    fn number(&self, trial: &str) -> PyResult<String> {
        let number = self.numbers.get(trial).map(ToString::to_string);
        number.ok_or_else(|| PyValueError::new_err(format!("trial {trial:?} was never started")))
    }

    fn begin(&mut self, trial: &str) -> PyResult<(usize, u64)> {
        if self.numbers.contains_key(trial) {
            let message = format!("trial {trial:?} was started before");
            return Err(PyValueError::new_err(message));
        }
        let number = self.names.len();
        let bracket = self.brackets.bracket(self.settings.seed, number as u64);
        let configuration = Configuration::default();
        let started = self
            .scheduler
            .adopt_start(&number.to_string(), bracket, &configuration);
        started.map_err(refused)?;
        self.names.push(trial.to_owned());
        self.numbers.insert(trial.to_owned(), number);
        self.happened("start", trial, 0, 0.0);
        Ok((bracket, self.first_levels[bracket]))
    }

    fn arrive(&mut self, trial: &str, resource: u64, metric: f64) -> PyResult<Decision> {
        let number = self.number(trial)?;
        let verdict = self.scheduler.on_report(&number, resource, metric);
        let verdict = verdict.map_err(|error| self.named(&error, trial))?;
        self.happened("report", trial, resource, metric);
        Ok(verdict.decision)
    }

    /// A call that has no arguments but the trial.
    fn tell(
        &mut self,
        event: &str,
        trial: &str,
        call: fn(&mut PromotionScheduler, &str) -> Result<(), SchedulerError>,
    ) -> PyResult<()> {
        let number = self.number(trial)?;
        let told = call(&mut self.scheduler, &number);
        told.map_err(|error| self.named(&error, trial))?;
        self.happened(event, trial, 0, 0.0);
        Ok(())
    }

    /// The error, about the trial by the name that the caller gave it.
    fn named(&self, error: &SchedulerError, trial: &str) -> PyErr {
        let number = self
            .numbers
            .get(trial)
            .map(|number| format!("\"{number}\""));
        let message = error.to_string();
        refused(match number {
            Some(number) => message.replacen(&number, &format!("{trial:?}"), 1),
            None => message,
        })
    }

    fn happened(&mut self, event: &str, trial: &str, resource: u64, metric: f64) {
        let event = (event.to_owned(), trial.to_owned(), resource, metric);
        self.events.push(event);
    }

    /// The trial to be promoted, its level, and where it is paused next.
    fn next(&mut self) -> Option<(String, u64, u64)> {
        let Some(Task::Resume {
            trial,
            level,
            milestone,
        }) = self.scheduler.next_promotion()
        else {
            return None;
        };
        let number: usize = trial.parse().ok()?;
        Some((self.names.get(number)?.clone(), level, milestone))
    }
}

#[pymethods]
impl PromotionRungs {
    #[new]
    #[pyo3(
        signature = (**settings),
        text_signature = "(*, grace_period, reduction_factor, max_resource, mode='min', \
            brackets=1, seed=0)"
    )]
    fn new(py: Python<'_>, settings: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let keywords = Keywords::new(py, NAME, settings)?;
        let mode = |name: &str, value: &Bound<'_, PyAny>| named(name, value, "'min' or 'max'");
        let settings = Settings {
            grace_period: keywords.need("grace_period", positive)?,
            reduction_factor: keywords.need("reduction_factor", factor)?,
            max_resource: keywords.need("max_resource", unsigned)?,
            mode: keywords.take("mode", Mode::Min, mode)?,
            brackets: keywords.take("brackets", 1, positive)?,
            seed: keywords.take("seed", 0, seed)?,
        };
        keywords.end()?;
        Self::of(settings)
    }

    /// A trial begins.
    ///
    /// Returns:
    ///     Its bracket, and the level where it is paused first.
    fn start(&mut self, trial: &Bound<'_, PyAny>) -> PyResult<(usize, u64)> {
        self.begin(&trial_id(trial)?)
    }

    /// A running trial reports.
    ///
    /// Args:
    ///     trial: The trial.
    ///     resource: Resource of the report, from 1. Between rungs nothing is recorded;
    ///         behind a rung that was left out, it counts as a report there.
    ///     metric: A number. NaN, infinities, None and text are bad metrics: behind all
    ///         others and never promoted.
    ///
    /// Returns:
    ///     What the trial does now; at a rung it is paused.
    ///
    /// Raises:
    ///     ValueError: The trial does not run, or the resource goes back.
    fn report(
        &mut self,
        trial: &Bound<'_, PyAny>,
        resource: &Bound<'_, PyAny>,
        metric: &Bound<'_, PyAny>,
    ) -> PyResult<&'static str> {
        let resource = unsigned("resource", resource)?;
        let metric = self::metric(metric)?;
        Ok(match self.arrive(&trial_id(trial)?, resource, metric)? {
            Decision::Continue => "CONTINUE",
            Decision::Pause => "PAUSE",
            Decision::Stop => "STOP",
        })
    }

    /// The paused trial that `promote` would take now.
    fn promotable(&mut self) -> Option<String> {
        self.next().map(|(trial, ..)| trial)
    }

    /// Takes a paused trial to the next rung; it runs from then on.
    ///
    /// Returns:
    ///     The trial, the level it waited at, and the level where it is paused next
    ///     (the last time `max_resource`). None if no trial can be promoted.
    fn promote(&mut self) -> PyResult<Option<(String, u64, u64)>> {
        let Some(next) = self.next() else {
            return Ok(None);
        };
        self.tell("resume", &next.0, PromotionScheduler::adopt_resume)?;
        Ok(Some(next))
    }

    /// A trial's training ended by itself: it is not promoted any more.
    fn complete(&mut self, trial: &Bound<'_, PyAny>) -> PyResult<()> {
        self.tell(
            "complete",
            &trial_id(trial)?,
            PromotionScheduler::on_complete,
        )
    }

    /// A trial failed for good: it is not promoted any more.
    fn failed(&mut self, trial: &Bound<'_, PyAny>) -> PyResult<()> {
        self.tell("failed", &trial_id(trial)?, PromotionScheduler::on_failed)
    }

    /// Number of trials ever started.
    fn __len__(&self) -> usize {
        self.names.len()
    }

    /// Whether a trial was ever started; what can be no trial was not.
    fn __contains__(&self, trial: &Bound<'_, PyAny>) -> PyResult<bool> {
        let trial = answered(trial.py(), trial_id(trial))?;
        Ok(trial.is_some_and(|trial| self.numbers.contains_key(&trial)))
    }

    fn __repr__(&self) -> String {
        let rungs = self.scheduler.model().rungs();
        let rungs = rungs
            .iter()
            .map(|rung| format!("{}: {}", rung.level(), rung.len()));
        let rungs: Vec<String> = rungs.collect();
        let (trials, rungs) = (self.names.len(), rungs.join(", "));
        format!("<{NAME} of {trials} trials, entries by level {{{rungs}}}>")
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Reduced<'py>> {
        let py = slf.py();
        let rungs = slf.borrow();
        let settings = PyDict::new(py);
        settings.set_item("grace_period", rungs.settings.grace_period)?;
        settings.set_item("reduction_factor", rungs.settings.reduction_factor)?;
        settings.set_item("max_resource", rungs.settings.max_resource)?;
        settings.set_item("mode", rungs.settings.mode.to_string())?;
        settings.set_item("brackets", rungs.settings.brackets)?;
        settings.set_item("seed", rungs.settings.seed)?;
        let build = py.import("copyreg")?.getattr("__newobj_ex__")?;
        let events = to_list(py, &rungs.events, |event| event.into_bound_py_any(py))?;
        Ok((build, (slf.get_type(), (), settings), events))
    }

    fn __setstate__(&mut self, state: &Bound<'_, PyAny>) -> PyResult<()> {
        let refused = || bad_type("state", state, EVENTS);
        let events = answered(state.py(), state.try_iter())?.ok_or_else(refused)?;
        let mut again = Self::of(self.settings)?;
        let mut patience = Patience::new();
        for event in events {
            let event = answered(state.py(), event?.extract::<Event>())?;
            let event = event.ok_or_else(refused)?;
            let (event, trial, resource, metric) = event;
            match event.as_str() {
                "start" => again.begin(&trial).map(|_| ()),
                "report" => again.arrive(&trial, resource, metric).map(|_| ()),
                "resume" => again.tell("resume", &trial, PromotionScheduler::adopt_resume),
                "complete" => again.tell("complete", &trial, PromotionScheduler::on_complete),
                "failed" => again.tell("failed", &trial, PromotionScheduler::on_failed),
                _ => Err(bad_value("state", state, EVENTS)),
            }?;
            patience.tick()?;
        }
        *self = again;
        Ok(())
    }
}

/// What builds the object, its arguments and its state, as pickle wants them.
type Reduced<'py> = (
    Bound<'py, PyAny>,
    (Bound<'py, PyType>, (), Bound<'py, PyDict>),
    Bound<'py, PyList>,
);
