//! `rungkeeper status`: how a run stands, read from its log.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use rungkeeper_runner::run::worked_on_by;
use rungkeeper_tuner_hooks::log::Header;
use rungkeeper_tuner_hooks::{Progress, TrialStatus};

use crate::page::numbers;
use crate::report::folder::RunFolder;
use crate::report::history::History;

/// How a run stands: trials, checkpoints, budget, the best so far, the time left
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Directory of the run.
    dir: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let folder = RunFolder::open(&arguments.dir)?;
    let history = History::read(folder.log())?;
    let state = match worked_on_by(&arguments.dir) {
        _ if history.ended => "finished".to_owned(),
        Some(process) => format!("going on (process {process})"),
        None => "interrupted".to_owned(),
    };
    let mut out = io::stdout().lock();
    let (elapsed, trials) = (history.elapsed, history.trials.len());
    writeln!(out, "{state}, {elapsed:.1} s, {trials} trials")?;
    show(&history, &mut out)?;
    if !history.ended {
        show_time_left(&history.header, history.progress(), elapsed, &mut out)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn show(history: &History, out: &mut impl Write) -> io::Result<()> {
    let (model, budget) = (history.model(), history.holdings.budget());
    writeln!(
        out,
        "  {} running, {} paused with checkpoint, {} paused without, {} ended",
        history.count(TrialStatus::Running),
        history.count(TrialStatus::PausedWithCheckpoint),
        history.count(TrialStatus::PausedNoCheckpoint),
        history.count(TrialStatus::StoppedOrCompleted)
    )?;
    let of = |most: Option<String>| most.map_or(String::new(), |most| format!(" of {most}"));
    writeln!(
        out,
        "  checkpoints: {}{}; bytes: {}{}",
        model.num_with_checkpoint(),
        of(budget.max_checkpoints.map(|most| most.to_string())),
        numbers::bytes(model.checkpoint_bytes()),
        of(budget.max_bytes.map(numbers::bytes))
    )?;
    if let Some((trial, metric)) = history.best() {
        writeln!(out, "  best: trial {} with {metric}", trial.id)?;
    }
    let pinned = model.trials().map(|(id, _)| id);
    let pinned: Vec<&str> = pinned.filter(|id| model.is_pinned(id)).collect();
    if !pinned.is_empty() {
        writeln!(out, "  pinned: {}", pinned.join(", "))?;
    }
    let results = history.extra_results();
    writeln!(
        out,
        "  {} checkpoints given up, {} resource units trained again",
        results.num_checkpoints_removed, results.cost_resources
    )
}

/// What is left of each limit: whichever is reached first ends the run.
fn show_time_left(
    header: &Header,
    progress: Progress,
    elapsed: f64,
    out: &mut impl Write,
) -> io::Result<()> {
    if let Some(limit) = header.max_wallclock_time {
        let left = (limit - elapsed).max(0.0);
        writeln!(out, "  left: {left:.1} of {limit} s")?;
    }
    let counted = [
        (header.max_num_trials, progress.trials, "trials to start"),
        (header.max_num_reports, progress.reports, "reports"),
        (
            header.max_total_resource,
            progress.resource,
            "resource units",
        ),
    ];
    for (limit, used, what) in counted {
        if let Some(limit) = limit {
            writeln!(
                out,
                "  left: {} of {limit} {what}",
                limit.saturating_sub(used)
            )?;
        }
    }
    Ok(())
}
