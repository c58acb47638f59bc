//! A store of your own: a folder for each trial, deleted when the callback removes its checkpoint.
#![allow(clippy::print_stdout, reason = "an example shows what it did")]
use std::{env, fs, io, path::PathBuf, process};

use rungkeeper_tuner_hooks::{
    BoxError, Budget, CheckpointStore, Decision, ModelSpec, RemovalCallback, TrialResult,
    TunerCallback,
};

/// `ROOT/TRIAL` holds the checkpoint of a trial.
struct Folders {
    root: PathBuf,
}

impl CheckpointStore for Folders {
    /// An error is no loss: the files count as held, and the callback tries again at the next loop end.
    fn delete(&mut self, trial: &str) -> Result<(), BoxError> {
        match fs::remove_dir_all(self.root.join(trial)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()), // nothing is left to delete
            done => Ok(done?),
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = env::temp_dir().join(format!("rungkeeper-own-store-{}", process::id()));
    let store = Folders { root: root.clone() };
    let rungs = ModelSpec::geometric(1, 3, 27)?;
    let mut callback = RemovalCallback::new(&rungs, Budget::of_checkpoints(2))?.with_store(store);
    for (trial, metric) in [("0", 0.3), ("1", 0.5), ("2", 0.4)] {
        callback.on_start_trial(trial, 0)?;
        fs::create_dir_all(root.join(trial))?;
        fs::write(root.join(trial).join("weights"), metric.to_string())?;
        callback.on_checkpoint_committed(trial, 1, 3)?;
        let (level, decision) = (1, Decision::Pause);
        #[rustfmt::skip]
        callback.on_trial_result(trial, &TrialResult { level, metric, decision })?;
    }
    callback.on_loop_end(1.0)?; // three checkpoints, room for two: the worst one goes
    for trial in ["0", "1", "2"] {
        println!("trial {trial}: kept {}", root.join(trial).exists());
    }
    assert!(!root.join("1").exists() && root.join("0").exists() && root.join("2").exists());
    fs::remove_dir_all(root)?;
    Ok(())
}
