//! Logs of runs in which a person or a crash had a say, replayed.
#![cfg(feature = "serde")]

use rungkeeper_tuner_hooks::log::{CheckpointEvents, Event, Header, parse_line, to_line};
use rungkeeper_tuner_hooks::{Decision, ModelSpec, Removal, RemovalReason, Replay, TrialStatus};

/// A log in the making: what is written is what a callback that decides by itself would do.
struct Log {
    header: Header,
    lines: Vec<String>,
}

impl Log {
    fn new(max_checkpoints: Option<u64>) -> Self {
        let mut header = Header::new("test", &ModelSpec::geometric(1, 3, 27).unwrap(), 27);
        header.max_num_checkpoints = max_checkpoints;
        header.checkpoints = CheckpointEvents::Assumed;
        Self {
            header,
            lines: Vec::new(),
        }
    }

    fn write(&mut self, event: &Event) {
        self.lines.push(to_line(event));
    }

    fn pause(&mut self, trial: &str, metric: f64) {
        let (trial, elapsed) = (trial.to_owned(), 1.0);
        self.write(&Event::Start {
            trial: trial.clone(),
            bracket: 0,
            elapsed,
        });
        self.write(&Event::Result {
            trial,
            level: 1,
            metric,
            decision: Decision::Pause,
            elapsed,
        });
    }

    fn remove(&mut self, trial: &str, rank: u64, reason: RemovalReason) {
        let removal = Removal {
            trial: trial.to_owned(),
            level: 1,
            rank,
            rung_len: 4,
            bytes: 0,
            expected_cost: None,
            ln_expected_cost: None,
            reason,
        };
        let elapsed = 1.0;
        self.write(&Event::Remove { removal, elapsed });
    }

    /// What the callback itself would do at the end of this turn, written as a run writes it.
    fn loop_end(&mut self) {
        let mut callback = self.replayed().into_callback();
        let plan = callback.plan(1.0).unwrap();
        let end = Event::LoopEnd(callback.loop_end(&plan));
        for removal in plan.removals {
            self.write(&Event::Remove {
                removal,
                elapsed: 1.0,
            });
        }
        self.write(&end);
    }

    fn replayed(&self) -> Replay {
        let mut replay = Replay::checked(&self.header).unwrap();
        for (place, line) in self.lines.iter().enumerate() {
            let event = parse_line(place + 2, line).unwrap();
            replay.feed(place + 2, &event).unwrap();
        }
        replay.finish().unwrap();
        replay
    }
}

fn without_checkpoint(replay: &Replay) -> Vec<&str> {
    let lost = |trial: &(&str, TrialStatus)| trial.1 == TrialStatus::PausedNoCheckpoint;
    let trials = replay.callback().model().trials().filter(lost);
    trials.map(|(id, _)| id).collect()
}

/// They belong to no loop end, also where one comes right after them.
#[test]
fn asked_and_lost_count_before_a_loop_end() {
    for reason in [RemovalReason::Asked, RemovalReason::Lost] {
        let mut log = Log::new(Some(2));
        for (trial, metric) in [("0", 0.1), ("1", 0.2), ("2", 0.3), ("3", 0.4)] {
            log.pause(trial, metric);
        }
        log.remove("0", 1, reason);
        log.loop_end();
        let replay = log.replayed();
        let comparison = replay.comparison();
        assert_eq!((comparison.loop_ends, comparison.agree), (1, 1));
        assert_eq!(without_checkpoint(&replay), ["0", "3"]);
        let given_up = 1 + u64::from(reason == RemovalReason::Asked);
        assert_eq!(replay.callback().num_checkpoints_removed(), given_up);
    }
}

/// A run that was cut short between its removals and the loop end.
#[test]
fn removals_without_their_loop_end_count() {
    let mut log = Log::new(Some(3));
    for (trial, metric) in [("0", 0.1), ("1", 0.2), ("2", 0.3), ("3", 0.4)] {
        log.pause(trial, metric);
    }
    log.remove("3", 4, RemovalReason::MaxCheckpoints);
    assert_eq!(without_checkpoint(&log.replayed()), ["3"]);
    log.pause("4", 0.5);
    log.loop_end();
    let replay = log.replayed();
    assert_eq!(replay.comparison().agree, 1);
    assert_eq!(without_checkpoint(&replay), ["3", "4"]);
}

/// A budget that is switched on, made smaller and lifted while the run goes on.
#[test]
fn another_budget_from_here_on() {
    let mut log = Log::new(None);
    for (trial, metric) in [("0", 0.1), ("1", 0.2), ("2", 0.3), ("3", 0.4)] {
        log.pause(trial, metric);
    }
    for (most, gone) in [(Some(3), 1), (Some(1), 3), (None, 3)] {
        log.write(&Event::Budget {
            max_num_checkpoints: most,
            max_bytes: None,
            elapsed: 1.0,
        });
        if most.is_some() {
            log.loop_end();
        }
        let replay = log.replayed();
        assert_eq!(replay.callback().budget().max_checkpoints, most);
        assert_eq!(without_checkpoint(&replay).len(), gone);
        assert!(replay.comparison().passes());
    }
    log.pause("4", 0.5);
    let plan = log.replayed().into_callback().plan(2.0).unwrap();
    assert!(plan.removals.is_empty());
}
