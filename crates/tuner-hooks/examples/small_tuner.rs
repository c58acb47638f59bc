//! A whole small tuner: one worker, rungs 1 and 3, six checkpoints.
#![allow(clippy::print_stdout)]
use rungkeeper_tuner_hooks::{
    Budget, Decision, ModelSpec, RemovalCallback, RungModel, TrialResult, TrialStatus,
    TunerCallback,
};

/// The best paused trial among the top third of its rung, highest rung first.
fn promotable(model: &RungModel) -> Option<String> {
    use TrialStatus::{PausedNoCheckpoint, PausedWithCheckpoint};
    let paused = |status| matches!(status, PausedWithCheckpoint | PausedNoCheckpoint);
    let trials = model.trials().filter(|&(_, status)| paused(status));
    trials
        .filter_map(|(id, _)| model.trial_information(id))
        .filter(|trial| 3 * trial.rank <= trial.rung_len)
        .max_by_key(|trial| (trial.level, std::cmp::Reverse(trial.rank)))
        .map(|trial| trial.trial_id)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let spec = ModelSpec::from_levels(&[1, 3], 9)?;
    let delete = |trial: &str| {
        println!("checkpoint of trial {trial} deleted");
        Ok(())
    };
    let budget = Budget::of_checkpoints(6);
    let mut callback = RemovalCallback::new(&spec, budget)?.with_store(delete);
    for turn in 0.. {
        // Fill the only worker: promote, or start a new trial.
        let started = callback.model().num_trials();
        let trial = promotable(callback.model()).unwrap_or(started.to_string());
        if callback.model().status(&trial).is_some() {
            callback.on_resume_trial(&trial)?;
        } else if started < 100 {
            callback.on_start_trial(&trial, 0)?;
        } else {
            break;
        }
        // Train up to the next rung, where the trial is paused, or to the end.
        let standing = callback.model().trial_information(&trial);
        let (level, decision) = match standing.map_or(0, |trial| trial.level) {
            0 => (1, Decision::Pause),
            1 => (3, Decision::Pause),
            _ => (9, Decision::Stop),
        };
        let metric = (0.7 * trial.parse::<f64>()?).sin() + 1.0 / level as f64;
        callback.on_checkpoint_committed(&trial, level, 1_000_000)?;
        #[rustfmt::skip]
        callback.on_trial_result(&trial, &TrialResult { level, metric, decision })?;
        callback.on_loop_end(f64::from(turn))?;
        assert!(callback.model().num_with_checkpoint() <= 6);
    }
    println!("{:?}", callback.extra_results());
    Ok(())
}
