//! What can be asked of a model.

use super::RungModel;
use crate::trial::End;
use crate::{Candidate, Checkpoint, Rung, TrialIndex, TrialInformation, TrialStatus};

impl RungModel {
    /// Paused trials whose checkpoint can be given up: complete, and not pinned. Highest level
    /// first, then by rank, within one rung system after the other.
    ///
    /// The work grows with the number of checkpoints (times the logarithm of the rung lengths), not
    /// with the number of trials.
    pub fn candidates(&self) -> impl Iterator<Item = Candidate<'_>> {
        self.rungs.iter().rev().flat_map(move |rung| {
            rung.waiting()
                .filter_map(move |(position, trial)| self.candidate(rung, position, trial))
        })
    }

    /// Of each rung the `per_rung` worst-ranked of [`RungModel::candidates`], in the same order, into
    /// a list that is emptied first.
    ///
    /// The work grows with `per_rung` and the number of rungs, not with the number of checkpoints.
    ///
    /// ```
    /// use rungkeeper_rung_model::{CheckpointTracking, Decision, ModelSpec, RungModel};
    ///
    /// let checkpoints = CheckpointTracking::Assumed;
    /// let spec = ModelSpec { checkpoints, ..ModelSpec::geometric(1, 3, 9)? };
    /// let mut model = RungModel::new(&spec)?;
    /// for (trial, loss) in [("a", 0.3), ("b", 0.1), ("c", 0.2)] {
    ///     model.start(trial, 0)?;
    ///     model.report(trial, 1, loss, Decision::Pause)?;
    /// }
    /// let mut worst = Vec::new();
    /// model.worst_candidates(2, &mut worst);
    /// let ids: Vec<_> = worst.iter().map(|candidate| candidate.trial_id).collect();
    /// assert_eq!((ids, model.num_candidates()), (vec!["c", "a"], 3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn worst_candidates<'m>(&'m self, per_rung: usize, out: &mut Vec<Candidate<'m>>) {
        out.clear();
        for rung in self.rungs.iter().rev() {
            let start = out.len();
            let worst_first = rung.waiting().rev();
            let found =
                worst_first.filter_map(|(position, trial)| self.candidate(rung, position, trial));
            out.extend(found.take(per_rung));
            out[start..].reverse();
        }
    }

    /// Number of [`RungModel::candidates`].
    #[must_use]
    pub fn num_candidates(&self) -> usize {
        self.num_candidates
    }

    /// Number of trials that hold a checkpoint or are about to: running ones, paused ones whose
    /// checkpoint was not given up, and finished ones that are pinned and have one. This is what
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

    /// Number of paused trials whose checkpoint was not given up.
    #[must_use]
    pub fn num_paused_with_checkpoint(&self) -> usize {
        self.paused_with_checkpoint
    }

    /// Bytes of all committed checkpoints that were not given up. This is what `max_bytes` limits.
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

    /// Status of a trial, if it is known.
    #[must_use]
    pub fn status(&self, trial: &str) -> Option<TrialStatus> {
        let index = self.index.get(trial)?;
        Some(self.trials[index.get()].status)
    }

    /// The committed checkpoint of a trial, if it has one.
    #[must_use]
    pub fn checkpoint(&self, trial: &str) -> Option<Checkpoint> {
        let index = self.index.get(trial)?;
        self.trials[index.get()].checkpoint
    }

    /// Whether a trial has failed. One that was retried has not.
    #[must_use]
    pub fn has_failed(&self, trial: &str) -> bool {
        let index = self.index.get(trial);
        index.is_some_and(|index| self.trials[index.get()].end == End::Failed)
    }

    /// Whether a trial is pinned.
    #[must_use]
    pub fn is_pinned(&self, trial: &str) -> bool {
        let index = self.index.get(trial);
        index.is_some_and(|index| self.trials[index.get()].pinned)
    }

    /// Whether a trial is paused and its training program is about to be started, see [`RungModel::launch`].
    #[must_use]
    pub fn is_about_to_run(&self, trial: &str) -> bool {
        let index = self.index.get(trial);
        index.is_some_and(|index| self.trials[index.get()].about_to_run)
    }

    /// Where a trial stands: its highest rung level and its rank there, without a score. `None` if
    /// it is unknown or in no rung yet.
    #[must_use]
    pub fn trial_information(&self, trial: &str) -> Option<TrialInformation> {
        let index = self.index.get(trial)?;
        let standing = self.trials[index.get()].standing.as_ref()?;
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
