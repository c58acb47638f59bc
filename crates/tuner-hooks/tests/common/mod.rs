//! A run of a few trials, told to the removal callback.

use rungkeeper_tuner_hooks::{
    Budget, Cheapest, CheckpointStore, CheckpointTracking, Decision, ModelSpec, RemovalCallback,
    Speculative, TrialResult, TrialStatus, TunerCallback,
};

pub(crate) fn spec() -> ModelSpec {
    ModelSpec {
        checkpoints: CheckpointTracking::Assumed,
        ..ModelSpec::geometric(1, 3, 27).unwrap()
    }
}

pub(crate) fn callback(spec: &ModelSpec, budget: Budget) -> RemovalCallback {
    let policy = Box::new(Cheapest(Speculative::default()));
    RemovalCallback::new(spec, budget)
        .unwrap()
        .with_policy(policy)
}

pub(crate) fn report(
    callback: &mut dyn TunerCallback,
    trial: &str,
    level: u64,
    metric: f64,
    decision: Decision,
) {
    let result = TrialResult {
        level,
        metric,
        decision,
    };
    callback.on_trial_result(trial, &result).unwrap();
}

/// Starts a trial that is paused at level 1.
pub(crate) fn pause(callback: &mut dyn TunerCallback, trial: &str, metric: f64) {
    callback.on_start_trial(trial, 0).unwrap();
    report(callback, trial, 1, metric, Decision::Pause);
}

pub(crate) fn removed<S: CheckpointStore>(callback: &RemovalCallback<S>) -> Vec<String> {
    let lost = |&(_, status): &(&str, TrialStatus)| status == TrialStatus::PausedNoCheckpoint;
    let trials = callback.model().trials().filter(lost);
    trials.map(|(id, _)| id.to_owned()).collect()
}
