//! Events of a log that are applied, and what the callback itself has to say in a log.

mod common;

use common::{callback, pause, removed, report, spec};
use rungkeeper_tuner_hooks::log::{EndOfRun, EstimatorCounts, Event, Header, LoopEnd};
use rungkeeper_tuner_hooks::{
    BoxError, Brackets, Budget, ByLevel, CheckpointTracking, Decision, ExtraResults, Limits,
    ModelSpec, Note, Removal, RemovalCallback, RemovalReason, TrialStatus, TunerCallback,
};

const ELAPSED: f64 = 1.5;

fn removal(trial: &str, reason: RemovalReason) -> Event {
    let removal = Removal {
        trial: trial.to_owned(),
        level: 1,
        rank: 1,
        rung_len: 1,
        bytes: 10,
        expected_cost: None,
        ln_expected_cost: None,
        reason,
    };
    Event::Remove {
        removal,
        elapsed: ELAPSED,
    }
}

/// All that a person can ask a callback.
fn state(callback: &mut RemovalCallback) -> String {
    let model = callback.model();
    let trials: Vec<_> = model.trials().collect();
    let of_each = |(trial, _): &(&str, TrialStatus)| {
        format!(
            "{:?} {:?} {} {} {}",
            model.trial_information(trial),
            model.checkpoint(trial),
            model.is_pinned(trial),
            model.has_failed(trial),
            model.is_about_to_run(trial),
        )
    };
    let each: Vec<_> = trials.iter().map(of_each).collect();
    let told = format!(
        "{trials:?} {each:?} {:?} {:?} {:?} {:?} {:?}",
        callback.end_of_run(ELAPSED),
        callback.undeleted(),
        callback.budget(),
        callback.limits(),
        callback.progress(),
    );
    format!("{told} {:?}", callback.take_notes())
}

type Hook = fn(&mut RemovalCallback);

/// An event, the hook that stands for it, and whether a person would see a change at once.
#[expect(clippy::too_many_lines, reason = "a table")]
fn events() -> [(Event, Hook, bool); 20] {
    let trial = || "0".to_owned();
    let elapsed = ELAPSED;
    [
        (
            Event::Start {
                trial: trial(),
                bracket: 0,
                elapsed,
            },
            |callback| callback.on_start_trial("0", 0).unwrap(),
            true,
        ),
        (
            Event::Result {
                trial: trial(),
                level: 2,
                metric: f64::NAN,
                decision: Decision::Continue,
                elapsed,
            },
            |callback| report(callback, "0", 2, f64::NAN, Decision::Continue),
            true,
        ),
        (
            Event::Restart {
                trial: trial(),
                elapsed,
            },
            |callback| callback.on_restart_trial("0").unwrap(),
            false,
        ), // but the next report is below the last one
        (
            Event::Result {
                trial: trial(),
                level: 1,
                metric: 3.0,
                decision: Decision::Pause,
                elapsed,
            },
            |callback| report(callback, "0", 1, 3.0, Decision::Pause),
            true,
        ),
        (
            Event::Checkpoint {
                trial: trial(),
                level: 1,
                bytes: 10,
                elapsed,
            },
            |callback| callback.on_checkpoint_committed("0", 1, 10).unwrap(),
            true,
        ),
        (
            Event::Pin {
                trial: trial(),
                elapsed,
            },
            |callback| callback.pin("0").unwrap(),
            true,
        ),
        (
            Event::Unpin {
                trial: trial(),
                elapsed,
            },
            |callback| callback.unpin("0").unwrap(),
            true,
        ),
        (
            removal("0", RemovalReason::MaxBytes),
            |callback| callback.give_up("0").unwrap(),
            true,
        ),
        (
            Event::Undeleted {
                trial: trial(),
                bytes: 10,
                elapsed,
            },
            |callback| callback.on_deletion_failed("0", 10).unwrap(),
            true,
        ),
        (
            Event::Removed {
                trial: trial(),
                elapsed,
            },
            |callback| callback.on_checkpoint_deleted("0").unwrap(),
            true,
        ),
        (
            Event::Resume {
                trial: trial(),
                elapsed,
            },
            |callback| callback.on_resume_trial("0").unwrap(),
            true,
        ),
        (
            Event::Failed {
                trial: trial(),
                elapsed,
            },
            |callback| callback.on_trial_failed("0").unwrap(),
            true,
        ),
        (
            Event::Retry {
                trial: trial(),
                elapsed,
            },
            |callback| callback.on_retry_trial("0").unwrap(),
            true,
        ),
        (
            Event::Complete {
                trial: trial(),
                elapsed,
            },
            |callback| callback.on_trial_complete("0").unwrap(),
            true,
        ),
        (
            Event::Budget {
                budget: Budget::of_bytes(5),
                elapsed,
            },
            |callback| callback.set_budget(Budget::of_bytes(5)),
            true,
        ),
        (
            Event::Limits {
                limits: Limits {
                    trials: Some(7),
                    ..Limits::default()
                },
                elapsed,
            },
            |callback| {
                callback
                    .set_limits(Limits {
                        trials: Some(7),
                        ..Limits::default()
                    })
                    .unwrap();
            },
            true,
        ),
        (
            Event::Reported {
                trial: trial(),
                level: 3,
                metric: 3.0,
                elapsed,
            },
            |_| (),
            false,
        ),
        (
            Event::LoopEnd(LoopEnd {
                candidates: 1,
                num_to_remove: 1,
                ..LoopEnd::default()
            }),
            |_| (),
            false,
        ),
        (
            Event::End(EndOfRun {
                elapsed,
                extra_results: ExtraResults {
                    num_checkpoints_removed: 1,
                    num_trials_resumed: 1,
                    cost_resources: 1,
                },
                trials_resumed_without_checkpoint: Vec::new(),
                estimators: None,
            }),
            |_| (),
            false,
        ),
        (Event::Unknown, |_| (), false),
    ]
}

/// Each event of the log is the hook that stands for it; those that tell of no change make none.
#[test]
fn an_event_is_its_hook() {
    let spec = ModelSpec {
        checkpoints: CheckpointTracking::Committed,
        ..spec()
    };
    let budget = Budget::of_checkpoints(9);
    let (mut told, mut applied) = (callback(&spec, budget), callback(&spec, budget));
    for (event, hook, changes) in events() {
        let before = state(&mut applied);
        hook(&mut told);
        applied.apply(&event).unwrap();
        let after = state(&mut applied);
        assert_eq!(after, state(&mut told), "{event:?}");
        assert_eq!(after != before, changes, "{event:?}");
    }
    let (before, header) = (state(&mut applied), Header::new("test", &spec, 27));
    applied.apply(&Event::Header(Box::new(header))).unwrap();
    assert_eq!(state(&mut applied), before);
}

/// A launch has no hook: the checkpoint of a paused trial is no candidate from then on.
#[test]
fn a_launched_trial_is_no_candidate() {
    let mut callback = callback(&spec(), Budget::of_checkpoints(1));
    pause(&mut callback, "0", 0.9);
    pause(&mut callback, "1", 0.1);
    let (trial, elapsed) = ("0".to_owned(), ELAPSED);
    callback.apply(&Event::Launch { trial, elapsed }).unwrap();
    assert!(callback.model().is_about_to_run("0"));
    let plan = callback.plan(ELAPSED).unwrap();
    assert_eq!(plan.removals[0].trial, "1");
}

/// What a log removed went then. Where its trial has written another checkpoint since, a replay must not take that.
#[test]
fn a_replay_deletes_nothing() {
    let mut deleted = Vec::new();
    let store = |trial: &str| -> Result<(), BoxError> {
        deleted.push(trial.to_owned());
        Ok(())
    };
    let mut callback = callback(&spec(), Budget::default()).with_store(store);
    let (trial, elapsed) = (|| "0".to_owned(), ELAPSED);
    let report = |level| Event::Result {
        trial: trial(),
        level,
        metric: 0.1,
        decision: Decision::Pause,
        elapsed,
    };
    let begun = Event::Start {
        trial: trial(),
        bracket: 0,
        elapsed,
    };
    let resumed = Event::Resume {
        trial: trial(),
        elapsed,
    };
    let removed = removal("0", RemovalReason::MaxCheckpoints);
    for event in [begun, report(1), removed, resumed, report(3)] {
        callback.apply(&event).unwrap();
    }
    assert_eq!(callback.num_checkpoints_removed(), 1);
    assert_eq!(callback.extra_results().cost_resources, 1);
    drop(callback);
    assert!(deleted.is_empty(), "{deleted:?}");
}

/// Without a time there is no time ratio, and no line of a log.
#[test]
fn a_loop_end_has_a_time() {
    let mut callback = callback(&spec(), Budget::default());
    for elapsed in [f64::NAN, -5.0, f64::INFINITY] {
        let refused = callback.on_loop_end(elapsed).unwrap_err().to_string();
        assert!(refused.starts_with("elapsed is "), "{refused}");
    }
    callback.on_loop_end(0.0).unwrap();
}

/// Whatever the reason, the checkpoint is gone. What was lost, pinned or not, nobody removed: it counts as no removal.
#[test]
fn what_was_lost_is_not_removed() {
    for reason in [
        RemovalReason::MaxCheckpoints,
        RemovalReason::MaxBytes,
        RemovalReason::Asked,
        RemovalReason::Lost,
    ] {
        let is_lost = reason == RemovalReason::Lost;
        for is_pinned in [false, true] {
            let mut callback = callback(&spec(), Budget::default());
            pause(&mut callback, "0", 0.1);
            if is_pinned {
                callback.pin("0").unwrap();
            }
            let applied = callback.apply(&removal("0", reason));
            let goes = is_lost || !is_pinned;
            assert_eq!(applied.is_ok(), goes, "{reason:?} {is_pinned}");
            assert_eq!(removed(&callback).len(), usize::from(goes));
            let removed = u64::from(goes && !is_lost);
            assert_eq!(callback.num_checkpoints_removed(), removed);
        }
    }
}

/// A loop end says what the plan decided and on what grounds, the end of a run its results: each rung level once,
/// ascending, however many brackets have a rung there.
#[test]
fn lines_of_the_log_say_what_was_decided_and_learned() {
    let brackets = Brackets {
        number: 3,
        own_rungs: true,
    };
    let spec = ModelSpec { brackets, ..spec() };
    let mut callback = callback(&spec, Budget::of_checkpoints(2));
    for (trial, metric) in [("0", 0.1), ("1", 0.2), ("2", 0.4), ("3", 0.3)] {
        pause(&mut callback, trial, metric);
    }
    callback.on_start_trial("4", 1).unwrap();
    report(&mut callback, "4", 3, 0.5, Decision::Continue);
    let plan = callback.plan(7.5).unwrap();
    let loop_end = callback.loop_end(&plan);
    assert_eq!((loop_end.elapsed, loop_end.candidates), (7.5, 4));
    assert_eq!((loop_end.num_to_remove, plan.removals.len()), (3, 3));
    assert_eq!(loop_end.time_ratio, Some(callback.time_ratio()));
    // One value after the first trial, two and three after the others: all of them at level 1.
    let learned = callback.estimator_for_rung(1).unwrap();
    let (num_one, p) = (learned.num_one(), learned.posterior_mean());
    assert_eq!(learned.num_total(), 6);
    assert_eq!(loop_end.p, Some(vec![(1, p), (3, p), (9, p)]));
    let said = loop_end.removed.iter().zip(&plan.removals);
    for (said, removal) in said.clone() {
        assert_eq!((&said.trial, said.level), (&removal.trial, removal.level));
        assert_eq!((said.rank, said.rung_len), (removal.rank, removal.rung_len));
        assert_eq!(said.score, removal.expected_cost);
    }
    assert_eq!(said.len(), 3);
    callback.carry_out(&plan.removals).unwrap();
    callback.on_resume_trial("2").unwrap();
    let end = callback.end_of_run(8.5);
    assert_eq!(
        (end.elapsed, end.extra_results),
        (8.5, callback.extra_results())
    );
    assert_eq!(end.trials_resumed_without_checkpoint, [("2".to_owned(), 1)]);
    let counts = |(level, num_one, num_total)| EstimatorCounts {
        level,
        num_one,
        num_total,
    };
    let expected = [(1, num_one, 6), (3, 0, 0), (9, 0, 0)].map(counts);
    assert_eq!(end.estimators.as_deref(), Some(&expected[..]));
    let callback = callback.with_policy(Box::new(ByLevel));
    assert_eq!(callback.end_of_run(8.5).estimators, None);
    assert_eq!(callback.loop_end(&plan).p, None);
}

/// No more can go than there are candidates, and a plan of nothing says so.
#[test]
fn a_loop_end_counts_what_can_go() {
    let mut callback = callback(&spec(), Budget::of_checkpoints(1));
    for trial in ["0", "1", "2"] {
        callback.on_start_trial(trial, 0).unwrap();
    }
    pause(&mut callback, "3", 0.1);
    let plan = callback.plan(1.0).unwrap();
    assert_eq!((plan.need.checkpoints, plan.candidates), (3, 1));
    let loop_end = callback.loop_end(&plan);
    assert_eq!((loop_end.num_to_remove, loop_end.removed.len()), (1, 1));
    let nothing = callback.plan_within(Budget::default(), 2.5).unwrap();
    let loop_end = callback.loop_end(&nothing);
    assert_eq!((loop_end.elapsed, loop_end.num_to_remove), (2.5, 0));
}

#[test]
fn notes_count_in_words() {
    for (units, said) in [(1, ": 1 unit is trained"), (2, ": 2 units are trained")] {
        let (saved_at, paused_at) = (8, 8 + units);
        let trial = "7".to_owned();
        let note = Note::SavedBefore {
            trial,
            saved_at,
            paused_at,
            units,
        };
        assert!(note.to_string().contains(said), "{note}");
    }
}
