//! What the tables mean together.

use rungkeeper_policies::{Budget, Limits, PolicySpec};
use rungkeeper_rung_model::{Brackets, SpecError};
use toml::Spanned;

use super::error::{Problems, nearest};
use super::file::{BudgetTable, File, Scheduler, Stop};
use super::placeholders::{Piece, Placeholder, pieces};
use super::{Experiment, ExperimentError, search, store};
use crate::protocol::ReportNames;
use rungkeeper_tuner::scheduler::PromotionSpec;
use rungkeeper_tuner::search_space::SearchSpace;

const REDUCTION_FACTOR: u64 = 3;

/// Most trials that run at a time: each has processes and pipes of its own.
const MOST_WORKERS: u64 = 4_096;

/// Largest resource that a report can name: 2^53, up to which doubles hold whole numbers.
const LARGEST_RESOURCE: u64 = 1 << 53;

/// Trials that end one after the other without a report before a run stops, by default.
const MAX_WITHOUT_REPORT: u64 = 5;

/// Least bytes of output to be kept for a trial: room for the head, the tail and a last error.
const LEAST_OUTPUT: u64 = 64_000;

pub(super) fn check(text: &str, file: File) -> Result<Experiment, ExperimentError> {
    let mut problems = Problems::new(text);
    check_names(&file, &mut problems);
    check_command(&file, &mut problems);
    check_slots(&file, &mut problems);
    let scheduler = scheduler(&file, &mut problems);
    let (policy, budget, table) = budget(&file, &mut problems);
    let limits = limits(file.stop.as_ref(), &mut problems);
    let max_without_report = max_without_report(&file, &mut problems);
    let output = output(&file, &mut problems);
    let store = store::check(file.store, &mut problems);
    let search = search::check(file.search, &mut problems);
    let space = with_given(file.space, file.configurations, &mut problems);
    match scheduler {
        Some(scheduler) if problems.len() == 0 => Ok(Experiment {
            name: file.name.into_inner(),
            command: inner(file.command.into_inner()),
            directory: file.directory,
            environment: file.environment,
            slots: file.slots.map(Spanned::into_inner).unwrap_or_default(),
            protocol: file.protocol,
            names: ReportNames {
                metric: file.metric.into_inner(),
                resource: file.resource.into_inner(),
            },
            workers: file.workers.into_inner(),
            space,
            search,
            scheduler,
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
        }),
        _ => Err(problems.into_error()),
    }
}

fn inner(list: Vec<Spanned<String>>) -> Vec<String> {
    list.into_iter().map(Spanned::into_inner).collect()
}

fn check_names(file: &File, problems: &mut Problems<'_>) {
    for (what, name) in [
        ("name", &file.name),
        ("metric", &file.metric),
        ("resource", &file.resource),
    ] {
        if name.get_ref().trim().is_empty() {
            problems.add(&name.span(), format!("{what} is empty"));
        }
    }
    if file.metric.get_ref() == file.resource.get_ref() {
        let span = file.resource.span();
        problems.add(&span, "metric and resource are the same key of a report");
    }
    match *file.workers.get_ref() {
        0 => problems.add(&file.workers.span(), "workers is 0, but must be at least 1"),
        workers if workers > MOST_WORKERS => {
            let message = format!("workers is {workers}, but must be at most {MOST_WORKERS}");
            problems.add(&file.workers.span(), message);
        }
        _ => {}
    }
}

/// Every placeholder has a meaning, and every hyper-parameter reaches the program.
fn check_command(file: &File, problems: &mut Problems<'_>) {
    let command = file.command.get_ref();
    if command.is_empty() {
        let message = "command is empty: its first item is the program to run";
        problems.add(&file.command.span(), message);
    }
    let (mut used, before) = (Vec::new(), problems.len());
    for argument in command {
        match pieces(argument.get_ref()) {
            Err(message) => problems.add(&argument.span(), message),
            Ok(pieces) => {
                for piece in pieces {
                    if let Piece::Placeholder(Placeholder::Parameter(name)) = piece {
                        check_parameter(&name, argument, file, problems);
                        used.push(name);
                    }
                }
            }
        }
    }
    for (name, _) in file.space.parameters() {
        if Placeholder::RESERVED.contains(&name) {
            let message =
                format!("a hyper-parameter cannot be called {name}: {{{name}}} has a meaning");
            problems.add(&file.command.span(), message);
        } else if problems.len() == before && !used.iter().any(|used| used == name) {
            // Where a placeholder is misspelt, that is the problem, not that its name is unused.
            let message = format!("the command does not use the hyper-parameter {{{name}}}");
            problems.add(&file.command.span(), message);
        }
    }
}

fn check_parameter(
    name: &str,
    argument: &Spanned<String>,
    file: &File,
    problems: &mut Problems<'_>,
) {
    if file.space.domain(name).is_some() {
        return;
    }
    let parameters = file.space.parameters().map(|(name, _)| name);
    let all = parameters.chain(Placeholder::RESERVED);
    let hint = match nearest(name, all) {
        Some(nearest) => format!("did you mean {{{nearest}}}?"),
        None => "it is no hyper-parameter of [space]".to_owned(),
    };
    problems.add(&argument.span(), format!("{{{name}}} is unknown: {hint}"));
}

fn check_slots(file: &File, problems: &mut Problems<'_>) {
    let workers = *file.workers.get_ref();
    if let Some(slots) = &file.slots
        && slots.get_ref().len() as u64 != workers
    {
        let number = slots.get_ref().len();
        let message = format!("there are {number} slots, but {workers} workers: one for each");
        problems.add(&slots.span(), message);
    }
}

fn scheduler(file: &File, problems: &mut Problems<'_>) -> Option<PromotionSpec> {
    let span = file.scheduler.span();
    let table = file.scheduler.get_ref();
    let max_resource = *table.max_resource.get_ref();
    if max_resource > LARGEST_RESOURCE {
        let message = format!(
            "max_resource is {max_resource}, but must be at most 2^53, which is {LARGEST_RESOURCE}"
        );
        problems.add(&table.max_resource.span(), message);
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

fn budget(file: &File, problems: &mut Problems<'_>) -> (PolicySpec, Budget, BudgetTable) {
    let mut table = BudgetTable::default();
    let mut span = 0..0;
    if let Some(written) = &file.budget {
        span = written.span();
        let written = written.get_ref();
        table = BudgetTable {
            policy: written.policy.clone(),
            max_checkpoints: written.max_checkpoints.clone(),
            ..*written
        };
    }
    let named = table.policy.as_ref().map(|name| policy(name, problems));
    let policy = named.flatten().unwrap_or_default();
    let budget = Budget {
        max_checkpoints: table.max_checkpoints.as_ref().map(|most| *most.get_ref()),
        max_bytes: table.max_bytes.map(|bytes| bytes.0),
    };
    let kept = u64::from(table.pin_best);
    let workers = *file.workers.get_ref();
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
        let names = PolicySpec::NAMES;
        let hint = nearest(policy, names.into_iter()).map_or(String::new(), |nearest| {
            format!("; did you mean `{nearest}`?")
        });
        let all = names.join(", ");
        let message = format!("the policy `{policy}` is unknown, there are {all}{hint}");
        problems.add(&name.span(), message);
    }
    spec
}

fn limits(stop: Option<&Spanned<Stop>>, problems: &mut Problems<'_>) -> Limits {
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

fn with_given(
    space: SearchSpace,
    given: Option<Spanned<Vec<rungkeeper_tuner::search_space::Configuration>>>,
    problems: &mut Problems<'_>,
) -> SearchSpace {
    let Some(given) = given else { return space };
    let span = given.span();
    match space.clone().with_given(given.into_inner()) {
        Ok(space) => space,
        Err(error) => {
            problems.add(&span, error.to_string());
            space
        }
    }
}
