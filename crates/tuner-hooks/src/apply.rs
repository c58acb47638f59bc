//! What each event of a log does to the removal callback.

use rungkeeper_policies::RemovalReason;

use crate::log::Event;
use crate::{CheckpointStore, HookError, RemovalCallback, TrialResult, TunerCallback};

impl<S: CheckpointStore> RemovalCallback<S> {
    /// Applies an event of the log by calling the matching hook. A run that applies what it writes, and a replay that
    /// applies what was written, come to the same state.
    ///
    /// A removal of the log counts as it was decided then. The store is not asked: its files went then, and what the trial
    /// has written since is another checkpoint. The header, the ends of loops and of the run, and events that are not known
    /// change nothing. So the stream of a [`Random`](crate::Random) policy begins anew; `rungkeeper_tuner::replay` draws
    /// again what was drawn.
    ///
    /// ```
    /// use rungkeeper_tuner_hooks::log::Event;
    /// use rungkeeper_tuner_hooks::{Budget, ModelSpec, RemovalCallback, TrialStatus};
    ///
    /// let spec = ModelSpec::geometric(1, 3, 27)?;
    /// let mut callback = RemovalCallback::new(&spec, Budget::of_checkpoints(8))?;
    /// callback.apply(&Event::Start { trial: "0".to_owned(), bracket: 0, elapsed: 0.5 })?;
    /// assert_eq!(callback.model().status("0"), Some(TrialStatus::Running));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As the hooks: an event that does not fit those before.
    pub fn apply(&mut self, event: &Event) -> Result<(), HookError> {
        match event {
            Event::Start { trial, bracket, .. } => self.on_start_trial(trial, *bracket),
            Event::Resume { trial, .. } => self.on_resume_trial(trial),
            Event::Launch { trial, .. } => {
                self.on_launch(trial);
                Ok(())
            }
            Event::Restart { trial, .. } => self.on_restart_trial(trial),
            Event::Retry { trial, .. } => self.on_retry_trial(trial),
            Event::Undeleted { trial, bytes, .. } => self.on_deletion_failed(trial, *bytes),
            Event::Removed { trial, .. } => self.on_checkpoint_deleted(trial),
            Event::Result {
                trial,
                level,
                metric,
                decision,
                ..
            } => {
                let result = TrialResult {
                    level: *level,
                    metric: *metric,
                    decision: *decision,
                };
                self.on_trial_result(trial, &result)
            }
            Event::Checkpoint {
                trial,
                level,
                bytes,
                ..
            } => self.on_checkpoint_committed(trial, *level, *bytes),
            Event::Complete { trial, .. } => self.on_trial_complete(trial),
            Event::Failed { trial, .. } => self.on_trial_failed(trial),
            Event::Remove { removal, .. } if removal.reason == RemovalReason::Lost => {
                self.lose(&removal.trial)
            }
            Event::Remove { removal, .. } => self.count_removal(&removal.trial).map(drop),
            Event::Pin { trial, .. } => self.pin(trial),
            Event::Unpin { trial, .. } => self.unpin(trial),
            Event::Budget { budget, .. } => {
                self.set_budget(*budget);
                Ok(())
            }
            Event::Limits { limits, .. } => self.set_limits(*limits),
            Event::Header(_)
            | Event::Reported { .. }
            | Event::LoopEnd(_)
            | Event::End(_)
            | Event::Unknown => Ok(()),
        }
    }
}
