//! Which columns of a table are read, for all commands that read one.

use std::io::{BufRead, Read};
use std::path::Path;

use anyhow::Context;
use rungkeeper_tuner::choose::LogTable;
use rungkeeper_tuner::curves::{CurveError, Problem, ReadOptions};
use rungkeeper_tuner::log::read_lines;
use rungkeeper_tuner_hooks::Mode;
use rungkeeper_tuner_hooks::log::{Event, Header};

use crate::input;

/// Columns of the reports.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ColumnArguments {
    /// Metric column [default: the only column of numbers, or the only one called as metrics are]
    #[arg(long, value_name = "NAME")]
    metric: Option<String>,
    /// Whether small or large metrics are good [default: max for names as accuracy, score, auc or
    /// f1, otherwise min]
    #[arg(long, value_parser = ["min", "max"])]
    mode: Option<String>,
    /// Column of trials [default: trial]
    #[arg(long, value_name = "NAME")]
    trial_column: Option<String>,
    /// Column of resources: epochs, steps, whatever the levels count [default: resource]
    #[arg(long, value_name = "NAME")]
    resource_column: Option<String>,
    /// Column of seconds [default: seconds, if there is one]
    #[arg(long, value_name = "NAME")]
    seconds_column: Option<String>,
    /// Seconds count from the start of the trial, not from its row before
    #[arg(long)]
    cumulative_seconds: bool,
}

impl ColumnArguments {
    pub(crate) fn options(&self) -> ReadOptions {
        let mut options = ReadOptions::new().cumulative_seconds(self.cumulative_seconds);
        if let Some(column) = &self.metric {
            options = options.metric(column);
        }
        if let Some(column) = &self.trial_column {
            options = options.trial_column(column);
        }
        if let Some(column) = &self.resource_column {
            options = options.resource_column(column);
        }
        if let Some(column) = &self.seconds_column {
            options = options.seconds_column(column);
        }
        options
    }

    pub(crate) fn mode(&self) -> Option<Mode> {
        self.mode.as_deref().map(|mode| match mode {
            "max" => Mode::Max,
            _ => Mode::Min,
        })
    }
}

/// The error with the option that helps.
pub(crate) fn explained(error: CurveError) -> anyhow::Error {
    let option = match error.problem() {
        Problem::MissingColumn { column, .. } if column == "trial" => "--trial-column",
        Problem::MissingColumn { column, .. } if column == "resource" => "--resource-column",
        Problem::SeveralMetrics { .. } => {
            return anyhow::anyhow!("{error}: --metric NAME");
        }
        Problem::NoMetric { .. } => "--metric",
        Problem::SecondsFall { .. } => {
            return anyhow::anyhow!(
                "{error}\nwithout --cumulative-seconds they count from row to row"
            );
        }
        _ => return error.into(),
    };
    anyhow::anyhow!("{error}\n{option} NAME says which column it is")
}

/// What a file of reports is.
pub(crate) enum Reports {
    Csv(Box<dyn BufRead>),
    /// An event log, with its settings.
    Log(LogTable, Box<Header>),
}

/// Opens a table. What begins with a brace is an event log of this project.
pub(crate) fn open(path: &Path) -> anyhow::Result<Reports> {
    let name = input::name(path);
    let mut file = input::open(path)?;
    let start = file
        .fill_buf()
        .with_context(|| format!("cannot read {name}"))?;
    if start.first() != Some(&b'{') {
        return Ok(Reports::Csv(file));
    }
    let (mut table, mut settings) = (LogTable::default(), None);
    for line in read_lines(file.by_ref()) {
        match line.with_context(|| name.clone())?.1 {
            Event::Header(header) => settings = Some(header),
            event => table.add(&event),
        }
    }
    let settings = settings.with_context(|| format!("{name}: the log has no header"))?;
    Ok(Reports::Log(table, settings))
}
