//! What the callback learns from.

use rungkeeper_rung_model::{Report, TrainedAgain};

use super::RemovalCallback;
use crate::{CheckpointStore, HookError, Note, TrialResult, TunerCallback};

impl<S: CheckpointStore> TunerCallback for RemovalCallback<S> {
    fn on_loop_end(&mut self, elapsed: f64) -> Result<(), HookError> {
        let plan = self.plan(elapsed)?;
        self.carry_out(&plan.removals)
    }

    fn on_start_trial(&mut self, trial: &str, bracket: usize) -> Result<(), HookError> {
        self.model.start(trial, bracket)?;
        self.progress.trials += 1;
        Ok(())
    }

    fn on_resume_trial(&mut self, trial: &str) -> Result<(), HookError> {
        let resumed = self.model.resume(trial)?;
        self.num_trials_resumed += 1;
        if resumed.lost_checkpoint {
            let level = resumed.level.unwrap_or(0);
            self.resumed_without_checkpoint
                .push((trial.to_owned(), level));
        }
        Ok(())
    }

    fn on_restart_trial(&mut self, trial: &str) -> Result<(), HookError> {
        Ok(self.model.restart(trial)?)
    }

    fn on_retry_trial(&mut self, trial: &str) -> Result<(), HookError> {
        Ok(self.model.retry(trial)?)
    }

    fn on_trial_result(&mut self, trial: &str, result: &TrialResult) -> Result<(), HookError> {
        let (level, decision) = (result.level, result.decision);
        let report = self.model.report(trial, level, result.metric, decision)?;
        self.progress.reports += 1;
        self.progress.resource = self.progress.resource.saturating_add(report.trained);
        self.note(trial, result, &report);
        if let Some(again) = &report.trained_again {
            self.count_again(trial, again);
        }
        if let Some(data) = &report.data {
            self.policy.observe(data)?;
        }
        Ok(())
    }

    fn on_trial_complete(&mut self, trial: &str) -> Result<(), HookError> {
        Ok(self.model.complete(trial)?)
    }

    fn on_trial_failed(&mut self, trial: &str) -> Result<(), HookError> {
        Ok(self.model.fail(trial)?)
    }

    fn on_checkpoint_committed(
        &mut self,
        trial: &str,
        level: u64,
        bytes: u64,
    ) -> Result<(), HookError> {
        self.model.commit_checkpoint(trial, level, bytes)?;
        // A deletion that is still tried again must not take the new checkpoint, which replaces
        // what there was of the trial.
        self.forget_undeleted(trial);
        Ok(())
    }

    fn on_deletion_failed(&mut self, trial: &str, bytes: u64) -> Result<(), HookError> {
        self.undeleted.insert(trial.to_owned(), bytes);
        Ok(())
    }

    fn on_checkpoint_deleted(&mut self, trial: &str) -> Result<(), HookError> {
        self.forget_undeleted(trial);
        Ok(())
    }
}

impl<S> RemovalCallback<S> {
    fn note(&mut self, trial: &str, result: &TrialResult, report: &Report) {
        let Some(recorded) = report.recorded else {
            return;
        };
        let (level, resource) = (recorded.level, result.level);
        if report.skipped {
            let trial = trial.to_owned();
            self.notes.push(Note::SkippedRung {
                trial,
                resource,
                level,
            });
        }
        if report.first_non_finite {
            let trial = trial.to_owned();
            self.notes.push(Note::NonFinite { trial, level });
        }
    }

    /// A trial that has its checkpoint trains again what it had trained: that is a cost like the
    /// one of a checkpoint that was removed.
    fn count_again(&mut self, trial: &str, again: &TrainedAgain) {
        let units = again.units();
        self.units_trained_again = self.units_trained_again.saturating_add(units);
        let ignores = again.ignores_the_checkpoint();
        if !self.told_to_train_again.insert((trial.to_owned(), ignores)) {
            return;
        }
        let (trial, saved_at) = (trial.to_owned(), again.saved_at);
        self.notes.push(if ignores {
            Note::IgnoresCheckpoint {
                trial,
                saved_at,
                from: again.from,
                units,
            }
        } else {
            Note::SavedBefore {
                trial,
                saved_at,
                paused_at: again.paused_at,
                units,
            }
        });
    }
}
