use serde_json::{Map, Value};

use super::find::{object_at_end, without_colours};
use crate::experiment::nearest;
use crate::plain::escaped;
use crate::protocol::Protocol;

/// What Syne Tune's `Reporter` puts before the JSON object of a report.
pub(super) const TAG: &str = "[tune-metric]: ";

/// Largest resource that a double holds exactly: 2^53.
const LARGEST: f64 = 9_007_199_254_740_992.0;

/// Most characters of a value or a key in a message.
const VALUE: usize = 80;

/// Most keys that a message names.
const KEYS: usize = 12;

/// Most keys that may be meant by a name.
const MEANT: usize = 3;

/// Fewest bytes of a name that makes another likely that contains it: `x` is in many words.
const SHORTEST_PART: usize = 3;

/// Most values of a report that are kept beside the metric.
const VALUES: usize = 200;

/// Most bytes of a text among them, and of a key.
const TEXT: usize = 200;

/// Keys of the metric and of the resource in a report.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReportNames {
    /// Key of the metric, `loss` for example.
    pub metric: String,
    /// Key of the resource, `epoch` for example.
    pub resource: String,
}

/// A report that a training program printed.
#[derive(Clone, Debug, PartialEq)]
pub struct Printed {
    /// Resource the report is about, at least 1.
    pub resource: u64,
    /// The metric; NaN where it is missing, null, text, or no finite number.
    pub metric: f64,
    /// Whether the program says that it wrote a checkpoint (`"checkpoint": true`).
    pub checkpoint: bool,
    /// Where the metric's key is not there at all: which key is missing, which keys there are, and
    /// the one that is meant, if one is like it. A run whose first report lacks it is set up wrongly.
    pub missing: Option<String>,
    /// What else was reported: numbers, true and false, null, and text of at most 200 bytes, by
    /// their keys. What is in an object within the report has both keys, joined by a dot; lists are
    /// left out, and so is what comes after the first 200 values.
    pub values: Map<String, Value>,
}

/// What a line that a training program printed is.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// A report.
    Report(Printed),
    /// Something else.
    Other,
    /// Meant as a report, but it cannot be one; why. In the answered protocol the program still
    /// waits for its answer.
    Refused {
        /// Which value is wrong and what it must be, or which key is missing.
        reason: String,
        /// Whether it is the key of the resource that is missing. A run whose first report lacks it
        /// is set up wrongly.
        missing: bool,
    },
}

impl Line {
    /// Reads a line, without its end.
    ///
    /// A report is a JSON object at the end of the line that has the resource or the metric as a key.
    /// Before it anything may stand, a progress bar, a time, or what a launcher puts before the
    /// lines of its processes, and colours of a terminal anywhere. In the one-way protocol the object
    /// stands behind `[tune-metric]: `, which is anywhere in the line. `NaN` and `Infinity` are
    /// read as Python writes them.
    ///
    /// It takes time in proportion to the length of the line, whatever is in it.
    ///
    /// ```
    /// use rungkeeper_runner::protocol::{Line, Printed, Protocol, ReportNames};
    ///
    /// let names = ReportNames { metric: "loss".to_owned(), resource: "epoch".to_owned() };
    /// let read = |line: &str| Line::read(line, Protocol::Answered, &names);
    /// let report = Printed {
    ///     resource: 3,
    ///     metric: 0.25,
    ///     checkpoint: true,
    ///     missing: None,
    ///     values: [("accuracy".to_owned(), 0.9.into())].into_iter().collect(),
    /// };
    /// let expected = Line::Report(report);
    /// let object = r#"{"epoch": 3, "loss": 0.25, "checkpoint": true, "accuracy": 0.9}"#;
    /// assert_eq!(read(object), expected);
    /// assert_eq!(read(&format!("[rank0]: {object}")), expected);
    /// assert_eq!(read("epoch 3 done"), Line::Other);
    /// assert_eq!(
    ///     read(r#"{"epoch": 4.5, "loss": 0.25}"#),
    ///     Line::Refused {
    ///         reason: "epoch is 4.5, but must be a positive whole number".to_owned(),
    ///         missing: false,
    ///     },
    /// );
    /// ```
    #[must_use]
    pub fn read(text: &str, protocol: Protocol, names: &ReportNames) -> Self {
        let text = without_colours(text);
        let place = match protocol {
            Protocol::Answered => text.as_ref(),
            Protocol::OneWay => match text.split_once(TAG) {
                Some((_, behind)) => behind,
                None => return Self::Other,
            },
        };
        match (object_at_end(place), protocol) {
            (Some(object), _) => Self::of(object, names),
            // Tagged lines are meant as reports, others are whatever the program prints.
            (None, Protocol::OneWay) => {
                Self::refused(format!("not a JSON object behind {}", TAG.trim_end()))
            }
            (None, Protocol::Answered) => Self::Other,
        }
    }

    fn of(object: Map<String, Value>, names: &ReportNames) -> Self {
        let ReportNames { metric, resource } = names;
        let Some(value) = object.get(resource) else {
            return if object.contains_key(metric) {
                Self::Refused {
                    reason: format!("a report without {}", absent(resource, metric, &object)),
                    missing: true,
                }
            } else {
                Self::Other
            };
        };
        let Some(level) = whole(value) else {
            let remedy = if value.as_f64() == Some(0.0) {
                format!("; count from 1: report {resource} + 1")
            } else {
                String::new()
            };
            let value = escaped(&value.to_string(), VALUE);
            return Self::refused(format!(
                "{resource} is {value}, but must be a positive whole number{remedy}"
            ));
        };
        let number = object.get(metric).and_then(Value::as_f64);
        Self::Report(Printed {
            resource: level,
            metric: number.filter(|n| n.is_finite()).unwrap_or(f64::NAN),
            checkpoint: object.get("checkpoint") == Some(&Value::Bool(true)),
            missing: (!object.contains_key(metric))
                .then(|| format!("a report without {}", absent(metric, resource, &object))),
            values: values_of(object, names),
        })
    }

    fn refused(reason: String) -> Self {
        Self::Refused {
            reason,
            missing: false,
        }
    }
}

/// What a report holds beside its resource, its metric and whether there is a checkpoint.
fn values_of(object: Map<String, Value>, names: &ReportNames) -> Map<String, Value> {
    let mut values = Map::new();
    for (key, value) in object {
        if key != names.resource && key != names.metric && key != "checkpoint" {
            take_value(key, value, &mut values);
        }
    }
    values
}

/// Objects are taken apart; how deep they may stand in each other is limited by their reader.
fn take_value(key: String, value: Value, values: &mut Map<String, Value>) {
    if values.len() >= VALUES || key.len() > TEXT {
        return;
    }
    match value {
        Value::Object(object) => {
            for (below, value) in object {
                take_value(format!("{key}.{below}"), value, values);
            }
        }
        Value::String(text) if text.len() > TEXT => {}
        Value::Array(_) => {}
        value => _ = values.insert(key, value),
    }
}

/// Which key is not there, which ones are, and the one that may be meant, which is not the `other` that a report has.
pub(super) fn absent(wanted: &str, other: &str, object: &Map<String, Value>) -> String {
    let meant = meant_by(wanted, other, object);
    let meant: Vec<String> = meant
        .iter()
        .map(|key| format!("`{}`", escaped(key, VALUE)))
        .collect();
    let hint = if meant.is_empty() {
        String::new()
    } else {
        format!("; did you mean {}?", meant.join(" or "))
    };
    format!("{wanted}: {}{hint}", keys_of(object))
}

/// The key that is spelt like a name, or else the first few that contain it, as `val_loss` does `loss`, or that it
/// contains.
fn meant_by<'o>(wanted: &str, other: &str, object: &'o Map<String, Value>) -> Vec<&'o str> {
    let keys = || {
        object
            .keys()
            .map(String::as_str)
            .filter(|&key| key != other)
    };
    if let Some(nearest) = nearest(wanted, keys()) {
        return vec![nearest];
    }
    let lower = wanted.to_lowercase();
    let contains = |whole: &str, part: &str| part.len() >= SHORTEST_PART && whole.contains(part);
    let is_akin = |key: &str| {
        let key = key.to_lowercase();
        contains(&key, &lower) || contains(&lower, &key)
    };
    keys().filter(|key| is_akin(key)).take(MEANT).collect()
}

/// Which keys an object has, as a sentence.
pub(super) fn keys_of(object: &Map<String, Value>) -> String {
    if object.is_empty() {
        return "it has no keys".to_owned();
    }
    let keys = object.keys().take(KEYS).map(|key| escaped(key, VALUE));
    let keys = keys.collect::<Vec<_>>().join(", ");
    match object.len().saturating_sub(KEYS) {
        0 => format!("its keys are {keys}"),
        more => format!("its keys are {keys} and {more} more"),
    }
}

fn whole(value: &Value) -> Option<u64> {
    let from_double = |number: f64| {
        (number.fract() == 0.0 && (1.0..=LARGEST).contains(&number)).then_some(number as u64)
    };
    let level = value.as_u64().or_else(|| from_double(value.as_f64()?))?;
    (1..=LARGEST as u64).contains(&level).then_some(level)
}
