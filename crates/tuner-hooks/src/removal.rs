use std::collections::{BTreeMap, BTreeSet};

use rungkeeper_estimators::BetaBinomial;
use rungkeeper_policies::{Budget, Limits, Need, Progress, RemovalPolicy, RemovalReason};
use rungkeeper_rung_model::{Candidate, ModelSpec, RungModel, TrainedAgain};

use crate::{BoxError, CheckpointStore, HookError, Note, SetupError, TrialResult, TunerCallback};

/// Keeps the checkpoints of a run within a budget: any policy, any store.
///
/// The callback owns a rung model and learns only from the hooks. At each loop end, while more
/// checkpoints (or bytes) are held than the budget allows, the policy chooses paused trials that
/// lose theirs. Two callbacks that see the same events decide the same, so a restart is a replay.
///
/// A run whose decisions must be written down before files go calls
/// [`RemovalCallback::plan`], writes, and then [`RemovalCallback::carry_out`];
/// [`TunerCallback::on_loop_end`] does both at once.
///
/// ```
/// use rungkeeper_tuner_hooks::{
///     Budget, Decision, Limits, ModelSpec, RemovalCallback, Speculative, TrialResult, TunerCallback,
/// };
///
/// let budget = Budget::of_checkpoints(2);
/// let limits = Limits { seconds: Some(60.0), ..Limits::default() };
/// let mut callback = RemovalCallback::new(
///     &ModelSpec::geometric(1, 3, 27)?, Box::new(Speculative::default()), budget, limits, (),
/// )?;
/// for (trial, metric) in [("0", 0.3), ("1", 0.5), ("2", 0.4)] {
///     callback.on_start_trial(trial, 0)?;
///     callback.on_trial_result(trial, &TrialResult { level: 1, metric, decision: Decision::Pause })?;
///     callback.on_checkpoint_committed(trial, 1, 1_000)?;
///     callback.on_loop_end(1.0)?;
/// }
/// assert_eq!(callback.num_checkpoints_removed(), 1);
/// callback.on_resume_trial("1")?; // the removed one after all: it trains from scratch
/// assert_eq!(callback.trials_resumed_without_checkpoint(), [("1".to_owned(), 1)]);
/// assert_eq!(callback.extra_results().cost_resources, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RemovalCallback<S = ()> {
    model: RungModel,
    policy: Box<dyn RemovalPolicy>,
    budget: Budget,
    limits: Limits,
    store: S,
    progress: Progress,
    num_checkpoints_removed: u64,
    num_trials_resumed: u64,
    resumed_without_checkpoint: Vec<(String, u64)>,
    /// Resource units that trials resumed with their checkpoint trained again.
    units_trained_again: u64,
    /// Trials of whom it was told that they train again, and whether that was because they ignore
    /// their checkpoint.
    told_to_train_again: BTreeSet<(String, bool)>,
    /// Given up, but not deleted yet: trial and bytes. They still take room.
    undeleted: BTreeMap<String, u64>,
    /// Of these the ones that the store refused to delete when it was asked: it is asked again.
    refused: BTreeSet<String>,
    notes: Vec<Note>,
}

/// What a loop end decided: which checkpoints are given up, and on what grounds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemovalPlan {
    /// Seconds of the run.
    pub elapsed: f64,
    /// What must go.
    pub need: Need,
    /// Number of candidates.
    pub candidates: usize,
    /// What is left of the run over what is used.
    pub time_ratio: f64,
    /// First to go first.
    pub removals: Vec<Removal>,
}

/// A checkpoint that is given up.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Removal {
    /// The trial.
    pub trial: String,
    /// The rung level it waits at.
    pub level: u64,
    /// Its rank there, 1 for the best.
    pub rank: u64,
    /// Number of entries of the rung.
    pub rung_len: u64,
    /// Size of the checkpoint.
    pub bytes: u64,
    /// What losing it costs in expectation, in resource units, where the policy estimates it.
    pub expected_cost: Option<f64>,
    /// Natural logarithm of that, which keeps its order where the cost itself is too small for a
    /// double; none, or null in JSON, also for a cost of 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub ln_expected_cost: Option<f64>,
    /// Which budget made it go.
    pub reason: RemovalReason,
}

/// Figures of a run that can be appended to its results; keys as in Syne Tune 0.13.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ExtraResults {
    /// Checkpoints given up.
    pub num_checkpoints_removed: u64,
    /// Trials resumed, with or without their checkpoint.
    pub num_trials_resumed: u64,
    /// Resource units trained again: the sum of the rung levels of trials resumed without their
    /// checkpoint, and what trials resumed with it reported a second time.
    pub cost_resources: u64,
}

impl ExtraResults {
    /// The keys, in the order of the fields.
    pub const KEYS: [&'static str; 3] = [
        "num_checkpoints_removed",
        "num_trials_resumed",
        "cost_resources",
    ];
}

impl<S: CheckpointStore> RemovalCallback<S> {
    /// A callback for a run that has not begun.
    ///
    /// # Errors
    ///
    /// Rungs from which no model can be built, or limits that are not positive.
    pub fn new(
        spec: &ModelSpec,
        policy: Box<dyn RemovalPolicy>,
        budget: Budget,
        limits: Limits,
        store: S,
    ) -> Result<Self, SetupError> {
        limits.check()?;
        Ok(Self {
            model: RungModel::new(spec)?,
            policy,
            budget,
            limits,
            store,
            progress: Progress::default(),
            num_checkpoints_removed: 0,
            num_trials_resumed: 0,
            resumed_without_checkpoint: Vec::new(),
            units_trained_again: 0,
            told_to_train_again: BTreeSet::new(),
            undeleted: BTreeMap::new(),
            refused: BTreeSet::new(),
            notes: Vec::new(),
        })
    }

    /// What a loop end at `elapsed` seconds gives up. Nothing is changed but the stream of a random
    /// policy: call it once per loop end.
    ///
    /// # Errors
    ///
    /// As [`RemovalPolicy::choose`].
    pub fn plan(&mut self, elapsed: f64) -> Result<RemovalPlan, HookError> {
        self.plan_within(self.budget, elapsed)
    }

    /// As [`RemovalCallback::plan`], for a budget that is kept this once: someone asked for room.
    ///
    /// # Errors
    ///
    /// As [`RemovalPolicy::choose`].
    pub fn plan_within(&mut self, budget: Budget, elapsed: f64) -> Result<RemovalPlan, HookError> {
        self.progress.seconds = elapsed;
        let need = self.need(budget);
        if need.is_none() {
            return Ok(RemovalPlan {
                elapsed,
                ..RemovalPlan::default()
            });
        }
        let time_ratio = self.limits.time_ratio(&self.progress);
        let mut candidates: Vec<Candidate<'_>> = Vec::new();
        if self.policy.needs_all(need) {
            candidates.extend(self.model.candidates());
        } else {
            let most = usize::try_from(need.checkpoints).unwrap_or(usize::MAX);
            self.model.worst_candidates(most, &mut candidates);
        }
        let chosen = self.policy.choose(&candidates, need, time_ratio)?;
        let removals = chosen
            .iter()
            .map(|choice| {
                let candidate = &candidates[choice.candidate];
                Removal::new(candidate, choice.ln_expected_cost, choice.reason)
            })
            .collect();
        Ok(RemovalPlan {
            elapsed,
            need,
            candidates: self.model.num_candidates(),
            time_ratio,
            removals,
        })
    }

    /// Gives up the checkpoints of a plan and has the store delete them. What the store could not
    /// delete is [`RemovalCallback::undeleted`] and tried again at each loop end; a trial resumed
    /// meanwhile trains from scratch all the same.
    ///
    /// # Errors
    ///
    /// A trial that is not paused with a checkpoint, or is pinned; those before it are given up.
    pub fn carry_out(&mut self, removals: &[Removal]) -> Result<(), HookError> {
        self.retry_deletions();
        for removal in removals {
            self.give_up(&removal.trial)?;
        }
        Ok(())
    }

    /// A checkpoint was never completed or is broken: the trial has none from now on, pinned or
    /// not. It does not count as given up, but as resumed without checkpoint if that happens.
    ///
    /// # Errors
    ///
    /// The trial is unknown, or not paused with a checkpoint.
    pub fn lose(&mut self, trial: &str) -> Result<(), HookError> {
        let pinned = self.model.is_pinned(trial);
        if pinned {
            self.model.unpin(trial)?;
        }
        let lost = self.model.remove_checkpoint(trial);
        if pinned {
            self.model.pin(trial)?;
        }
        lost?;
        Ok(())
    }

    /// Gives up one checkpoint, whoever decided it.
    ///
    /// # Errors
    ///
    /// The trial is unknown, not paused with a checkpoint, or pinned.
    pub fn give_up(&mut self, trial: &str) -> Result<(), HookError> {
        let freed = self.model.remove_checkpoint(trial)?;
        self.num_checkpoints_removed += 1;
        if let Err(error) = self.store.delete(trial) {
            self.note_undeleted(trial, &error);
            let bytes = freed.map_or(0, |checkpoint| checkpoint.bytes);
            self.undeleted.insert(trial.to_owned(), bytes);
            self.refused.insert(trial.to_owned());
        }
        Ok(())
    }

    /// Keeps the checkpoint of a trial from being given up.
    ///
    /// # Errors
    ///
    /// The trial is unknown.
    pub fn pin(&mut self, trial: &str) -> Result<(), HookError> {
        Ok(self.model.pin(trial)?)
    }

    /// Ends a pin.
    ///
    /// # Errors
    ///
    /// The trial is unknown.
    pub fn unpin(&mut self, trial: &str) -> Result<(), HookError> {
        self.model.unpin(trial)?;
        Ok(())
    }

    /// The budget that is kept.
    #[must_use]
    pub fn budget(&self) -> Budget {
        self.budget
    }

    /// Keeps another budget from the next loop end on. A smaller one is reached in one pass.
    pub fn set_budget(&mut self, budget: Budget) {
        self.budget = budget;
    }

    /// What ends the run.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// From here on other limits end the run: the time ratio counts from them. All four are
    /// replaced.
    ///
    /// # Errors
    ///
    /// A limit that is not positive; those before stay.
    pub fn set_limits(&mut self, limits: Limits) -> Result<(), HookError> {
        limits.check()?;
        self.limits = limits;
        Ok(())
    }

    /// Number of checkpoints given up.
    #[must_use]
    pub fn num_checkpoints_removed(&self) -> u64 {
        self.num_checkpoints_removed
    }

    /// Trials that were resumed although their checkpoint was given up, with the rung level they
    /// were paused at, in order of the resumes.
    #[must_use]
    pub fn trials_resumed_without_checkpoint(&self) -> &[(String, u64)] {
        &self.resumed_without_checkpoint
    }

    /// Figures to append to the results of the run.
    #[must_use]
    pub fn extra_results(&self) -> ExtraResults {
        let levels = self.resumed_without_checkpoint.iter().map(|r| r.1);
        let cost_resources = levels.fold(self.units_trained_again, u64::saturating_add);
        ExtraResults {
            num_checkpoints_removed: self.num_checkpoints_removed,
            num_trials_resumed: self.num_trials_resumed,
            cost_resources,
        }
    }

    /// The estimator of a rung level, if the policy has any.
    #[must_use]
    pub fn estimator_for_rung(&self, level: u64) -> Option<&BetaBinomial> {
        Some(self.policy.estimators()?.at_level(level))
    }

    /// The rung model.
    #[must_use]
    pub fn model(&self) -> &RungModel {
        &self.model
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> &dyn RemovalPolicy {
        &*self.policy
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The store, to be told of what is done beside the callback.
    pub fn store_mut(&mut self) -> &mut S {
        &mut self.store
    }

    /// How far the run has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// What is left of the run over what is used, at the last loop end.
    #[must_use]
    pub fn time_ratio(&self) -> f64 {
        self.limits.time_ratio(&self.progress)
    }

    /// Trials whose checkpoint was given up, but could not be deleted yet, with its bytes: the store
    /// refused it, or [`TunerCallback::on_deletion_failed`] told of it. They still take room. For
    /// the budget one of them counts as held, the largest: a deletion that fails does not make ever
    /// more checkpoints go.
    #[must_use]
    pub fn undeleted(&self) -> &BTreeMap<String, u64> {
        &self.undeleted
    }

    /// Takes the notes that gathered since the last call, oldest first.
    pub fn take_notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }

    /// What must go. Of the checkpoints that were given up but could not be deleted one counts as
    /// held, the largest.
    ///
    /// It does, because it takes room that another must make. No more of them do, because what
    /// keeps one deletion from working mostly keeps the next one from it too: the checkpoint given
    /// up in its place would be stuck as well and ask for another one, and so on, until none is
    /// left to resume from, with all of the room still taken.
    fn need(&self, budget: Budget) -> Need {
        let largest = self.undeleted.values().max();
        budget.need(
            self.model.num_with_checkpoint() + usize::from(largest.is_some()),
            self.model
                .checkpoint_bytes()
                .saturating_add(largest.copied().unwrap_or(0)),
        )
    }

    /// Tries the deletions again that the store itself refused. One that a store does in the
    /// background is that store's to repeat.
    fn retry_deletions(&mut self) {
        let (store, undeleted) = (&mut self.store, &mut self.undeleted);
        self.refused.retain(|trial| {
            let refused = store.delete(trial).is_err();
            if !refused {
                undeleted.remove(trial);
            }
            refused
        });
    }

    fn forget_undeleted(&mut self, trial: &str) {
        self.undeleted.remove(trial);
        self.refused.remove(trial);
    }

    fn note_undeleted(&mut self, trial: &str, error: &BoxError) {
        self.notes.push(Note::NotDeleted {
            trial: trial.to_owned(),
            error: error.to_string(),
        });
    }

    fn note(&mut self, trial: &str, result: &TrialResult, report: &rungkeeper_rung_model::Report) {
        if let Some(recorded) = report.recorded {
            if report.skipped {
                self.notes.push(Note::SkippedRung {
                    trial: trial.to_owned(),
                    resource: result.level,
                    level: recorded.level,
                });
            }
            if report.first_bad_metric {
                self.notes.push(Note::BadMetric {
                    trial: trial.to_owned(),
                    level: recorded.level,
                });
            }
        }
    }
}

impl<S> RemovalCallback<S> {
    /// A trial that has its checkpoint trains again what it had trained: that is a cost like the
    /// one of a checkpoint that was given up.
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
        let TrialResult {
            level,
            metric,
            decision,
        } = *result;
        let report = self.model.report(trial, level, metric, decision)?;
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

impl Removal {
    fn new(candidate: &Candidate<'_>, ln_cost: Option<f64>, reason: RemovalReason) -> Self {
        Self {
            trial: candidate.trial_id.to_owned(),
            level: candidate.level,
            rank: candidate.rank,
            rung_len: candidate.rung_len,
            bytes: candidate.bytes,
            expected_cost: ln_cost.map(libm::exp),
            ln_expected_cost: ln_cost.filter(|ln| ln.is_finite()),
            reason,
        }
    }
}
