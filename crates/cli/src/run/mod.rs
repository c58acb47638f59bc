//! `rungkeeper run`, `resume` and `status`.

mod interrupt;
mod progress;
mod status;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rungkeeper_tuner::experiment::Experiment;
use rungkeeper_tuner::runner::{Outcome, Runner};

use interrupt::Interrupts;
use progress::Progress;

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

/// Go on with an interrupted run
#[derive(Debug, clap::Args)]
pub(crate) struct ResumeArguments {
    /// Directory of the run.
    dir: PathBuf,
}

pub(crate) fn run(arguments: &RunArguments) -> anyhow::Result<ExitCode> {
    let interrupts = Interrupts::listen()?;
    let directory = match &arguments.dir {
        Some(directory) => directory.clone(),
        None => default_directory(&arguments.experiment),
    };
    let mut progress = Progress::new(interrupts);
    let runner = Runner::create(&arguments.experiment, &directory)?;
    go(runner, &directory, &mut progress)
}

pub(crate) fn resume(arguments: &ResumeArguments) -> anyhow::Result<ExitCode> {
    let interrupts = Interrupts::listen()?;
    let mut progress = Progress::new(interrupts);
    let runner = Runner::resume(&arguments.dir, &mut progress)?;
    go(runner, &arguments.dir, &mut progress)
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

fn go(mut runner: Runner, directory: &Path, progress: &mut Progress) -> anyhow::Result<ExitCode> {
    let outcome = runner.run(progress);
    progress.end();
    let outcome = outcome?;
    let mut out = io::stdout().lock();
    summary(&runner, outcome, directory, &mut out)?;
    Ok(match outcome {
        Outcome::Finished | Outcome::Stopped => ExitCode::SUCCESS,
        Outcome::TooManyFailures => ExitCode::FAILURE,
    })
}

fn summary(
    runner: &Runner,
    outcome: Outcome,
    directory: &Path,
    out: &mut impl Write,
) -> io::Result<()> {
    let view = runner.view();
    let said = match outcome {
        Outcome::Finished => "finished",
        Outcome::Stopped => "stopped",
        Outcome::TooManyFailures => "stopped: too many trials failed",
    };
    let results = runner.extra_results();
    writeln!(out, "{said} after {:.1} s", view.elapsed)?;
    if let Some((trial, metric)) = view.best {
        writeln!(
            out,
            "  best: trial {trial} with {metric}, its checkpoint is kept"
        )?;
        for (name, value) in runner.configuration(trial).iter() {
            writeln!(out, "    {name} = {value}")?;
        }
    }
    writeln!(
        out,
        "  {} trials; {} promotions; {} checkpoints given up",
        view.model.num_trials(),
        results.num_trials_resumed,
        results.num_checkpoints_removed
    )?;
    writeln!(
        out,
        "  cost of what was given up: {} resource units trained again",
        results.cost_resources
    )?;
    if outcome != Outcome::Finished {
        writeln!(out, "go on with: rungkeeper resume {}", directory.display())?;
    }
    Ok(())
}
