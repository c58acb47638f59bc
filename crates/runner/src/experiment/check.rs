//! What the tables mean together.

use std::path::{Path, PathBuf};

use rungkeeper_policies::{Budget, Limits, PolicySpec};
use rungkeeper_rung_model::{Brackets, SpecError};
use toml::Spanned;

use super::error::Problems;
use super::file::{BudgetTable, File, Scheduler, Stop};
use super::lenient::Unread;
use super::shape::Table;
use super::{Experiment, Source, command, configurations, environment, search, space, store};
use crate::protocol::ReportNames;
use rungkeeper_tuner::known_names;
use rungkeeper_tuner::scheduler::PromotionSpec;

const REDUCTION_FACTOR: u64 = 3;

/// Most trials that run at a time: each has processes and pipes of its own.
const MOST_WORKERS: u64 = 4_096;

/// Largest resource that a report can name: 2^53, up to which doubles hold whole numbers.
const LARGEST_RESOURCE: u64 = 1 << 53;

/// Trials that end one after the other without a report before a run stops, by default.
const MAX_WITHOUT_REPORT: u64 = 5;

/// Least bytes of output to be kept for a trial: room for the head, the tail and a last error.
const LEAST_OUTPUT: u64 = 64_000;

/// What must be there, and an example of it.
const REQUIRED: [(&str, &str); 6] = [
    ("name", "name = \"digits\""),
    (
        "command",
        "command = [\"python3\", \"train.py\", \"--lr\", \"{lr}\"]",
    ),
    ("metric", "metric = \"loss\", the key in a report"),
    ("resource", "resource = \"epoch\", the key in a report"),
    (
        "space",
        "[space] with a line such as lr = { type = \"loguniform\", low = 1e-4, high = 0.1 }",
    ),
    ("scheduler", "[scheduler] with max_resource = 27"),
];

/// Checks what was read; `folder` is where other files are looked for, if they are. Nothing comes of a file in which
/// something is missing or could not be read; that was said.
pub(super) fn check(
    mut file: File,
    unread: &Unread,
    folder: Option<&Path>,
    problems: &mut Problems<'_>,
) -> Option<Experiment> {
    check_required(&file, unread, problems);
    check_names(&file, problems);
    let workers = file
        .workers
        .as_ref()
        .map_or(1, |workers| *workers.get_ref());
    let space = space::check(file.space.take(), unread, problems);
    if let (Some(command), Some(space)) = (&file.command, &space) {
        command::check(command, space, unread, problems);
    }
    if !unread.has("workers") {
        check_workers(&file, workers, problems);
    }
    let environment = environment::check(std::mem::take(&mut file.environment), problems);
    let scheduler = scheduler(&file, unread, problems);
    let (policy, budget, table) = budget(&file, workers, problems);
    let limits = limits(file.stop.as_ref(), problems);
    let max_without_report = max_without_report(&file, problems);
    let output = output(&file, problems);
    let store = store::check(file.store.0, problems);
    let slots = file.slots.map(Spanned::into_inner).unwrap_or_default();
    let slots = slots.into_iter();
    let slots = slots
        .map(|slot| environment::check(slot, problems))
        .collect();
    let search = search::check(file.search, problems);
    let (configurations, space) = match (space, file.configurations) {
        // One that is not whole would find fault with configurations that are right.
        (Some(space), Some(given)) if !unread.within("space") => {
            let (source, space) = configurations::check(given, space, folder, problems);
            (source, Some(space))
        }
        (space, _) => (Source::Listed, space),
    };
    let (metric, resource) = (file.metric?, file.resource?);
    Some(Experiment {
        name: file.name?.into_inner(),
        command: inner(file.command?.into_inner()),
        directory: file.directory.unwrap_or_else(|| PathBuf::from(".")),
        environment,
        slots,
        protocol: file.protocol,
        names: ReportNames {
            metric: metric.into_inner(),
            resource: resource.into_inner(),
        },
        workers,
        space: space?,
        configurations,
        search,
        scheduler: scheduler?,
        policy,
        policy_seed: table.policy_seed,
        budget,
        pin_best: table.pin_best,
        limits,
        store,
        retries: file.failures.retries,
        max_failed_trials: file.failures.max_failed_trials,
        max_without_report,
        silence: file.failures.silence.duration(),
        grace: file.grace.duration(),
        output,
    })
}

fn inner(list: Vec<Spanned<String>>) -> Vec<String> {
    list.into_iter().map(Spanned::into_inner).collect()
}

/// All that must be there and is not, with an example.
fn check_required(file: &File, unread: &Unread, problems: &mut Problems<'_>) {
    let is_there = |key| match key {
        "name" => file.name.is_some(),
        "command" => file.command.is_some(),
        "metric" => file.metric.is_some(),
        "resource" => file.resource.is_some(),
        "space" => file.space.is_some(),
        _ => file.scheduler.is_some(),
    };
    for (key, example) in REQUIRED {
        if !is_there(key) && !unread.has(key) {
            problems.add(&(0..0), format!("`{key}` is missing; write {example}"));
        }
    }
}

fn check_names(file: &File, problems: &mut Problems<'_>) {
    for (what, name) in [
        ("name", &file.name),
        ("metric", &file.metric),
        ("resource", &file.resource),
    ] {
        if let Some(name) = name
            && name.get_ref().trim().is_empty()
        {
            problems.add(&name.span(), format!("{what} is empty"));
        }
    }
    if let (Some(metric), Some(resource)) = (&file.metric, &file.resource)
        && metric.get_ref() == resource.get_ref()
    {
        let span = resource.span();
        problems.add(&span, "metric and resource are the same key of a report");
    }
}

fn check_workers(file: &File, workers: u64, problems: &mut Problems<'_>) {
    let span = file.workers.as_ref().map_or(0..0, Spanned::span);
    match workers {
        0 => problems.add(&span, "workers is 0, but must be at least 1"),
        workers if workers > MOST_WORKERS => {
            let message = format!("workers is {workers}, but must be at most {MOST_WORKERS}");
            problems.add(&span, message);
        }
        _ => {}
    }
    if let Some(slots) = &file.slots
        && slots.get_ref().len() as u64 != workers
    {
        let number = slots.get_ref().len();
        let message = format!("there are {number} slots, but {workers} workers: one for each");
        problems.add(&slots.span(), message);
    }
}

fn scheduler(file: &File, unread: &Unread, problems: &mut Problems<'_>) -> Option<PromotionSpec> {
    let scheduler = file.scheduler.as_ref()?;
    let (span, table) = (scheduler.span(), scheduler.get_ref());
    let Some(written) = &table.max_resource else {
        if !unread.has("scheduler.max_resource") {
            problems.add(&span, "`max_resource` is missing; write max_resource = 27");
        }
        return None;
    };
    if unread.within("scheduler") {
        return None; // what is left of it may be right or wrong
    }
    let max_resource = *written.get_ref();
    if max_resource > LARGEST_RESOURCE {
        let message = format!(
            "max_resource is {max_resource}, but must be at most 2^53, which is {LARGEST_RESOURCE}"
        );
        problems.add(&written.span(), message);
        return None;
    }
    match promotion_spec(table, max_resource) {
        Ok(mut spec) => {
            spec.model.mode = file.mode;
            spec.rule = table.promotion_rule;
            spec.seed = table.seed;
            spec.max_trials = file.stop.as_ref().and_then(|stop| stop.get_ref().trials);
            if let Some(number) = &table.brackets {
                let brackets = *number.get_ref();
                spec.model.brackets = Brackets {
                    number: brackets,
                    own_rungs: table.own_rungs,
                };
            }
            match spec.check() {
                Ok(()) => return Some(spec),
                Err(error) => {
                    let brackets = table.brackets.as_ref().map_or(span, Spanned::span);
                    problems.add(&brackets, error.to_string());
                }
            }
        }
        Err(message) => {
            let span = table.levels.as_ref().map_or(span, Spanned::span);
            problems.add(&span, message);
        }
    }
    None
}

fn promotion_spec(table: &Scheduler, max_resource: u64) -> Result<PromotionSpec, String> {
    let text = |error: SpecError| error.to_string();
    match (&table.levels, table.grace_period, table.reduction_factor) {
        (Some(levels), None, None) => {
            PromotionSpec::from_levels(levels.get_ref(), max_resource).map_err(text)
        }
        (Some(_), _, _) => {
            Err("levels stand for themselves: leave out grace_period and reduction_factor".into())
        }
        (None, grace_period, reduction_factor) => PromotionSpec::geometric(
            grace_period.unwrap_or(1),
            reduction_factor.unwrap_or(REDUCTION_FACTOR),
            max_resource,
        )
        .map_err(text),
    }
}

fn budget(
    file: &File,
    workers: u64,
    problems: &mut Problems<'_>,
) -> (PolicySpec, Budget, BudgetTable) {
    let mut table = BudgetTable::default();
    let mut span = 0..0;
    if let Some(written) = &file.budget {
        span = written.span();
        let written = written.get_ref();
        table = BudgetTable {
            policy: written.policy.clone(),
            max_checkpoints: written.max_checkpoints.clone(),
            ..**written
        };
    }
    let named = table.policy.as_ref().map(|name| policy(name, problems));
    let policy = named.flatten().unwrap_or_default();
    let budget = Budget {
        max_checkpoints: table.max_checkpoints.as_ref().map(|most| *most.get_ref()),
        max_bytes: table.max_bytes.map(|bytes| bytes.0),
    };
    if budget.max_bytes == Some(0) {
        let message =
            "max_bytes is 0, so no checkpoint could be kept; give a size, or leave it out";
        problems.add(&span, message);
    }
    let kept = u64::from(table.pin_best);
    // Where there are too many of them, that is the problem, not the budget that they would need.
    if workers <= MOST_WORKERS
        && let Err(error) = budget.check_workers(workers, kept)
    {
        let span = table.max_checkpoints.as_ref().map_or(span, Spanned::span);
        problems.add(&span, error.to_string());
    }
    (policy, budget, table)
}

fn policy(name: &Spanned<String>, problems: &mut Problems<'_>) -> Option<PolicySpec> {
    let policy = name.get_ref().as_str();
    let spec = policy.parse().ok();
    if spec.is_none() {
        let known = known_names(policy, &PolicySpec::NAMES);
        let message = format!("the policy `{policy}` is unknown{known}");
        problems.add(&name.span(), message);
    }
    spec
}

fn limits(stop: Option<&Spanned<Table<Stop>>>, problems: &mut Problems<'_>) -> Limits {
    let Some(stop) = stop else {
        return Limits::default();
    };
    let table = stop.get_ref();
    let limits = Limits {
        seconds: table.wall_clock.map(|seconds| seconds.0),
        trials: table.trials,
        reports: table.reports,
        resource: table.total_resource,
    };
    if let Err(error) = limits.check() {
        problems.add(&stop.span(), error.to_string());
    }
    limits
}

fn max_without_report(file: &File, problems: &mut Problems<'_>) -> u64 {
    let Some(written) = &file.failures.max_without_report else {
        return MAX_WITHOUT_REPORT;
    };
    if *written.get_ref() == 0 {
        let message = "max_without_report is 0, but must be at least 1";
        problems.add(&written.span(), message);
    }
    *written.get_ref()
}

fn output(file: &File, problems: &mut Problems<'_>) -> u64 {
    let bytes = file.output.get_ref().0;
    if bytes < LEAST_OUTPUT {
        let message = format!("output is {bytes} bytes, but must be at least \"64 kB\"");
        problems.add(&file.output.span(), message);
    }
    bytes
}
