//! What happens to trials, event by event.

use alloc::borrow::ToOwned;
use alloc::sync::Arc;

use super::RungModel;
use crate::trial::TrialState;
use crate::{
    Checkpoint, CheckpointTracking, Decision, EventError, MetricKey, Report, Resumed, TrialIndex,
    TrialStatus,
};

impl RungModel {
    /// A trial begins, in a bracket (0 where there is only one).
    ///
    /// # Errors
    ///
    /// The id is known already, there is no such bracket, or there are 2^32 trials.
    pub fn start(&mut self, trial: &str, bracket: usize) -> Result<TrialIndex, EventError> {
        if self.index.contains_key(trial) {
            return Err(EventError::StartedTwice(trial.to_owned()));
        }
        if bracket >= self.brackets.len() {
            return Err(EventError::Bracket {
                trial: trial.to_owned(),
                bracket,
                number: self.brackets.len(),
            });
        }
        let number = u32::try_from(self.trials.len()).map_err(|_| EventError::TooManyTrials)?;
        let (index, id) = (TrialIndex::new(number), Arc::<str>::from(trial));
        self.index.insert(Arc::clone(&id), index);
        self.ids.push(id);
        self.trials.push(TrialState {
            bracket: bracket as u32,
            ..TrialState::default()
        });
        self.running += 1;
        Ok(index)
    }

    /// A running trial reports a metric at a resource, and the scheduler decides.
    ///
    /// NaN and infinite metrics are recorded behind all others. See [`Report`] for what comes back.
    ///
    /// # Errors
    ///
    /// The trial is unknown or not running, or the resource is 0 or below the last one since its
    /// start or resume. A resource equal to the last one is taken as the same report again: only
    /// the decision counts.
    pub fn report(
        &mut self,
        trial: &str,
        resource: u64,
        metric: f64,
        decision: Decision,
    ) -> Result<Report, EventError> {
        let taken = self.take_report(trial, resource, metric, true, |_| decision);
        taken.map(|(report, _)| report)
    }

    /// As [`RungModel::report`], for a scheduler that decides by what was recorded. Data for the
    /// estimators, which takes time and which a scheduler does not need, is left out of the report.
    ///
    /// # Errors
    ///
    /// As [`RungModel::report`]; then nothing was decided.
    pub fn report_and_decide(
        &mut self,
        trial: &str,
        resource: u64,
        metric: f64,
        decide: impl FnOnce(&Report) -> Decision,
    ) -> Result<(Report, Decision), EventError> {
        self.take_report(trial, resource, metric, false, decide)
    }

    fn take_report(
        &mut self,
        trial: &str,
        resource: u64,
        metric: f64,
        data: bool,
        decide: impl FnOnce(&Report) -> Decision,
    ) -> Result<(Report, Decision), EventError> {
        let index = self.expect(trial, "a report", |s| s == TrialStatus::Running)?;
        let last = self.trials[index.get()].last_resource;
        if resource == 0 {
            return Err(EventError::ResourceZero(trial.to_owned()));
        }
        if resource < last {
            return Err(EventError::ResourceDecreased {
                trial: trial.to_owned(),
                resource,
                last,
            });
        }
        let metric = MetricKey::new(metric, self.spec.mode);
        let mut report = Report::default();
        if resource == last {
            report.repeated = true;
        } else {
            let state = &mut self.trials[index.get()];
            report.trained_again = state.trained_again(resource);
            report.trained = state.advance(resource);
            self.record(index, resource, metric, data, &mut report);
        }
        let decision = decide(&report);
        match decision {
            Decision::Continue => {}
            Decision::Pause => self.pause(index),
            Decision::Stop => self.finish(index),
        }
        Ok((report, decision))
    }

    /// The training program of a running trial was started again, after a crash of its own or of
    /// the tuner: its reports may begin anew, below the last resource. No rank changes.
    ///
    /// # Errors
    ///
    /// The trial is unknown or not running.
    pub fn restart(&mut self, trial: &str) -> Result<(), EventError> {
        let index = self.expect(trial, "a restart", |s| s == TrialStatus::Running)?;
        self.trials[index.get()].last_resource = 0;
        Ok(())
    }

    /// A paused trial runs again; in its rung it counts as promoted from now on. Where checkpoints must be committed, it
    /// trains from scratch unless one was: nobody knows of any.
    ///
    /// # Errors
    ///
    /// The trial is unknown or not paused.
    pub fn resume(&mut self, trial: &str) -> Result<Resumed, EventError> {
        let index = self.expect(trial, "a resume", TrialStatus::is_paused)?;
        Ok(self.recounting(index, |model| model.go_on(index)))
    }

    /// A paused trial is promoted, and its training program is about to be started from its checkpoint: from now on
    /// that is no candidate, though the trial waits in its rung until [`RungModel::resume`]. Nothing changes for a
    /// trial that is not paused, or not known yet.
    ///
    /// ```
    /// use rungkeeper_rung_model::{Decision, ModelSpec, RungModel};
    ///
    /// let mut model = RungModel::new(&ModelSpec::geometric(1, 3, 27)?)?;
    /// model.start("7", 0)?;
    /// model.report("7", 1, 0.5, Decision::Pause)?;
    /// model.commit_checkpoint("7", 1, 100)?;
    /// assert_eq!(model.num_candidates(), 1);
    /// model.launch("7");
    /// assert_eq!(model.num_candidates(), 0);
    /// assert!(model.is_about_to_run("7"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn launch(&mut self, trial: &str) {
        let Some(index) = self.index.get(trial).copied() else {
            return;
        };
        if self.trials[index.get()].status.is_paused() {
            self.recounting(index, |model| {
                model.trials[index.get()].about_to_run = true;
            });
        }
    }

    fn go_on(&mut self, index: TrialIndex) -> Resumed {
        let state = &mut self.trials[index.get()];
        state.about_to_run = false;
        let is_unknown =
            self.spec.checkpoints == CheckpointTracking::Committed && state.checkpoint.is_none();
        let lost_checkpoint = state.status == TrialStatus::PausedNoCheckpoint || is_unknown;
        let paused_at = core::mem::take(&mut state.last_resource);
        state.committed_since_pause = false;
        (state.resumed_at, state.paused_at) = (0, 0);
        if self.spec.retraining_is_counted && !lost_checkpoint {
            state.resumed_at = state.checkpoint.map_or(paused_at, |held| held.level);
            state.paused_at = paused_at;
        }
        let mut level = None;
        if let Some(standing) = &mut state.standing {
            let rung = &mut self.rungs[standing.rung as usize];
            level = Some(rung.level());
            if !lost_checkpoint && !self.spec.retraining_is_counted {
                state.resumed_at = rung.level();
            }
            if !standing.promoted {
                if self.spec.promoted_behind_equals {
                    standing.position = rung.promote(standing.position);
                } else {
                    rung.end_wait(standing.position);
                }
                standing.promoted = true;
            }
        }
        self.set_status(index, TrialStatus::Running);
        Resumed {
            level,
            lost_checkpoint,
        }
    }

    /// A trial ends by itself or by its training program: its checkpoint is no longer needed,
    /// unless it is pinned. Its entries in rungs stay.
    ///
    /// # Errors
    ///
    /// The trial is unknown. For one that has ended nothing changes.
    pub fn complete(&mut self, trial: &str) -> Result<(), EventError> {
        let index = self.find(trial)?;
        self.finish(index);
        Ok(())
    }

    /// A trial crashed for good. It no longer counts as running, its checkpoint is no longer
    /// needed, pinned or not. Its entries in rungs stay: it did report them.
    ///
    /// # Errors
    ///
    /// The trial is unknown. For one that has ended nothing changes.
    pub fn fail(&mut self, trial: &str) -> Result<(), EventError> {
        let index = self.find(trial)?;
        if self.trials[index.get()].status != TrialStatus::StoppedOrCompleted {
            self.set_pinned(index, false);
            self.finish(index);
            self.trials[index.get()].failed = true;
        }
        Ok(())
    }

    /// A trial that had failed runs again, from the beginning: its reports begin anew, its entries
    /// in rungs stay.
    ///
    /// ```
    /// use rungkeeper_rung_model::{ModelSpec, RungModel, TrialStatus};
    ///
    /// let mut model = RungModel::new(&ModelSpec::geometric(1, 3, 27)?)?;
    /// model.start("7", 0)?;
    /// model.fail("7")?;
    /// model.retry("7")?;
    /// assert_eq!(model.status("7"), Some(TrialStatus::Running));
    /// model.complete("7")?;
    /// assert!(model.retry("7").is_err()); // it did not fail
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The trial is unknown, or did not fail.
    pub fn retry(&mut self, trial: &str) -> Result<(), EventError> {
        let index = self.find(trial)?;
        let state = &mut self.trials[index.get()];
        if !state.failed {
            return Err(EventError::NotFailed {
                trial: trial.to_owned(),
                status: state.status,
            });
        }
        state.failed = false;
        state.last_resource = 0;
        (state.resumed_at, state.paused_at) = (0, 0);
        // One that was pinned after it had failed may hold a checkpoint.
        self.finished_with_checkpoint -= usize::from(state.checkpoint.is_some());
        self.set_status(index, TrialStatus::Running);
        Ok(())
    }

    /// A checkpoint of a trial is complete: it replaces the one before. A paused trial that had
    /// none holds one from now on.
    ///
    /// # Errors
    ///
    /// The trial is unknown, or has ended without being pinned; the sizes of all checkpoints do not
    /// fit in 64 bits.
    pub fn commit_checkpoint(
        &mut self,
        trial: &str,
        level: u64,
        bytes: u64,
    ) -> Result<(), EventError> {
        let index = self.find(trial)?;
        let state = &self.trials[index.get()];
        if state.status == TrialStatus::StoppedOrCompleted && !state.pinned {
            return Err(EventError::Status {
                trial: trial.to_owned(),
                status: state.status,
                event: "committing a checkpoint",
            });
        }
        let others = self.bytes - state.checkpoint.map_or(0, |checkpoint| checkpoint.bytes);
        let all = others.checked_add(bytes);
        self.bytes = all.ok_or(EventError::TooManyBytes { bytes })?;
        let before = self.recounting(index, |model| {
            let state = &mut model.trials[index.get()];
            state.committed_since_pause = state.status.is_paused();
            state.checkpoint.replace(Checkpoint { level, bytes })
        });
        self.committed += usize::from(before.is_none());
        match self.trials[index.get()].status {
            TrialStatus::PausedNoCheckpoint => self.wait(index),
            TrialStatus::StoppedOrCompleted if before.is_none() => {
                self.finished_with_checkpoint += 1;
            }
            _ => {}
        }
        Ok(())
    }

    /// The checkpoint of a paused trial is removed: the trial trains from scratch should it be
    /// resumed. Returns what is freed.
    ///
    /// # Errors
    ///
    /// The trial is unknown, not paused with a checkpoint, or pinned.
    pub fn remove_checkpoint(&mut self, trial: &str) -> Result<Option<Checkpoint>, EventError> {
        let index = self.expect(trial, "removing its checkpoint", |s| {
            s == TrialStatus::PausedWithCheckpoint
        })?;
        if self.trials[index.get()].pinned {
            return Err(EventError::Pinned(trial.to_owned()));
        }
        Ok(self.recounting(index, |model| {
            model.end_wait(index);
            model.set_status(index, TrialStatus::PausedNoCheckpoint);
            model.drop_checkpoint(index)
        }))
    }

    /// Keeps the checkpoint of a trial from being removed, also beyond the trial's end.
    ///
    /// # Errors
    ///
    /// The trial is unknown.
    pub fn pin(&mut self, trial: &str) -> Result<(), EventError> {
        let index = self.find(trial)?;
        self.set_pinned(index, true);
        Ok(())
    }

    /// Ends a pin. A trial that has ended needs its checkpoint no longer; returns what is freed.
    ///
    /// # Errors
    ///
    /// The trial is unknown.
    pub fn unpin(&mut self, trial: &str) -> Result<Option<Checkpoint>, EventError> {
        let index = self.find(trial)?;
        self.set_pinned(index, false);
        if self.trials[index.get()].status != TrialStatus::StoppedOrCompleted {
            return Ok(None);
        }
        let freed = self.drop_checkpoint(index);
        self.finished_with_checkpoint -= usize::from(freed.is_some());
        Ok(freed)
    }
}
