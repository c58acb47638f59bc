//! What the run and a search program say to each other, a line of JSON each.

use rungkeeper_tuner::search_space::{Configuration, Domain, Parameter, Value};
use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};

use crate::experiment::Experiment;
use crate::plain::escaped;

/// Version of the messages.
const VERSION: u64 = 1;

/// Most characters of a line or a value in a message for people.
const QUOTE: usize = 60;

/// The first line: what is searched.
pub(crate) fn greeting(experiment: &Experiment, trials: Option<u64>) -> String {
    #[derive(Serialize)]
    struct Greeting<'e> {
        version: u64,
        name: &'e str,
        metric: &'e str,
        mode: rungkeeper_rung_model::Mode,
        resource: &'e str,
        max_resource: u64,
        levels: Vec<u64>,
        seed: u64,
        workers: u64,
        trials: Option<u64>,
        space: Varying<'e>,
    }
    let spec = &experiment.scheduler;
    line(&Greeting {
        version: VERSION,
        name: &experiment.name,
        metric: &experiment.names.metric,
        mode: spec.model.mode,
        resource: &experiment.names.resource,
        max_resource: spec.max_resource,
        levels: spec.model.rungs.iter().map(|rung| rung.level).collect(),
        seed: spec.seed,
        workers: experiment.workers,
        trials,
        space: Varying(experiment),
    })
}

/// The hyper-parameters that are to be proposed: those without a plain value, in their order.
struct Varying<'e>(&'e Experiment);

impl Serialize for Varying<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let parameters = self.0.space.parameters();
        let varies = |(_, own): &(&str, &Parameter)| !matches!(own.domain, Domain::Constant(_));
        serializer.collect_map(parameters.filter(varies))
    }
}

/// Asks for the configuration of a new trial.
pub(crate) fn ask(trial: &str) -> String {
    line(&json!({ "ask": number(trial) }))
}

/// A message and its end. What is written here has text as keys, so it can be written.
pub(super) fn line(message: &impl Serialize) -> String {
    let mut line = serde_json::to_string(message).unwrap_or_default();
    line.push('\n');
    line
}

/// Trials of a run are numbered.
pub(super) fn number(trial: &str) -> Json {
    trial
        .parse::<u64>()
        .map_or_else(|_| json!(trial), |number| json!(number))
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    /// A configuration for a trial.
    Proposed(String, Configuration),
    /// Nothing now: it wants to be asked again once it was told more.
    Wait,
    /// Nothing ever.
    End,
}

impl Answer {
    /// Reads a line. What does not belong to an answer is passed over.
    ///
    /// # Errors
    ///
    /// Why it is none.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let quoted = || escaped(String::from_utf8_lossy(bytes).trim(), QUOTE);
        let Ok(Json::Object(message)) = serde_json::from_slice(bytes) else {
            return Err(format!("a line is no JSON object: {}", quoted()));
        };
        let says = |key: &str| message.get(key) == Some(&Json::Bool(true));
        if says("wait") {
            return Ok(Self::Wait);
        }
        if says("end") {
            return Ok(Self::End);
        }
        let Some(parameters) = message.get("parameters").and_then(Json::as_object) else {
            return Err(format!(
                "an answer has no object \"parameters\", nor \"wait\": true or \"end\": true: {}",
                quoted()
            ));
        };
        let Some(trial) = message.get("trial").and_then(trial) else {
            return Err(format!(
                "an answer has no \"trial\", the number that was asked for: {}",
                quoted()
            ));
        };
        let value = |(name, value): (&String, &Json)| Ok((name.clone(), plain(name, value)?));
        let configuration: Result<_, String> = parameters.iter().map(value).collect();
        Ok(Self::Proposed(trial, configuration?))
    }
}

/// The trial of an answer, as a number or as text.
fn trial(value: &Json) -> Option<String> {
    match value {
        Json::Number(number) => Some(number.to_string()),
        Json::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// A value as that of a hyper-parameter.
fn plain(name: &str, value: &Json) -> Result<Value, String> {
    match value {
        Json::Bool(value) => Ok(Value::Bool(*value)),
        Json::String(text) => Ok(Value::Text(text.clone())),
        Json::Number(number) => Ok(match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Value::Integer(whole),
            (None, number) => Value::Float(number.unwrap_or(f64::NAN)),
        }),
        Json::Null | Json::Array(_) | Json::Object(_) => Err(format!(
            "{} is {}, but must be a number, text, true or false",
            escaped(name, QUOTE),
            escaped(&value.to_string(), QUOTE)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Answer, String> {
        Answer::read(line.as_bytes())
    }

    #[test]
    fn answers() {
        // In the order of their names, which all builds keep.
        let proposed = [
            ("kind", Value::from("a")),
            ("n", Value::Integer(-3)),
            ("on", Value::Bool(true)),
            ("x", Value::Float(0.1)),
        ];
        let answer = r#"{"trial": 12, "parameters": {"kind": "a", "n": -3, "on": true, "x": 0.1}, "more": []}"#;
        let expected = Answer::Proposed("12".to_owned(), proposed.into_iter().collect());
        assert_eq!(read(answer), Ok(expected.clone()));
        assert_eq!(
            read(&answer.replace("12", "\"12\"").replace("}}", "}}\r")),
            Ok(expected)
        );
        assert_eq!(read(r#"{"trial": 12, "wait": true}"#), Ok(Answer::Wait));
        assert_eq!(read(r#"{"end": true}"#), Ok(Answer::End));
    }

    #[test]
    fn what_is_no_answer_is_told() {
        for (line, told) in [
            ("", "a line is no JSON object"),
            ("\u{1b}[31mloading", r"\u{1b}[31mloading"),
            ("[1]", "a line is no JSON object: [1]"),
            ("{\"trial\": 1}", "no object \"parameters\""),
            ("{\"wait\": false}", "no object \"parameters\""),
            (r#"{"parameters": {}}"#, "no \"trial\""),
            (r#"{"trial": 1, "parameters": {"x": 1e999}}"#, "no JSON"),
            (
                r#"{"trial": 1, "parameters": {"x": [1]}}"#,
                "x is [1], but must be a number",
            ),
            (
                r#"{"trial": 1, "parameters": {"x": null}}"#,
                "x is null, but must be a number",
            ),
        ] {
            let reason = read(line).unwrap_err();
            assert!(reason.contains(told), "{line}: {reason}");
            assert!(reason.len() < 250, "{reason}");
        }
        assert!(read(&"x".repeat(60_000)).unwrap_err().len() < 120);
        assert!(Answer::read(b"\xff\xfe").is_err());
    }
}
