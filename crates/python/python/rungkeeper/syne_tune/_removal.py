"""What the callbacks for Syne Tune 0.13 and 0.14 have in common."""

from __future__ import annotations

import logging
from typing import Any

from syne_tune.backend.simulator_backend.simulator_backend import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    SimulatorBackend,
)
from syne_tune.backend.trial_status import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    Status,
    Trial,
)

from rungkeeper import RemovalCallback, TrialStatus
from rungkeeper._arguments import named, whole
from rungkeeper._clock import Clock
from rungkeeper._numbers import as_metric, is_finite
from rungkeeper.syne_tune import _reference, _rungs, _state
from rungkeeper.syne_tune._criterion import count
from rungkeeper.syne_tune._deletions import Deletions
from rungkeeper.syne_tune._methods import Methods
from rungkeeper.syne_tune._unfinished import KeepsUnfinished, make_folder, tell_gone

logger = logging.getLogger(__name__)


# How the core tells of a metric that is no finite number; here the end is not true.
_NEVER = ": it ranks behind all others and is never promoted"


class HyperbandRemoveCheckpointsCommon(
    KeepsUnfinished,
    Methods,
    _reference.Common,  # type: ignore[misc, unused-ignore]
):
    """Keeps the checkpoints of a run within a budget, as a callback of the tuner.

    A `rungkeeper.RemovalCallback` decides. It gets the rungs when tuning starts, and
    from then on what the tuner tells its callbacks. A subclass may decide otherwise, by
    `_trials_to_be_removed` or one of the methods that stand behind it, as with Syne
    Tune's own class. This class itself decides nothing: it is for subclasses, and for
    `isinstance`.

    A tuner that is saved and loaded goes on where it was saved: counts, estimators and
    the time that was used are kept. Trials that ran then are lost to Syne Tune; they
    are taken to have failed.
    """

    # Of an object that is not made yet, and of one that an earlier release pickled.
    _core: RemovalCallback | None = None
    _tuner: Any = None
    _by_methods = False
    _known_policy: dict[str, Any] | None = None

    def __init__(
        self,
        max_num_checkpoints: int,
        max_wallclock_time: float | None,
        metric: str,
        resource_attr: str,
        mode: str,
    ) -> None:
        """A callback for a run that has not begun.

        Args:
            max_num_checkpoints: Most trials that hold a checkpoint after a turn of the
                tuner's loop, running ones included.
            max_wallclock_time: Seconds after which the run ends. None for a run that
                ends by another criterion: then the trials or the evaluations of the
                tuner's `StoppingCriterion` tell how much is left.
            metric: Name of the metric in results.
            resource_attr: Name of the resource in results.
            mode: "min" or "max".

        Raises:
            TypeError: A name that is no text, or a number that is none.
            ValueError: An argument outside its range.
        """
        named("metric", metric)
        named("resource_attr", resource_attr)
        self._settings: dict[str, Any] = {"mode": mode}
        self._max_wallclock_time = max_wallclock_time
        self._max_num_checkpoints = whole("max_num_checkpoints", max_num_checkpoints, 1)
        self._metric = metric
        self._metric_sign = -1 if mode == "max" else 1
        self._resource_attr = resource_attr
        self._core = self._known_policy = None
        self._scheduler: Any = None
        self._trial_backend: Any = None
        self._tuner = self._handled_outside = None
        self._deletions_are_off = False
        self._by_methods = False
        self._without_rungs: set[str] = set()
        self._ended: list[str] = []
        # Refuses what cannot be, before the run begins.
        self._new_core({"rungs": [(1, (1, 2))]})

    def _policy(self) -> dict[str, Any]:
        """The policy, as settings of a `RemovalCallback`; none where methods decide."""
        return {}

    @property
    def max_num_checkpoints(self) -> int:
        """Most trials that hold a checkpoint; another one counts from the next turn."""
        return self._max_num_checkpoints

    @max_num_checkpoints.setter
    def max_num_checkpoints(self, value: int) -> None:
        self._max_num_checkpoints = whole("max_num_checkpoints", value, 1)
        if self._core is not None and not self._by_methods:
            self._core.set_budget(max_checkpoints=value)

    @property
    def num_checkpoints_removed(self) -> int:
        """Number of checkpoints removed."""
        return 0 if self._core is None else self._core.num_checkpoints_removed

    def trials_resumed_without_checkpoint(self) -> list[tuple[str, int]]:
        """Trials resumed although their checkpoint was removed.

        Each with the level it was paused at, in order of the resumes.
        """
        if self._core is None:
            return []
        return self._core.trials_resumed_without_checkpoint()

    def extra_results(self) -> dict[str, Any]:
        """Figures to append to the results of the run.

        Checkpoints removed, trials resumed, and resource units trained again.
        """
        if self._core is None:
            return dict.fromkeys(self.extra_results_keys(), 0)
        results = dict(self._core.extra_results())
        results["num_checkpoints_removed"] = self.num_checkpoints_removed
        if self._overrides("trials_resumed_without_checkpoint"):
            resumed = self.trials_resumed_without_checkpoint()
            results["cost_resources"] = sum(level for _, level in resumed)
        return results

    @staticmethod
    def extra_results_keys() -> list[str]:
        """The keys of `extra_results`."""
        return RemovalCallback.extra_results_keys()

    def on_tuning_start(self, tuner: Any) -> None:
        """Reads the rungs, or goes on with a run that was interrupted.

        Raises:
            TypeError: The scheduler has no rungs, or the backend keeps no checkpoints.
            ValueError: The tuner has another callback that removes checkpoints, or the
                scheduler has another metric, mode or resource.
        """
        make_folder(tuner)
        begins = self._core is None or tuner.scheduler is not self._scheduler
        self._check_and_initialize(tuner)
        self._tuner = tuner
        self._watch(self._trial_backend)
        if begins:
            self._begin(tuner)
        self._deletions = Deletions(self._trial_backend)
        self._look_at_files(self._running_core())
        if self.max_num_checkpoints < getattr(tuner, "n_workers", 0):
            logger.warning(
                "max_num_checkpoints is %s, less than the number of workers, %s: it "
                "cannot be kept, since running trials count",
                self.max_num_checkpoints,
                tuner.n_workers,
            )

    def _check_and_initialize(self, tuner: Any) -> None:
        scheduler, backend = tuner.scheduler, tuner.trial_backend
        if not hasattr(scheduler, "terminator"):
            kind = type(scheduler).__name__
            raise TypeError(f"the scheduler must be a HyperbandScheduler, not {kind}")
        if isinstance(backend, SimulatorBackend):
            raise TypeError("a SimulatorBackend has no checkpoints to delete")
        supports = getattr(
            scheduler.terminator, "support_early_checkpoint_removal", None
        )
        if supports is not None and not supports():
            logger.warning(
                "the scheduler tells of no paused trials, so no checkpoint is removed: "
                "give it type='promotion'"
            )
        self._refuse_another_order(scheduler)
        _refuse_a_second(getattr(tuner, "callbacks", None) or ())
        self._scheduler, self._trial_backend = scheduler, backend

    def _refuse_another_order(self, scheduler: Any) -> None:
        """With another metric or mode, the best checkpoints would go first."""
        for name, own, theirs in (
            ("metric", self._metric, getattr(scheduler, "metric", None)),
            ("mode", self._settings["mode"], getattr(scheduler, "mode", None)),
            (
                "resource_attr",
                self._resource_attr,
                getattr(scheduler, "_resource_attr", None),
            ),
        ):
            if isinstance(theirs, str) and theirs != own:
                raise ValueError(
                    f"{name} of the {type(self).__name__} is {own!r}, but that of the "
                    f"scheduler is {theirs!r}: give both the same"
                )

    def on_fetch_status_results(
        self, trial_status_dict: dict[int, tuple[Trial, str]], new_results: Any
    ) -> None:
        """Notes trials that crashed, or were stopped by someone else."""
        for trial_id, (_, status) in trial_status_dict.items():
            if status in (Status.failed, Status.stopped):
                self._ended.append(str(trial_id))

    def on_start_trial(self, trial: Trial) -> None:
        """A trial begins."""
        core, trial_id = self._running_core(), str(trial.trial_id)
        bracket = _rungs.bracket_of(self._scheduler.terminator, trial_id)
        if bracket >= self._num_brackets:
            self._without_rungs.add(trial_id)
            bracket = 0
        core.start(trial_id, bracket)

    def on_resume_trial(self, trial: Trial) -> None:
        """A paused trial runs again."""
        trial_id = str(trial.trial_id)
        self._deletions.keep(trial_id)
        self._running_core().resume(trial_id)

    def on_trial_result(
        self, trial: Trial, status: str, result: dict[str, Any], decision: str
    ) -> None:
        """A trial reported, and the scheduler decided."""
        core, trial_id = self._running_core(), str(trial.trial_id)
        if trial_id in self._without_rungs:
            if decision == "STOP":
                core.complete(trial_id)
            return
        level, metric = int(result[self._resource_attr]), result.get(self._metric)
        if not self._by_methods and not is_finite(metric):
            self._decide_by_methods()
        report: Any = (trial_id, level, as_metric(metric), decision)
        try:
            core.result(*report)
        except ValueError as refused:
            if core.status(trial_id) == TrialStatus.RUNNING:
                # It trains from scratch though it has a checkpoint: it makes none.
                core.restart(trial_id)
                core.result(*report)
            else:
                logger.warning("a report does not count: %s", refused)
                return
        self._reported(trial_id, result)

    def _reported(self, trial_id: str, result: dict[str, Any]) -> None:
        """A report counted."""

    def on_trial_complete(self, trial: Trial, result: dict[str, Any]) -> None:
        """A trial's training program ended by itself."""
        self._running_core().complete(str(trial.trial_id))

    def on_loop_end(self) -> None:
        """Deletes the checkpoints that are over the budget."""
        core = self._running_core()
        self._look_at_overrides()
        if self._ended:
            self._settle_ended(core)
        self._deletions.retry()
        if self._max_wallclock_time != self._known_limit:
            self._take_limit(core)
        removals: list[Any] = core.loop_end(self._clock.seconds())
        removed = [(r.trial, r.level, r.rank, r.rung_len) for r in removals]
        if self._by_methods:
            removed = self._choose_by_methods()
        for note in core.take_notes():
            logger.warning(
                note.replace(_NEVER, ", which Syne Tune's scheduler may promote")
            )
        for trial, level, rank, rung_len in removed:
            self._remove_checkpoint_of(trial, level)
            logger.info(
                "the checkpoint of trial %s is removed: level %s, rank %s of %s",
                trial,
                level,
                rank,
                rung_len,
            )

    def on_tuning_end(self) -> None:
        """Keeps the checkpoints of a run that ended by an error, to go on with."""
        if self._tuner is not None:
            self._keep_if_unfinished(self._tuner)

    def _look_at_overrides(self) -> None:
        """Someone may have set a method or a setting while the run went on."""
        if self._by_methods:
            return
        is_set = self._known_policy not in (None, self._policy())
        if is_set or self._overridden():
            self._decide_by_methods()

    def _take_limit(self, core: RemovalCallback) -> None:
        """Someone set another `_max_wallclock_time` while the run went on."""
        core.set_limits(max_wallclock_time=self._max_wallclock_time)
        self._known_limit = self._max_wallclock_time

    def _begin(self, tuner: Any) -> None:
        settings = _rungs.settings(tuner.scheduler.terminator)
        if self._max_wallclock_time is None:
            settings |= _limits(getattr(tuner, "stop_criterion", None))
        self._num_brackets: int = settings["brackets"]
        self._levels = [level for level, _ in settings["rungs"]]
        self._core = self._new_core(settings)
        self._known_limit = self._max_wallclock_time
        self._without_rungs = set()
        self._clock = Clock()
        self._by_methods = False
        self._known_policy = self._policy()
        policy = self._known_policy.get("policy")
        all_finite = _rungs.catch_up(self._core, tuner.scheduler.terminator)
        # Of several brackets Syne Tune takes all trials at a level for one rung's, also
        # those that only pass by; the core does not.
        as_one = self._num_brackets > 1 and policy in ("speculative", "by_level")
        if policy is None or as_one or not all_finite or self._overridden():
            self._decide_by_methods()

    def _decide_by_methods(self) -> None:
        """From now on the methods decide what goes, and no longer the core."""
        self._by_methods = True
        self._running_core().set_budget()

    def _look_at_files(self, core: RemovalCallback) -> None:
        """Brings together what is known and what is there, where a run goes on."""
        self._ended = []
        known = gone = 0
        for trial, status in core.trials():
            known += status == TrialStatus.PAUSED_WITH_CHECKPOINT
            there = self._deletions.is_there(trial)
            if status == TrialStatus.RUNNING:
                core.failed(trial)
                self._deletions.delete(trial)
            elif status == TrialStatus.PAUSED_WITH_CHECKPOINT and there is False:
                core.lose(trial)
                gone += 1
            elif status == TrialStatus.PAUSED_NO_CHECKPOINT and there:
                self._deletions.delete(trial)
        tell_gone(gone, known)

    def _new_core(self, rungs: dict[str, Any]) -> RemovalCallback:
        return RemovalCallback(
            **{
                "promotion_rule": "top_fraction",
                "horizon": "first_term_kept",
                "repeated_reports_are_data": True,
                "promoted_behind_equals": True,
                "max_wallclock_time": self._max_wallclock_time,
                "max_checkpoints": self._max_num_checkpoints,
                "checkpoints": "assumed",
                "log_notes": False,
                "source": "Syne Tune 0.13",
                **self._settings,
                **self._policy(),
                **rungs,
            }
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        """What was pickled, also by 0.1.0 or by Syne Tune's own class."""
        self.__dict__.update(_state.as_now(type(self), state))

    def _settle_ended(self, core: RemovalCallback) -> None:
        """Crashed trials hold no checkpoint; one that was paused before still does."""
        for trial in self._ended:
            if core.status(trial) == TrialStatus.RUNNING:
                core.failed(trial)
                self._deletions.delete(trial)
        self._ended.clear()


def _limits(criterion: Any) -> dict[str, int | None]:
    """What ends the run but the clock, of a `StoppingCriterion`."""
    return {
        "max_num_trials": count(criterion, "max_num_trials_started", 1),
        "max_num_reports": count(criterion, "max_num_evaluations", 1),
    }


def _refuse_a_second(callbacks: Any) -> None:
    removing = [type(c) for c in callbacks if isinstance(c, _reference.Common)]
    if len(removing) > 1:
        found = " and ".join(f"{kind.__module__}.{kind.__name__}" for kind in removing)
        raise ValueError(
            f"two callbacks of one tuner remove checkpoints: {found}. Leave one: "
            "either the one in the list of callbacks, or the scheduler's, which "
            "early_checkpoint_removal_kwargs asks for"
        )
