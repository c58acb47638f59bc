//! Simulated runs on tabulated learning curves.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use rungkeeper_tuner::curves::{CurveError, CurveTable, Problem, ReadOptions};
use rungkeeper_tuner::simulation::{
    BoxedSink, Cell, CellResult, Conditions, Curves, CutCurves, CutOff, Draw, Grid, GridObserver,
    Levels, Retraining,
};
use rungkeeper_tuner_hooks::{BoxError, Brackets, Limits, Mode};

use crate::arguments::{
    factor, flag, limit_in_seconds, list, named, optional, positive, refused, text, up_to,
};
use crate::interrupt::{Stop, beside};
use crate::keywords::Keywords;
use crate::note::say;
use crate::score::rule;

/// More runs of each combination than anyone waits for.
const MOST_SEEDS: u64 = 1_000_000;

/// More threads than a machine has.
const MOST_THREADS: u64 = 1_024;

/// A name, and the text of a table; without one the name is a path.
type Source = (String, Option<String>);

/// Simulates a grid; `rungkeeper.simulate` prepares the arguments.
#[pyfunction]
pub(crate) fn simulate<'py>(
    py: Python<'py>,
    sources: Vec<Source>,
    settings: &Bound<'py, PyDict>,
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let keywords = Keywords::new(py, "simulate", Some(settings))?;
    let metric = keywords.take("metric", None, |name, value| optional(name, value, text))?;
    let mode = keywords.take("mode", None, |name, value| {
        optional(name, value, |name, value| {
            named(name, value, "'min' or 'max'")
        })
    })?;
    let cut_off: CutOff = keywords.need("cut_off", |name, value| {
        named(name, value, "'donor', 'as-is' or 'refuse'")
    })?;
    let mut grid = grid(&keywords)?;
    keywords.end()?;
    let max_resource = grid.conditions.max_resource;
    let treated = move |_| -> PyResult<Vec<(Curves, Option<CutCurves>)>> {
        let all = read(&sources, metric.as_deref(), mode).map_err(|error| bad_table(&error))?;
        let all = all.into_iter();
        let all = all.map(|curves| curves.cut_off(max_resource, cut_off));
        let all: Result<_, _> = all.collect();
        all.map_err(|cut| refused(format!("{cut}, and cut_off is 'refuse'")))
    };
    for (curves, cut) in beside(py, treated)?? {
        if let Some(cut) = cut {
            say(py, &format!("{cut}. {}", cut_off.told("cut_off='as-is'")));
        }
        grid.curves.push(curves);
    }
    let simulated = move |stop: Stop| {
        stop.ask()?;
        grid.run(&Watching(stop)).map_err(refused)
    };
    let results = beside(py, simulated)??;
    results.iter().map(|result| to_dict(py, result)).collect()
}

fn grid(keywords: &Keywords<'_>) -> PyResult<Grid> {
    let workers = keywords.need("workers", counts)?;
    Ok(Grid {
        curves: Vec::new(),
        levels: levels(keywords)?,
        workers,
        budgets: keywords.need("budgets", counts)?,
        seeds: (0..keywords.need("seeds", |name, value| up_to(MOST_SEEDS, name, value))?).collect(),
        policies: keywords.need("policies", |name, value| {
            list(name, value, "a list of names", |name, value| {
                text(name, value)?
                    .parse::<rungkeeper_tuner_hooks::PolicySpec>()
                    .map_err(refused)
            })
        })?,
        conditions: conditions(keywords)?,
        threads: keywords.take("threads", None, |name, value| {
            let threads = optional(name, value, |name, value| up_to(MOST_THREADS, name, value))?;
            Ok(threads.map(|threads| threads as usize))
        })?,
    })
}

fn counts(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<u64>> {
    list(name, value, "a list of ints", positive)
}

fn levels(keywords: &Keywords<'_>) -> PyResult<Vec<Levels>> {
    let etas = keywords.need("eta", |name, value| {
        list(name, value, "a list of ints", factor)
    })?;
    let grace_period = keywords.take("grace_period", None, |name, value| {
        optional(name, value, positive)
    })?;
    let list = keywords.take("levels", None, |name, value| optional(name, value, counts))?;
    if let Some(list) = list {
        return Ok(vec![Levels::List(list)]);
    }
    let geometric = |&reduction_factor: &u64| Levels::Geometric {
        grace_period,
        reduction_factor,
    };
    Ok(etas.iter().map(geometric).collect())
}

fn conditions(keywords: &Keywords<'_>) -> PyResult<Conditions> {
    let count =
        |name: &str| keywords.take(name, None, |name, value| optional(name, value, positive));
    let brackets = keywords.take("brackets", 1, positive)?;
    Ok(Conditions {
        max_resource: count("max_resource")?,
        promotion_rule: keywords.need("promotion_rule", rule)?,
        brackets: Brackets {
            number: brackets as usize,
            own_rungs: keywords.take("own_rungs", false, flag)?,
        },
        limits: Limits {
            seconds: keywords.take("max_seconds", None, |name, value| {
                optional(name, value, limit_in_seconds)
            })?,
            trials: count("max_trials")?,
            reports: count("max_reports")?,
            resource: count("max_total_resource")?,
        },
        draw: draw(keywords)?,
        retraining: if keywords.take("frozen", false, flag)? {
            Retraining::Frozen
        } else {
            Retraining::TakesTime
        },
    })
}

fn draw(keywords: &Keywords<'_>) -> PyResult<Draw> {
    let with_replacement = keywords.take("with_replacement", false, flag)?;
    match (with_replacement, keywords.take("in_order", false, flag)?) {
        (true, true) => Err(refused(
            "in_order and with_replacement are True, but only one of them can be",
        )),
        (true, false) => Ok(Draw::WithReplacement),
        (false, true) => Ok(Draw::InOrder),
        (false, false) => Ok(Draw::WithoutReplacement),
    }
}

fn read(
    sources: &[Source],
    metric: Option<&str>,
    mode: Option<Mode>,
) -> Result<Vec<Curves>, CurveError> {
    let mut options = ReadOptions::new();
    if let Some(metric) = metric {
        options = options.metric(metric);
    }
    let read = |(name, text): &Source| {
        let table = match text {
            Some(text) => CurveTable::read(text.as_bytes(), name, &options),
            None => CurveTable::from_path(name, &options),
        };
        table.map(|table| Curves::new(table, mode))
    };
    sources.iter().map(read).collect()
}

/// A table that cannot be read, with the argument that helps.
pub(crate) fn bad_table(error: &CurveError) -> PyErr {
    match error.problem() {
        Problem::SeveralMetrics { .. } => refused(format!("{error}: metric=NAME")),
        _ => refused(error),
    }
}

/// Ends the runs once nobody waits for them any more.
struct Watching(Stop);

impl GridObserver for Watching {
    fn log(&self, _: &Curves, _: &Cell) -> Result<Option<BoxedSink>, BoxError> {
        self.0.ask()?;
        let stop = self.0.clone();
        Ok(Some(Box::new(move |_| Ok(stop.ask()?))))
    }
}

/// The fields of `rungkeeper simulate --json`.
fn to_dict<'py>(py: Python<'py>, result: &CellResult) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("curves", &result.curves)?;
    dict.set_item("policy", &result.policy)?;
    let counts = [
        ("budget", result.budget),
        ("seed", result.seed),
        ("eta", result.eta),
        ("workers", result.workers),
        ("started", result.started),
        ("resumed", result.resumed),
        ("removed", result.removed),
        (
            "resumed_without_checkpoint",
            result.resumed_without_checkpoint,
        ),
        ("cost_resources", result.cost_resources),
    ];
    for (name, value) in counts {
        dict.set_item(name, value)?;
    }
    dict.set_item("cost_seconds", result.cost_seconds)?;
    dict.set_item("optimum", result.optimum)?;
    dict.set_item("reports", result.reports)?;
    dict.set_item("trained_resources", result.trained_resources)?;
    dict.set_item("trained_seconds", result.trained_seconds)?;
    dict.set_item("peak_checkpoints", result.peak_checkpoints)?;
    Ok(dict)
}
