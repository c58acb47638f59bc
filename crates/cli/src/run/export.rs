//! `rungkeeper export`: the reports of a run as a table.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use rungkeeper_runner::journal::Journal;
use rungkeeper_tuner::search_space::Configuration;
use rungkeeper_tuner_hooks::Decision;
use rungkeeper_tuner_hooks::log::Event;
use serde_json::{Map, Value, json};

use crate::plain::visible;
use crate::report::folder::RunFolder;
use crate::report::history::History;
use crate::report::standing;
use crate::report::trials::Trial;

/// All reports of a run as a table: a row a report
///
/// A row has the trial, the resource, the metric, the seconds that the training took, what else the
/// program reported, the parameters, and how the trial stands. It goes to the standard output; the
/// run may be going on.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("format").required(true))]
pub(crate) struct Arguments {
    /// Directory of the run, or an event log by itself.
    dir: PathBuf,
    /// CSV: `simulate` reads it as well, and so does every table program.
    #[arg(long, group = "format")]
    csv: bool,
    /// A JSON object on each line.
    #[arg(long, group = "format")]
    json: bool,
}

/// Columns that each table has, in this order; the metric comes behind `resource`.
const COLUMNS: [&str; 7] = [
    "trial", "resource", "seconds", "elapsed", "decision", "again", "status",
];

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let folder = RunFolder::open(&arguments.dir)?;
    let history = History::read(folder.log())?;
    let table = Table {
        history: &history,
        folder: &folder,
        trials: history.trials.iter().map(|t| (t.id.as_str(), t)).collect(),
    };
    let mut out = BufWriter::new(io::stdout().lock());
    if arguments.json {
        table.write(|row| {
            writeln!(out, "{}", table.object(&row))?;
            Ok(())
        })?;
    } else {
        table.write_csv(&mut out)?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

struct Table<'r> {
    history: &'r History,
    folder: &'r RunFolder,
    trials: HashMap<&'r str, &'r Trial>,
}

/// A report.
struct Row<'r> {
    trial: &'r Trial,
    resource: u64,
    metric: f64,
    /// Seconds since the program was started, or reported before.
    seconds: f64,
    elapsed: f64,
    decision: Decision,
    /// The trial had reported this resource before.
    again: bool,
    values: Map<String, Value>,
}

impl<'r> Table<'r> {
    /// Goes through the log once more: it may hold more than fits into memory.
    fn write(&self, mut row: impl FnMut(Row<'r>) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let mut since: HashMap<&str, f64> = HashMap::new();
        let mut seen: HashSet<(&str, u64)> = HashSet::new();
        for recorded in Journal::read(self.folder.log())?.1 {
            let (event, mut line) = recorded?;
            let elapsed = event.elapsed().unwrap_or(0.0);
            match &event {
                Event::Start { trial, .. }
                | Event::Resume { trial, .. }
                | Event::Restart { trial, .. } => {
                    // What was written since the log was read first is left out.
                    if let Some(trial) = self.trials.get(trial.as_str()) {
                        since.insert(&trial.id, elapsed);
                    }
                }
                Event::Result {
                    trial,
                    level,
                    metric,
                    decision,
                    ..
                } => {
                    let Some(&trial) = self.trials.get(trial.as_str()) else {
                        continue;
                    };
                    let before = since.insert(&trial.id, elapsed).unwrap_or(elapsed);
                    let values = match line.remove("values") {
                        Some(Value::Object(values)) => values,
                        _ => Map::new(),
                    };
                    row(Row {
                        trial,
                        resource: *level,
                        metric: *metric,
                        seconds: (elapsed - before).max(0.0),
                        elapsed,
                        decision: *decision,
                        again: !seen.insert((&trial.id, *level)),
                        values,
                    })?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn status(&self, trial: &Trial) -> &'static str {
        standing::status(self.history, trial)
    }

    fn object(&self, row: &Row<'_>) -> Value {
        json!({
            "trial": row.trial.id,
            "resource": row.resource,
            "metric": row.metric,
            "seconds": row.seconds,
            "elapsed": row.elapsed,
            "decision": row.decision,
            "again": row.again,
            "status": self.status(row.trial),
            "values": row.values,
            "configuration": row.trial.configuration,
        })
    }

    /// What the reports hold is known once all were seen, so the log is read twice.
    fn write_csv(&self, out: &mut impl Write) -> anyhow::Result<()> {
        let mut values: BTreeSet<String> = BTreeSet::new();
        self.write(|row| {
            for name in row.values.keys() {
                if !values.contains(name) {
                    values.insert(name.clone());
                }
            }
            Ok(())
        })?;
        let mut parameters: Vec<&str> = Vec::new();
        let configurations = self.history.trials.iter().map(|trial| &trial.configuration);
        for (name, _) in configurations.flat_map(Configuration::iter) {
            if !parameters.contains(&name) {
                parameters.push(name);
            }
        }
        let metric = self.folder.metric();
        let metric = match metric {
            name if COLUMNS.contains(&name) => "metric",
            name => name,
        };
        let mut head: Vec<String> = COLUMNS.map(str::to_owned).to_vec();
        head.insert(2, metric.to_owned());
        // A program may report what it was given, `lr` for example: parameters have a name of their own.
        let taken = |name: &String| COLUMNS.contains(&name.as_str()) || name == metric;
        head.extend(values.iter().map(|name| {
            if taken(name) {
                format!("reported_{name}")
            } else {
                name.clone()
            }
        }));
        head.extend(parameters.iter().map(|name| format!("config_{name}")));
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(head.into_iter().map(visible))?;
        self.write(|row| {
            let decision = json!(row.decision);
            let mut fields = vec![
                row.trial.id.clone(),
                row.resource.to_string(),
                number(row.metric),
                number(row.seconds),
                number(row.elapsed),
                cell(Some(&decision)),
                row.again.to_string(),
                self.status(row.trial).to_owned(),
            ];
            fields.extend(values.iter().map(|name| cell(row.values.get(name))));
            let configuration = &row.trial.configuration;
            fields.extend(parameters.iter().map(|name| {
                let value = configuration.get(name);
                value.map_or(String::new(), ToString::to_string)
            }));
            Ok(csv.write_record(fields.into_iter().map(visible))?)
        })?;
        Ok(csv.flush()?)
    }
}

/// What is no finite number is an empty field.
fn number(value: f64) -> String {
    if value.is_finite() {
        value.to_string()
    } else {
        String::new()
    }
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}
