//! `rungkeeper check`: whether an experiment file is right, and its program does what the file says.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use bytesize::ByteSize;
use rungkeeper_runner::experiment::{Experiment, Filling, fill};
use rungkeeper_runner::journal::configuration;
use rungkeeper_runner::{Observer, Outcome, RunDirectory, Runner, Stop};
use rungkeeper_tuner::log::parse_line_and_fields;
use rungkeeper_tuner::search_space::Configuration;
use rungkeeper_tuner_hooks::log::Event;
use rungkeeper_tuner_hooks::{Decision, Mode};
use serde_json::{Map, Value};

use crate::input;
use crate::plain::{indented, message, path, plain, visible, wrapped};
use crate::report::words;
use crate::run::{Interrupts, seconds};

/// Most values beside the metric that are shown.
const MOST_VALUES: usize = 12;

/// Check an experiment file, and with --try its program too
///
/// All problems are reported at once, each with its place. With --try one trial is trained to its first
/// report, in a temporary folder, and what was understood of it is shown: the way to find out in a
/// moment whether a script and its experiment file fit each other. That report is waited for as long as
/// it takes, unless --for says how long; Ctrl+C ends it at any time.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The experiment file (TOML).
    experiment: PathBuf,
    /// Train one trial to its first report.
    #[arg(long = "try")]
    try_out: bool,
    /// Wait no longer for its first report than this, as "2 min".
    #[arg(long = "for", value_name = "TIME", value_parser = seconds, requires = "try_out")]
    patience: Option<f64>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let file = &arguments.experiment;
    input::check_experiment(file)?;
    let (experiment, _) = rungkeeper_runner::check(file)?;
    let mut out = io::stdout().lock();
    writeln!(out, "{}: no problem found", path(file))?;
    show(&experiment, &mut out)?;
    if !arguments.try_out {
        let next = format!(
            "next: rungkeeper check --try {}, which trains one trial to its first report",
            path(file)
        );
        wrapped(&next, &mut out)?;
        return Ok(ExitCode::SUCCESS);
    }
    out.flush()?;
    drop(out);
    let patience = arguments
        .patience
        .and_then(|patience| Duration::try_from_secs_f64(patience).ok()); // what is longer is for ever
    try_out(file, &experiment, patience)
}

/// What a run of it would be.
fn show(experiment: &Experiment, out: &mut impl Write) -> io::Result<()> {
    let model = &experiment.scheduler.model;
    let levels: Vec<String> = model
        .rungs
        .iter()
        .map(|rung| rung.level.to_string())
        .collect();
    let (resource, metric) = (
        plain(&experiment.names.resource),
        plain(&experiment.names.metric),
    );
    let max = experiment.scheduler.max_resource;
    let text = format!(
        "rungs at {resource} {}; the max resource is {max}",
        levels.join(", ")
    );
    indented(&text, out)?;
    let best = match model.mode {
        Mode::Min => "smallest",
        Mode::Max => "largest",
    };
    writeln!(out, "  the best has the {best} {metric}")?;
    let names = plain(experiment.space.names().join(", "));
    indented(&format!("parameters: {names}"), out)?;
    match experiment.space.given().len() as u64 {
        0 => Ok(()),
        given => writeln!(out, "  tried first: {}", words::of(given, "configuration")),
    }
}

fn try_out(
    file: &Path,
    experiment: &Experiment,
    patience: Option<Duration>,
) -> anyhow::Result<ExitCode> {
    let interrupts = Interrupts::listen()?;
    let _ = wrapped(
        "training one trial to its first report; Ctrl+C ends it",
        &mut io::stderr(),
    );
    let folder = tempfile::Builder::new()
        .prefix("rungkeeper-try-")
        .tempdir()?;
    let directory = folder.path().join("run");
    let mut seen = Seen {
        interrupts: interrupts.clone(),
        folder: folder.path().display().to_string(),
        began: Instant::now(),
        patience,
        was_late: false,
        happened: Happened::default(),
    };
    let mut runner = Runner::try_out(file, &directory, &mut seen)?;
    let outcome = runner.run();
    drop(runner);
    let outcome = outcome?;
    let was_late = seen.was_late;
    let happened = seen.happened;
    let asked = interrupts.stop() != Stop::No;
    let mut out = io::stdout().lock();
    writeln!(out, "one trial was tried:")?;
    if let Outcome::GaveUp(reason) = &outcome
        && reason.starts_with("the first report cannot be used: ")
    {
        // Whatever else there was comes from being ended for that.
        indented(&message(reason), &mut out)?;
        let remedy = format!(
            "set `metric` and `resource` in {} to keys of the report, or change what the program prints",
            path(file)
        );
        wrapped(&remedy, &mut out)?;
        return Ok(ExitCode::FAILURE);
    }
    happened.show(experiment, &directory, &mut out)?;
    if asked {
        return Ok(interrupts.exit_code());
    }
    if let Outcome::GaveUp(reason) = &outcome {
        writeln!(out, "  {}", message(without_place(reason, &seen.folder)))?;
    }
    if happened.report.is_some() {
        writeln!(out, "next: rungkeeper run {}", path(file))?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(patience) = patience.filter(|_| was_late) {
        let waited = patience.as_secs_f64();
        writeln!(out, "  it was ended after {waited} s, the time of --for")?;
    }
    let example = format!(
        "no report was understood; one is a line such as {{\"{}\": 1, \"{}\": 0.5}}",
        plain(&experiment.names.resource),
        plain(&experiment.names.metric)
    );
    wrapped(&example, &mut out)?;
    Ok(ExitCode::FAILURE)
}

/// Where more could be read of it now is gone in a moment; the last lines are shown.
fn without_place<'t>(text: &'t str, folder: &str) -> &'t str {
    match text.split_once(", see ") {
        Some((text, place)) if place.starts_with(folder) => text,
        _ => text,
    }
}

/// What happened to the trial.
#[derive(Debug, Default)]
struct Happened {
    configuration: Configuration,
    /// Resource, metric, whether it said that it wrote a checkpoint, and what else was reported.
    report: Option<(u64, f64, bool, Map<String, Value>)>,
    /// Level and size of its checkpoint.
    checkpoint: Option<(u64, u64)>,
    /// Its program was told to pause at the report, and not later.
    paused: bool,
    /// It ended by itself.
    ended: bool,
    failed: bool,
}

/// Watches the trial, and stops the run after its first report.
struct Seen {
    interrupts: Interrupts,
    /// The temporary folder, which is gone afterwards.
    folder: String,
    began: Instant,
    /// How long the first report is waited for.
    patience: Option<Duration>,
    /// It was ended because that did not come.
    was_late: bool,
    happened: Happened,
}

impl Seen {
    /// Whether the first report did not come in time.
    fn is_late(&self) -> bool {
        let over = |patience| self.began.elapsed() >= patience;
        self.happened.report.is_none() && self.patience.is_some_and(over)
    }
}

impl Observer for Seen {
    fn line(&mut self, line: &str) {
        let Ok((event, mut fields)) = parse_line_and_fields(1, line.as_bytes(), |_| true) else {
            return; // the header, which comes first
        };
        let happened = &mut self.happened;
        match event {
            Event::Start { .. } => happened.configuration = configuration(&fields),
            Event::Result {
                level,
                metric,
                decision,
                ..
            } if happened.report.is_none() => {
                let checkpoint = fields.get("checkpoint") == Some(&Value::Bool(true));
                let values = match fields.remove("values") {
                    Some(Value::Object(values)) => values,
                    _ => Map::new(),
                };
                happened.report = Some((level, metric, checkpoint, values));
                happened.paused = decision != Decision::Continue;
            }
            Event::Checkpoint { level, bytes, .. } => happened.checkpoint = Some((level, bytes)),
            Event::Complete { .. } => happened.ended = true,
            Event::Failed { .. } => happened.failed = true,
            _ => {}
        }
    }

    fn note(&mut self, text: &str) {
        if text.ends_with(" left no checkpoint at its pause") {
            return; // what is shown of the checkpoint says so
        }
        let text = without_place(text, &self.folder);
        // A pipe that is gone is no reason to stop.
        let _ = writeln!(io::stderr(), "note: {}", message(text));
    }

    fn stop(&mut self) -> Stop {
        let asked = self.interrupts.stop();
        if self.happened.report.is_some() && !self.happened.paused {
            return asked.max(Stop::Cleanly);
        }
        if self.is_late() {
            self.was_late = true;
            return Stop::Now;
        }
        asked
    }
}

impl Happened {
    fn show(
        &self,
        experiment: &Experiment,
        directory: &Path,
        out: &mut impl Write,
    ) -> anyhow::Result<()> {
        let directory = RunDirectory::look_at(directory)?;
        let filling = Filling {
            space: &experiment.space,
            configuration: &self.configuration,
            trial: "0",
            slot: 0,
            checkpoint_dir: "CHECKPOINT_DIR",
            config: &directory.config("0").display().to_string(),
        };
        let command = fill(&experiment.command, &filling);
        let command = shlex::try_join(command.iter().map(String::as_str)).unwrap_or_default();
        writeln!(out, "  command: {}", visible(command))?;
        for (name, value) in self.configuration.iter() {
            writeln!(out, "  parameter {} = {}", plain(name), plain(value))?;
        }
        for name in experiment.space.names() {
            if self.configuration.get(name).is_none() {
                writeln!(out, "  parameter {} is not active", plain(name))?;
            }
        }
        self.show_report(experiment, out)?;
        self.show_checkpoint(experiment, out)?;
        let end = if self.failed {
            "it crashed"
        } else if self.ended {
            "it ended by itself, without being told to"
        } else if self.paused {
            "it was told to pause at this report, and ended"
        } else if self.report.is_some() {
            "it was told to pause at a later report, and ended"
        } else {
            "it ended before any report"
        };
        writeln!(out, "  the program's end: {end}")?;
        Ok(())
    }

    fn show_report(&self, experiment: &Experiment, out: &mut impl Write) -> io::Result<()> {
        let Some((level, metric, _, values)) = &self.report else {
            return writeln!(out, "  report: none");
        };
        let names = &experiment.names;
        let (resource, name) = (plain(&names.resource), plain(&names.metric));
        let number = if metric.is_finite() {
            metric.to_string()
        } else {
            "no number, so the trial would rank behind all others".to_owned()
        };
        writeln!(out, "  report: {resource} {level}, {name} {number}")?;
        for (name, value) in values.iter().take(MOST_VALUES) {
            writeln!(out, "    also {} = {}", plain(name), plain(value))?;
        }
        match values.len().saturating_sub(MOST_VALUES) {
            0 => Ok(()),
            more => writeln!(out, "    and {}", words::of(more as u64, "more value")),
        }
    }

    fn show_checkpoint(&self, experiment: &Experiment, out: &mut impl Write) -> io::Result<()> {
        match (self.checkpoint, &self.report) {
            (Some((level, bytes)), _) => {
                let size = ByteSize(bytes).display().si();
                let resource = plain(&experiment.names.resource);
                writeln!(out, "  checkpoint: saved at {resource} {level}, {size}")
            }
            (None, Some((_, _, true, _))) => indented(
                "checkpoint: none was found in {checkpoint_dir}, though the report says that one was written",
                out,
            ),
            (None, _) => indented(
                "checkpoint: none was written to {checkpoint_dir}; a paused trial would train from scratch",
                out,
            ),
        }
    }
}
