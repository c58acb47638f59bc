//! `rungkeeper best`: the result of a run, to be used.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use serde_json::{Map, Value, json};

use super::again::Again;
use crate::page::numbers;
use crate::plain::{path, plain, visible};
use crate::report::folder::{Place, RunFolder};
use crate::report::history::History;
use crate::report::trials::Trial;
use crate::report::{standing, words};

/// The best trial so far: its configuration, its checkpoint, and how to train it again
///
/// A finished trial comes first, and then whoever got to the highest rung with the best metric. The
/// run may be going on. Metrics are shown with four digits; --json has all of them.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Directory of the run.
    dir: PathBuf,
    /// One JSON object, for programs.
    #[arg(long)]
    json: bool,
}

/// The best trial and what is known of it.
struct Found<'r> {
    history: &'r History,
    folder: &'r RunFolder,
    trial: &'r Trial,
    metric: f64,
    resource: u64,
    again: Option<Again>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let folder = RunFolder::open(&arguments.dir)?;
    let history = History::read(folder.log())?;
    let Some(mut found) = Found::of(&history, &folder) else {
        bail!(
            "no trial of {} has reported a number yet",
            arguments.dir.display()
        );
    };
    let experiment = folder.experiment();
    found.again =
        experiment.and_then(|experiment| Again::of(&arguments.dir, experiment, found.trial));
    let mut out = io::stdout().lock();
    if arguments.json {
        writeln!(out, "{}", found.json())?;
    } else {
        found.show(&mut out)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The best trial of a run, as `best --json` tells it; null where none has reported a number.
pub(super) fn json(history: &History, folder: &RunFolder) -> Value {
    Found::of(history, folder).map_or(Value::Null, |found| found.json())
}

impl<'r> Found<'r> {
    /// Without the command that trains it again.
    fn of(history: &'r History, folder: &'r RunFolder) -> Option<Self> {
        let (trial, metric) = history.best()?;
        Some(Self {
            history,
            folder,
            trial,
            metric,
            resource: trial.highest().map_or(0, |highest| highest.0),
            again: None,
        })
    }

    fn show(&self, out: &mut impl Write) -> io::Result<()> {
        let (history, folder, trial) = (self.history, self.folder, self.trial);
        let (name, unit) = (plain(folder.metric()), plain(folder.resource()));
        let status = standing::status(history, trial);
        writeln!(out, "trial {}, {status}", plain(&trial.id))?;
        let value = words::metric(self.metric);
        writeln!(out, "  {name} {value} at {unit} {}", self.resource)?;
        if let Some((resource, best)) = trial.best_value(history.header.mode)
            && resource != self.resource
        {
            let best = words::metric(best);
            writeln!(out, "  its best was {best} at {unit} {resource}")?;
        }
        if let Some((other, value)) = history.better_unfinished() {
            let other = words::best_trial(other, value, folder);
            writeln!(out, "  better so far: {other}")?;
        }
        writeln!(out, "configuration:")?;
        if trial.configuration.is_empty() {
            writeln!(out, "  the log does not tell it")?;
        }
        for (name, value) in trial.configuration.iter() {
            writeln!(out, "  {} = {}", plain(name), plain(value))?;
        }
        self.show_checkpoint(out)?;
        self.show_again(out)
    }

    fn show_checkpoint(&self, out: &mut impl Write) -> io::Result<()> {
        match standing::place(self.history, self.folder, &self.trial.id) {
            Some(Place::Folder(folder)) => writeln!(out, "checkpoint:\n  {}", path(&folder)),
            Some(Place::Store(address)) => {
                let trial = plain(&self.trial.id);
                let address = plain(address);
                writeln!(out, "checkpoint:\n  that of trial {trial} in {address}")
            }
            _ => {
                let state = standing::checkpoint(self.history, self.folder, self.trial);
                writeln!(out, "checkpoint: none ({state})")
            }
        }
    }

    fn show_again(&self, out: &mut impl Write) -> io::Result<()> {
        let unit = match self.folder.resource() {
            "resource" => "resource unit".to_owned(),
            name => plain(name),
        };
        let units = words::of(self.trial.trained(), &unit);
        let seconds = self.trial.seconds;
        let took = words::plain_spaces(numbers::Clock::of(seconds).with_unit(seconds));
        writeln!(out, "to train it again takes {units}, some {took}:")?;
        match &self.again {
            Some(again) => {
                writeln!(out, "  {}", visible(again.shell.clone()))?;
                if !again.variables.is_empty() {
                    let names = plain(again.variables.join(", "));
                    writeln!(out, "with these variables as in the experiment: {names}")?;
                }
                Ok(())
            }
            None => writeln!(out, "  with which command the log does not tell"),
        }
    }

    fn json(&self) -> Value {
        let (history, folder, trial) = (self.history, self.folder, self.trial);
        let place = standing::place(history, folder, &trial.id);
        let (path, store) = match place {
            Some(Place::Folder(path)) => (Some(path.canonicalize().unwrap_or(path)), None),
            Some(Place::Store(address)) => (None, Some(address)),
            _ => (None, None),
        };
        let last = |points: &[(u64, f64)]| points.last().map(|point| point.1);
        let values = trial.values.iter();
        let values: Map<String, Value> = values
            .filter_map(|(name, points)| Some((name.clone(), json!(last(points)?))))
            .collect();
        let best = trial.best_value(history.header.mode);
        let best = best.map(|(resource, metric)| json!({"resource": resource, "metric": metric}));
        let better = history.better_unfinished().map(|(trial, metric)| {
            let resource = trial.highest().map(|highest| highest.0);
            json!({"trial": trial.id, "resource": resource, "metric": metric})
        });
        let mut again = json!({"resource": trial.trained(), "seconds": trial.seconds});
        if let (Some(command), Some(again)) = (&self.again, again.as_object_mut()) {
            again.insert("directory".to_owned(), json!(command.directory));
            again.insert("command".to_owned(), json!(command.command));
            again.insert("environment".to_owned(), json!(command.environment));
            again.insert("variables".to_owned(), json!(command.variables));
            again.insert("shell".to_owned(), json!(command.shell));
        }
        json!({
            "trial": trial.id,
            "status": standing::status(history, trial),
            "finished": trial.finished.is_some(),
            "metric": self.metric,
            "metric_name": folder.metric(),
            "resource": self.resource,
            "resource_name": folder.resource(),
            "best_value": best,
            "better_unfinished": better,
            "values": values,
            "configuration": trial.configuration,
            "checkpoint": {
                "state": standing::checkpoint(history, folder, trial),
                "path": path,
                "store": store,
            },
            "train_again": again,
        })
    }
}
