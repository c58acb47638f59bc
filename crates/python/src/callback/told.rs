//! What a callback is told of a trial.

use rungkeeper_tuner_hooks::TrialResult;
use rungkeeper_tuner_hooks::log::Event;

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
