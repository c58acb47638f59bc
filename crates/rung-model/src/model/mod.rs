//! Trials, rungs and checkpoints of a run.

mod events;
mod views;

use alloc::{borrow::ToOwned, sync::Arc, vec::Vec};

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::trial::{Standing, TrialState};
use crate::{
    Candidate, Checkpoint, CheckpointTracking, EventError, MetricKey, ModelSpec, Recorded, Report,
    Rung, SpecError, TrialIndex, TrialStatus,
};

/// Trials, rungs and checkpoints of a run, as far as its events tell.
///
/// The model learns only from calls: start, report with decision, resume, complete, fail,
/// checkpoint committed, checkpoint removed. It asks no scheduler and no disk, so the same events
/// give the same model, and a restart is a replay.
///
/// A trial is recorded at the next rung level above its last record once it reports a resource not
/// below it, at most one rung a report. A report in a rung where the trial already stands changes no
/// rank. Every event takes time logarithmic in the number of trials.
///
/// ```
/// use rungkeeper_rung_model::{Decision, ModelSpec, RungModel, TrialStatus};
///
/// let mut model = RungModel::new(&ModelSpec::geometric(1, 3, 27)?)?;
/// for (trial, loss) in [("a", 0.5), ("b", 0.3), ("c", 0.4)] {
///     model.start(trial, 0)?;
///     model.report(trial, 1, loss, Decision::Pause)?;
///     model.commit_checkpoint(trial, 1, 5_000_000)?;
/// }
/// model.resume("b")?; // promoted
/// model.remove_checkpoint("a")?;
/// assert_eq!(model.status("a"), Some(TrialStatus::PausedNoCheckpoint));
/// let lowest = model.rung_views().last().unwrap();
/// let candidates: Vec<_> = lowest.worst_first().map(|c| (c.trial_id, c.rank)).collect();
/// assert_eq!((candidates, lowest.len()), (vec![("c", 2)], 3));
/// assert_eq!(model.num_with_checkpoint(), 2); // b runs, c waits
/// assert_eq!(model.checkpoint_bytes(), 10_000_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RungModel {
    spec: ModelSpec,
    rungs: Vec<Rung>,
    /// Of each bracket: its first rung and the one behind its last, as places in `rungs`.
    brackets: Vec<(u32, u32)>,
    index: HashMap<Arc<str>, TrialIndex, FixedState>,
    ids: Vec<Arc<str>>,
    trials: Vec<TrialState>,
    running: usize,
    paused_with_checkpoint: usize,
    finished_with_checkpoint: usize,
    num_candidates: usize,
    committed: usize,
    bytes: u64,
}

impl RungModel {
    /// A model of a run that has not begun.
    ///
    /// # Errors
    ///
    /// As [`ModelSpec::check`].
    pub fn new(spec: &ModelSpec) -> Result<Self, SpecError> {
        spec.check()?;
        let all = |from: usize| {
            spec.rungs[from..]
                .iter()
                .map(|rung| Rung::new(rung.level, rung.promotion_quantile))
        };
        let mut rungs: Vec<Rung> = Vec::new();
        let mut brackets = Vec::new();
        for bracket in 0..spec.brackets.number {
            if spec.brackets.own_rungs {
                let first = rungs.len();
                rungs.extend(all(bracket));
                brackets.push((first as u32, rungs.len() as u32));
            } else {
                brackets.push((bracket as u32, spec.rungs.len() as u32));
            }
        }
        if !spec.brackets.own_rungs {
            rungs.extend(all(0));
        }
        Ok(Self {
            spec: spec.clone(),
            rungs,
            brackets,
            index: HashMap::default(),
            ids: Vec::new(),
            trials: Vec::new(),
            running: 0,
            paused_with_checkpoint: 0,
            finished_with_checkpoint: 0,
            num_candidates: 0,
            committed: 0,
            bytes: 0,
        })
    }

    fn find(&self, trial: &str) -> Result<TrialIndex, EventError> {
        let index = self.index.get(trial).copied();
        index.ok_or_else(|| EventError::UnknownTrial(trial.to_owned()))
    }

    fn expect(
        &self,
        trial: &str,
        event: &'static str,
        allowed: impl Fn(TrialStatus) -> bool,
    ) -> Result<TrialIndex, EventError> {
        let index = self.find(trial)?;
        let status = self.trials[index.get()].status;
        if allowed(status) {
            return Ok(index);
        }
        Err(EventError::Status {
            trial: trial.to_owned(),
            status,
            event,
        })
    }

    pub(crate) fn candidate<'m>(
        &'m self,
        rung: &Rung,
        position: crate::Position,
        trial: TrialIndex,
    ) -> Option<Candidate<'m>> {
        let state = &self.trials[trial.get()];
        if !self.can_be_removed(state, rung) {
            return None;
        }
        let (metric, (rank, num_better)) = (position.metric(), rung.rank_and_num_better(position));
        Some(Candidate {
            trial_id: &self.ids[trial.get()],
            rank,
            num_better,
            bytes: state.checkpoint.map_or(0, |checkpoint| checkpoint.bytes),
            metric: (!metric.is_non_finite()).then(|| metric.metric(self.spec.mode)),
        })
    }

    /// Whether the checkpoint of a trial that waits in a rung is complete, and not pinned.
    fn can_be_removed(&self, state: &TrialState, rung: &Rung) -> bool {
        self.is_committed(state, rung.level()) && !state.pinned && !state.about_to_run
    }

    /// Whether the checkpoint of a trial that is paused in a rung of this level is complete.
    fn is_committed(&self, state: &TrialState, level: u64) -> bool {
        match self.spec.checkpoints {
            CheckpointTracking::Assumed => true,
            // A checkpoint from before the rung does not yet spare the training up to it: the save
            // of the pause may still come. One that came after the pause is all that there will be.
            CheckpointTracking::Committed => state
                .checkpoint
                .is_some_and(|held| state.committed_since_pause || held.level >= level),
        }
    }

    fn is_candidate(&self, index: TrialIndex) -> bool {
        let state = &self.trials[index.get()];
        state.status == TrialStatus::PausedWithCheckpoint
            && state.standing.as_ref().is_some_and(|standing| {
                let rung = &self.rungs[standing.rung as usize];
                !standing.promoted && self.can_be_removed(state, rung)
            })
    }

    /// Makes a change to a trial, after which it may be a candidate or no longer.
    fn recounting<T>(&mut self, index: TrialIndex, change: impl FnOnce(&mut Self) -> T) -> T {
        let before = usize::from(self.is_candidate(index));
        let changed = change(self);
        let after = usize::from(self.is_candidate(index));
        self.num_candidates = self.num_candidates + after - before;
        changed
    }

    fn set_pinned(&mut self, index: TrialIndex, pinned: bool) {
        self.recounting(index, |model| model.trials[index.get()].pinned = pinned);
    }

    /// Enters a report into the rung it reached, if any.
    fn record(
        &mut self,
        index: TrialIndex,
        resource: u64,
        metric: MetricKey,
        data: bool,
        out: &mut Report,
    ) {
        let state = &mut self.trials[index.get()];
        let (first, end) = self.brackets[state.bracket as usize];
        let next = state.standing.as_ref().map_or(first, |s| s.rung + 1);
        if next < end && resource >= self.rungs[next as usize].level() {
            let rung = &mut self.rungs[next as usize];
            out.data = data.then(|| (rung.level(), rung.compare_with_waiting(metric)).into());
            let (position, rank) = rung.insert_ranked(metric);
            out.recorded = Some(Recorded {
                level: rung.level(),
                rank,
                rung_len: rung.len(),
            });
            out.skipped = resource != rung.level();
            out.first_non_finite = metric.is_non_finite() && !state.non_finite_seen;
            state.non_finite_seen |= metric.is_non_finite();
            state.standing = Some(Standing {
                rung: next,
                position,
                promoted: false,
            });
        } else if let Some(rung) = self.rungs[first as usize..next as usize]
            .iter()
            .find(|rung| rung.level() == resource)
        {
            out.repeated = true;
            if data && self.spec.repeated_reports_are_data {
                out.data = Some((rung.level(), rung.compare_with_waiting(metric)).into());
            }
        }
    }

    fn pause(&mut self, index: TrialIndex) {
        self.trials[index.get()].committed_since_pause = false;
        self.wait(index);
    }

    /// The trial is paused with a checkpoint, and waits in its rung unless it was promoted there.
    fn wait(&mut self, index: TrialIndex) {
        self.recounting(index, |model| {
            model.set_status(index, TrialStatus::PausedWithCheckpoint);
            if let Some(standing) = &model.trials[index.get()].standing
                && !standing.promoted
            {
                model.rungs[standing.rung as usize].wait(standing.position, index);
            }
        });
    }

    fn finish(&mut self, index: TrialIndex) {
        if self.trials[index.get()].status == TrialStatus::StoppedOrCompleted {
            return;
        }
        self.recounting(index, |model| {
            model.end_wait(index);
            model.trials[index.get()].about_to_run = false;
            model.set_status(index, TrialStatus::StoppedOrCompleted);
        });
        if !self.trials[index.get()].pinned {
            self.drop_checkpoint(index);
        }
        let kept = self.trials[index.get()].checkpoint.is_some();
        self.finished_with_checkpoint += usize::from(kept);
    }

    fn end_wait(&mut self, index: TrialIndex) {
        if let Some(standing) = &self.trials[index.get()].standing {
            self.rungs[standing.rung as usize].end_wait(standing.position);
        }
    }

    fn drop_checkpoint(&mut self, index: TrialIndex) -> Option<Checkpoint> {
        let state = &mut self.trials[index.get()];
        state.committed_since_pause = false;
        state.about_to_run = false;
        let freed = state.checkpoint.take();
        self.committed -= usize::from(freed.is_some());
        self.bytes -= freed.map_or(0, |checkpoint| checkpoint.bytes);
        freed
    }

    fn set_status(&mut self, index: TrialIndex, status: TrialStatus) {
        let before = core::mem::replace(&mut self.trials[index.get()].status, status);
        let is = |asked| move |status| usize::from(status == asked);
        let running = is(TrialStatus::Running);
        self.running = self.running + running(status) - running(before);
        let paused = is(TrialStatus::PausedWithCheckpoint);
        let counted = self.paused_with_checkpoint + paused(status);
        self.paused_with_checkpoint = counted - paused(before);
    }
}
