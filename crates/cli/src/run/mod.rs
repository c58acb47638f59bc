//! `rungkeeper run` and what goes with it: `resume`, `status`, `gc`, `pin`, `unpin`.

mod budget;
mod gc;
mod interrupt;
mod limits;
mod notes;
mod pin;
mod progress;
mod status;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rungkeeper_runner::experiment::Experiment;
use rungkeeper_runner::{Outcome, ResumeOptions, Runner};

use crate::page::numbers;
use crate::plain::{message, path, plain};
use crate::report::folder::RunFolder;
use crate::report::history::History;
use budget::BudgetArguments;
use interrupt::Interrupts;
use limits::LimitArguments;
use progress::Progress;

pub(crate) use gc::{Arguments as GcArguments, run as gc};
pub(crate) use pin::{PinArguments, UnpinArguments, pin, unpin};
pub(crate) use status::{Arguments as StatusArguments, run as status};

/// Tune a real training program on this machine, within the budget
///
/// The experiment file is checked as a whole before anything starts. The run's directory holds its
/// event log, its checkpoints and what each trial printed. Ctrl-C once pauses all trials cleanly,
/// twice ends them now; `rungkeeper resume` goes on in both cases, and after a crash.
#[derive(Debug, clap::Args)]
pub(crate) struct RunArguments {
    /// The experiment file (TOML).
    experiment: PathBuf,
    /// Directory of the run; `runs/NAME` unless given, NAME being the experiment's.
    #[arg(long)]
    dir: Option<PathBuf>,
}

/// Go on with an interrupted run, or with a finished one for longer
///
/// With another budget, if one is given: a smaller one is reached at once, in the order of the
/// policy. With other limits the time left counts from the new end.
#[derive(Debug, clap::Args)]
pub(crate) struct ResumeArguments {
    /// Directory of the run.
    dir: PathBuf,
    #[command(flatten)]
    limits: LimitArguments,
    #[command(flatten)]
    budget: BudgetArguments,
    /// Try trials that failed again, from the beginning.
    #[arg(long)]
    retry_failed: bool,
    /// Folder that the experiment's own paths are relative to, after a move.
    #[arg(long, value_name = "DIR")]
    base: Option<PathBuf>,
}

pub(crate) fn run(arguments: &RunArguments) -> anyhow::Result<ExitCode> {
    let interrupts = Interrupts::listen()?;
    let directory = match &arguments.dir {
        Some(directory) => directory.clone(),
        None => default_directory(&arguments.experiment),
    };
    let mut progress = Progress::new(interrupts.clone());
    let runner = Runner::create(&arguments.experiment, &directory, &mut progress);
    go(runner?, &directory, &interrupts)
}

pub(crate) fn resume(arguments: &ResumeArguments) -> anyhow::Result<ExitCode> {
    let interrupts = Interrupts::listen()?;
    let mut progress = Progress::new(interrupts.clone());
    let options = ResumeOptions {
        base: arguments.base.clone(),
    };
    let mut runner = Runner::resume(&arguments.dir, &options, &mut progress)?;
    if arguments.limits.is_given() {
        let limits = arguments.limits.change(runner.limits());
        runner.set_limits(limits)?;
    }
    if arguments.budget.is_given() {
        let budget = arguments.budget.change(runner.budget());
        runner.set_budget(budget)?;
    }
    if arguments.retry_failed {
        runner.retry_failed()?;
    }
    go(runner, &arguments.dir, &interrupts)
}

/// The name must be read before there is a directory; the runner reads the file again.
fn default_directory(experiment: &Path) -> PathBuf {
    let named = std::fs::read_to_string(experiment)
        .ok()
        .and_then(|text| Experiment::read(&text).ok())
        .map(|experiment| experiment.name);
    // Where it cannot be read the runner says why.
    let name = named.unwrap_or_default();
    Path::new("runs").join(rungkeeper_checkpoints::trial_name(&name))
}

fn go(
    mut runner: Runner<'_>,
    directory: &Path,
    interrupts: &Interrupts,
) -> anyhow::Result<ExitCode> {
    let outcome = runner.run();
    // Nothing of the run is left when the result is shown.
    drop(runner);
    let outcome = outcome?;
    let history = History::read(&directory.join("log.jsonl"))?;
    let mut out = io::stdout().lock();
    let folder = RunFolder::open(directory)?;
    summary(&history, &folder, &outcome, &mut out)?;
    let shown = path(directory);
    if outcome != Outcome::Finished {
        writeln!(out, "go on with: rungkeeper resume {shown}")?;
    }
    writeln!(out, "see more: rungkeeper report {shown}")?;
    Ok(match outcome {
        Outcome::Finished if history.nothing_worked() => ExitCode::FAILURE,
        Outcome::Finished => ExitCode::SUCCESS,
        Outcome::Stopped => interrupts.exit_code(),
        _ => ExitCode::FAILURE,
    })
}

fn summary(
    history: &History,
    folder: &RunFolder,
    outcome: &Outcome,
    out: &mut impl Write,
) -> io::Result<()> {
    let elapsed = history.elapsed;
    match outcome {
        Outcome::Finished => writeln!(out, "finished after {elapsed:.1} s")?,
        Outcome::GaveUp(reason) => {
            writeln!(out, "stopped after {elapsed:.1} s: {}", message(reason))?;
        }
        _ => writeln!(out, "stopped after {elapsed:.1} s")?,
    }
    if history.nothing_worked() {
        writeln!(
            out,
            "  no trial got anywhere: none of them reported and lived on"
        )?;
    }
    if let Some((trial, metric)) = history.best() {
        let kept = match history.model().checkpoint(&trial.id) {
            Some(_) if folder.is_missing(&trial.id) => ", its checkpoint is not there any more",
            Some(_) => ", its checkpoint is kept",
            None => "",
        };
        let id = plain(&trial.id);
        writeln!(out, "  best: trial {id} with {metric}{kept}")?;
        for (name, value) in trial.configuration.iter() {
            writeln!(out, "    {} = {}", plain(name), plain(value))?;
        }
    }
    let results = history.extra_results();
    writeln!(
        out,
        "  {} trials; {} promotions; {} checkpoints given up",
        history.trials.len(),
        results.num_trials_resumed,
        results.num_checkpoints_removed
    )?;
    writeln!(out, "  {}", budget_in_words(history))?;
    writeln!(
        out,
        "  cost: {} resource units trained again, {} of all{}",
        results.cost_resources,
        numbers::percent(history.cost_percent()),
        history.of_it_with_checkpoint()
    )
}

/// Whether the budget was kept, and the most that was held.
fn budget_in_words(history: &History) -> String {
    let holdings = &history.holdings;
    let (most, bytes) = (holdings.checkpoints.most(), holdings.bytes.most());
    let bytes = numbers::bytes(bytes);
    let budget = holdings.budget();
    let limits = budget.max_checkpoints.map(|most| most.to_string());
    let limits: Vec<String> = limits
        .into_iter()
        .chain(budget.max_bytes.map(numbers::bytes))
        .collect();
    if limits.is_empty() {
        let taken = history.room_taken().map(|taken| taken.sentence());
        let taken = taken.map_or(String::new(), |taken| format!("\n  {taken}"));
        return format!("no budget: up to {most} checkpoints held, {bytes}{taken}");
    }
    let limits = limits.join(" and ");
    let held = format!("up to {most} checkpoints held, {bytes}");
    let taken = history.room_taken().map(|taken| taken.sentence());
    match (holdings.exceeded, taken) {
        (None, None) => format!("budget of {limits} kept: {held}"),
        (None, Some(taken)) => format!("budget of {limits}: {held}\n  {taken}"),
        (Some(time), taken) => {
            let taken = taken.map_or(String::new(), |taken| format!("\n  {taken}"));
            format!("budget of {limits} exceeded at {time:.1} s: {held}{taken}")
        }
    }
}
