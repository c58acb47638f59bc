//! What a search program is told of trials.

use std::collections::HashMap;

use rungkeeper_rung_model::Decision;
use rungkeeper_tuner_hooks::log::Event;
use serde::Serialize;
use serde_json::{Map, Value};

use super::messages::{line, number};

/// Turns the events of a run into lines for its search program. Live and from a log they are the same.
#[derive(Debug, Default)]
pub(crate) struct Told {
    trials: HashMap<String, Trial>,
    lines: Vec<String>,
}

/// A trial, and what it reported last.
#[derive(Debug, Default)]
struct Trial {
    parameters: Value,
    resource: u64,
    metric: Option<f64>,
    values: Map<String, Value>,
}

#[derive(Serialize)]
struct Tell<'t> {
    #[serde(rename = "tell")]
    trial: Value,
    status: &'static str,
    resource: u64,
    metric: Option<f64>,
    parameters: &'t Value,
    values: &'t Map<String, Value>,
}

impl Told {
    /// An event of the run, with the fields of its line.
    pub(crate) fn happened(&mut self, event: &Event, fields: &Map<String, Value>) {
        match event {
            Event::Start { trial, .. } => {
                let begun = Trial {
                    parameters: fields.get("configuration").cloned().unwrap_or_default(),
                    ..Trial::default()
                };
                self.trials.insert(trial.clone(), begun);
                self.tell(trial, "running");
            }
            Event::Result {
                trial,
                level,
                metric,
                decision,
                ..
            } => {
                let own = self.trials.entry(trial.clone()).or_default();
                own.resource = *level;
                own.metric = metric.is_finite().then_some(*metric);
                own.values = match fields.get("values") {
                    Some(Value::Object(values)) => values.clone(),
                    _ => Map::new(),
                };
                match decision {
                    Decision::Continue => {} // between two rungs
                    Decision::Pause => self.tell(trial, "paused"),
                    Decision::Stop => self.tell(trial, "complete"),
                }
            }
            Event::Resume { trial, .. } => self.tell(trial, "running"),
            Event::Complete { trial, .. } => self.tell(trial, "complete"),
            Event::Failed { trial, .. } => self.tell(trial, "failed"),
            Event::Retry { trial, .. } => {
                let own = self.trials.entry(trial.clone()).or_default();
                *own = Trial {
                    parameters: std::mem::take(&mut own.parameters),
                    ..Trial::default()
                };
                self.tell(trial, "running");
            }
            _ => {}
        }
    }

    fn tell(&mut self, trial: &str, status: &'static str) {
        let Some(own) = self.trials.get(trial) else {
            return;
        };
        self.lines.push(line(&Tell {
            trial: number(trial),
            status,
            resource: own.resource,
            metric: own.metric,
            parameters: &own.parameters,
            values: &own.values,
        }));
    }

    /// The lines since the last call.
    pub(crate) fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lines)
    }
}

#[cfg(test)]
mod tests {
    use rungkeeper_tuner::log::parse_line;
    use serde_json::json;

    use super::*;

    fn told(events: &[Value]) -> Vec<Value> {
        let mut told = Told::default();
        for event in events {
            let fields = event.as_object().unwrap();
            let event = parse_line(1, &event.to_string()).unwrap();
            told.happened(&event, fields);
        }
        let lines = told.take();
        assert!(told.take().is_empty());
        assert!(lines.iter().all(|line| line.ends_with('\n')));
        lines
            .iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Each rung and each end is told, with what stands beside the metric; reports between rungs are not.
    #[test]
    fn a_trial_is_told_through_its_life() {
        let result = |level, metric: Value, decision| {
            json!({"event": "result", "trial": "7", "level": level, "metric": metric, "decision": decision,
                   "elapsed": 1.0, "values": {"accuracy": 0.5}})
        };
        let plain = |event: &str| json!({"event": event, "trial": "7", "elapsed": 1.0});
        let mut start = plain("start");
        start["configuration"] = json!({"x": 0.25});
        let all = told(&[
            start,
            result(1, json!(0.5), "PAUSE"),
            plain("resume"),
            result(2, json!(0.4), "CONTINUE"),
            result(3, json!(null), "PAUSE"),
            plain("resume"),
            plain("failed"),
            plain("retry"),
            result(9, json!(0.3), "STOP"),
        ]);
        let short: Vec<Value> = all
            .iter()
            .map(|tell| json!([tell["status"], tell["resource"], tell["metric"]]))
            .collect();
        assert_eq!(
            json!(short),
            json!([
                ["running", 0, null],
                ["paused", 1, 0.5],
                ["running", 1, 0.5],
                ["paused", 3, null],
                ["running", 3, null],
                ["failed", 3, null],
                ["running", 0, null],
                ["complete", 9, 0.3],
            ])
        );
        for tell in &all {
            assert_eq!(tell["tell"], 7);
            assert_eq!(tell["parameters"], json!({"x": 0.25}));
        }
        assert_eq!(all[0]["values"], json!({}));
        assert_eq!(all[1]["values"], json!({"accuracy": 0.5}));
    }
}
