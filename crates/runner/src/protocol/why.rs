//! Why a line is no report, for whoever waits for one.

use serde_json::{Map, Value};

use super::find::{object_at_end, start_of_object, without_colours};
use super::line::{TAG, absent, keys_of};
use super::{Line, Protocol, ReportNames};
use crate::plain::escaped;

/// Most characters of the line that are quoted.
const QUOTED: usize = 80;

/// Why a line that a training program printed is no report, as a sentence with the line in it: for
/// a note about a trial that has reported nothing for a while. The line is escaped and cut.
///
/// ```
/// use rungkeeper_runner::protocol::{Protocol, ReportNames, why_no_report};
///
/// let names = ReportNames { metric: "loss".to_owned(), resource: "epoch".to_owned() };
/// let why = |line| why_no_report(line, Protocol::Answered, &names);
/// assert_eq!(
///     why("{'epoch': 3, 'loss': 0.5, 'checkpoint': True}"),
///     "`{'epoch': 3, 'loss': 0.5, 'checkpoint': True}` is no report: it is a Python dict and no \
///      JSON; print json.dumps(...) of it"
/// );
/// assert_eq!(
///     why("epoch 3: loss 0.5"),
///     "`epoch 3: loss 0.5` is no report: it does not end with a JSON object such as \
///      {\"epoch\": 1, \"loss\": 0.5}"
/// );
/// ```
#[must_use]
pub fn why_no_report(text: &str, protocol: Protocol, names: &ReportNames) -> String {
    let line = without_colours(text);
    let line = line.trim();
    let quoted = quoted(line);
    match Line::read(line, protocol, names) {
        Line::Report(_) => format!("`{quoted}` is a report"),
        Line::Refused { reason, .. } => {
            let why = match protocol {
                // The reason is that it is no object: what it is instead says more.
                Protocol::OneWay if reason.starts_with("not a JSON object") => {
                    of_text(behind_tag(line), names)
                }
                _ => reason,
            };
            format!("`{quoted}` is no report: {why}")
        }
        Line::Other if line.is_empty() => "an empty line is no report".to_owned(),
        Line::Other => format!(
            "`{quoted}` is no report: {}",
            of_other(line, protocol, names)
        ),
    }
}

/// Why a line is no report of which only the beginning was read, as it has more bytes than `most`.
pub(crate) fn why_too_long(beginning: &str, most: u64) -> String {
    let (quoted, most) = (quoted(beginning), most >> 10);
    format!("`{quoted}` is no report: the line is longer than {most} kB")
}

/// A line that a program printed, as it is shown between two marks of code.
pub(crate) fn quoted(line: &str) -> String {
    escaped(line, QUOTED)
}

fn of_other(line: &str, protocol: Protocol, names: &ReportNames) -> String {
    match (protocol, line.contains(TAG), object_at_end(line)) {
        (Protocol::OneWay, false, Some(object)) if has_keys(&object, names) => format!(
            "in the protocol one_way `{}` stands before the JSON object; for a program that prints \
             the object alone and reads an answer, set protocol = \"answered\"",
            TAG.trim_end()
        ),
        (Protocol::OneWay, false, _) => format!(
            "in the protocol one_way a report is a line such as {TAG}{}",
            example(names)
        ),
        (_, _, Some(object)) => of_object(&object, names),
        (_, _, None) => of_text(line, names),
    }
}

fn behind_tag(line: &str) -> &str {
    line.split_once(TAG)
        .map_or(line, |(_, behind)| behind.trim())
}

fn has_keys(object: &Map<String, Value>, names: &ReportNames) -> bool {
    object.contains_key(&names.resource) && object.contains_key(&names.metric)
}

/// An object that has neither key.
fn of_object(object: &Map<String, Value>, names: &ReportNames) -> String {
    let ReportNames { metric, resource } = names;
    // One sentence with all keys, and what may be meant by either.
    let hints = [(resource, metric), (metric, resource)].map(|(wanted, other)| {
        let said = absent(wanted, other, object);
        let hint = said
            .rfind("; did you mean ")
            .map(|at| said[at..].to_owned());
        hint.unwrap_or_default()
    });
    let [of_resource, of_metric] = hints;
    let keys = keys_of(object);
    format!("it has neither {resource} nor {metric}: {keys}{of_resource}{of_metric}")
}

/// A line that does not end with an object.
fn of_text(line: &str, names: &ReportNames) -> String {
    let example = example(names);
    let word = |word: &str| {
        let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.any(|other| other == word)
    };
    let from_first_brace = line.find('{').map(|at| &line[at..]);
    match from_first_brace {
        _ if is_array(line) => {
            format!("it is a JSON array, but a report is an object such as {example}")
        }
        Some(object) if object.contains("{'") || object.contains(", '") => {
            "it is a Python dict and no JSON; print json.dumps(...) of it".to_owned()
        }
        Some(_) if line.ends_with('}') && ["True", "False", "None"].into_iter().any(word) => {
            "JSON has true, false and null in place of True, False and None; print json.dumps(...)"
                .to_owned()
        }
        Some(_) if start_of_object(line).is_some() => {
            format!("what it ends with is no valid JSON object; one is {example}")
        }
        Some(object) if object.contains('}') => {
            "something stands behind the JSON object; it must be the last on its line".to_owned()
        }
        Some(_) => format!("its object has no end; on one line it is {example}"),
        None => format!("it does not end with a JSON object such as {example}"),
    }
}

fn is_array(line: &str) -> bool {
    line.starts_with('[') && matches!(serde_json::from_str(line), Ok(Value::Array(_)))
}

fn example(names: &ReportNames) -> String {
    let ReportNames { metric, resource } = names;
    let [resource, metric] = [resource, metric].map(|name| Value::from(name.as_str()));
    format!("{{{resource}: 1, {metric}: 0.5}}")
}
