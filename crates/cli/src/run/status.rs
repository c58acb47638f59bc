//! `rungkeeper status`: how a run stands, read from its log.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use rungkeeper_runner::worked_on_by;
use rungkeeper_tuner_hooks::{Limits, Progress, TrialStatus};
use serde_json::{Value, json};

use crate::page::numbers;
use crate::plain::plain;
use crate::report::folder::RunFolder;
use crate::report::history::{History, trials_in_words};
use crate::report::words;

/// How a run stands: trials, checkpoints, budget, the best so far, the time left
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Directory of the run.
    dir: PathBuf,
    /// One JSON object, for programs.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let folder = RunFolder::open(&arguments.dir)?;
    let history = History::read(folder.log())?;
    let process = worked_on_by(&arguments.dir).filter(|_| !history.ended);
    let mut out = io::stdout().lock();
    // Events may be hours apart: while a run goes on its process writes the time down by itself.
    let clock = folder.clock().filter(|_| !history.ended);
    let elapsed = clock.map_or(history.elapsed, |clock| clock.max(history.elapsed));
    if arguments.json {
        let status = json(&history, &folder, process, elapsed);
        writeln!(out, "{status}")?;
        return Ok(ExitCode::SUCCESS);
    }
    let state = state(&history, process);
    // Whoever ran when a run was interrupted is started again by `resume`; in a finished one nobody runs.
    let is_going_on = process.is_some() || history.ended;
    let process = process.map_or(String::new(), |process| format!(" (process {process})"));
    let trials = words::of(history.trials.len() as u64, "trial");
    let failed = words::failed(&history);
    writeln!(out, "{state}{process}, {elapsed:.1} s, {trials}{failed}")?;
    show(&history, &folder, is_going_on, &mut out)?;
    if !history.ended {
        show_time_left(&history.limits(), history.progress(), elapsed, &mut out)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn show(
    history: &History,
    folder: &RunFolder,
    is_going_on: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let (model, budget) = (history.model(), history.holdings.budget());
    writeln!(
        out,
        "  {} {}, {} paused with checkpoint, {} paused without, {} ended",
        history.count(TrialStatus::Running),
        if is_going_on {
            "running"
        } else {
            "to be started again"
        },
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
    let places = words::places(history);
    if places > 0 {
        let (are, each) = match places {
            1 => ("is a place", ""),
            _ => ("are places", " each"),
        };
        let who = if is_going_on {
            "that a trial in training takes"
        } else {
            "kept for a trial to be started again"
        };
        writeln!(
            out,
            "    {places} of them {are} {who}{each}, without a checkpoint yet"
        )?;
    }
    writeln!(out, "  {}", words::best(history, folder))?;
    if let Some(line) = words::better_so_far(history, folder) {
        writeln!(out, "  {line}")?;
    }
    let pinned = model.trials().map(|(id, _)| id);
    let pinned: Vec<&str> = pinned.filter(|id| model.is_pinned(id)).collect();
    if !pinned.is_empty() {
        writeln!(out, "  pinned: {}", plain(pinned.join(", ")))?;
    }
    // While a process works on the run it may be about to replace one.
    if !folder.is_worked_on() {
        show_missing(history, folder, out)?;
    }
    if let Some(taken) = history.room_taken() {
        writeln!(out, "  {}", taken.sentence())?;
    }
    if let Some((bytes, most)) = folder.output() {
        writeln!(
            out,
            "  output: {}; at most {} of each trial are kept",
            numbers::bytes(bytes),
            numbers::bytes(most)
        )?;
    }
    let results = history.extra_results();
    writeln!(
        out,
        "  {} removed, {} trained again{}",
        words::of(results.num_checkpoints_removed, "checkpoint"),
        words::of(results.cost_resources, "resource unit"),
        history.of_it_with_checkpoint()
    )?;
    if let Some(line) = words::try_again(history, folder) {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}

fn state(history: &History, process: Option<u32>) -> &'static str {
    match process {
        _ if history.ended => "finished",
        Some(_) => "going on",
        None => "interrupted",
    }
}

/// What is shown, with all digits. Names are those of the event log where it has one.
fn json(history: &History, folder: &RunFolder, process: Option<u32>, elapsed: f64) -> Value {
    let model = history.model();
    let (budget, limits, progress) = (
        history.holdings.budget(),
        history.limits(),
        history.progress(),
    );
    let left = |limit: Option<u64>, used: u64| limit.map(|limit| limit.saturating_sub(used));
    let pinned = model.trials().map(|(id, _)| id);
    let pinned: Vec<&str> = pinned.filter(|id| model.is_pinned(id)).collect();
    let missing = if folder.is_worked_on() {
        Vec::new()
    } else {
        missing(history, folder)
    };
    let taken = history.room_taken();
    let results = history.extra_results();
    json!({
        "state": state(history, process),
        "process": process,
        "elapsed": elapsed,
        "trials": {
            "started": history.trials.len(),
            "running": history.count(TrialStatus::Running),
            "paused_with_checkpoint": history.count(TrialStatus::PausedWithCheckpoint),
            "paused_without": history.count(TrialStatus::PausedNoCheckpoint),
            "ended": history.count(TrialStatus::StoppedOrCompleted),
            "failed": history.num_failed(),
        },
        "checkpoints": {
            "held": model.num_with_checkpoint(),
            "in_store": model.num_committed(),
            "bytes": model.checkpoint_bytes(),
            "max_num_checkpoints": budget.max_checkpoints,
            "max_bytes": budget.max_bytes,
            "pinned": pinned,
            "missing": missing,
            "undeleted": taken.as_ref().map_or(0, |taken| taken.number),
            "undeleted_bytes": taken.as_ref().map_or(0, |taken| taken.bytes),
        },
        "best": super::best::json(history, folder),
        "reports": progress.reports,
        "resource": progress.resource,
        "num_checkpoints_removed": results.num_checkpoints_removed,
        "num_trials_resumed": results.num_trials_resumed,
        "cost_resources": results.cost_resources,
        "limits": {
            "max_wallclock_time": limits.seconds,
            "max_num_trials": limits.trials,
            "max_num_reports": limits.reports,
            "max_total_resource": limits.resource,
        },
        "left": {
            "seconds": limits.seconds.map(|limit| (limit - elapsed).max(0.0)),
            "trials": left(limits.trials, progress.trials),
            "reports": left(limits.reports, progress.reports),
            "resource": left(limits.resource, progress.resource),
        },
        "output_bytes": folder.output().map(|(bytes, _)| bytes),
    })
}

/// Checkpoints that were removed by hand: the log holds them, the store does not.
fn show_missing(history: &History, folder: &RunFolder, out: &mut impl Write) -> io::Result<()> {
    let missing = missing(history, folder);
    if missing.is_empty() {
        return Ok(());
    }
    let trials = trials_in_words(missing.into_iter());
    writeln!(
        out,
        "  not in the store, though the log holds them: {trials} (removed by hand, or on a disk \
         that is not mounted)"
    )
}

fn missing<'h>(history: &'h History, folder: &RunFolder) -> Vec<&'h str> {
    let model = history.model();
    let held = model.trials().map(|(id, _)| id);
    let held = held.filter(|id| model.checkpoint(id).is_some());
    held.filter(|id| folder.is_missing(id)).collect()
}

/// What is left of each limit: whichever is reached first ends the run.
fn show_time_left(
    limits: &Limits,
    progress: Progress,
    elapsed: f64,
    out: &mut impl Write,
) -> io::Result<()> {
    if let Some(limit) = limits.seconds {
        let left = (limit - elapsed).max(0.0);
        writeln!(out, "  left: {left:.1} of {limit} s")?;
    }
    let counted = [
        (limits.trials, progress.trials, "trials to start"),
        (limits.reports, progress.reports, "reports"),
        (limits.resource, progress.resource, "resource units"),
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
