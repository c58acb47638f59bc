use serde_json::{Map, Value};

use crate::experiment::nearest;
use crate::protocol::Protocol;

/// What Syne Tune's `Reporter` puts before the JSON object of a report.
const TAG: &str = "[tune-metric]: ";

/// Largest resource that a double holds exactly: 2^53.
const LARGEST: f64 = 9_007_199_254_740_992.0;

/// Arrays and objects in a line that is read as JSON5, whose reader has no limit of its own to how
/// deep they may stand in each other. That of the JSON reader is the same.
const MOST_NESTED: usize = 128;

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
    /// A report is a JSON object that has the resource or the metric as a key. `NaN` and `Infinity`
    /// are read as Python writes them. In the one-way protocol the object stands behind
    /// `[tune-metric]: `, anywhere in the line.
    ///
    /// ```
    /// use rungkeeper_runner::protocol::{Line, Printed, Protocol, ReportNames};
    ///
    /// let names = ReportNames { metric: "loss".to_owned(), resource: "epoch".to_owned() };
    /// let read = |line| Line::read(line, Protocol::Answered, &names);
    /// let report = Printed { resource: 3, metric: 0.25, checkpoint: true, missing: None };
    /// assert_eq!(read(r#"{"epoch": 3, "loss": 0.25, "checkpoint": true}"#), Line::Report(report));
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
        let text = text.trim();
        let json = match protocol {
            Protocol::Answered => text,
            Protocol::OneWay => match text.find(TAG) {
                Some(at) => text[at + TAG.len()..].trim(),
                None => return Self::Other,
            },
        };
        match (object(json), protocol) {
            (Some(object), _) => Self::of(&object, protocol, names),
            // Tagged lines are meant as reports, others are whatever the program prints.
            (None, Protocol::OneWay) => {
                Self::refused(format!("not a JSON object behind {}", TAG.trim_end()))
            }
            (None, Protocol::Answered) => Self::Other,
        }
    }

    fn of(object: &Map<String, Value>, protocol: Protocol, names: &ReportNames) -> Self {
        let ReportNames { metric, resource } = names;
        let Some(value) = object.get(resource) else {
            return match (protocol, object.contains_key(metric)) {
                (Protocol::Answered, false) => Self::Other,
                _ => Self::Refused {
                    reason: format!("a report without {}", absent(resource, object)),
                    missing: true,
                },
            };
        };
        let Some(level) = whole(value) else {
            return Self::refused(format!(
                "{resource} is {value}, but must be a positive whole number"
            ));
        };
        let number = object.get(metric).and_then(Value::as_f64);
        Self::Report(Printed {
            resource: level,
            metric: number.filter(|n| n.is_finite()).unwrap_or(f64::NAN),
            checkpoint: object.get("checkpoint") == Some(&Value::Bool(true)),
            missing: (!object.contains_key(metric))
                .then(|| format!("a report without {}", absent(metric, object))),
        })
    }

    fn refused(reason: String) -> Self {
        Self::Refused {
            reason,
            missing: false,
        }
    }
}

/// Which key is not there, which ones are, and the one that may be meant.
fn absent(wanted: &str, object: &Map<String, Value>) -> String {
    let keys: Vec<&str> = object.keys().map(String::as_str).collect();
    let there = keys.join(", ");
    let hint = match nearest(wanted, keys.into_iter()) {
        Some(nearest) => format!("; did you mean `{nearest}`?"),
        None => String::new(),
    };
    format!("{wanted}: its keys are {there}{hint}")
}

/// A JSON object; with the `NaN` and `Infinity` that Python writes as null.
fn object(text: &str) -> Option<Map<String, Value>> {
    if !text.starts_with('{') {
        return None;
    }
    if let Ok(object) = serde_json::from_str(text) {
        return Some(object);
    }
    let nested = text.bytes().filter(|byte| matches!(byte, b'[' | b'{'));
    if nested.count() > MOST_NESTED {
        return None;
    }
    json5::from_str(text).ok()
}

fn whole(value: &Value) -> Option<u64> {
    let from_double = |number: f64| {
        (number.fract() == 0.0 && (1.0..=LARGEST).contains(&number)).then_some(number as u64)
    };
    let level = value.as_u64().or_else(|| from_double(value.as_f64()?))?;
    (1..=LARGEST as u64).contains(&level).then_some(level)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> ReportNames {
        ReportNames {
            metric: "loss".to_owned(),
            resource: "epoch".to_owned(),
        }
    }

    fn answered(text: &str) -> Line {
        Line::read(text, Protocol::Answered, &names())
    }

    fn one_way(text: &str) -> Line {
        Line::read(text, Protocol::OneWay, &names())
    }

    fn metric(line: Line) -> f64 {
        match line {
            Line::Report(report) => report.metric,
            other => panic!("{other:?}"),
        }
    }

    /// nan, inf, -inf, null, missing key, "0.3" as text.
    #[test]
    fn bad_metrics() {
        for text in [
            r#"{"epoch": 1, "loss": NaN}"#,
            r#"{"epoch": 1, "loss": Infinity}"#,
            r#"{"epoch": 1, "loss": -Infinity}"#,
            r#"{"epoch": 1, "loss": null}"#,
            r#"{"epoch": 1}"#,
            r#"{"epoch": 1, "loss": "0.3"}"#,
            r#"{"epoch": 1, "loss": [0.3]}"#,
            r#"{"epoch": 1, "loss": 1e999}"#,
        ] {
            assert!(metric(answered(text)).is_nan(), "{text}");
            assert!(metric(one_way(&format!("{TAG}{text}"))).is_nan(), "{text}");
        }
        assert_eq!(metric(answered(r#"{"epoch": 1.0, "loss": 1}"#)), 1.0);
    }

    #[test]
    fn lines_of_the_reference_reporter_are_read() {
        let line = r#"INFO [tune-metric]: {"epoch": 7, "loss": 0.5, "st_worker_timestamp": 1.7e9, "st_worker_time": 0.1, "st_worker_iter": 6}"#;
        let expected = Printed {
            resource: 7,
            metric: 0.5,
            checkpoint: false,
            missing: None,
        };
        assert_eq!(one_way(line), Line::Report(expected));
        assert_eq!(one_way(r#"{"epoch": 7, "loss": 0.5}"#), Line::Other);
        assert!(matches!(
            one_way("[tune-metric]: {oops"),
            Line::Refused { .. }
        ));
        assert!(matches!(one_way("[tune-metric]: {}"), Line::Refused { .. }));
    }

    #[test]
    fn other_output_is_left_alone() {
        for text in [
            "",
            "epoch 3",
            "[1, 2]",
            "{",
            "{broken",
            r#"{"message": "hello"}"#,
            "3",
        ] {
            assert_eq!(answered(text), Line::Other, "{text}");
        }
    }

    /// What is nested deeper than the stack has room for is no report, and does no harm.
    #[test]
    fn deeply_nested_lines_are_left_alone() {
        for brackets in ["[", "{\"a\":", "[\"]\","] {
            let deep = brackets.repeat(1_000_000);
            let text = format!("{{\"epoch\": 1, \"loss\": NaN, \"more\": {deep}");
            assert_eq!(answered(&text), Line::Other);
            assert!(matches!(
                one_way(&format!("{TAG}{text}")),
                Line::Refused { .. }
            ));
        }
        let nested = format!("{}{}", "[".repeat(100), "]".repeat(100));
        let text = format!("{{\"epoch\": 1, \"loss\": NaN, \"more\": {nested}}}");
        assert!(metric(answered(&text)).is_nan());
    }

    #[test]
    fn reports_that_cannot_be_are_refused_with_a_reason() {
        for text in [
            "0",
            "-1",
            "4.5",
            "null",
            "\"3\"",
            "1e300",
            "9007199254740993",
        ] {
            match answered(&format!(r#"{{"epoch": {text}, "loss": 1}}"#)) {
                Line::Refused { reason, .. } => {
                    assert!(reason.starts_with("epoch is "), "{reason}")
                }
                other => panic!("{text}: {other:?}"),
            }
        }
        let without = answered(r#"{"loss": 1}"#);
        let reason = "a report without epoch: its keys are loss".to_owned();
        let missing = true;
        assert_eq!(without, Line::Refused { reason, missing });
    }
}
