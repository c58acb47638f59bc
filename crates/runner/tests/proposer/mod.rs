//! A search program of the tests: what it proposes, and what it heard.

use std::fs;

use rungkeeper_runner::Outcome;
use rungkeeper_runner::journal::Journal;
use rungkeeper_tuner_hooks::log::Event;
use serde_json::{Value, json};

use crate::small::{ANSWERED, Folder};

/// Writes down what it hears, and proposes 0.01 for trial 0, 0.02 for trial 1, and so on. `ask` is done with the number
/// in `n` for each question.
pub(crate) fn proposer(ask: &str) -> String {
    format!(
        r#"
answer() {{ printf '{{"trial": %d, "parameters": {{"x": 0.%02d}}}}\n' "$n" "$((n + 1))"; }}
while read -r line; do
  echo "$line" >> heard
  case $line in
    '{{"ask":'*) n=${{line#*:}}; n=${{n%\}}}}; {ask};;
    *'"paused"'*|*'"complete"'*) told=$((told + 1));;
  esac
done
echo end >> heard
"#
    )
}

/// A project whose search is this shell program.
pub(crate) fn folder(search: &str, more: &str) -> Folder {
    let more = format!("search = {{ command = [\"sh\", \"search.sh\"] }}\n{more}");
    let folder = Folder::new(ANSWERED, &more);
    write(&folder, search);
    folder
}

pub(crate) fn write(folder: &Folder, search: &str) {
    fs::write(folder.folder.path().join("search.sh"), search).unwrap();
}

pub(crate) const TRIALS: &str = "stop = { trials = 9 }\nbudget = { max_checkpoints = 4 }";

/// What the search programs heard, a session after the other; what is no JSON as text.
pub(crate) fn heard(folder: &Folder) -> Vec<Value> {
    let text = fs::read_to_string(folder.folder.path().join("heard")).unwrap_or_default();
    let line = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| json!(line));
    text.lines().map(line).collect()
}

/// What the log makes a search program hear of trials: status and resource, in order.
pub(crate) fn told(heard: &[Value]) -> Vec<(u64, String, u64)> {
    let tells = heard.iter().filter(|line| line["tell"].is_number());
    let short = tells.map(|line| {
        let status = line["status"].as_str().unwrap().to_owned();
        let resource = line["resource"].as_u64().unwrap();
        (line["tell"].as_u64().unwrap(), status, resource)
    });
    short.collect()
}

pub(crate) fn asked(heard: &[Value]) -> Vec<u64> {
    heard
        .iter()
        .filter_map(|line| line["ask"].as_u64())
        .collect()
}

/// Trials of the log with their values of x.
pub(crate) fn started(folder: &Folder) -> Vec<(String, f64)> {
    let (_, events) = Journal::read(&folder.run().join("log.jsonl")).unwrap();
    let of = |(event, fields): (Event, serde_json::Map<String, Value>)| match event {
        Event::Start { trial, .. } => Some((trial, fields["configuration"]["x"].as_f64().unwrap())),
        _ => None,
    };
    events
        .filter_map(|recorded| of(recorded.unwrap()))
        .collect()
}

pub(crate) fn proposed(numbers: std::ops::Range<u64>) -> Vec<(String, f64)> {
    let x = |number: u64| (number + 1) as f64 / 100.0;
    numbers.map(|n| (n.to_string(), x(n))).collect()
}

/// Why a run gave up.
pub(crate) fn reason(outcome: &Outcome) -> &str {
    let Outcome::GaveUp(reason) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(reason.ends_with("output/search.log"), "{reason}");
    reason
}
