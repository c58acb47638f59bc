//! What the end of a log may have left open.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashSet};
use rungkeeper_checkpoints::Stored;
use rungkeeper_rung_model::Decision;
use rungkeeper_tuner_hooks::RemovalReason;
use rungkeeper_tuner_hooks::log::Event;
use serde_json::Value;

use crate::books::Fields;

/// What the end of a log may have left open.
#[derive(Default)]
pub(super) struct LeftOpen {
    /// Processes that may still be there: each trial's last one.
    pub(super) processes: HashMap<String, LeftProcess>,
    /// Reports whose result is missing.
    pub(super) reported: BTreeMap<String, LeftReport>,
    /// Sequence numbers of the checkpoints that the log names, where it does.
    pub(super) sequences: HashMap<String, u64>,
    /// Paused trials whose checkpoint of that pause is not in the log yet.
    pub(super) unsettled: HashSet<String>,
    /// Trials whose checkpoint was removed by a decision: its files have to go.
    pub(super) removed: HashSet<String>,
    /// Trials that reported since what their folder holds was begun: before, it is not what they reported last.
    pub(super) reported_since: HashSet<String>,
}

/// A report as the log has it.
pub(super) struct LeftReport {
    pub(super) level: u64,
    pub(super) metric: f64,
    /// What was reported beside the metric.
    pub(super) values: Fields,
}

/// A process as the log has it.
pub(super) struct LeftProcess {
    pub(super) id: u32,
    /// Its start time, in the kernel's own count.
    pub(super) started: Option<String>,
    /// The mark that the run had then.
    pub(super) mark: Option<String>,
}

impl LeftOpen {
    pub(super) fn happened(&mut self, event: &Event, fields: &Fields) {
        match event {
            Event::Start { trial, .. }
            | Event::Resume { trial, .. }
            | Event::Restart { trial, .. } => {
                self.reported.remove(trial);
                self.unsettled.remove(trial);
                if !fields.contains_key("folder_kept") {
                    self.reported_since.remove(trial);
                }
                self.note_process(trial, fields);
            }
            // Once before a process is started, and for the first one of a trial once more when its number is known.
            Event::Launch { trial, .. } => self.note_process(trial, fields),
            Event::Reported {
                trial,
                level,
                metric,
                ..
            } => {
                let values = fields.get("values").and_then(Value::as_object).cloned();
                let report = LeftReport {
                    level: *level,
                    metric: *metric,
                    values: values.unwrap_or_default(),
                };
                self.reported.insert(trial.clone(), report);
                self.reported_since.insert(trial.clone());
            }
            Event::Result {
                trial, decision, ..
            } => {
                self.reported.remove(trial);
                self.reported_since.insert(trial.clone());
                if *decision == Decision::Pause {
                    self.unsettled.insert(trial.clone());
                }
            }
            Event::Checkpoint { trial, .. } => {
                self.unsettled.remove(trial);
                self.removed.remove(trial);
                match fields.get("sequence").and_then(Value::as_u64) {
                    Some(sequence) => self.sequences.insert(trial.clone(), sequence),
                    None => self.sequences.remove(trial),
                };
            }
            Event::Remove { removal, .. } if removal.reason != RemovalReason::Lost => {
                self.removed.insert(removal.trial.clone());
            }
            _ => {}
        }
    }

    /// Whether a checkpoint in the store is one that a decision removed: one that came later has another number.
    pub(super) fn was_removed(&self, stored: &Stored) -> bool {
        let sequence = self.sequences.get(&stored.trial);
        self.removed.contains(&stored.trial)
            && sequence.is_none_or(|sequence| stored.sequence <= *sequence)
    }

    fn note_process(&mut self, trial: &str, fields: &Fields) {
        let id = fields.get("pid").and_then(Value::as_u64);
        if let Some(id) = id.and_then(|id| u32::try_from(id).ok()) {
            let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
            let process = LeftProcess {
                id,
                started: text("process_start"),
                mark: text("mark"),
            };
            self.processes.insert(trial.to_owned(), process);
        }
    }
}
