//! What is reported, and the answer.
use std::io::{self, BufRead, Write};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::TrialError;

/// How the runner and the program talk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Protocol {
    /// A line is printed, a line comes back.
    Answered,
    /// Lines as Syne Tune's `Reporter` prints them.
    OneWay,
    /// There is no runner.
    Nobody,
}

impl Protocol {
    pub(crate) fn of(name: Option<String>) -> Result<Self, TrialError> {
        match name.as_deref() {
            None => Ok(Self::Nobody),
            Some("answered") => Ok(Self::Answered),
            Some("one_way") => Ok(Self::OneWay),
            Some(_) => Err(TrialError::Protocol(name.unwrap_or_default())),
        }
    }
}

/// What is reported beside the resource: an object, or pairs of a name and a value.
pub(crate) fn object(values: &impl Serialize) -> Result<Map<String, Value>, TrialError> {
    match serde_json::to_value(values) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(Value::Array(items)) => pairs(items),
        Ok(other) => Err(TrialError::Report(other.to_string())),
        Err(error) => Err(TrialError::Report(error.to_string())),
    }
}

fn pairs(items: Vec<Value>) -> Result<Map<String, Value>, TrialError> {
    let pair = |item: Value| match serde_json::from_value(item.clone()) {
        Ok(pair) => Ok(pair),
        Err(_) => Err(TrialError::Report(item.to_string())),
    };
    items.into_iter().map(pair).collect()
}

/// Prints a report and hears whether to go on.
pub(crate) fn report(
    protocol: Protocol,
    line: &Value,
    out: &mut impl Write,
    answers: &mut impl BufRead,
) -> io::Result<bool> {
    let tag = match protocol {
        Protocol::OneWay => "[tune-metric]: ",
        _ => "",
    };
    writeln!(out, "{tag}{line}")?;
    out.flush()?;
    if protocol != Protocol::Answered {
        return Ok(true);
    }
    let mut answer = String::new();
    answers.read_line(&mut answer)?;
    // No answer at all: the runner is gone.
    Ok(answer.trim() == "continue")
}
