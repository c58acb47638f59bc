//! The callback that keeps a run within its budget.

mod events;
mod results;
mod undeleted;

use std::collections::{BTreeMap, BTreeSet};

use rungkeeper_estimators::BetaBinomial;
use rungkeeper_policies::{Budget, Limits, PolicySpec, Progress, RemovalPolicy};
use rungkeeper_rung_model::{Checkpoint, ModelSpec, RungModel, RungView};

use crate::log::Header;
use crate::{CheckpointStore, HookError, Note, SetupError};

pub use results::{ExtraResults, Removal, RemovalPlan};

/// Keeps the checkpoints of a run within a budget, with any policy and any store; by default `rank_aware` and none.
///
/// The callback owns a rung model and learns only from the hooks. At each loop end, while more
/// checkpoints (or bytes) are held than the budget allows, the policy chooses paused trials that
/// lose theirs. Two callbacks that see the same events decide the same, so a restart is a replay.
///
/// A run whose decisions must be written down before files go calls
/// [`RemovalCallback::plan`], writes, and then [`RemovalCallback::carry_out`];
/// [`on_loop_end`](crate::TunerCallback::on_loop_end) does both at once.
///
/// ```
/// use rungkeeper_tuner_hooks::{
///     Budget, Decision, Limits, ModelSpec, RemovalCallback, TrialResult, TunerCallback,
/// };
///
/// let limits = Limits { seconds: Some(60.0), ..Limits::default() };
/// let spec = ModelSpec::geometric(1, 3, 27)?;
/// let mut callback =
///     RemovalCallback::new(&spec, Budget::of_checkpoints(2))?.with_limits(limits)?;
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
#[doc(alias = "HyperbandRemoveCheckpointsCallback")]
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
    /// Removed, but not deleted yet: trial and bytes. They still take room.
    undeleted: BTreeMap<String, u64>,
    /// Of these the ones that the store refused to delete when it was asked: it is asked again.
    refused: BTreeSet<String>,
    notes: Vec<Note>,
}

impl RemovalCallback {
    /// A callback for a run that has not begun, with the default policy ([`PolicySpec::default`]), no limits and no store.
    ///
    /// # Errors
    ///
    /// Rungs from which no model can be built.
    pub fn new(spec: &ModelSpec, budget: Budget) -> Result<Self, SetupError> {
        Ok(Self {
            model: RungModel::new(spec)?,
            policy: PolicySpec::default().build()?,
            budget,
            limits: Limits::default(),
            store: (),
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

    /// A callback for the run of an event log, as it was at the start. With a policy of your own:
    /// `RemovalCallback::new(&header.model_spec(), header.budget)?.with_policy(own).with_limits(header.limits)?`.
    ///
    /// # Errors
    ///
    /// Settings from which none can be built.
    pub fn of_header(header: &Header) -> Result<Self, SetupError> {
        Self::new(&header.model_spec(), header.budget)?
            .with_policy(header.policy_spec()?.build()?)
            .with_limits(header.limits)
    }
}

impl<S: CheckpointStore> RemovalCallback<S> {
    /// Chooses by another policy, before the run begins: one of [`PolicySpec::build`], or any other.
    ///
    /// ```
    /// use rungkeeper_tuner_hooks::{Budget, ModelSpec, PolicySpec, RemovalCallback};
    ///
    /// let policy: PolicySpec = "by_level".parse()?;
    /// let spec = ModelSpec::geometric(1, 3, 27)?;
    /// let callback =
    ///     RemovalCallback::new(&spec, Budget::of_checkpoints(8))?.with_policy(policy.build()?);
    /// assert_eq!(callback.policy().name(), "by_level");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_policy(self, policy: Box<dyn RemovalPolicy>) -> Self {
        Self { policy, ..self }
    }

    /// The run ends at these limits: the time ratio counts from them.
    ///
    /// # Errors
    ///
    /// A limit that is not positive.
    pub fn with_limits(self, limits: Limits) -> Result<Self, SetupError> {
        limits.check()?;
        Ok(Self { limits, ..self })
    }

    /// Deletes from this store what is removed.
    pub fn with_store<T: CheckpointStore>(self, store: T) -> RemovalCallback<T> {
        RemovalCallback {
            model: self.model,
            policy: self.policy,
            budget: self.budget,
            limits: self.limits,
            store,
            progress: self.progress,
            num_checkpoints_removed: self.num_checkpoints_removed,
            num_trials_resumed: self.num_trials_resumed,
            resumed_without_checkpoint: self.resumed_without_checkpoint,
            units_trained_again: self.units_trained_again,
            told_to_train_again: self.told_to_train_again,
            undeleted: self.undeleted,
            refused: self.refused,
            notes: self.notes,
        }
    }

    /// What a loop end at `elapsed` seconds removes. Nothing is changed but the stream of a random
    /// policy: call it once per loop end.
    ///
    /// # Errors
    ///
    /// As [`RemovalPolicy::choose`]; and an `elapsed` that no run can have.
    pub fn plan(&mut self, elapsed: f64) -> Result<RemovalPlan, HookError> {
        self.plan_within(self.budget, elapsed)
    }

    /// As [`RemovalCallback::plan`], for a budget that is kept this once: someone asked for room.
    ///
    /// # Errors
    ///
    /// As [`RemovalPolicy::choose`].
    pub fn plan_within(&mut self, budget: Budget, elapsed: f64) -> Result<RemovalPlan, HookError> {
        if !(elapsed >= 0.0 && elapsed.is_finite()) {
            return Err(HookError::Elapsed(elapsed));
        }
        self.progress.seconds = elapsed;
        let need = self.need(budget);
        if need.is_none() {
            return Ok(RemovalPlan {
                elapsed,
                ..RemovalPlan::default()
            });
        }
        let time_ratio = self.limits.time_ratio(&self.progress);
        let rungs: Vec<RungView<'_>> = self.model.rung_views().collect();
        let chosen = self.policy.choose(&rungs, need, time_ratio)?;
        let removals = chosen
            .iter()
            .map(|choice| Removal::new(rungs[choice.rung], choice))
            .collect();
        Ok(RemovalPlan {
            elapsed,
            need,
            candidates: self.model.num_candidates(),
            time_ratio,
            removals,
        })
    }

    /// Removes the checkpoints of a plan and has the store delete them. What the store could not
    /// delete is [`RemovalCallback::undeleted`] and tried again at each loop end; a trial resumed
    /// meanwhile trains from scratch all the same.
    ///
    /// # Errors
    ///
    /// A trial that is not paused with a checkpoint, or is pinned; those before it are removed.
    pub fn carry_out(&mut self, removals: &[Removal]) -> Result<(), HookError> {
        self.retry_deletions();
        for removal in removals {
            self.give_up(&removal.trial)?;
        }
        Ok(())
    }

    /// A checkpoint was never completed or is broken: the trial has none from now on, pinned or
    /// not. It does not count as removed, but as resumed without checkpoint if that happens.
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

    /// Removes one checkpoint, whoever decided it.
    ///
    /// # Errors
    ///
    /// The trial is unknown, not paused with a checkpoint, or pinned.
    pub fn give_up(&mut self, trial: &str) -> Result<(), HookError> {
        let freed = self.count_removal(trial)?;
        if let Err(error) = self.store.delete(trial) {
            let (trial, error) = (trial.to_owned(), error.to_string());
            let bytes = freed.map_or(0, |checkpoint| checkpoint.bytes);
            self.undeleted.insert(trial.clone(), bytes);
            self.refused.insert(trial.clone());
            self.notes.push(Note::NotDeleted { trial, error });
        }
        Ok(())
    }

    /// A checkpoint is removed; what it was.
    pub(crate) fn count_removal(&mut self, trial: &str) -> Result<Option<Checkpoint>, HookError> {
        let freed = self.model.remove_checkpoint(trial)?;
        self.num_checkpoints_removed += 1;
        Ok(freed)
    }

    /// The training program of a trial is about to be started. The checkpoint of a paused one is no candidate from now
    /// on: its program starts from it.
    pub(crate) fn on_launch(&mut self, trial: &str) {
        self.model.launch(trial);
    }

    /// Keeps the checkpoint of a trial from being removed.
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

    /// Number of checkpoints removed.
    #[must_use]
    pub fn num_checkpoints_removed(&self) -> u64 {
        self.num_checkpoints_removed
    }

    /// Trials that were resumed although their checkpoint was removed, or never committed where
    /// checkpoints must be, with the rung level they were paused at, in order of the resumes.
    #[must_use]
    pub fn trials_resumed_without_checkpoint(&self) -> &[(String, u64)] {
        &self.resumed_without_checkpoint
    }

    /// Resource units that trials trained again although they were resumed with their checkpoint:
    /// their program ignores it, or it was saved before their pause. They are part of
    /// [`ExtraResults::cost_resources`].
    #[must_use]
    pub fn trained_again_with_checkpoint(&self) -> u64 {
        self.units_trained_again
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

    /// Takes the notes that gathered since the last call, oldest first.
    pub fn take_notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }
}
