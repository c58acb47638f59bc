//! Laws of the removal callback, over random runs.

use proptest::prelude::*;
use rungkeeper_tuner_hooks::{
    Budget, CheckpointTracking, Decision, Limits, ModelSpec, PolicySpec, RemovalCallback,
    RemovalPlan, RemovalPolicy, TrialResult, TrialStatus, TunerCallback,
};

#[derive(Clone, Debug)]
struct Turn {
    metric: i32,
    promote: bool,
    bytes: u64,
    /// The checkpoint is committed behind the pause, and was saved before it.
    late: bool,
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = (
        0..50i32,
        prop::bool::weighted(0.3),
        1..100u64,
        any::<bool>(),
    );
    let turn = turn.prop_map(|(metric, promote, bytes, late)| Turn {
        metric,
        promote,
        bytes,
        late,
    });
    prop::collection::vec(turn, 1..150)
}

const POLICIES: usize = PolicySpec::NAMES.len();

fn policy(number: usize) -> Box<dyn RemovalPolicy> {
    let spec = PolicySpec::all().nth(number).expect("one of all policies");
    spec.build().expect("the defaults are valid")
}

fn new_callback(policy_number: usize, budget: Budget) -> RemovalCallback {
    let spec = ModelSpec {
        checkpoints: CheckpointTracking::Committed,
        ..ModelSpec::geometric(1, 3, 9).unwrap()
    };
    let limits = Limits {
        seconds: Some(200.0),
        ..Limits::default()
    };
    let callback = RemovalCallback::new(&spec, budget).unwrap();
    callback
        .with_policy(policy(policy_number))
        .with_limits(limits)
        .unwrap()
}

/// Paused trials, one of which is resumed in a turn that promotes.
fn paused(callback: &RemovalCallback) -> Vec<String> {
    let waits = |&(_, status): &(&str, TrialStatus)| {
        matches!(
            status,
            TrialStatus::PausedWithCheckpoint | TrialStatus::PausedNoCheckpoint
        )
    };
    callback
        .model()
        .trials()
        .filter(waits)
        .map(|(id, _)| id.to_owned())
        .collect()
}

/// One worker: starts or resumes a trial, trains it to its next rung, ends the turn.
fn turn(callback: &mut RemovalCallback, number: usize, turn: &Turn) -> RemovalPlan {
    let waiting = paused(callback);
    let trial = match waiting.get(turn.metric as usize % waiting.len().max(1)) {
        Some(trial) if turn.promote => {
            callback.on_resume_trial(trial).unwrap();
            trial.clone()
        }
        _ => {
            let trial = callback.model().num_trials().to_string();
            callback.on_start_trial(&trial, 0).unwrap();
            trial
        }
    };
    let level = callback
        .model()
        .trial_information(&trial)
        .map_or(1, |t| 3 * t.level);
    let decision = if level == 9 {
        Decision::Stop
    } else {
        Decision::Pause
    };
    let result = TrialResult {
        level,
        metric: f64::from(turn.metric),
        decision,
    };
    let commit = |callback: &mut RemovalCallback, level| {
        callback.on_checkpoint_committed(&trial, level, turn.bytes)
    };
    if decision == Decision::Pause && !turn.late {
        commit(callback, level).unwrap();
    }
    callback.on_trial_result(&trial, &result).unwrap();
    if decision == Decision::Pause && turn.late {
        commit(callback, (level - 1).max(1)).unwrap();
    }
    let plan = callback.plan(number as f64).unwrap();
    callback.carry_out(&plan.removals).unwrap();
    plan
}

fn budget() -> impl Strategy<Value = Budget> {
    let most = (prop::option::of(1..20u64), prop::option::of(100..2_000u64));
    most.prop_map(|(max_checkpoints, max_bytes)| Budget {
        max_checkpoints,
        max_bytes,
    })
}

proptest! {
    #[test]
    fn budget_is_kept_after_each_loop_end(turns in turns(), budget in budget(), number in 0..POLICIES) {
        let mut callback = new_callback(number, budget);
        for (i, step) in turns.iter().enumerate() {
            turn(&mut callback, i, step);
            let model = callback.model();
            let need = budget.need(model.num_with_checkpoint(), model.checkpoint_bytes());
            prop_assert!(need.is_none(), "{need:?} at turn {i}");
        }
        let results = callback.extra_results();
        let resumed = callback.trials_resumed_without_checkpoint();
        prop_assert_eq!(results.cost_resources, resumed.iter().map(|r| r.1).sum::<u64>());
        prop_assert!(results.num_trials_resumed >= resumed.len() as u64);
        prop_assert!(results.num_checkpoints_removed >= resumed.len() as u64);
    }

    /// However many deletions fail, they cost one checkpoint of the budget and not more.
    #[test]
    fn failed_deletions_do_not_empty_the_run(turns in turns(), most in 2..20u64, number in 0..POLICIES) {
        let mut callback = new_callback(number, Budget::of_checkpoints(most));
        for (i, step) in turns.iter().enumerate() {
            let plan = turn(&mut callback, i, step);
            for removal in &plan.removals {
                callback.on_deletion_failed(&removal.trial, removal.bytes).unwrap();
            }
            let held = callback.model().num_with_checkpoint() as u64;
            prop_assert!(held <= most);
            prop_assert!(plan.removals.is_empty() || held + 1 >= most, "{held} at turn {i}");
        }
    }

    #[test]
    fn same_events_same_removals(turns in turns(), budget in budget(), number in 0..POLICIES) {
        let run = || -> Vec<RemovalPlan> {
            let mut callback = new_callback(number, budget);
            turns.iter().enumerate().map(|(i, step)| turn(&mut callback, i, step)).collect()
        };
        prop_assert_eq!(run(), run());
    }

    #[test]
    fn running_and_pinned_trials_keep_their_checkpoint(turns in turns(), number in 0..POLICIES) {
        let mut callback = new_callback(number, Budget::of_checkpoints(3));
        callback.on_start_trial("running", 0).unwrap();
        callback.on_start_trial("pinned", 0).unwrap();
        callback.on_checkpoint_committed("pinned", 1, 5).unwrap();
        let result = TrialResult { level: 1, metric: 99.0, decision: Decision::Pause };
        callback.on_trial_result("pinned", &result).unwrap();
        callback.pin("pinned").unwrap();
        for (i, step) in turns.iter().filter(|t| !t.promote).enumerate() {
            let plan = turn(&mut callback, i, step);
            prop_assert!(plan.removals.iter().all(|r| r.trial != "pinned" && r.trial != "running"));
        }
        prop_assert_eq!(callback.model().status("pinned"), Some(TrialStatus::PausedWithCheckpoint));
    }
}
