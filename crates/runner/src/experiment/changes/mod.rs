//! What of an experiment file was changed since its run began.

mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;

use super::Experiment;
use crate::plain::escaped;

pub use table::table_of_header;

/// Most characters of a value in a sentence.
const VALUE: usize = 80;

/// What a run cannot change once it has begun: its place in the table, and what people call it.
const FIXED: [(&str, &str); 18] = [
    ("/name", "name"),
    ("/metric", "metric"),
    ("/resource", "resource"),
    ("/mode", "mode"),
    ("/protocol", "protocol"),
    ("/configurations", "configurations"),
    ("/configurations_from", "the source of configurations"),
    ("/scheduler/levels", "the list of rung levels"),
    ("/scheduler/max_resource", "max_resource of [scheduler]"),
    ("/scheduler/brackets", "brackets of [scheduler]"),
    ("/scheduler/own_rungs", "own_rungs of [scheduler]"),
    ("/scheduler/promotion_rule", "promotion_rule of [scheduler]"),
    ("/scheduler/seed", "seed of [scheduler]"),
    ("/store/location", "store.location"),
    ("/store/cache", "store.cache"),
    ("/budget/policy", "policy of [budget]"),
    ("/budget/policy_seed", "policy_seed of [budget]"),
    ("/budget/pin_best", "pin_best of [budget]"),
];

/// Of those, what the keys of a report are called: nothing depends on it as long as no report was accepted.
const NAMES: [&str; 2] = ["/metric", "/resource"];

/// What only the command line changes: also the option.
const BUDGET: [(&str, &str, &str); 2] = [
    (
        "/budget/max_checkpoints",
        "max_checkpoints of [budget]",
        "--max-checkpoints",
    ),
    ("/budget/max_bytes", "max_bytes of [budget]", "--max-bytes"),
];

/// What may be changed between two sessions of a run: also the unit. What is here without a value
/// is kept as a digest.
const FREE: [(&str, &str, &str); 16] = [
    ("/free/workers", "workers", ""),
    ("/free/directory", "directory", ""),
    ("/free/wall_clock", "wall_clock of [stop]", " s"),
    ("/free/trials", "trials of [stop]", ""),
    ("/free/reports", "reports of [stop]", ""),
    ("/free/total_resource", "total_resource of [stop]", ""),
    ("/free/timeout", "store.timeout", " s"),
    ("/free/retries", "retries of [failures]", ""),
    (
        "/free/max_failed_trials",
        "max_failed_trials of [failures]",
        "",
    ),
    (
        "/free/max_without_report",
        "max_without_report of [failures]",
        "",
    ),
    ("/free/silence", "silence of [failures]", " s"),
    ("/free/grace", "grace", " s"),
    ("/free/output", "output", " bytes"),
    ("/free/command", "command", DIGEST),
    ("/free/slots", "slots", DIGEST),
    ("/free/search", "[search]", DIGEST),
];

/// In place of a unit: the value is a digest, and not shown.
const DIGEST: &str = "digest";

/// What was changed in an experiment file since its run began, as [`changes`] finds it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Changes {
    /// What the run cannot go on with, a sentence each: what it was, what it is now, what to do.
    pub refused: Vec<String>,
    /// What the run goes on with from now on, a sentence each.
    pub taken: Vec<String>,
}

/// What is different in an experiment file from the table of when its run began.
///
/// `begun` is what [`Experiment::table`] (or [`table_of_header`]) gave then. What it does not tell
/// is not compared, so logs of an earlier version are read as well.
#[must_use]
pub fn changes(begun: &Value, now: &Experiment) -> Changes {
    compare(begun, now, &[])
}

/// As [`changes`], of a run of which no report was accepted: metric and resource may have another name then.
pub(crate) fn changes_before_reports(begun: &Value, now: &Experiment) -> Changes {
    compare(begun, now, &NAMES)
}

/// What is `open` may be changed though it is among what is fixed.
fn compare(begun: &Value, now: &Experiment, open: &[&str]) -> Changes {
    let table = now.table();
    let mut changes = Changes::default();
    let differ = |place: &str| {
        let (was, is) = (begun.pointer(place)?, table.pointer(place)?);
        (was != is).then_some((was, is))
    };
    for (place, name) in FIXED {
        if let Some((was, is)) = differ(place) {
            let what = format!("{name} was {} and is now {}", shown(was, ""), shown(is, ""));
            if open.contains(&place) {
                changes.take(&what);
            } else {
                changes.refuse(&what);
            }
        }
    }
    if let Some((was, is)) = differ("/space") {
        changes.compare_spaces(was, is);
    }
    for (place, name, option) in BUDGET {
        if let Some((was, is)) = differ(place) {
            let to = match is {
                Value::Null => "none".to_owned(),
                is => is.to_string(),
            };
            changes.refused.push(format!(
                "{name} was {} and is now {}, but the file does not change the budget of a run \
                 that has begun: write it as it was, and use `rungkeeper resume DIR {option} {to}`",
                shown(was, ""),
                shown(is, "")
            ));
        }
    }
    for (place, name, unit) in FREE {
        match differ(place) {
            Some(_) if unit == DIGEST => changes.take(&format!("{name} is not what it was")),
            Some((was, is)) => {
                let (was, is) = (shown(was, unit), shown(is, unit));
                changes.take(&format!("{name} was {was} and is now {is}"));
            }
            None => {}
        }
    }
    if let Some((Value::Object(was), Value::Object(is))) = differ("/free/environment") {
        let all: BTreeMap<_, _> = was.iter().chain(is).collect();
        for name in all.into_keys() {
            let what = match (was.get(name), is.get(name)) {
                (None, _) => "is new",
                (_, None) => "is not there any more",
                (was, is) if was != is => "is not what it was",
                _ => continue,
            };
            changes.take(&format!("{} of environment {what}", escaped(name, VALUE)));
        }
    }
    changes
}

impl Changes {
    fn refuse(&mut self, what: &str) {
        self.refused.push(format!(
            "{what}, which a run that has begun cannot change: write it as it was, or begin another \
             run in a directory of its own"
        ));
    }

    fn take(&mut self, what: &str) {
        self.taken
            .push(format!("{what}: the run goes on with that"));
    }

    fn compare_spaces(&mut self, was: &Value, is: &Value) {
        let (was, is) = (domains(was), domains(is));
        let before = self.refused.len();
        let all: BTreeMap<_, _> = was.iter().chain(&is).copied().collect();
        for name in all.into_keys() {
            let of = |domains: &[(&str, &Value)]| {
                let mut domains = domains.iter();
                let found = domains.find(|(own, _)| *own == name);
                found.map_or("not there".to_owned(), |(_, domain)| shown(domain, ""))
            };
            let (was, is) = (of(&was), of(&is));
            if was != is {
                let name = escaped(name, VALUE);
                self.refuse(&format!("{name} of [space] was {was} and is now {is}"));
            }
        }
        if self.refused.len() == before {
            self.refuse("the hyper-parameters of [space] have another order");
        }
    }
}

/// Names and domains of the hyper-parameters in a table.
fn domains(space: &Value) -> Vec<(&str, &Value)> {
    let pairs = space.as_array().into_iter().flatten();
    pairs
        .filter_map(|pair| Some((pair.get(0)?.as_str()?, pair.get(1)?)))
        .collect()
}

fn shown(value: &Value, unit: &str) -> String {
    match value {
        Value::Null => "not given".to_owned(),
        value => escaped(&value.to_string(), VALUE) + unit,
    }
}
