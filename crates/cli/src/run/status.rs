//! `rungkeeper status`: how a run stands, read from its log.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use rungkeeper_runner::worked_on_by;
use rungkeeper_tuner_hooks::{Limits, Progress, TrialStatus};

use crate::page::numbers;
use crate::plain::plain;
use crate::report::folder::RunFolder;
use crate::report::history::{History, trials_in_words};

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
    let trials = history.trials.len();
    // Events may be hours apart: while a run goes on its process writes the time down by itself.
    let clock = folder.clock().filter(|_| !history.ended);
    let elapsed = clock.map_or(history.elapsed, |clock| clock.max(history.elapsed));
    writeln!(out, "{state}, {elapsed:.1} s, {trials} trials")?;
    show(&history, &folder, &mut out)?;
    if !history.ended {
        show_time_left(&history.limits(), history.progress(), elapsed, &mut out)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn show(history: &History, folder: &RunFolder, out: &mut impl Write) -> io::Result<()> {
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
        let itself = if trial.by_itself {
            ", where it ended by itself"
        } else {
            ""
        };
        let id = plain(&trial.id);
        writeln!(out, "  best: trial {id} with {metric}{itself}")?;
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
        "  {} checkpoints given up, {} resource units trained again{}",
        results.num_checkpoints_removed,
        results.cost_resources,
        history.of_it_with_checkpoint()
    )
}

/// Checkpoints that were removed by hand: the log holds them, the store does not.
fn show_missing(history: &History, folder: &RunFolder, out: &mut impl Write) -> io::Result<()> {
    let model = history.model();
    let held = model.trials().map(|(id, _)| id);
    let held = held.filter(|id| model.checkpoint(id).is_some());
    let missing: Vec<&str> = held.filter(|id| folder.is_missing(id)).collect();
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
