//! `rungkeeper export`: the reports of a run as a table.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use rungkeeper_runner::journal::Journal;
use rungkeeper_tuner::curves::{EXPORTED, EXPORTED_METRIC};
use rungkeeper_tuner::search_space::Configuration;
use rungkeeper_tuner_hooks::Decision;
use rungkeeper_tuner_hooks::log::Event;
use serde_json::{Map, Value, json};

use crate::plain::visible;
use crate::report::folder::{Place, RunFolder};
use crate::report::history::History;
use crate::report::standing;
use crate::report::trials::Trial;

/// All reports of a run as a table: a row a report
///
/// A row has the trial, the resource, the metric, the seconds that the training took, what else the
/// program reported, the parameters, how the trial stands, and size and path of the checkpoint that
/// it holds. It goes to the standard output; the run may be going on.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("format").required(true))]
pub(crate) struct Arguments {
    /// Directory of the run, or an event log by itself.
    dir: PathBuf,
    /// CSV: `simulate` and `choose` read it as well, and so does every table program.
    #[arg(long, group = "format")]
    csv: bool,
    /// A JSON object on each line.
    #[arg(long, group = "format")]
    json: bool,
}

/// The last columns of a run's table, as `choose` reads them.
const HOLDINGS: [&str; 2] = ["bytes", "path"];

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let folder = RunFolder::open(&arguments.dir)?;
    let history = History::read(folder.log())?;
    let trials = history.trials.iter();
    let table = Table {
        history: &history,
        folder: &folder,
        trials: trials
            .map(|trial| (trial.id.as_str(), Told::new(&history, &folder, trial)))
            .collect(),
    };
    let mut out = BufWriter::new(io::stdout().lock());
    if arguments.json {
        table.write(|row| {
            writeln!(out, "{}", row.object())?;
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
    trials: HashMap<&'r str, Told<'r>>,
}

/// What each row of a trial tells of it.
struct Told<'r> {
    trial: &'r Trial,
    status: &'static str,
    /// Of the checkpoint that it holds.
    bytes: Option<u64>,
    path: Option<String>,
}

impl<'r> Told<'r> {
    fn new(history: &History, folder: &RunFolder, trial: &'r Trial) -> Self {
        let place = standing::place(history, folder, &trial.id);
        let checkpoint = place.and_then(|place| {
            let bytes = history.model().checkpoint(&trial.id)?.bytes;
            Some((bytes, address(place)?))
        });
        let (bytes, path) = checkpoint.unzip();
        Self {
            trial,
            status: status(history, folder, trial),
            bytes,
            path,
        }
    }
}

/// How a trial stands, and of one that waits whether it has to train again.
fn status(history: &History, folder: &RunFolder, trial: &Trial) -> &'static str {
    let status = standing::status(history, trial);
    if status != "paused" {
        return status;
    }
    match standing::checkpoint(history, folder, trial) {
        "removed" | "lost" | "missing" => "removed",
        "pinned" => "pinned",
        _ => status,
    }
}

/// As `rm` and `choose` understand it from any folder.
fn address(place: Place) -> Option<String> {
    match place {
        Place::Folder(folder) => {
            let folder = std::path::absolute(&folder).unwrap_or(folder);
            Some(folder.to_string_lossy().into_owned())
        }
        Place::Store(address) => Some(address),
        Place::Missing(_) | Place::Unknown => None,
    }
}

/// A report.
struct Row<'r> {
    told: &'r Told<'r>,
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

impl Row<'_> {
    fn object(&self) -> Value {
        json!({
            "trial": self.told.trial.id,
            "resource": self.resource,
            "metric": self.metric,
            "seconds": self.seconds,
            "elapsed": self.elapsed,
            "decision": self.decision,
            "again": self.again,
            "status": self.told.status,
            "values": self.values,
            "configuration": self.told.trial.configuration,
            "bytes": self.told.bytes,
            "path": self.told.path,
        })
    }
}

impl Table<'_> {
    /// Goes through the log once more: it may hold more than fits into memory.
    fn write(&self, mut row: impl FnMut(Row<'_>) -> anyhow::Result<()>) -> anyhow::Result<()> {
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
                    if let Some(told) = self.trials.get(trial.as_str()) {
                        since.insert(&told.trial.id, elapsed);
                    }
                }
                Event::Result {
                    trial,
                    level,
                    metric,
                    decision,
                    ..
                } => {
                    let Some(told) = self.trials.get(trial.as_str()) else {
                        continue;
                    };
                    let id = told.trial.id.as_str();
                    let before = since.insert(id, elapsed).unwrap_or(elapsed);
                    let values = match line.remove("values") {
                        Some(Value::Object(values)) => values,
                        _ => Map::new(),
                    };
                    row(Row {
                        told,
                        resource: *level,
                        metric: *metric,
                        seconds: (elapsed - before).max(0.0),
                        elapsed,
                        decision: *decision,
                        again: !seen.insert((id, *level)),
                        values,
                    })?;
                }
                _ => {}
            }
        }
        Ok(())
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
            name if is_taken(name) => "metric",
            name => name,
        };
        let mut head: Vec<String> = EXPORTED.map(str::to_owned).to_vec();
        head.insert(EXPORTED_METRIC, metric.to_owned());
        // A program may report what it was given, `lr` for example: parameters have a name of their own.
        let taken = |name: &String| is_taken(name) || name == metric;
        head.extend(values.iter().map(|name| {
            if taken(name) {
                format!("reported_{name}")
            } else {
                name.clone()
            }
        }));
        head.extend(parameters.iter().map(|name| format!("config_{name}")));
        let has_places = self.folder.knows_places();
        if has_places {
            head.extend(HOLDINGS.map(str::to_owned));
        }
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(head.into_iter().map(visible))?;
        self.write(|row| {
            let decision = json!(row.decision);
            let mut fields = vec![
                row.told.trial.id.clone(),
                row.resource.to_string(),
                number(row.metric),
                number(row.seconds),
                number(row.elapsed),
                cell(Some(&decision)),
                row.again.to_string(),
                row.told.status.to_owned(),
            ];
            fields.extend(values.iter().map(|name| cell(row.values.get(name))));
            let configuration = &row.told.trial.configuration;
            fields.extend(parameters.iter().map(|name| {
                let value = configuration.get(name);
                value.map_or(String::new(), ToString::to_string)
            }));
            if has_places {
                let bytes = row.told.bytes.map(|bytes| bytes.to_string());
                fields.extend([
                    bytes.unwrap_or_default(),
                    row.told.path.clone().unwrap_or_default(),
                ]);
            }
            Ok(csv.write_record(fields.into_iter().map(visible))?)
        })?;
        Ok(csv.flush()?)
    }
}

/// Whether a column of each table has this name.
fn is_taken(name: &str) -> bool {
    EXPORTED.iter().chain(&HOLDINGS).any(|taken| *taken == name)
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
