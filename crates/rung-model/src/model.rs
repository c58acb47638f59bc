use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::trial::{Standing, TrialState};
use crate::{
    Candidate, Checkpoint, CheckpointTracking, Decision, EventError, MetricKey, Mode, ModelSpec,
    Recorded, Report, Resumed, Rung, SpecError, TrialIndex, TrialInformation, TrialStatus,
};

/// Trials, rungs and checkpoints of a run, as far as its events tell.
///
/// The model learns only from calls: start, report with decision, resume, complete, fail,
/// checkpoint committed, checkpoint given up. It asks no scheduler and no disk, so the same events
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
/// model.remove_checkpoint("a")?; // given up
/// assert_eq!(model.status("a"), Some(TrialStatus::PausedNoCheckpoint));
/// let candidates: Vec<_> = model.candidates().map(|c| (c.trial_id, c.rank, c.rung_len)).collect();
/// assert_eq!(candidates, [("c", 2, 3)]);
/// assert_eq!(model.num_with_checkpoint(), 2); // b runs, c waits
/// assert_eq!(model.checkpoint_bytes(), 10_000_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RungModel {
    mode: Mode,
    checkpoints: CheckpointTracking,
    repeated_reports_are_data: bool,
    promoted_behind_equals: bool,
    retraining_is_counted: bool,
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
            mode: spec.mode,
            checkpoints: spec.checkpoints,
            repeated_reports_are_data: spec.repeated_reports_are_data,
            promoted_behind_equals: spec.promoted_behind_equals,
            retraining_is_counted: spec.retraining_is_counted,
            rungs,
            brackets,
            index: HashMap::default(),
            ids: Vec::new(),
            trials: Vec::new(),
            running: 0,
            paused_with_checkpoint: 0,
            finished_with_checkpoint: 0,
            num_candidates: 0,
            bytes: 0,
        })
    }

    /// A trial begins, in a bracket (0 where there is only one).
    ///
    /// # Errors
    ///
    /// The id is known already, there is no such bracket, or there are 2^32 trials.
    pub fn start(&mut self, trial: &str, bracket: usize) -> Result<TrialIndex, EventError> {
        if self.index.contains_key(trial) {
            return Err(EventError::StartedTwice {
                trial: trial.to_owned(),
            });
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
        self.trials.push(TrialState::new(bracket as u32));
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
        let data = true;
        let (report, _) = self.take_report(trial, resource, metric, data, |_| decision)?;
        Ok(report)
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
            return Err(EventError::ResourceZero {
                trial: trial.to_owned(),
            });
        }
        if resource < last {
            return Err(EventError::ResourceDecreased {
                trial: trial.to_owned(),
                resource,
                last,
            });
        }
        let metric = MetricKey::new(metric, self.mode);
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
        let running = |status| status == TrialStatus::Running;
        let index = self.expect(trial, "a restart", running)?;
        self.trials[index.get()].last_resource = 0;
        Ok(())
    }

    /// A paused trial runs again; in its rung it counts as promoted from now on.
    ///
    /// # Errors
    ///
    /// The trial is unknown or not paused.
    pub fn resume(&mut self, trial: &str) -> Result<Resumed, EventError> {
        let index = self.expect(trial, "a resume", |s| {
            matches!(
                s,
                TrialStatus::PausedWithCheckpoint | TrialStatus::PausedNoCheckpoint
            )
        })?;
        Ok(self.recounting(index, |model| model.go_on(index)))
    }

    fn go_on(&mut self, index: TrialIndex) -> Resumed {
        let state = &mut self.trials[index.get()];
        let lost_checkpoint = state.status == TrialStatus::PausedNoCheckpoint;
        let paused_at = std::mem::take(&mut state.last_resource);
        state.committed_since_pause = false;
        (state.resumed_at, state.paused_at) = (0, 0);
        if self.retraining_is_counted && !lost_checkpoint {
            state.resumed_at = state.checkpoint.map_or(paused_at, |held| held.level);
            state.paused_at = paused_at;
        }
        let mut level = None;
        if let Some(standing) = &mut state.standing {
            let rung = &mut self.rungs[standing.rung as usize];
            level = Some(rung.level());
            if !lost_checkpoint && !self.retraining_is_counted {
                state.resumed_at = rung.level();
            }
            if !standing.promoted {
                if self.promoted_behind_equals {
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
            state.committed_since_pause = matches!(
                state.status,
                TrialStatus::PausedWithCheckpoint | TrialStatus::PausedNoCheckpoint
            );
            state.checkpoint.replace(Checkpoint { level, bytes })
        });
        match self.trials[index.get()].status {
            TrialStatus::PausedNoCheckpoint => self.wait(index),
            TrialStatus::StoppedOrCompleted if before.is_none() => {
                self.finished_with_checkpoint += 1;
            }
            _ => {}
        }
        Ok(())
    }

    /// The checkpoint of a paused trial is given up: the trial trains from scratch should it be
    /// resumed. Returns what is freed.
    ///
    /// # Errors
    ///
    /// The trial is unknown, not paused with a checkpoint, or pinned.
    pub fn remove_checkpoint(&mut self, trial: &str) -> Result<Option<Checkpoint>, EventError> {
        let index = self.expect(trial, "giving up its checkpoint", |s| {
            s == TrialStatus::PausedWithCheckpoint
        })?;
        if self.trials[index.get()].pinned {
            return Err(EventError::Pinned {
                trial: trial.to_owned(),
            });
        }
        Ok(self.recounting(index, |model| {
            model.end_wait(index);
            model.set_status(index, TrialStatus::PausedNoCheckpoint);
            model.drop_checkpoint(index)
        }))
    }

    /// Keeps the checkpoint of a trial from being given up, also beyond the trial's end.
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
        index.is_some_and(|index| self.trials[index.get()].failed)
    }

    /// Whether a trial is pinned.
    #[must_use]
    pub fn is_pinned(&self, trial: &str) -> bool {
        let index = self.index.get(trial);
        index.is_some_and(|index| self.trials[index.get()].pinned)
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

    fn find(&self, trial: &str) -> Result<TrialIndex, EventError> {
        let index = self.index.get(trial).copied();
        index.ok_or_else(|| EventError::UnknownTrial {
            trial: trial.to_owned(),
        })
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

    fn candidate<'m>(
        &'m self,
        rung: &Rung,
        position: crate::Position,
        trial: TrialIndex,
    ) -> Option<Candidate<'m>> {
        let state = &self.trials[trial.get()];
        if !self.can_be_given_up(state, rung) {
            return None;
        }
        let (rank, num_better) = rung.rank_and_num_better(position);
        Some(Candidate {
            trial_id: &self.ids[trial.get()],
            level: rung.level(),
            rank,
            num_better,
            rung_len: rung.len(),
            promotion_quantile: rung.promotion_quantile(),
            bad_metric: position.metric().is_bad(),
            bytes: state.checkpoint.map_or(0, |checkpoint| checkpoint.bytes),
        })
    }

    /// Whether the checkpoint of a trial that waits in a rung is complete, and not pinned.
    fn can_be_given_up(&self, state: &TrialState, rung: &Rung) -> bool {
        let committed = match self.checkpoints {
            CheckpointTracking::Assumed => true,
            // A checkpoint from before the rung does not yet spare the training up to it: the save
            // of the pause may still come. One that came after the pause is all that there will be.
            CheckpointTracking::Committed => state.checkpoint.is_some_and(|checkpoint| {
                state.committed_since_pause || checkpoint.level >= rung.level()
            }),
        };
        committed && !state.pinned
    }

    fn is_candidate(&self, index: TrialIndex) -> bool {
        let state = &self.trials[index.get()];
        state.status == TrialStatus::PausedWithCheckpoint
            && state.standing.as_ref().is_some_and(|standing| {
                let rung = &self.rungs[standing.rung as usize];
                !standing.promoted && self.can_be_given_up(state, rung)
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
            out.first_bad_metric = metric.is_bad() && !state.bad_metric_seen;
            state.bad_metric_seen |= metric.is_bad();
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
            if data && self.repeated_reports_are_data {
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
        let freed = state.checkpoint.take();
        self.bytes -= freed.map_or(0, |checkpoint| checkpoint.bytes);
        freed
    }

    fn set_status(&mut self, index: TrialIndex, status: TrialStatus) {
        let before = std::mem::replace(&mut self.trials[index.get()].status, status);
        match before {
            TrialStatus::Running => self.running -= 1,
            TrialStatus::PausedWithCheckpoint => self.paused_with_checkpoint -= 1,
            TrialStatus::PausedNoCheckpoint | TrialStatus::StoppedOrCompleted => {}
        }
        match status {
            TrialStatus::Running => self.running += 1,
            TrialStatus::PausedWithCheckpoint => self.paused_with_checkpoint += 1,
            TrialStatus::PausedNoCheckpoint | TrialStatus::StoppedOrCompleted => {}
        }
    }
}
