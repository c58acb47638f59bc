//! What can be asked of a model.

use super::RungModel;
use crate::trial::TrialState;
use crate::{Checkpoint, Mode, Rung, RungView, TrialIndex, TrialInformation, TrialStatus};
use alloc::borrow::ToOwned;

impl RungModel {
    /// All rungs with their candidates, the paused trials whose checkpoint can be removed: it is complete and not pinned.
    /// Highest level first, within one rung system after the other.
    pub fn rung_views(&self) -> impl Iterator<Item = RungView<'_>> {
        let highest_first = self.rungs.iter().rev();
        highest_first.map(|rung| RungView::of(self, rung))
    }

    /// Whether small or large metrics are good.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.spec.mode
    }

    /// Number of candidates in all [`RungModel::rung_views`].
    #[must_use]
    pub fn num_candidates(&self) -> usize {
        self.num_candidates
    }

    /// Number of trials that hold a checkpoint or are about to: running ones, paused ones whose
    /// checkpoint was not removed, and finished ones that are pinned and have one. This is what
    /// `max_checkpoints` limits.
    #[must_use]
    pub fn num_with_checkpoint(&self) -> usize {
        self.running + self.paused_with_checkpoint + self.finished_with_checkpoint
    }

    /// Number of running trials.
    #[must_use]
    pub fn num_running(&self) -> usize {
        self.running
    }

    /// Number of paused trials whose checkpoint was not removed.
    #[must_use]
    pub fn num_paused_with_checkpoint(&self) -> usize {
        self.paused_with_checkpoint
    }

    /// Number of committed checkpoints that were not removed, whatever their trials do.
    #[must_use]
    pub fn num_committed(&self) -> usize {
        self.committed
    }

    /// Bytes of all committed checkpoints that were not removed. This is what `max_bytes` limits.
    #[must_use]
    pub fn checkpoint_bytes(&self) -> u64 {
        self.bytes
    }

    /// Number of trials ever started.
    #[must_use]
    pub fn num_trials(&self) -> usize {
        self.trials.len()
    }

    /// All rungs: of a shared system lowest level first, of several systems one after the other.
    #[must_use]
    pub fn rungs(&self) -> &[Rung] {
        &self.rungs
    }

    fn state(&self, trial: &str) -> Option<&TrialState> {
        let index = self.index.get(trial)?;
        Some(&self.trials[index.get()])
    }

    /// Status of a trial, if it is known.
    #[must_use]
    pub fn status(&self, trial: &str) -> Option<TrialStatus> {
        Some(self.state(trial)?.status)
    }

    /// The committed checkpoint of a trial, if it has one.
    #[must_use]
    pub fn checkpoint(&self, trial: &str) -> Option<Checkpoint> {
        self.state(trial)?.checkpoint
    }

    /// The resource of a trial's pause, if it may hold a checkpoint of that pause, but none was committed: an earlier one,
    /// which it may have been resumed from, does not count.
    ///
    /// ```
    /// use rungkeeper_rung_model::{CheckpointTracking, Decision, ModelSpec, RungModel};
    ///
    /// let mut spec = ModelSpec::geometric(1, 3, 27)?;
    /// spec.checkpoints = CheckpointTracking::Committed;
    /// let mut model = RungModel::new(&spec)?;
    /// model.start("7", 0)?;
    /// model.report("7", 1, 0.5, Decision::Pause)?;
    /// assert_eq!(model.awaits_commit("7"), Some(1));
    /// model.commit_checkpoint("7", 1, 100)?;
    /// assert_eq!(model.awaits_commit("7"), None);
    /// model.resume("7")?;
    /// model.report("7", 3, 0.4, Decision::Pause)?;
    /// assert_eq!(model.awaits_commit("7"), Some(3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn awaits_commit(&self, trial: &str) -> Option<u64> {
        let state = self.state(trial)?;
        let standing = state.standing.as_ref();
        let level = standing.map_or(0, |standing| self.rungs[standing.rung as usize].level());
        let awaits =
            state.status == TrialStatus::PausedWithCheckpoint && !self.is_committed(state, level);
        awaits.then_some(state.last_resource)
    }

    /// Whether a trial has failed. One that was retried has not.
    #[must_use]
    pub fn has_failed(&self, trial: &str) -> bool {
        self.state(trial).is_some_and(|state| state.failed)
    }

    /// Whether a trial is pinned.
    #[must_use]
    pub fn is_pinned(&self, trial: &str) -> bool {
        self.state(trial).is_some_and(|state| state.pinned)
    }

    /// Whether a trial is paused and its training program is about to be started, see [`RungModel::launch`].
    #[must_use]
    pub fn is_about_to_run(&self, trial: &str) -> bool {
        self.state(trial).is_some_and(|state| state.about_to_run)
    }

    /// Where a trial stands: its highest rung level and its rank there, without a score. `None` if
    /// it is unknown or in no rung yet.
    #[must_use]
    pub fn trial_information(&self, trial: &str) -> Option<TrialInformation> {
        let standing = self.state(trial)?.standing.as_ref()?;
        let rung = &self.rungs[standing.rung as usize];
        Some(TrialInformation {
            trial_id: trial.to_owned(),
            level: rung.level(),
            rank: rung.rank(standing.position),
            rung_len: rung.len(),
            score_val: None,
        })
    }

    /// Id of a trial by its number.
    #[must_use]
    pub fn trial_id(&self, trial: TrialIndex) -> Option<&str> {
        self.ids.get(trial.get()).map(AsRef::as_ref)
    }

    /// All trials with their status, in order of the starts.
    pub fn trials(&self) -> impl Iterator<Item = (&str, TrialStatus)> {
        let statuses = self.trials.iter().map(|state| state.status);
        self.ids.iter().map(AsRef::as_ref).zip(statuses)
    }
}
