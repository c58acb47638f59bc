//! `rungkeeper init`: a first experiment file.

mod ask;
mod parameter;
mod template;

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use rungkeeper_rung_model::Mode;
use rungkeeper_runner::experiment::Experiment;
use rungkeeper_tuner::simulation::usual_mode;

use crate::output;
use crate::plain::path;
use parameter::Parameter;
use template::Settings;

/// Write a first experiment file, with comments
///
/// What is not given by an option is asked on a terminal; elsewhere an example stands in its place. A
/// file that is there is never overwritten without --force.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The file to write.
    #[arg(default_value = "experiment.toml")]
    file: PathBuf,
    /// Name of the experiment.
    #[arg(long)]
    name: Option<String>,
    /// The training command, in quotes; parameters that it does not mention are added to it as
    /// `--NAME {NAME}`.
    #[arg(long, value_parser = command)]
    command: Option<Command>,
    /// Key of the metric in a report.
    #[arg(long)]
    metric: Option<String>,
    /// Whether a small metric is good or a large one; without it, what is usual for the metric's name.
    #[arg(long, value_parser = ["min", "max"])]
    mode: Option<String>,
    /// Key of the resource in a report.
    #[arg(long)]
    resource: Option<String>,
    /// Largest resource of a trial.
    #[arg(long, value_parser = clap::value_parser!(u64).range(2..=1 << 53))]
    max_resource: Option<u64>,
    /// A parameter: `lr=loguniform:1e-4:1`, `width=int:16:256:16` (the last is the step),
    /// `act=choice:relu:tanh`, `nesterov=flag`, `epochs=81`; also uniform, logint, normal and
    /// lognormal. May be given several times.
    #[arg(long = "parameter", short, value_name = "NAME=TYPE:...", value_parser = parameter::read)]
    parameters: Vec<Parameter>,
    /// Trials that run at a time: 1 unless given.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=4096))]
    workers: Option<u64>,
    /// Number of trials after which the run ends.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    trials: u64,
    /// Most checkpoints that are kept.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    max_checkpoints: Option<u64>,
    /// How program and tuner talk.
    #[arg(long, default_value = "answered", value_parser = ["answered", "one_way"])]
    protocol: String,
    /// Overwrite a file that is there.
    #[arg(long)]
    force: bool,
}

/// Program and arguments.
#[derive(Clone, Debug)]
struct Command(Vec<String>);

/// Reads a command as a shell does.
fn command(text: &str) -> Result<Command, String> {
    let words = shlex::split(text).ok_or("a quote in it is not closed")?;
    if words.is_empty() {
        return Err("it is empty".to_owned());
    }
    Ok(Command(words))
}

/// Whether metrics of that name are usually good if they are small, as an experiment file says it.
fn usual(metric: &str) -> String {
    let mode = match usual_mode(metric) {
        Mode::Min => "min",
        Mode::Max => "max",
    };
    mode.to_owned()
}

fn example_command() -> Vec<String> {
    ["python3", "train.py"].map(str::to_owned).to_vec()
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let file = &arguments.file;
    // Before anything is asked.
    anyhow::ensure!(
        arguments.force || std::fs::symlink_metadata(file).is_err(),
        "{} is there already, and stays as it is; name another file, or overwrite it with --force",
        file.display()
    );
    let mut settings = settings(arguments);
    if io::stdin().is_terminal() {
        ask::ask(
            arguments,
            &mut settings,
            &mut io::stdin().lock(),
            &mut io::stderr().lock(),
        )?;
    }
    settings.complete();
    let text = template::text(&settings);
    // What was given may be wrong in ways that only the file's reader knows.
    Experiment::read(&text).with_context(|| {
        format!(
            "{} is not written, since it would not be right",
            file.display()
        )
    })?;
    if arguments.force {
        output::write(file, &text)?;
    } else {
        let mut options = File::options();
        let created = options.write(true).create_new(true).open(file);
        created
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    let mut out = io::stdout().lock();
    let shown = path(file);
    writeln!(out, "{shown} is written")?;
    if settings.has_example_command {
        writeln!(
            out,
            "next: write your training program into its `command`, then"
        )?;
        writeln!(out, "      rungkeeper check --try {shown}")?;
    } else {
        writeln!(out, "next: rungkeeper check --try {shown}")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Checkpoints with room for the best of a rung, for whoever runs, and for the best finished trial.
fn room(workers: u64) -> u64 {
    workers + 7
}

/// What was given, and examples of what was not.
fn settings(arguments: &Arguments) -> Settings {
    let or =
        |given: &Option<String>, example: &str| given.clone().unwrap_or_else(|| example.to_owned());
    let stem = arguments
        .file
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned());
    let stem = stem.filter(|stem| stem != "experiment" && !stem.trim().is_empty());
    let example = stem.unwrap_or_else(|| "example".to_owned());
    let metric = or(&arguments.metric, "loss");
    let workers = arguments.workers.unwrap_or(1);
    Settings {
        name: or(&arguments.name, &example),
        command: arguments
            .command
            .clone()
            .map_or_else(example_command, |Command(words)| words),
        has_example_command: arguments.command.is_none(),
        mode: or(&arguments.mode, &usual(&metric)),
        metric,
        resource: or(&arguments.resource, "epoch"),
        max_resource: arguments.max_resource.unwrap_or(27),
        parameters: arguments.parameters.clone(),
        workers,
        trials: arguments.trials,
        max_checkpoints: arguments.max_checkpoints.unwrap_or(room(workers)),
        protocol: arguments.protocol.clone(),
    }
}
