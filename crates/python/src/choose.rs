//! Which checkpoints of a run of any tuner can go.

use std::env;
use std::fs::File;
use std::path::Path;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use rungkeeper_checkpoints::size_at;
use rungkeeper_tuner::choose::{
    BestReport, Chosen, Disk, Question, RunTable, TableOptions, choose_on,
};
use rungkeeper_tuner::curves::ReadOptions;
use rungkeeper_tuner::simulation::Levels;
use rungkeeper_tuner_hooks::{Budget, Mode, PolicySpec, SpeculativeSettings};

use crate::arguments::{
    bad_value, factor, flag, list, named, number, optional, positive, refused, text, unsigned,
};
use crate::interrupt::beside;
use crate::keywords::Keywords;
use crate::score::rule;
use crate::simulation::bad_table;

/// Chooses; `rungkeeper.choose` prepares the arguments.
#[pyfunction]
pub(crate) fn choose<'py>(
    py: Python<'py>,
    source: (String, Option<String>),
    settings: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyDict>> {
    let keywords = Keywords::new(py, "choose", Some(settings))?;
    let options = columns(&keywords)?;
    let question = question(&keywords)?;
    keywords.end()?;
    let chosen = move |_| -> PyResult<Chosen> {
        let (name, text) = &source;
        let table = if let Some(text) = text {
            RunTable::read(text.as_bytes(), name, &options)
        } else {
            let file = File::open(name).map_err(|error| refused(format!("{name}: {error}")))?;
            RunTable::read(file, name, &options)
        };
        let mut disk = Disk {
            working_directory: env::current_dir().unwrap_or_default(),
            read_link: &mut |path: &Path| path.read_link().ok(),
            is_there: &mut |path: &Path| path.symlink_metadata().is_ok(),
            size: &mut size_at,
        };
        let table = table.map_err(|error| bad_table(&error))?;
        choose_on(&table, &question, &mut disk).map_err(refused)
    };
    to_dict(py, &beside(py, chosen)??)
}

fn columns(keywords: &Keywords<'_>) -> PyResult<TableOptions> {
    let column = |name: &str| keywords.take(name, None, |name, value| optional(name, value, text));
    let cumulative = keywords.take("cumulative_seconds", false, flag)?;
    let mut reports = ReadOptions::new().cumulative_seconds(cumulative);
    if let Some(column) = column("metric")? {
        reports = reports.metric(column);
    }
    if let Some(column) = column("trial_column")? {
        reports = reports.trial_column(column);
    }
    if let Some(column) = column("resource_column")? {
        reports = reports.resource_column(column);
    }
    if let Some(column) = column("seconds_column")? {
        reports = reports.seconds_column(column);
    }
    Ok(TableOptions {
        reports,
        bytes: column("bytes_column")?,
        path: column("path_column")?,
        status: column("status_column")?,
    })
}

fn question(keywords: &Keywords<'_>) -> PyResult<Question> {
    let count =
        |name: &str| keywords.take(name, None, |name, value| optional(name, value, unsigned));
    let budget = Budget {
        max_checkpoints: count("max_checkpoints")?,
        max_bytes: count("max_bytes")?,
    };
    if budget == Budget::default() {
        return Err(refused(
            "choose needs max_checkpoints, max_bytes or both: what may be kept",
        ));
    }
    let promotion_rule = keywords.need("promotion_rule", rule)?;
    let settings = SpeculativeSettings {
        promotion_rule,
        ..SpeculativeSettings::default()
    };
    Ok(Question {
        time_ratio: keywords.need("time_left", |name, value| {
            let ratio = number(name, value)?;
            if ratio >= 0.0 && ratio.is_finite() {
                Ok(ratio)
            } else {
                let allowed = "a number from 0 on: what is left of the run over what is used";
                Err(bad_value(name, value, allowed))
            }
        })?,
        mode: keywords.take("mode", None, |name, value| {
            optional(name, value, |name, value| {
                named::<Mode>(name, value, "'min' or 'max'")
            })
        })?,
        levels: levels(keywords)?,
        max_resource: keywords.take("max_resource", None, |name, value| {
            optional(name, value, positive)
        })?,
        policy: keywords.need("policy", |name, value| match text(name, value)?.as_str() {
            known @ ("rank_aware" | "by_level") => {
                PolicySpec::named(known, settings, 0).map_err(refused)
            }
            _ => Err(bad_value(name, value, "'rank_aware' or 'by_level'")),
        })?,
        ..Question::new(budget)
    })
}

fn levels(keywords: &Keywords<'_>) -> PyResult<Option<Levels>> {
    let eta = keywords.take("eta", None, |name, value| optional(name, value, factor))?;
    let grace_period = keywords.take("grace_period", None, |name, value| {
        optional(name, value, positive)
    })?;
    let levels = keywords.take("levels", None, |name, value| {
        optional(name, value, |name, value| {
            list(name, value, "a list of ints", positive)
        })
    })?;
    Ok(Question::levels_of(levels, grace_period, eta))
}

/// The fields of `rungkeeper choose --json`.
fn to_dict<'py>(py: Python<'py>, chosen: &Chosen) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("metric", &chosen.metric)?;
    dict.set_item("mode", chosen.mode.to_string())?;
    dict.set_item("levels", &chosen.levels)?;
    dict.set_item("levels_guessed", chosen.levels_guessed)?;
    dict.set_item("levels_from", chosen.levels_from.name())?;
    dict.set_item("max_resource", chosen.max_resource)?;
    let counts = [
        ("running", chosen.trials.running),
        ("beyond_levels", chosen.trials.beyond_levels),
        ("waiting", chosen.trials.waiting),
        ("without_checkpoint", chosen.trials.without_checkpoint),
        ("ended", chosen.trials.ended),
        ("held", chosen.held),
    ];
    for (name, value) in counts {
        dict.set_item(name, value)?;
    }
    dict.set_item("held_bytes", chosen.held_bytes)?;
    dict.set_item("candidates", chosen.candidates)?;
    dict.set_item("freed_bytes", chosen.freed_bytes)?;
    dict.set_item("checkpoints_over", chosen.checkpoints_over)?;
    dict.set_item("bytes_over", chosen.bytes_over)?;
    dict.set_item("absent_paths", chosen.absent_paths)?;
    let best = chosen.best.as_ref().map(|best| best_report(py, best));
    dict.set_item("best", best.transpose()?)?;
    let mut remove = Vec::with_capacity(chosen.removals.len());
    for doomed in &chosen.removals {
        let of_one = PyDict::new(py);
        of_one.set_item("trial", &doomed.trial)?;
        of_one.set_item("level", doomed.level)?;
        of_one.set_item("rank", doomed.rank)?;
        of_one.set_item("rung_len", doomed.rung_len)?;
        of_one.set_item("chance", doomed.chance)?;
        of_one.set_item("expected_cost", doomed.expected_cost)?;
        of_one.set_item("expected_seconds", doomed.expected_seconds)?;
        of_one.set_item("bytes", doomed.bytes)?;
        of_one.set_item("paths", &doomed.paths)?;
        remove.push(of_one);
    }
    dict.set_item("remove", remove)?;
    Ok(dict)
}

/// The field `best` of it.
fn best_report<'py>(py: Python<'py>, best: &BestReport) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("trial", &best.trial)?;
    dict.set_item("metric", best.metric)?;
    dict.set_item("resource", best.resource)?;
    dict.set_item("path", &best.path)?;
    dict.set_item("is_gone", best.is_gone)?;
    Ok(dict)
}
