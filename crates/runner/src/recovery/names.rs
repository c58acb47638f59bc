//! What the keys of a report are called, as the log of a run tells it.
//!
//! The first line has the names that the run began with. As long as no report was accepted they may be changed in the
//! experiment file: a line of the log says from where on others hold, so that its first line stays true.

use std::path::Path;

use rungkeeper_tuner_hooks::log::Event;
use serde_json::{Value, json};

use crate::RunError;
use crate::books::{Books, Fields};
use crate::journal::Journal;
use crate::protocol::ReportNames;

/// Fields of the line, and of the table of an experiment.
const METRIC: &str = "metric";
const RESOURCE: &str = "resource";

/// What a log tells of names behind its first line.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Metric and resource as they were changed last.
    changed: Option<(Value, Value)>,
    /// A report was accepted: they stay.
    pub(super) are_in_use: bool,
}

impl Names {
    /// Reads a log up to its first report.
    pub(super) fn of(log: &Path) -> Result<Self, RunError> {
        let mut names = Self::default();
        for recorded in Journal::texts(log)? {
            let (event, text) = recorded?;
            match event {
                Event::Result { .. } | Event::Reported { .. } => {
                    names.are_in_use = true;
                    break;
                }
                Event::Limits { .. } => {
                    // It was read as an event, so it is an object.
                    let mut fields: Fields = serde_json::from_str(&text).unwrap_or_default();
                    let changed = fields.remove(METRIC).zip(fields.remove(RESOURCE));
                    names.changed = changed.or(names.changed);
                }
                _ => {}
            }
        }
        Ok(names)
    }

    /// The table of the experiment that the run began with, with the names as they are by now.
    pub(super) fn in_table(&self, mut begun: Value) -> Value {
        if let Some((metric, resource)) = &self.changed {
            begun[METRIC] = metric.clone();
            begun[RESOURCE] = resource.clone();
        }
        begun
    }
}

/// Whether a table has other names than an experiment; what it does not tell is not compared.
pub(super) fn differ(begun: &Value, names: &ReportNames) -> bool {
    let differs = |key, name: &str| begun.get(key).is_some_and(|begun| begun != name);
    differs(METRIC, &names.metric) || differs(RESOURCE, &names.resource)
}

/// Writes down what metric and resource are called from here on, on a line that changes nothing else.
pub(super) fn record(books: &mut Books<'_>, names: &ReportNames) -> Result<(), RunError> {
    let fields = [
        (METRIC, json!(names.metric)),
        (RESOURCE, json!(names.resource)),
    ];
    books.set_limits(books.limits(), &fields)
}
