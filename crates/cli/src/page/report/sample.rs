//! Runs made up for tests: small enough to be checked by hand.

use std::fs;

use rungkeeper_runner::journal::Recorded;
use rungkeeper_tuner_hooks::log::{EndOfRun, Event, Header, LoopEnd, RemovedAtLoopEnd};
use rungkeeper_tuner_hooks::{Decision, ExtraResults, ModelSpec, Removal, RemovalReason};
use serde_json::{Map, json};

use crate::report::folder::RunFolder;
use crate::report::history::{History, Reading};

/// A log that is being written, event by event.
pub(super) struct Log {
    pub(super) header: Header,
    events: Vec<Recorded>,
    time: f64,
}

impl Log {
    /// Rungs 1 and 3, the end at 9, and a budget.
    pub(super) fn new(max_checkpoints: Option<u64>) -> Self {
        let spec = ModelSpec::geometric(1, 3, 9).unwrap();
        let mut header = Header::new("run", &spec, 9);
        header.budget.max_checkpoints = max_checkpoints;
        Self {
            header,
            events: Vec::new(),
            time: 0.0,
        }
    }

    pub(super) fn history(&self) -> History {
        let mut reading = Reading::new(self.header.clone()).unwrap();
        for (event, line) in &self.events {
            reading.happened(event, line).unwrap();
        }
        reading.end().unwrap()
    }

    /// Each event comes a second after the one before.
    pub(super) fn event(&mut self, event: impl FnOnce(f64) -> Event) {
        self.time += 1.0;
        self.events.push((event(self.time), Map::new()));
    }

    pub(super) fn start(&mut self, trial: &str) {
        self.event(|elapsed| Event::Start {
            trial: trial.into(),
            bracket: 0,
            elapsed,
        });
        let configuration = json!({ "rate <b>": 0.125, "layers": 3, "kind": format!("k{trial}") });
        let line = &mut self.events.last_mut().unwrap().1;
        line.insert("configuration".to_owned(), configuration);
    }

    pub(super) fn resume(&mut self, trial: &str) {
        self.event(|elapsed| Event::Resume {
            trial: trial.into(),
            elapsed,
        });
    }

    pub(super) fn report(&mut self, trial: &str, level: u64, metric: f64, decision: Decision) {
        self.event(|elapsed| Event::Result {
            trial: trial.into(),
            level,
            metric,
            decision,
            elapsed,
        });
    }

    pub(super) fn commit(&mut self, trial: &str, level: u64) {
        self.event(|elapsed| Event::Checkpoint {
            trial: trial.into(),
            level,
            bytes: 1000 * level,
            elapsed,
        });
    }

    /// Starts or resumes nothing, but reports and commits.
    pub(super) fn pause(&mut self, trial: &str, level: u64, metric: f64) {
        self.report(trial, level, metric, Decision::Pause);
        self.commit(trial, level);
    }

    pub(super) fn remove(&mut self, trial: &str, level: u64, reason: RemovalReason) {
        self.event(|elapsed| Event::Remove {
            removal: removal(trial, level, reason),
            elapsed,
        });
    }

    /// The end of a turn that lists these trials; with `announced` each has a line of its own before.
    pub(super) fn give_up(&mut self, trials: &[(&str, u64)], announced: bool) {
        let removals = trials
            .iter()
            .map(|&(trial, level)| removal(trial, level, RemovalReason::MaxCheckpoints));
        let removals: Vec<Removal> = removals.collect();
        if announced {
            for &(trial, level) in trials {
                self.remove(trial, level, RemovalReason::MaxCheckpoints);
            }
        }
        self.event(|elapsed| {
            Event::LoopEnd(LoopEnd {
                elapsed,
                num_to_remove: removals.len() as u64,
                candidates: 3,
                removed: removals.iter().map(RemovedAtLoopEnd::from).collect(),
                ..LoopEnd::default()
            })
        });
    }

    pub(super) fn undeleted(&mut self, trial: &str, bytes: u64) {
        self.event(|elapsed| Event::Undeleted {
            trial: trial.into(),
            bytes,
            elapsed,
        });
    }

    pub(super) fn end(&mut self) {
        self.event(|elapsed| {
            Event::End(EndOfRun {
                elapsed,
                extra_results: ExtraResults::default(),
                trials_resumed_without_checkpoint: Vec::new(),
                estimators: None,
            })
        });
    }
}

fn removal(trial: &str, level: u64, reason: RemovalReason) -> Removal {
    Removal {
        trial: trial.into(),
        level,
        rank: 2,
        rung_len: 3,
        bytes: 1000 * level,
        expected_cost: Some(0.25),
        ln_expected_cost: Some(0.25_f64.ln()),
        reason,
    }
}

/// Three trials within a budget of two checkpoints: two are removed, one of them is missed, one
/// trial finishes and keeps its checkpoint.
pub(super) fn run() -> Log {
    let mut log = Log::new(Some(2));
    log.start("a");
    log.pause("a", 1, 0.3);
    log.start("b");
    log.pause("b", 1, 0.5);
    log.start("c<i>");
    log.pause("c<i>", 1, 0.4);
    log.give_up(&[("b", 1)], true);
    log.resume("a");
    log.pause("a", 3, 0.2);
    log.resume("b");
    log.give_up(&[("c<i>", 1)], true);
    log.report("b", 1, 0.55, Decision::Continue);
    log.pause("b", 3, 0.45);
    log.resume("a");
    log.report("a", 9, 0.1, Decision::Stop);
    log.event(|elapsed| Event::Pin {
        trial: "a".into(),
        elapsed,
    });
    log.commit("a", 9);
    log.end();
    log
}

/// A log by itself, as far as its files matter.
pub(super) fn folder() -> (tempfile::TempDir, RunFolder) {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("sample & more.jsonl");
    fs::write(&log, "").unwrap();
    let run = RunFolder::open(&log).unwrap();
    (folder, run)
}
