//! From an event log to tables.

use std::collections::HashMap;

use rungkeeper_rung_model::Decision;
use rungkeeper_tuner_hooks::log::Event;

use super::table::RunTable;
use crate::choose::{RunRow, Status};

/// Gathers what the events of a log tell of a run, one by one.
///
/// ```
/// use rungkeeper_tuner::choose::{LogTable, Status};
/// use rungkeeper_tuner_hooks::Decision;
/// use rungkeeper_tuner_hooks::log::Event;
///
/// let mut log = LogTable::default();
/// let trial = || "7".to_owned();
/// log.add(&Event::Start { trial: trial(), bracket: 0, elapsed: 1.0 });
/// log.add(&Event::Result { trial: trial(), level: 1, metric: 0.5, decision: Decision::Pause, elapsed: 3.5 });
/// log.add(&Event::Checkpoint { trial: trial(), level: 1, bytes: 900, elapsed: 3.5 });
/// assert_eq!(log.to_csv(), "trial,resource,metric,seconds\n7,1,0.5,2.5\n");
/// assert_eq!(log.table("my run").num_trials(), 1);
/// ```
#[derive(Clone, Debug, Default)]
pub struct LogTable {
    reports: Vec<(String, u64, f64, f64)>,
    trials: HashMap<String, Known>,
    order: Vec<String>,
}

/// What is known of a trial.
#[derive(Clone, Debug)]
struct Known {
    status: Status,
    bytes: Option<u64>,
    pinned: bool,
    /// Since when it trains for its next report.
    since: f64,
    highest: u64,
}

impl LogTable {
    /// Takes the next event. Those that tell nothing of a trial change nothing.
    pub fn add(&mut self, event: &Event) {
        if let Event::LoopEnd(end) = event {
            // Logs of the reference tell removals here alone.
            for removed in &end.removed {
                if let Some(known) = self.trials.get_mut(&removed.trial) {
                    known.status = Status::Removed;
                }
            }
            return;
        }
        let (Some(trial), Some(elapsed)) = (trial_of(event), event.elapsed()) else {
            return;
        };
        let order = &mut self.order;
        let known = self.trials.entry(trial.to_owned()).or_insert_with(|| {
            order.push(trial.to_owned());
            Known {
                status: Status::Running,
                bytes: None,
                pinned: false,
                since: elapsed,
                highest: 0,
            }
        });
        match event {
            Event::Start { .. }
            | Event::Launch { .. }
            | Event::Resume { .. }
            | Event::Restart { .. }
            | Event::Retry { .. } => (known.status, known.since) = (Status::Running, elapsed),
            Event::Result {
                level,
                metric,
                decision,
                ..
            } => {
                // What is trained again was reported once already.
                if *level > known.highest {
                    known.highest = *level;
                    let seconds = (elapsed - known.since).max(0.0);
                    let report = (trial.to_owned(), *level, *metric, seconds);
                    self.reports.push(report);
                }
                known.since = elapsed;
                match decision {
                    Decision::Continue => {}
                    Decision::Pause => known.status = Status::Paused,
                    Decision::Stop => known.status = Status::Ended,
                }
            }
            Event::Checkpoint { bytes, .. } => {
                known.bytes = Some(*bytes);
                if known.status == Status::Removed {
                    known.status = Status::Paused;
                }
            }
            Event::Complete { .. } | Event::Failed { .. } => known.status = Status::Ended,
            Event::Remove { .. } => known.status = Status::Removed,
            Event::Pin { .. } => known.pinned = true,
            Event::Unpin { .. } => known.pinned = false,
            _ => {}
        }
    }

    /// The run as it stands, under a name.
    #[must_use]
    pub fn table(&self, name: &str) -> RunTable {
        let mut table = RunTable::new(name, "metric");
        for (trial, resource, metric, seconds) in &self.reports {
            table.push(&RunRow {
                seconds: Some(*seconds),
                ..RunRow::new(trial, *resource, *metric)
            });
        }
        for trial in &self.order {
            let Known {
                status,
                bytes,
                pinned,
                ..
            } = self.trials[trial];
            let status = match status {
                Status::Paused if pinned => Status::Pinned,
                other => other,
            };
            table.tell(trial, status, bytes, None);
        }
        table
    }

    /// The learning curves as CSV, in the [file format](crate::curves).
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let rows = self
            .reports
            .iter()
            .map(|(trial, resource, metric, seconds)| {
                [
                    trial.clone(),
                    resource.to_string(),
                    metric.to_string(),
                    seconds.to_string(),
                ]
            });
        let header = ["trial", "resource", "metric", "seconds"].map(str::to_owned);
        for row in std::iter::once(header).chain(rows) {
            let _ = writer.write_record(row); // memory takes it
        }
        let written = writer.into_inner().unwrap_or_default();
        String::from_utf8(written).unwrap_or_default()
    }
}

fn trial_of(event: &Event) -> Option<&str> {
    match event {
        Event::Start { trial, .. }
        | Event::Launch { trial, .. }
        | Event::Resume { trial, .. }
        | Event::Restart { trial, .. }
        | Event::Retry { trial, .. }
        | Event::Result { trial, .. }
        | Event::Checkpoint { trial, .. }
        | Event::Complete { trial, .. }
        | Event::Failed { trial, .. }
        | Event::Pin { trial, .. }
        | Event::Unpin { trial, .. } => Some(trial),
        Event::Remove { removal, .. } => Some(&removal.trial),
        _ => None,
    }
}
