//! What a callback is told of a trial.

use rungkeeper_tuner_hooks::log::Event;
use rungkeeper_tuner_hooks::{HookError, RemovalCallback, TrialResult, TunerCallback};

/// What happened to a trial.
#[derive(Clone, Copy)]
pub(super) enum Told {
    Start { bracket: usize },
    Result(TrialResult),
    Resume,
    Restart,
    Checkpoint { level: u64, bytes: u64 },
    Complete,
    Failed,
    Retry,
    Undeleted { bytes: u64 },
    Deleted,
    Pin,
    Unpin,
}

impl Told {
    /// Tells a callback.
    pub(super) fn tell(self, callback: &mut RemovalCallback, trial: &str) -> Result<(), HookError> {
        match self {
            Self::Start { bracket } => callback.on_start_trial(trial, bracket),
            Self::Result(result) => callback.on_trial_result(trial, &result),
            Self::Resume => callback.on_resume_trial(trial),
            Self::Restart => callback.on_restart_trial(trial),
            Self::Checkpoint { level, bytes } => {
                callback.on_checkpoint_committed(trial, level, bytes)
            }
            Self::Complete => callback.on_trial_complete(trial),
            Self::Failed => callback.on_trial_failed(trial),
            Self::Retry => callback.on_retry_trial(trial),
            Self::Undeleted { bytes } => callback.on_deletion_failed(trial, bytes),
            Self::Deleted => callback.on_checkpoint_deleted(trial),
            Self::Pin => callback.pin(trial),
            Self::Unpin => callback.unpin(trial),
        }
    }

    /// The event of it.
    pub(super) fn event(self, trial: &str, elapsed: f64) -> Event {
        let trial = trial.to_owned();
        match self {
            Self::Start { bracket } => Event::Start {
                trial,
                bracket,
                elapsed,
            },
            Self::Result(result) => Event::Result {
                trial,
                level: result.level,
                metric: result.metric,
                decision: result.decision,
                elapsed,
            },
            Self::Resume => Event::Resume { trial, elapsed },
            Self::Restart => Event::Restart { trial, elapsed },
            Self::Checkpoint { level, bytes } => Event::Checkpoint {
                trial,
                level,
                bytes,
                elapsed,
            },
            Self::Complete => Event::Complete { trial, elapsed },
            Self::Failed => Event::Failed { trial, elapsed },
            Self::Retry => Event::Retry { trial, elapsed },
            Self::Undeleted { bytes } => Event::Undeleted {
                trial,
                bytes,
                elapsed,
            },
            Self::Deleted => Event::Removed { trial, elapsed },
            Self::Pin => Event::Pin { trial, elapsed },
            Self::Unpin => Event::Unpin { trial, elapsed },
        }
    }
}
