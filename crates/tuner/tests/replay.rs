//! Logs of runs in which a person or a crash had a say, replayed.
#![cfg(feature = "serde")]

use rungkeeper_tuner::log::{parse_line, to_line};
use rungkeeper_tuner::replay::Replay;
use rungkeeper_tuner_hooks::log::{Event, Header};
use rungkeeper_tuner_hooks::{
    Budget, CheckpointTracking, Decision, Limits, ModelSpec, Removal, RemovalReason, TrialStatus,
};

/// A log in the making: what is written is what a callback that decides by itself would do.
struct Log {
    header: Header,
    lines: Vec<String>,
}

impl Log {
    fn new(max_checkpoints: Option<u64>) -> Self {
        let mut header = Header::new("test", &ModelSpec::geometric(1, 3, 27).unwrap(), 27);
        header.budget.max_checkpoints = max_checkpoints;
        header.checkpoints = CheckpointTracking::Assumed;
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
        let mut callback = self.replayed().into_callback().unwrap();
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
        let mut replay = self.fed();
        replay.finish().unwrap();
        replay
    }

    fn fed(&self) -> Replay {
        let mut replay = Replay::checked(&self.header).unwrap();
        for (place, line) in self.lines.iter().enumerate() {
            let event = parse_line(place + 2, line).unwrap();
            replay.feed(place + 2, &event).unwrap();
        }
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
    // Whoever goes on has them too.
    let callback = log.fed().into_callback().unwrap();
    assert_eq!(callback.num_checkpoints_removed(), 1);
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
            budget: Budget {
                max_checkpoints: most,
                max_bytes: None,
            },
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
    let plan = log.replayed().into_callback().unwrap().plan(2.0).unwrap();
    assert!(plan.removals.is_empty());
}

/// A deletion that failed is in the log, so that a replay removes what the run removed.
#[test]
fn deletion_refused() {
    let mut log = Log::new(Some(3));
    for (trial, metric) in [("0", 0.1), ("1", 0.2), ("2", 0.3), ("3", 0.4)] {
        log.pause(trial, metric);
    }
    log.loop_end();
    let (trial, elapsed) = ("3".to_owned(), 1.0);
    log.write(&Event::Undeleted {
        trial: trial.clone(),
        bytes: 0,
        elapsed,
    });
    log.loop_end();
    let replay = log.replayed();
    assert_eq!(without_checkpoint(&replay), ["2", "3"]);
    assert_eq!(
        (replay.comparison().agree, replay.comparison().worse),
        (2, 0)
    );
    assert!(replay.callback().undeleted().contains_key("3"));
    log.write(&Event::Removed { trial, elapsed });
    assert!(log.replayed().callback().undeleted().is_empty());
}

/// A free replay that has not removed what the log has is told nothing of its deletion: the
/// checkpoint would count twice.
#[test]
fn a_free_replay_keeps_what_could_not_be_deleted() {
    let spec = ModelSpec::geometric(1, 3, 27).unwrap();
    let mut header = Header::new("test", &spec, 27);
    header.budget.max_checkpoints = Some(4);
    let (trial, elapsed) = ("3".to_owned(), 1.0);
    let mut replay = Replay::free(&header).unwrap();
    let mut feed = |event: &Event| replay.feed(2, event).unwrap();
    let mut log = Log::new(None);
    for (trial, metric) in [("0", 0.1), ("1", 0.2), ("2", 0.3), ("3", 0.4)] {
        log.pause(trial, metric);
        log.write(&Event::Checkpoint {
            trial: trial.to_owned(),
            level: 1,
            bytes: 10,
            elapsed,
        });
    }
    for line in &log.lines {
        feed(&parse_line(2, line).unwrap());
    }
    feed(&Event::Undeleted {
        trial,
        bytes: 10,
        elapsed,
    });
    assert_eq!(replay.finish().unwrap().plan, None);
    assert!(replay.callback().undeleted().is_empty());
}

/// A finished run that is resumed with more to do: the time ratio counts from the new limits, and
/// each end is compared.
#[test]
fn more_trials() {
    let mut log = Log::new(Some(3));
    log.header.limits.trials = Some(4);
    for (trial, metric) in [("0", 0.1), ("1", 0.2), ("2", 0.3), ("3", 0.4)] {
        log.pause(trial, metric);
    }
    log.loop_end();
    let end = |log: &Log| Event::End(log.replayed().callback().end_of_run(1.0));
    log.write(&end(&log));
    log.write(&Event::Limits {
        limits: Limits {
            trials: Some(10),
            ..Limits::default()
        },
        elapsed: 1.0,
    });
    log.write(&Event::Launch {
        trial: "4".to_owned(),
        elapsed: 1.0,
    });
    log.pause("4", 0.05);
    log.loop_end();
    assert_eq!(log.replayed().callback().time_ratio(), 5.0 / 5.0);
    log.write(&end(&log));
    let comparison = log.replayed().comparison();
    assert_eq!((comparison.agree, comparison.passes()), (2, true));
    // The first end is wrong, the last is right.
    let place = log.lines.iter().position(|line| line.contains("\"end\""));
    let first = &mut log.lines[place.unwrap()];
    *first = first.replace(
        "\"num_checkpoints_removed\":1",
        "\"num_checkpoints_removed\":7",
    );
    let comparison = log.replayed().comparison();
    assert_eq!(comparison.extra_results_match, Some(false));
    assert!(!comparison.passes());
}

/// Limits that are none are refused at their line, and so is a second try of what did not fail.
#[test]
fn what_does_not_fit_is_refused_at_its_line() {
    let header = Log::new(None).header;
    for (line, said) in [
        (
            r#"{"event": "limits", "max_num_trials": 0, "elapsed": 1}"#,
            "line 7: the limit of trials is 0, but must be positive",
        ),
        (
            r#"{"event": "retry", "trial": "0", "elapsed": 1}"#,
            "line 7: trial \"0\" was never started",
        ),
    ] {
        let mut replay = Replay::free(&header).unwrap();
        let error = replay.feed(7, &parse_line(7, line).unwrap()).unwrap_err();
        assert_eq!(error.to_string(), said);
    }
}

/// What is not known ends no turn.
#[test]
fn unknown_events_change_nothing() {
    let mut log = Log::new(Some(3));
    for (trial, metric) in [("0", 0.1), ("1", 0.2), ("2", 0.3), ("3", 0.4)] {
        log.pause(trial, metric);
        log.lines.push(r#"{"event":"sing","elapsed":9}"#.to_owned());
    }
    let mut replay = Replay::free(&log.header).unwrap();
    for (place, line) in log.lines.iter().enumerate() {
        let event = parse_line(place + 2, line).unwrap();
        assert_eq!(replay.feed(place + 2, &event).unwrap().plan, None);
    }
    assert_eq!(replay.finish().unwrap().plan.unwrap().removals.len(), 1);
}

/// A recorded number, time ratio or chance is the same as here up to the digits that are printed, and nothing else is. Where
/// more must go than there are candidates, all of them go, and their number is the one that is recorded.
#[test]
fn recorded_inputs_are_compared_up_to_rounding() {
    let limits = |log: &mut Log| log.header.limits.trials = Some(7);
    let compared = |change: &dyn Fn(&mut rungkeeper_tuner_hooks::log::LoopEnd)| {
        let mut log = Log::new(Some(0));
        limits(&mut log);
        log.header.set_policy("speculative".parse().unwrap());
        for (trial, metric) in [("0", 0.1), ("1", 0.2)] {
            log.pause(trial, metric);
        }
        // A third trial runs: three must go, and two can.
        log.write(&Event::Start {
            trial: "2".to_owned(),
            bracket: 0,
            elapsed: 1.0,
        });
        log.loop_end();
        let mut replay = Replay::checked(&log.header).unwrap();
        let mut found = None;
        for (place, line) in log.lines.iter().enumerate() {
            let mut event = parse_line(place + 2, line).unwrap();
            if let Event::LoopEnd(end) = &mut event {
                assert_eq!((end.num_to_remove, end.candidates), (2, 2));
                assert_eq!(end.removed.len(), 2);
                change(end);
            }
            let step = replay.feed(place + 2, &event).unwrap();
            found = found.or(step.checked);
        }
        found.expect("a loop end").differences
    };
    let factor = |by: f64| {
        move |end: &mut rungkeeper_tuner_hooks::log::LoopEnd| {
            end.time_ratio = end.time_ratio.map(|ratio| ratio * by);
            for (_, p) in end.p.iter_mut().flatten() {
                *p *= by;
            }
        }
    };
    assert!(compared(&|_| ()).is_empty());
    for by in [1.0 + 1e-10, 1.0 - 1e-10] {
        assert!(compared(&factor(by)).is_empty());
    }
    for by in [1.0 + 1e-8, 1.0 - 1e-8, 2.0] {
        let differences = compared(&factor(by));
        assert_eq!(differences.len(), 4, "{differences:?}"); // the ratio, and p of three levels
        assert!(
            differences[0].starts_with("time ratio 1.33"),
            "{differences:?}"
        );
        assert!(
            differences[1].starts_with("p of level 1 "),
            "{differences:?}"
        );
    }
    let differences = compared(&|end| end.num_to_remove = 3);
    assert_eq!(differences, ["2 checkpoints must go, 3 recorded"]);
    let differences = compared(&|end| end.candidates = 3);
    assert_eq!(differences, ["2 candidates, 3 recorded"]);
}
