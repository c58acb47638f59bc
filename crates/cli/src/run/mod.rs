//! `rungkeeper run` and what goes with it: `resume`, `status`, `best`, `export`, `gc`, `pin`, `unpin`.

mod again;
mod best;
mod budget;
mod export;
mod gc;
mod interrupt;
mod limits;
mod notes;
mod output;
mod pin;
mod progress;
mod speaker;
mod status;
mod summary;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rungkeeper_runner::{Outcome, ResumeOptions, Runner};

use crate::input;
use crate::plain::{message, path};
use crate::report::folder::RunFolder;
use crate::report::history::History;
use crate::report::words;
use budget::BudgetArguments;
use limits::LimitArguments;
use output::OutputArguments;
use progress::Progress;
use speaker::Speaker;

pub(crate) use best::{Arguments as BestArguments, run as best};
pub(crate) use export::{Arguments as ExportArguments, run as export};
pub(crate) use gc::{Arguments as GcArguments, run as gc};
pub(crate) use interrupt::Interrupts;
pub(crate) use limits::seconds;
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
    #[command(flatten)]
    output: OutputArguments,
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
    #[command(flatten)]
    output: OutputArguments,
}

pub(crate) fn run(arguments: &RunArguments) -> anyhow::Result<ExitCode> {
    input::check_experiment(&arguments.experiment)?;
    let interrupts = Interrupts::listen()?;
    // Names must be known before there is a run; the runner reads the file again. Where it cannot be read that says why.
    let experiment = rungkeeper_runner::read(&arguments.experiment).ok();
    let directory = match &arguments.dir {
        Some(directory) => directory.clone(),
        None => default_directory(
            experiment
                .as_ref()
                .map_or("", |experiment| &experiment.name),
        ),
    };
    let names = experiment.map(|experiment| experiment.names);
    let mut progress = Progress::new(interrupts.clone(), arguments.output, names);
    let programs = progress.programs();
    let mut runner = Runner::create(&arguments.experiment, &directory, &mut progress)?;
    if let Some(programs) = programs {
        // It was written before anybody watched.
        programs.say(output::header(&directory)?);
    }
    let outcome = runner.run();
    drop(runner);
    finish(
        progress,
        &outcome?,
        &directory,
        &interrupts,
        arguments.output,
    )
}

pub(crate) fn resume(arguments: &ResumeArguments) -> anyhow::Result<ExitCode> {
    let interrupts = Interrupts::listen()?;
    let names = RunFolder::open(&arguments.dir).ok();
    let names = names.and_then(|folder| Some(folder.experiment()?.names.clone()));
    let mut progress = Progress::new(interrupts.clone(), arguments.output, names);
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
    let outcome = runner.run();
    drop(runner);
    finish(
        progress,
        &outcome?,
        &arguments.dir,
        &interrupts,
        arguments.output,
    )
}

fn default_directory(name: &str) -> PathBuf {
    let runs = Path::new("runs");
    let escaped = runs.join(rungkeeper_checkpoints::trial_name(name));
    // Earlier versions escaped each name.
    if is_file_name(name) && !escaped.exists() {
        runs.join(name)
    } else {
        escaped
    }
}

/// Longest name of a folder, in bytes: some file systems take 255, and some of them encrypt names.
const LONGEST_NAME: usize = 140;

/// Whether a name can be that of a folder as it is, and is no nuisance in a shell.
fn is_file_name(name: &str) -> bool {
    let is_harmless = |c: char| !c.is_control() && !matches!(c, '/' | '\\');
    let begins_well =
        name.starts_with(|c: char| !c.is_whitespace() && !matches!(c, '.' | '-' | '~'));
    let ends_well = !name.ends_with(char::is_whitespace);
    begins_well && ends_well && name.chars().all(is_harmless) && name.len() <= LONGEST_NAME
}

/// Shows the result. Nothing of the run is left by then, and neither is the line of its progress.
fn finish(
    progress: Progress,
    outcome: &Outcome,
    directory: &Path,
    interrupts: &Interrupts,
    output: OutputArguments,
) -> anyhow::Result<ExitCode> {
    let has_started = progress.has_started;
    drop(progress);
    let history = History::read(&directory.join("log.jsonl"))?;
    let mut said = Vec::new();
    if !output.quiet {
        conclude(&history, directory, outcome, &mut said)?;
        if *outcome == Outcome::Finished && !has_started {
            nothing_left(&history, directory, &mut said)?;
        }
    } else if let Outcome::GaveUp(reason) = outcome {
        // Why it stopped is no part of what was not to be said.
        writeln!(said, "stopped: {}", message(reason))?;
    }
    if !said.is_empty() {
        let speaker = if output.quiet || output.json {
            Speaker::plain(io::stderr())
        } else {
            Speaker::plain(io::stdout())
        };
        speaker.say(String::from_utf8_lossy(&said).trim_end().to_owned());
        speaker.finish(interrupts)?;
    }
    Ok(match outcome {
        Outcome::Finished if history.nothing_worked() => ExitCode::FAILURE,
        Outcome::Finished => ExitCode::SUCCESS,
        Outcome::Stopped => interrupts.exit_code(),
        _ => ExitCode::FAILURE,
    })
}

/// How it ended, and what can be done now.
fn conclude(
    history: &History,
    directory: &Path,
    outcome: &Outcome,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let folder = RunFolder::open(directory)?;
    summary::write(history, &folder, outcome, out)?;
    let shown = path(directory);
    if matches!(outcome, Outcome::GaveUp(_)) && history.progress().reports == 0 {
        // Most likely a key of the report: as long as none was accepted its names may be changed.
        let file = path(&directory.join("experiment.toml"));
        writeln!(
            out,
            "first correct the program, or command, metric and resource in\n  {file}"
        )?;
    }
    if *outcome != Outcome::Finished {
        writeln!(out, "go on with: rungkeeper resume {shown}")?;
    }
    if let Some(option) = way_on(history).filter(|_| *outcome == Outcome::Finished) {
        writeln!(
            out,
            "no trial has finished; go on with: rungkeeper resume {shown} {option}"
        )?;
    }
    if let Some(line) = words::try_again(history, &folder) {
        writeln!(out, "{line}")?;
    }
    if history.best().is_some() {
        writeln!(out, "use the best: rungkeeper best {shown}")?;
    }
    writeln!(out, "see more: rungkeeper report {shown}")?;
    Ok(())
}

/// A finished run was resumed, and that it repeats its result may look as if it had gone on.
fn nothing_left(history: &History, directory: &Path, out: &mut impl Write) -> anyhow::Result<()> {
    writeln!(out, "nothing was left to do")?;
    if let Some(option) = beyond_the_limit(history) {
        let directory = path(directory);
        writeln!(out, "do more with: rungkeeper resume {directory} {option}")?;
    }
    Ok(())
}

/// The option of `resume` that lets a run go on which a limit ended before any trial had finished.
fn way_on(history: &History) -> Option<String> {
    if history.nothing_worked() || history.trials.iter().any(|trial| trial.finished.is_some()) {
        return None;
    }
    beyond_the_limit(history)
}

/// The option of `resume` that raises the limit which ended a run.
fn beyond_the_limit(history: &History) -> Option<String> {
    let (limits, progress) = (history.limits(), history.progress());
    let counted = [
        ("reports", limits.reports, progress.reports),
        ("total-resource", limits.resource, progress.resource),
        ("trials", limits.trials, progress.trials),
    ];
    if limits.seconds.is_some_and(|limit| history.elapsed >= limit) {
        return Some("--wall-clock TIME".to_owned());
    }
    let reached = counted
        .into_iter()
        .find(|(_, limit, used)| limit.is_some_and(|limit| *used >= limit));
    reached.map(|(name, limit, _)| {
        let limit = limit.unwrap_or_default();
        format!("--{name} N\n  with N above {limit}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_folders_where_they_can_be() {
        for name in ["wine 2", "Größe", "a=b", "it's", "v1.5"] {
            assert!(is_file_name(name), "{name}");
        }
        let long = "x".repeat(200);
        for name in [
            "",
            "..",
            ".git",
            "a/b",
            "-x",
            "~",
            " a",
            "a ",
            "a\nb",
            long.as_str(),
        ] {
            assert!(!is_file_name(name), "{name}");
        }
    }
}
