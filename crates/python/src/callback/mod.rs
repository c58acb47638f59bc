//! The removal callback for tuners written in Python.

mod asking;
mod commits;
mod history;
mod recorded;
mod settings;
mod shared;
mod told;

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple, PyType};
use rungkeeper_tuner_hooks::{
    Budget, Decision, ExtraResults, HookError, Limits, RemovalReason, TrialResult, TrialStatus,
};

use self::recorded::{Recorded, State};
use self::settings::Settings;
use self::shared::Shared;
use self::told::Told;
use crate::arguments::{
    bad_value, limit_in_seconds, optional, positive, refused, seconds, trial_id, unsigned,
};
use crate::estimator::BetaBinomialEstimator;
use crate::interrupt;
use crate::keywords::Keywords;
use crate::policy::Own;
use crate::types;

const NAME: &str = "RemovalCallback";

/// Keeps the checkpoints of a run within a budget: for any tuner written in Python.
///
/// Tell it what happens (`start`, `result`, `resume`, `complete`, `failed`,
/// `checkpoint_committed`), and once in each turn of the tuner's loop call `loop_end`:
/// it returns the checkpoints to delete, which are removed from then on. It needs
/// nothing else from a tuner; two callbacks that are told the same decide the same.
///
/// Trials are text; an int stands for its decimal text. A refused event (a
/// `ValueError`) changes nothing: the run can go on.
///
/// It can be pickled and copied, if a policy of your own can be. What is pickled is its
/// event log (`log`), and what is read back is the replay of that log.
///
/// What a person should know is a warning of the logger "rungkeeper", when it comes up;
/// `take_notes` returns it as well.
///
/// Args:
///     rungs: Rungs, lowest first, each (level, promotion quantile), with the
///         quantile as (a, b) for a/b or as a float next to such a fraction; or
///         their levels alone, whose quantiles are then level / next level, for
///         the last level / `max_resource`.
///     max_resource: Resource at which a trial stops. Needed with levels alone.
///     mode: Whether small or large metrics are good.
///     policy: "rank_aware": what costs least in expectation goes first; the rank
///         tells how likely a trial is resumed. "speculative": likewise, with the
///         estimates of Syne Tune 0.13. "by_level": the lowest level, then the
///         worst rank. "random". Or one of your own: a callable that is shown
///         `Candidates` and returns what losing each costs, in their order
///         (numbers), or their trials, first to go first (text).
///     policy_seed: Seed of the random policy's own stream.
///     max_checkpoints: Most trials that hold a checkpoint, running ones included.
///     max_bytes: Most bytes of committed checkpoints.
///     max_wallclock_time: Seconds after which the run ends.
///     max_num_trials: Trials started after which it ends.
///     max_num_reports: Reports after which it ends.
///     max_total_resource: Resource units after which it ends. Of these limits the
///         tightest makes the time ratio; without any it is 1.
///     approx_steps: Most better arrivals the score follows; None for no cut-off.
///     prior_beta_mean: Mean of the estimators' prior, in (0, 1).
///     prior_beta_size: Size of the estimators' prior.
///     min_data_at_rung: Values below which a level uses the overall estimator.
///     promotion_rule: How the scheduler promotes.
///     horizon: Whether the first term of the score always counts.
///     brackets: Number of brackets; bracket s starts at the s-th level.
///     own_rungs: Whether each bracket has rungs of its own.
///     repeated_reports_are_data: Whether a report at a rung where the trial
///         stands already counts for the estimators, as in Syne Tune 0.13.
///     promoted_behind_equals: Whether a promoted trial is ranked behind its
///         equals, as in Syne Tune 0.13.
///     retraining_is_counted: Whether a trial that was resumed with its checkpoint
///         and reports what it had reported before its pause costs that training
///         again; not so in Syne Tune 0.13.
///     checkpoints: "committed": only what `checkpoint_committed` named can be
///         removed. "assumed": a paused trial holds a checkpoint.
///     source: Who writes the log; a name in its header.
///     log_notes: Whether what a person should know is logged; else only
///         `take_notes` tells it.
///
/// Raises:
///     ValueError: An argument outside its range.
///     TypeError: An argument that is missing, unknown or of another type.
///
/// Example:
///     >>> callback = RemovalCallback.geometric(1, 3, 27, max_checkpoints=2)
///     >>> for trial, loss in enumerate([0.3, 0.5, 0.4]):
///     ...     callback.start(trial)
///     ...     callback.result(trial, 1, loss, "PAUSE")
///     ...     callback.checkpoint_committed(trial, level=1)
///     >>> [removal.trial for removal in callback.loop_end(elapsed=1.0)]
///     ['1']
///     >>> callback.resume("1")  # the one without checkpoint: it trains from scratch
///     False
///     >>> callback.extra_results()["cost_resources"]
///     1
#[pyclass(module = "rungkeeper", frozen, weakref)]
pub(crate) struct RemovalCallback {
    shared: Shared,
}

impl From<Recorded> for RemovalCallback {
    fn from(recorded: Recorded) -> Self {
        Self {
            shared: Shared::new(recorded),
        }
    }
}

impl RemovalCallback {
    fn of(settings: Settings) -> PyResult<Self> {
        Ok(Recorded::new(settings).map_err(refused)?.into())
    }

    /// As [`Shared::with`].
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut Recorded) -> T + Send,
    ) -> PyResult<T> {
        self.shared.with(py, work)
    }

    /// As [`Shared::try_with`].
    fn try_with<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut Recorded) -> Result<T, HookError> + Send,
    ) -> PyResult<T> {
        self.shared.try_with(py, work)
    }
}

#[pymethods]
impl RemovalCallback {
    #[new]
    #[pyo3(
        signature = (**settings),
        text_signature = "(*, rungs, max_resource=None, mode='min', policy='rank_aware', \
            policy_seed=0, max_checkpoints=None, max_bytes=None, max_wallclock_time=None, \
            max_num_trials=None, max_num_reports=None, max_total_resource=None, approx_steps=25, \
            prior_beta_mean=0.33, prior_beta_size=2.0, min_data_at_rung=5, \
            promotion_rule='top_fraction', horizon='first_term_kept', brackets=1, \
            own_rungs=False, repeated_reports_are_data=False, promoted_behind_equals=False, \
            retraining_is_counted=True, checkpoints='committed', source='python', log_notes=True)"
    )]
    fn new(py: Python<'_>, settings: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let keywords = Keywords::new(py, NAME, settings)?;
        let settings = settings::of_rungs(&keywords)?;
        keywords.end()?;
        Self::of(settings)
    }

    /// A callback whose levels are `grace_period * reduction_factor ** i`.
    ///
    /// Levels stay below `max_resource`. Further arguments as in the constructor.
    #[classmethod]
    #[pyo3(
        signature = (grace_period, reduction_factor, max_resource, **settings),
        text_signature = "(grace_period, reduction_factor, max_resource, *, mode='min', \
            policy='rank_aware', policy_seed=0, max_checkpoints=None, max_bytes=None, \
            max_wallclock_time=None, max_num_trials=None, max_num_reports=None, \
            max_total_resource=None, approx_steps=25, prior_beta_mean=0.33, prior_beta_size=2.0, \
            min_data_at_rung=5, promotion_rule='top_fraction', horizon='first_term_kept', \
            brackets=1, own_rungs=False, repeated_reports_are_data=False, \
            promoted_behind_equals=False, retraining_is_counted=True, checkpoints='committed', \
            source='python', log_notes=True)"
    )]
    fn geometric(
        class: &Bound<'_, PyType>,
        grace_period: &Bound<'_, PyAny>,
        reduction_factor: &Bound<'_, PyAny>,
        max_resource: &Bound<'_, PyAny>,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let keywords = Keywords::new(class.py(), "RemovalCallback.geometric", settings)?;
        let settings =
            settings::geometric(&keywords, grace_period, reduction_factor, max_resource)?;
        keywords.end()?;
        Self::of(settings)
    }

    /// The callback as an event log leaves it, to go on with.
    ///
    /// The removals in the log are taken as they were recorded.
    ///
    /// Args:
    ///     text: The text of the log, or the path of its file.
    ///     policy: The policy of the run, where it is one of your own; it goes on
    ///         choosing and is not asked again what it chose. A name is compared
    ///         with that in the log.
    ///
    /// Raises:
    ///     ValueError: It is not an event log, and the message names the line; or the
    ///         log is of another policy.
    ///     OSError: The file cannot be read.
    #[classmethod]
    #[pyo3(signature = (text, policy=None))]
    fn from_log(
        class: &Bound<'_, PyType>,
        text: &Bound<'_, PyAny>,
        policy: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let text = crate::arguments::text_or_file("text", text)?;
        let named = policy.filter(|policy| policy.is_instance_of::<PyString>());
        let own = policy.filter(|_| named.is_none()).map(Own::new);
        let own = own.transpose()?;
        let recorded = class.py().detach(|| Recorded::from_log(&text, own))?;
        if let Some(named) = named {
            recorded.check_policy_is(&crate::arguments::text("policy", named)?)?;
        }
        Ok(recorded.into())
    }

    /// A trial begins.
    #[pyo3(signature = (trial, bracket=None), text_signature = "($self, trial, bracket=0)")]
    fn start(
        &self,
        py: Python<'_>,
        trial: &Bound<'_, PyAny>,
        bracket: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let trial = trial_id(trial)?;
        let bracket = bracket.map_or(Ok(0), |bracket| unsigned("bracket", bracket))? as usize;
        self.tell_of(py, trial, Told::Start { bracket })
    }

    /// A trial reported, and the scheduler decided.
    ///
    /// Args:
    ///     trial: The trial.
    ///     level: Resource of the report, from 1.
    ///     metric: A number. NaN, infinities, None and text are bad metrics: behind all
    ///         others, never promoted, first to be removed.
    ///     decision: What the scheduler decided.
    ///
    /// Raises:
    ///     ValueError: The trial does not run, or the resource goes back.
    fn result(
        &self,
        py: Python<'_>,
        trial: &Bound<'_, PyAny>,
        level: &Bound<'_, PyAny>,
        metric: &Bound<'_, PyAny>,
        decision: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let trial = trial_id(trial)?;
        let result = TrialResult {
            level: unsigned("level", level)?,
            metric: crate::arguments::metric(metric)?,
            decision: decision_of(decision)?,
        };
        self.tell_of(py, trial, Told::Result(result))
    }

    /// A paused trial runs again.
    ///
    /// Returns:
    ///     Whether it has its checkpoint; otherwise it must train from scratch. One
    ///     that `checkpoint_committed` never named is none, unless checkpoints are
    ///     assumed.
    fn resume(&self, py: Python<'_>, trial: &Bound<'_, PyAny>) -> PyResult<bool> {
        let trial = trial_id(trial)?;
        self.try_with(py, |recorded| recorded.resume(trial))
    }

    /// The training program of a running trial was started again after a crash.
    ///
    /// Its reports may begin anew, below the last resource.
    fn restart(&self, py: Python<'_>, trial: &Bound<'_, PyAny>) -> PyResult<()> {
        self.tell(py, trial, Told::Restart)
    }

    /// A trial's training program ended by itself: it needs no checkpoint.
    fn complete(&self, py: Python<'_>, trial: &Bound<'_, PyAny>) -> PyResult<()> {
        self.tell(py, trial, Told::Complete)
    }

    /// A trial crashed for good: it needs no checkpoint and no longer runs.
    fn failed(&self, py: Python<'_>, trial: &Bound<'_, PyAny>) -> PyResult<()> {
        self.tell(py, trial, Told::Failed)
    }

    /// A trial that had failed runs again, from the beginning.
    ///
    /// Raises:
    ///     ValueError: The trial did not fail.
    fn retry(&self, py: Python<'_>, trial: &Bound<'_, PyAny>) -> PyResult<()> {
        self.tell(py, trial, Told::Retry)
    }

    /// The files of a checkpoint that was removed could not be deleted.
    ///
    /// They take room until `deleted` is called. Of all such checkpoints one counts as
    /// held, the largest, so another one goes in its place.
    ///
    /// Args:
    ///     trial: The trial.
    ///     bytes: The room its files take.
    #[pyo3(
        signature = (trial, bytes=None),
        text_signature = "($self, trial, bytes=0)"
    )]
    fn deletion_failed(
        &self,
        py: Python<'_>,
        trial: &Bound<'_, PyAny>,
        bytes: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let trial = trial_id(trial)?;
        let bytes = bytes.map_or(Ok(0), |bytes| unsigned("bytes", bytes))?;
        self.tell_of(py, trial, Told::Undeleted { bytes })
    }

    /// The files of a checkpoint that was removed are gone.
    ///
    /// Needed only behind `deletion_failed`.
    fn deleted(&self, py: Python<'_>, trial: &Bound<'_, PyAny>) -> PyResult<()> {
        self.tell(py, trial, Told::Deleted)
    }

    /// A checkpoint, written at a resource level, is complete.
    ///
    /// It takes the place of the trial's checkpoint before.
    #[pyo3(
        signature = (trial, level, bytes=None),
        text_signature = "($self, trial, level, bytes=0)"
    )]
    fn checkpoint_committed(
        &self,
        py: Python<'_>,
        trial: &Bound<'_, PyAny>,
        level: &Bound<'_, PyAny>,
        bytes: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let trial = trial_id(trial)?;
        let level = positive("level", level)?;
        let bytes = bytes.map_or(Ok(0), |bytes| unsigned("bytes", bytes))?;
        self.tell_of(py, trial, Told::Checkpoint { level, bytes })
    }

    /// The checkpoint of a paused trial is broken, or was never completed.
    ///
    /// It does not count as removed. Pinned trials can lose theirs.
    fn lose<'py>(&self, py: Python<'py>, trial: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.drop_checkpoint(py, trial, RemovalReason::Lost)
    }

    /// Removes the checkpoint of a paused trial because someone asked.
    fn give_up<'py>(
        &self,
        py: Python<'py>,
        trial: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.drop_checkpoint(py, trial, RemovalReason::Asked)
    }

    /// Keeps a trial's checkpoint from being removed, also beyond its end.
    fn pin(&self, py: Python<'_>, trial: &Bound<'_, PyAny>) -> PyResult<()> {
        self.tell(py, trial, Told::Pin)
    }

    /// Ends a pin.
    fn unpin(&self, py: Python<'_>, trial: &Bound<'_, PyAny>) -> PyResult<()> {
        self.tell(py, trial, Told::Unpin)
    }

    /// Keeps another budget from the next loop end on; None for no limit.
    #[pyo3(signature = (*, max_checkpoints=None, max_bytes=None))]
    fn set_budget(
        &self,
        py: Python<'_>,
        max_checkpoints: Option<&Bound<'_, PyAny>>,
        max_bytes: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let count = |name: &str, value: Option<&Bound<'_, PyAny>>| {
            value.map_or(Ok(None), |value| optional(name, value, unsigned))
        };
        let budget = Budget {
            max_checkpoints: count("max_checkpoints", max_checkpoints)?,
            max_bytes: count("max_bytes", max_bytes)?,
        };
        self.with(py, |recorded| recorded.set_budget(budget))
    }

    /// From here on other limits end the run; None for no such limit.
    ///
    /// The time ratio counts from them.
    ///
    /// Args:
    ///     max_wallclock_time: Seconds after which the run ends.
    ///     max_num_trials: Trials started after which it ends.
    ///     max_num_reports: Reports after which it ends.
    ///     max_total_resource: Resource units after which it ends.
    #[pyo3(signature = (*, max_wallclock_time=None, max_num_trials=None, max_num_reports=None, max_total_resource=None))]
    fn set_limits(
        &self,
        py: Python<'_>,
        max_wallclock_time: Option<&Bound<'_, PyAny>>,
        max_num_trials: Option<&Bound<'_, PyAny>>,
        max_num_reports: Option<&Bound<'_, PyAny>>,
        max_total_resource: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let most = |name: &str, value: Option<&Bound<'_, PyAny>>| {
            value.map_or(Ok(None), |value| optional(name, value, positive))
        };
        let seconds = max_wallclock_time.map_or(Ok(None), |value| {
            optional("max_wallclock_time", value, limit_in_seconds)
        })?;
        let limits = Limits {
            seconds,
            trials: most("max_num_trials", max_num_trials)?,
            reports: most("max_num_reports", max_num_reports)?,
            resource: most("max_total_resource", max_total_resource)?,
        };
        self.try_with(py, |recorded| recorded.set_limits(limits))
    }

    /// Ends a turn of the tuner's loop.
    ///
    /// Args:
    ///     elapsed: Seconds of the run, interruptions left out.
    ///
    /// Returns:
    ///     The checkpoints to delete, first to go first. They are removed: a trial of
    ///     these that is resumed trains from scratch, deleted or not.
    ///
    /// Raises:
    ///     Exception: Whatever a policy of your own raises, and `ValueError` or
    ///         `TypeError` for an answer that is none. Nothing has changed then.
    fn loop_end<'py>(
        &self,
        py: Python<'py>,
        elapsed: &Bound<'py, PyAny>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let elapsed = seconds("elapsed", elapsed)?;
        let decided = asking::try_asking(&self.shared, py, |recorded| recorded.loop_end(elapsed))?;
        let removals = decided.iter().flat_map(|decided| &decided.removals);
        removals
            .map(|removal| types::removal(py, removal))
            .collect()
    }

    /// What a person should know since the last call, oldest first.
    fn take_notes(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.with(py, Recorded::take_notes)
    }

    /// The status of a trial, as in `TrialStatus`; None for an unknown one.
    fn status(&self, py: Python<'_>, trial: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
        let trial = trial_id(trial)?;
        let status = self.with(py, |recorded| recorded.callback.model().status(&trial))?;
        Ok(status.map(|status| status.to_string()))
    }

    /// Where a trial stands highest; None for one that stands in no rung.
    fn trial_information<'py>(
        &self,
        py: Python<'py>,
        trial: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let trial = trial_id(trial)?;
        let found = self.with(py, |recorded| {
            recorded.callback.model().trial_information(&trial)
        })?;
        found
            .map(|found| types::information(py, &found))
            .transpose()
    }

    /// Paused trials whose checkpoint can be removed.
    ///
    /// `score_val` is the expected cost with the time ratio of the last loop end.
    /// Highest level first, then by rank.
    fn candidates<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let candidates = asking::try_asking(&self.shared, py, |recorded| recorded.candidates())?;
        interrupt::to_list(py, &candidates, |found| types::information(py, found))
    }

    /// All trials with their statuses, in order of their starts.
    fn trials<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let trials: Vec<(String, TrialStatus)> = self.with(py, |recorded| {
            let trials = recorded.callback.model().trials();
            trials
                .map(|(trial, status)| (trial.to_owned(), status))
                .collect()
        })?;
        interrupt::to_list(py, trials, |(trial, status)| {
            (trial, status.to_string()).into_bound_py_any(py)
        })
    }

    /// Name of the policy.
    #[getter]
    fn policy(&self, py: Python<'_>) -> PyResult<&'static str> {
        self.with(py, |recorded| recorded.callback.policy().name())
    }

    /// Number of trials that hold a checkpoint, running ones included.
    #[getter]
    fn num_with_checkpoint(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, |recorded| {
            recorded.callback.model().num_with_checkpoint()
        })
    }

    /// Number of running trials.
    #[getter]
    fn num_running(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, |recorded| recorded.callback.model().num_running())
    }

    /// Bytes of all checkpoints.
    #[getter]
    fn checkpoint_bytes(&self, py: Python<'_>) -> PyResult<u64> {
        self.with(py, |recorded| recorded.callback.model().checkpoint_bytes())
    }

    /// Number of checkpoints removed.
    #[getter]
    fn num_checkpoints_removed(&self, py: Python<'_>) -> PyResult<u64> {
        self.with(py, |recorded| recorded.callback.num_checkpoints_removed())
    }

    /// What is left of the run over what is used, at the last loop end.
    #[getter]
    fn time_ratio(&self, py: Python<'_>) -> PyResult<f64> {
        self.with(py, |recorded| recorded.callback.time_ratio())
    }

    /// Figures to append to the results of the run.
    ///
    /// Checkpoints removed, trials resumed, and resource units trained again.
    fn extra_results<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let results = self.with(py, |recorded| recorded.callback.extra_results())?;
        let values = [
            results.num_checkpoints_removed,
            results.num_trials_resumed,
            results.cost_resources,
        ];
        let dict = PyDict::new(py);
        for (key, value) in ExtraResults::KEYS.into_iter().zip(values) {
            dict.set_item(key, value)?;
        }
        Ok(dict)
    }

    /// The keys of `extra_results`.
    #[staticmethod]
    fn extra_results_keys() -> Vec<&'static str> {
        ExtraResults::KEYS.to_vec()
    }

    /// Trials resumed although their checkpoint was gone, or never committed.
    ///
    /// Each with the level it was paused at, in order of the resumes.
    fn trials_resumed_without_checkpoint(&self, py: Python<'_>) -> PyResult<Vec<(String, u64)>> {
        self.with(py, |recorded| {
            recorded
                .callback
                .trials_resumed_without_checkpoint()
                .to_vec()
        })
    }

    /// A copy of a level's estimator; None for a policy without estimators.
    fn estimator_for_rung(
        &self,
        py: Python<'_>,
        level: &Bound<'_, PyAny>,
    ) -> PyResult<Option<BetaBinomialEstimator>> {
        let level = unsigned("level", level)?;
        let found = self.with(py, |recorded| {
            recorded.callback.estimator_for_rung(level).cloned()
        })?;
        Ok(found.map(BetaBinomialEstimator::from))
    }

    /// The event log: JSON lines, the header first.
    ///
    /// `rungkeeper replay` reads it, and `from_log`.
    fn log(&self, py: Python<'_>) -> PyResult<String> {
        self.with(py, Recorded::log)?
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        self.with(py, |recorded| recorded.to_string())
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Reduced<'py>> {
        let py = slf.py();
        let (log, state, own) = slf.get().with(py, |recorded| {
            let own = recorded.own().map(Own::share);
            Ok::<_, PyErr>((recorded.log()?, recorded.state(), own))
        })??;
        let arguments = match own {
            None => (log,).into_pyobject(py)?,
            Some(own) => (log, own.callable().clone_ref(py)).into_pyobject(py)?,
        };
        Ok((slf.get_type().getattr("from_log")?, arguments, state))
    }

    fn __setstate__(&self, py: Python<'_>, state: &Bound<'_, PyAny>) -> PyResult<()> {
        let state: State = state
            .extract()
            // Earlier releases knew other things of commits, or none.
            .or_else(|_| {
                type Before<'py> = (f64, usize, Vec<String>, bool, Bound<'py, PyAny>);
                let before: PyResult<Before<'_>> = state.extract();
                before.map(|(at, open, notes, log, _)| (at, open, notes, log, None))
            })
            .or_else(|_: PyErr| {
                state
                    .extract()
                    .map(|(at, open, notes, log)| (at, open, notes, log, None))
            })
            // Earlier releases logged no notes themselves.
            .or_else(|_: PyErr| {
                state
                    .extract()
                    .map(|(at, open, notes)| (at, open, notes, false, None))
            })?;
        self.with(py, |recorded| recorded.set_state(state))?
    }
}

/// What builds the object, its arguments and its state, as pickle wants them.
type Reduced<'py> = (Bound<'py, PyAny>, Bound<'py, PyTuple>, State);

impl RemovalCallback {
    fn tell(&self, py: Python<'_>, trial: &Bound<'_, PyAny>, told: Told) -> PyResult<()> {
        self.tell_of(py, trial_id(trial)?, told)
    }

    fn tell_of(&self, py: Python<'_>, trial: String, told: Told) -> PyResult<()> {
        self.try_with(py, |recorded| recorded.tell(trial, told))
    }

    fn drop_checkpoint<'py>(
        &self,
        py: Python<'py>,
        trial: &Bound<'py, PyAny>,
        reason: RemovalReason,
    ) -> PyResult<Bound<'py, PyAny>> {
        let trial = trial_id(trial)?;
        let dropped = self.try_with(py, |recorded| recorded.drop_checkpoint(&trial, reason))?;
        types::removal(py, &dropped)
    }
}

fn decision_of(value: &Bound<'_, PyAny>) -> PyResult<Decision> {
    match crate::arguments::text("decision", value)?.as_str() {
        "CONTINUE" => Ok(Decision::Continue),
        "PAUSE" => Ok(Decision::Pause),
        "STOP" => Ok(Decision::Stop),
        _ => Err(bad_value(
            "decision",
            value,
            "'CONTINUE', 'PAUSE' or 'STOP'",
        )),
    }
}
