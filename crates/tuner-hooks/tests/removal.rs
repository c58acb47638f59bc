//! The removal callback, event by event: cases from people who do this job.

mod common;

use std::cell::RefCell;
use std::rc::Rc;

use common::{callback, pause, removed, report, spec};
use rungkeeper_tuner_hooks::{
    Budget, ByLevel, CheckpointTracking, Decision, ExtraResults, HookError, Limits, Mode,
    ModelSpec, Note, Random, RemovalCallback, RemovalPolicy, RemovalReason, TunerCallback,
};

/// Budget 6, 2 workers, 4 trials crash: room for 4 paused ones.
#[test]
fn crashed_trial() {
    let mut callback = callback(&spec(), Budget::of_checkpoints(6));
    for trial in ["c1", "c2", "c3", "c4"] {
        callback.on_start_trial(trial, 0).unwrap();
        callback.on_trial_failed(trial).unwrap();
    }
    for (trial, metric) in [("0", 0.1), ("1", 0.2), ("2", 0.3), ("3", 0.4)] {
        pause(&mut callback, trial, metric);
    }
    callback.on_start_trial("4", 0).unwrap();
    callback.on_start_trial("5", 0).unwrap();
    callback.on_loop_end(1.0).unwrap();
    assert_eq!(callback.num_checkpoints_removed(), 0);
    pause(&mut callback, "6", 0.5);
    callback.on_loop_end(2.0).unwrap();
    assert_eq!(removed(&callback), ["6"]);
}

/// A bad metric ranks behind all others for min and for max, goes first, and is reported once.
#[test]
fn bad_metrics() {
    for mode in [Mode::Min, Mode::Max] {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let spec = ModelSpec { mode, ..spec() };
            let mut callback = callback(&spec, Budget::of_checkpoints(4));
            pause(&mut callback, "bad", bad);
            for (trial, metric) in [("0", 0.1), ("1", 0.2), ("2", 0.3), ("3", 0.4)] {
                pause(&mut callback, trial, metric);
            }
            let rank = |trial| callback.model().trial_information(trial).unwrap().rank;
            let good = ["0", "1", "2", "3"].map(rank);
            let expected = [[1, 2, 3, 4], [4, 3, 2, 1]];
            assert_eq!(good, expected[usize::from(mode == Mode::Max)]);
            assert_eq!(rank("bad"), 5);
            callback.on_loop_end(1.0).unwrap();
            assert_eq!(removed(&callback), ["bad"]);
            callback.on_resume_trial("bad").unwrap();
            report(&mut callback, "bad", 3, bad, Decision::Pause);
            let said = callback.take_notes();
            let note = Note::NonFinite {
                trial: "bad".to_owned(),
                level: 1,
            };
            assert_eq!(said, [note]);
        }
    }
}

/// The same table as loss/min and as 1 - loss/max: the same removals.
#[test]
fn min_is_max_mirrored() {
    let run = |mode, metric: &dyn Fn(f64) -> f64| {
        let spec = ModelSpec { mode, ..spec() };
        let mut callback = callback(&spec, Budget::of_checkpoints(5));
        let mut log = Vec::new();
        for i in 0..60u32 {
            // Multiples of 1/64 in [0, 1): exact under 1 - loss; some of them equal.
            let loss = f64::from(i * 37 % 64) / 64.0;
            pause(&mut callback, &i.to_string(), metric(loss));
            let plan = callback.plan(f64::from(i)).unwrap();
            callback.carry_out(&plan.removals).unwrap();
            log.push(plan);
        }
        log
    };
    assert_eq!(
        run(Mode::Min, &|loss| loss),
        run(Mode::Max, &|loss| 1.0 - loss)
    );
}

/// 100 MB, sizes 60, 5, 5, 5, 5, 5: all six stay; a 120 MB one is refused without emptying the
/// store (refusing is the store's part: here no removal could make room for it).
#[test]
fn sizes_differ() {
    let mut spec = spec();
    spec.checkpoints = CheckpointTracking::Committed;
    let budget = Budget::of_bytes(100);
    let mut callback = callback(&spec, budget);
    for (i, bytes) in [60, 5, 5, 5, 5, 5].into_iter().enumerate() {
        let trial = i.to_string();
        pause(&mut callback, &trial, 0.1 * i as f64);
        callback.on_checkpoint_committed(&trial, 1, bytes).unwrap();
        callback.on_loop_end(i as f64).unwrap();
    }
    assert_eq!(callback.num_checkpoints_removed(), 0);
    assert_eq!(callback.model().checkpoint_bytes(), 85);
    let error = budget.check_size(120).unwrap_err().to_string();
    assert_eq!(
        error,
        "max_bytes is 100, but one checkpoint has 120 bytes: the smallest that works is 120"
    );
    // 30 more: over by 15. What costs least per byte goes, and nothing in vain.
    pause(&mut callback, "6", 0.05);
    callback.on_checkpoint_committed("6", 1, 30).unwrap();
    let plan = callback.plan(7.0).unwrap();
    assert!(
        plan.removals
            .iter()
            .all(|r| r.reason == RemovalReason::MaxBytes)
    );
    let freed: u64 = plan.removals.iter().map(|removal| removal.bytes).sum();
    assert!(freed >= 15);
    callback.carry_out(&plan.removals).unwrap();
    assert!(callback.model().checkpoint_bytes() <= 100);
}

/// Nobody told of a checkpoint of the pause, so the trial trains from scratch: that is counted at its resume, whatever it
/// reports first, and once.
#[test]
fn resumed_before_a_commit() {
    let mut spec = spec();
    spec.checkpoints = CheckpointTracking::Committed;
    let mut callback = callback(&spec, Budget::of_checkpoints(9));
    for trial in ["known", "unknown"] {
        pause(&mut callback, trial, 0.5);
    }
    callback.on_checkpoint_committed("known", 1, 10).unwrap();
    callback.on_resume_trial("known").unwrap();
    assert_eq!(callback.trials_resumed_without_checkpoint(), []);
    callback.on_resume_trial("unknown").unwrap();
    let resumed = callback.trials_resumed_without_checkpoint();
    assert_eq!(resumed, [("unknown".to_owned(), 1)]);
    report(&mut callback, "unknown", 1, 0.5, Decision::Continue);
    assert_eq!(callback.extra_results().cost_resources, 1);
    assert_eq!(callback.take_notes(), []);
}

/// The speculative policy works whatever ends the run.
#[test]
fn stopped_by_count() {
    let none = Limits::default();
    let by_trials = Limits {
        trials: Some(200),
        ..none
    };
    let by_reports = Limits {
        reports: Some(5_000),
        ..none
    };
    for (limits, expected) in [
        (by_trials, 196.0 / 4.0),
        (by_reports, 4_996.0 / 4.0),
        (none, 1.0),
    ] {
        let callback = callback(&spec(), Budget::of_checkpoints(3));
        let mut callback = callback.with_limits(limits).unwrap();
        for (trial, metric) in [("0", 0.4), ("1", 0.1), ("2", 0.2), ("3", 0.3)] {
            pause(&mut callback, trial, metric);
        }
        let plan = callback.plan(1.0).unwrap();
        assert_eq!(plan.time_ratio, expected);
        assert_eq!(plan.removals[0].trial, "0");
    }
}

/// 60 trials without a budget, then budget 10: 50 go in one pass, in order of expected cost.
#[test]
fn switched_on_late() {
    let mut before = callback(&spec(), Budget::default());
    let mut after = callback(&spec(), Budget::of_checkpoints(10));
    for i in 0..60u32 {
        let metric = f64::from(i * 37 % 60);
        pause(&mut before, &i.to_string(), metric);
        before.on_loop_end(f64::from(i)).unwrap();
        // The same events, as a restart reads them from the log.
        pause(&mut after, &i.to_string(), metric);
    }
    assert_eq!(before.num_checkpoints_removed(), 0);
    let plan = after.plan(60.0).unwrap();
    assert_eq!(plan.removals.len(), 50);
    let costs: Vec<f64> = plan
        .removals
        .iter()
        .filter_map(|r| r.expected_cost)
        .collect();
    assert_eq!(costs.len(), 50);
    assert!(costs.windows(2).all(|pair| pair[0] <= pair[1]));
    after.carry_out(&plan.removals).unwrap();
    assert_eq!(after.model().num_with_checkpoint(), 10);
}

/// A person asks for room: other bounds hold this once, and the run's own stay as they were.
#[test]
fn room_on_request() {
    let mut callback = callback(&spec(), Budget::of_checkpoints(6));
    for (trial, metric) in [("0", 0.1), ("1", 0.2), ("2", 0.3), ("3", 0.4)] {
        pause(&mut callback, trial, metric);
    }
    let plan = callback
        .plan_within(Budget::of_checkpoints(1), 1.0)
        .unwrap();
    assert_eq!(plan.removals.len(), 3);
    assert_eq!(callback.budget(), Budget::of_checkpoints(6));
    assert!(callback.plan(1.0).unwrap().removals.is_empty());
    callback.set_budget(Budget::of_checkpoints(1));
    assert_eq!(callback.plan(1.0).unwrap().removals, plan.removals);
}

/// What was never complete is lost, pinned or not; the pin stays.
#[test]
fn a_pinned_trial_can_lose_its_checkpoint() {
    let mut callback = callback(&spec(), Budget::default());
    pause(&mut callback, "0", 0.1);
    callback.pin("0").unwrap();
    assert!(matches!(callback.give_up("0"), Err(HookError::Event(_))));
    callback.lose("0").unwrap();
    assert_eq!(removed(&callback), ["0"]);
    assert!(callback.model().is_pinned("0"));
    assert!(callback.lose("0").is_err());
    assert_eq!(callback.num_checkpoints_removed(), 0);
}

/// A checkpoint goes while its trial is chosen for promotion: it trains from scratch, at a cost.
#[test]
fn promoted_right_after() {
    let mut callback = callback(&spec(), Budget::of_checkpoints(2));
    for (trial, metric) in [("0", 0.3), ("1", 0.2), ("2", 0.1)] {
        pause(&mut callback, trial, metric);
    }
    callback.on_loop_end(1.0).unwrap();
    assert_eq!(removed(&callback), ["0"]);
    callback.on_resume_trial("0").unwrap();
    report(&mut callback, "0", 1, 0.05, Decision::Continue); // again from 1: no arrival
    report(&mut callback, "0", 3, 0.05, Decision::Pause);
    callback.on_resume_trial("2").unwrap();
    let expected = ExtraResults {
        num_checkpoints_removed: 1,
        num_trials_resumed: 2,
        cost_resources: 1,
    };
    assert_eq!(callback.extra_results(), expected);
    assert_eq!(
        callback.trials_resumed_without_checkpoint(),
        [("0".to_owned(), 1)]
    );
    assert_eq!(callback.estimator_for_rung(1).unwrap().num_total(), 3);
}

/// A failed trial is tried again: it counts as running, and its rungs stay. One that ended by itself
/// is not.
#[test]
fn a_failed_trial_runs_again() {
    let mut callback = callback(&spec(), Budget::default());
    callback.on_start_trial("0", 0).unwrap();
    report(&mut callback, "0", 1, 0.5, Decision::Continue);
    report(&mut callback, "0", 2, 0.5, Decision::Continue);
    callback.on_trial_failed("0").unwrap();
    callback.on_retry_trial("0").unwrap();
    assert_eq!(callback.model().num_running(), 1);
    let error = callback.on_retry_trial("0").unwrap_err().to_string();
    assert_eq!(
        error,
        "trial \"0\" is RUNNING: only a trial that failed can be tried again"
    );
    report(&mut callback, "0", 1, 0.4, Decision::Continue); // anew
    report(&mut callback, "0", 3, 0.4, Decision::Stop);
    assert!(callback.on_retry_trial("0").is_err());
    assert_eq!(callback.model().num_running(), 0);
    assert_eq!(callback.progress().trials, 1);
}

/// The cost is right where a program does not read its checkpoint, and where the checkpoint is older
/// than the pause. Each is reported once a trial; what was lost is counted at the resume alone.
#[test]
fn ignores_its_checkpoint_or_saved_at_another_epoch() {
    let spec = ModelSpec {
        checkpoints: CheckpointTracking::Committed,
        ..spec()
    };
    let mut callback = callback(&spec, Budget::default());
    let cost = |callback: &RemovalCallback| callback.extra_results().cost_resources;
    callback.on_start_trial("7", 0).unwrap();
    for level in [1, 3] {
        report(&mut callback, "7", level, 0.5, Decision::Continue);
    }
    report(&mut callback, "7", 9, 0.5, Decision::Pause);
    callback.on_checkpoint_committed("7", 9, 10).unwrap();
    callback.on_resume_trial("7").unwrap();
    report(&mut callback, "7", 1, 0.5, Decision::Continue);
    report(&mut callback, "7", 2, 0.5, Decision::Continue);
    assert_eq!(cost(&callback), 9);
    report(&mut callback, "7", 10, 0.5, Decision::Pause);
    callback.on_checkpoint_committed("7", 5, 10).unwrap();
    for _ in 0..2 {
        callback.on_resume_trial("7").unwrap();
        report(&mut callback, "7", 6, 0.5, Decision::Continue);
        report(&mut callback, "7", 10, 0.5, Decision::Pause);
    }
    assert_eq!(cost(&callback), 9 + 5 + 5);
    assert_eq!(callback.trained_again_with_checkpoint(), 9 + 5 + 5);
    callback.on_resume_trial("7").unwrap();
    report(&mut callback, "7", 11, 0.5, Decision::Pause);
    callback.give_up("7").unwrap();
    callback.on_resume_trial("7").unwrap();
    assert_eq!(cost(&callback), 19 + 9);
    report(&mut callback, "7", 1, 0.5, Decision::Continue);
    assert_eq!(cost(&callback), 19 + 9);
    assert_eq!(callback.trained_again_with_checkpoint(), 19);
    let notes: Vec<String> = callback.take_notes().iter().map(Note::to_string).collect();
    assert_eq!(
        notes,
        [
            "trial \"7\" was resumed from level 9 but reports 1: it ignores its checkpoint; 9 units \
             are trained again and counted",
            "the checkpoint of trial \"7\" was saved at 5, but the trial was paused at 10: 5 units \
             are trained again and counted",
        ]
    );
}

#[test]
fn other_limits_from_here_on() {
    let mut callback = callback(&spec(), Budget::of_checkpoints(1));
    pause(&mut callback, "0", 0.1);
    pause(&mut callback, "1", 0.2);
    let limits = Limits {
        trials: Some(6),
        ..Limits::default()
    };
    callback.set_limits(limits).unwrap();
    assert_eq!(callback.plan(1.0).unwrap().time_ratio, 4.0 / 2.0);
    assert_eq!(callback.time_ratio(), 4.0 / 2.0);
    let none = Limits {
        seconds: Some(f64::NAN),
        ..Limits::default()
    };
    let error = callback.set_limits(none).unwrap_err().to_string();
    assert_eq!(error, "the limit of seconds is NaN, but must be positive");
    assert_eq!(callback.limits(), limits);
}

#[test]
fn lists_call_each_callback_and_return_the_first_error() {
    struct Fails(Rc<RefCell<u32>>);
    impl TunerCallback for Fails {
        fn on_trial_complete(&mut self, _: &str) -> Result<(), HookError> {
            *self.0.borrow_mut() += 1;
            Err(HookError::Other("first".into()))
        }
    }
    let calls = Rc::new(RefCell::new(0));
    let mut list: Vec<Box<dyn TunerCallback>> = vec![
        Box::new(Fails(Rc::clone(&calls))),
        Box::new(callback(&spec(), Budget::default())),
        Box::new(Fails(Rc::clone(&calls))),
    ];
    list.on_tuning_start().unwrap();
    list.on_start_trial("0", 0).unwrap();
    list.on_checkpoint_committed("0", 1, 10).unwrap();
    assert_eq!(
        list.on_trial_complete("0").unwrap_err().to_string(),
        "first"
    );
    assert_eq!(*calls.borrow(), 2);
    assert_eq!(
        list.on_trial_failed("9").unwrap_err().to_string(),
        "trial \"9\" was never started"
    );
    list.on_tuning_end().unwrap();
}

#[test]
fn pinned_trials_are_kept() {
    let mut callback = callback(&spec(), Budget::of_checkpoints(1));
    pause(&mut callback, "0", 0.9);
    pause(&mut callback, "1", 0.1);
    callback.pin("0").unwrap();
    callback.on_loop_end(1.0).unwrap();
    assert_eq!(removed(&callback), ["1"]);
    callback.unpin("0").unwrap();
    assert!(callback.give_up("0").is_ok());
    assert!(callback.give_up("0").is_err());
}

#[test]
fn baselines_have_no_estimators() {
    let make: [fn() -> Box<dyn RemovalPolicy>; 2] =
        [|| Box::new(ByLevel), || Box::new(Random::new(1))];
    for policy in make {
        let budget = Budget::of_checkpoints(1);
        let mut callback = callback(&spec(), budget).with_policy(policy());
        pause(&mut callback, "0", 0.9);
        pause(&mut callback, "1", 0.1);
        callback.on_loop_end(1.0).unwrap();
        assert_eq!(callback.num_checkpoints_removed(), 1);
        assert!(callback.estimator_for_rung(1).is_none());
    }
}
