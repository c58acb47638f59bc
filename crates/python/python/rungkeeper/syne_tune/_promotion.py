"""Promotion-type ASHA as a scheduler of Syne Tune 0.15 and newer."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, SupportsIndex

from syne_tune.backend.trial_status import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    Trial,
)
from syne_tune.config_space import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    config_space_to_json_dict,
)
from syne_tune.constants import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    ST_TUNER_TIME,
    ST_WORKER_TIMESTAMP,
)
from syne_tune.optimizer.scheduler import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    SchedulerDecision,
    TrialScheduler,
    TrialSuggestion,
)
from syne_tune.optimizer.schedulers.remove_checkpoints import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    RemoveCheckpointsSchedulerMixin,
)
from syne_tune.optimizer.schedulers.searchers.last_value_multi_fidelity_searcher import (  # type: ignore[import-untyped, import-not-found, unused-ignore] # noqa: E501
    LastValueMultiFidelitySearcher,
)
from syne_tune.util import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    dump_json_with_numpy,
)

from rungkeeper._arguments import flag, named, of_type, optional_whole, shown
from rungkeeper._numbers import as_number
from rungkeeper._promotion import Mode, Policy, PromotionSettings
from rungkeeper.syne_tune import _promotion_log
from rungkeeper.syne_tune._criterion import count, wallclock_time
from rungkeeper.syne_tune._promotion_callback import PromotionCallback
from rungkeeper.syne_tune._promotion_configurations import Configurations
from rungkeeper.syne_tune._promotion_counting import Counting
from rungkeeper.syne_tune._promotion_names import searcher_of, told_new_names
from rungkeeper.syne_tune._promotion_run import Run

logger = logging.getLogger(__name__)


class PromotionASHA(
    TrialScheduler,  # type: ignore[misc, unused-ignore] # Syne Tune is untyped
    RemoveCheckpointsSchedulerMixin,  # type: ignore[misc, unused-ignore]
):
    """Asynchronous successive halving that pauses, with checkpoints within a budget.

    A trial that gets to a rung (`grace_period * reduction_factor ** i`) is paused. The
    best of each rung, one in `reduction_factor`, are promoted: they go on to the next
    rung from their checkpoint, or from scratch where it was removed. Syne Tune's own
    `ASHA` of these versions never pauses: it stops what is not among the best at the
    time.

    The backend must be a `LocalBackend` with `delete_checkpoints=True` for a budget,
    and for `max_num_trials`. On Syne Tune's simulators a budget is only counted. The
    checkpoint of the best trial is kept, see `best_checkpoint`.

    A tuner that is saved and loaded goes on: trials that ran then are resumed first.
    """

    @told_new_names
    def __init__(
        self,
        config_space: dict[str, Any],
        metric: str,
        *,
        do_minimize: bool = True,
        searcher: Any = None,
        searcher_kwargs: dict[str, Any] | None = None,
        time_attr: str = "training_iteration",
        max_t: SupportsIndex = 100,
        grace_period: SupportsIndex = 1,
        reduction_factor: SupportsIndex | float = 3,
        brackets: SupportsIndex = 1,
        max_num_trials: SupportsIndex | None = None,
        max_checkpoints: SupportsIndex | None = None,
        max_bytes: SupportsIndex | None = None,
        policy: Policy = "rank_aware",
        random_seed: SupportsIndex | None = None,
        points_to_evaluate: list[dict[str, Any]] | None = None,
    ) -> None:
        """A scheduler for a run that has not begun.

        Args:
            config_space: Domains and constants, as for all of Syne Tune's schedulers.
            metric: Name of what is compared, in results. A value that is no finite
                number is the worst and never promoted.
            do_minimize: Whether small metrics are good.
            searcher: Who suggests configurations: a searcher, the name of one (as
                Syne Tune's `ASHA` takes it), or None to draw from the domains. A
                searcher that knows no resource is told of a pause as of an end.
            searcher_kwargs: Further arguments for a searcher given by its name.
            time_attr: Name of the resource in results, from 1. A fraction counts as
                the whole number below it.
            max_t: Resource at which a trial stops.
            grace_period: The first rung.
            reduction_factor: One in this many is promoted, a whole number.
            brackets: Number of brackets; trials of bracket s are paused first at the
                s-th rung.
            max_num_trials: Most trials that are started. Then promotions go on until
                none is left, and the run ends. Without it a stopping criterion ends
                the run.
            max_checkpoints: Most trials that hold a checkpoint: paused ones and running
                ones, at the end of each turn of the tuner's loop. The one that is kept
                of the best ended trial comes beside that.
            max_bytes: Most bytes of the checkpoints of those.
            policy: Which go first: "rank_aware" (what costs least in expectation, as
                the ranks of the trials tell it), "speculative" (likewise, from
                estimates, as in Syne Tune 0.13), "by_level" or "random".
            random_seed: Seed of the draws, the brackets and the random policy; by
                default another one each time.
            points_to_evaluate: Configurations that come first, in this order. What one
                of them leaves out is drawn from its domain. The nearest value of a
                `finrange` counts.

        Raises:
            ValueError: An argument outside its range.
            TypeError: An argument of another type.
        """
        seed = optional_whole("random_seed", random_seed, 0)
        super().__init__(random_seed=seed)
        of_type("config_space", config_space, dict)
        named("metric", metric)
        do_minimize = flag("do_minimize", do_minimize)
        named("time_attr", time_attr)
        self._config_space = config_space
        self._metric = metric
        self._time_attr = time_attr
        self._do_minimize = do_minimize
        self._settings = PromotionSettings.checked(
            max_t=max_t,
            grace_period=grace_period,
            reduction_factor=reduction_factor,
            brackets=brackets,
            max_checkpoints=max_checkpoints,
            max_bytes=max_bytes,
            policy=policy,
        )
        self._max_num_trials = optional_whole("max_num_trials", max_num_trials, 1)
        self._configurations = Configurations(
            config_space,
            self._new_searcher(searcher, searcher_kwargs),
            self.random_seed,
            sign=1 if do_minimize else -1,
            most=self._max_num_trials,
            first=points_to_evaluate,
        )
        # Refuses what it must before anything starts. Without the callback nobody looks
        # at checkpoints.
        self._run = self._new_run(checkpoints="assumed")
        self._callback: PromotionCallback | None = None
        self._counting = Counting(
            max_num_trials=self._max_num_trials,
            max_checkpoints=self._settings.max_checkpoints,
            max_bytes=self._settings.max_bytes,
        )

    # Settings.

    def _new_searcher(self, searcher: Any, kwargs: dict[str, Any] | None) -> Any:
        if not isinstance(searcher, str):
            if kwargs is not None:
                raise ValueError(
                    "searcher_kwargs goes with the name of a searcher, but searcher is "
                    f"{searcher!r}"
                )
            if searcher is not None and not callable(
                getattr(searcher, "suggest", None)
            ):
                raise TypeError(
                    "searcher must be a searcher of Syne Tune, the name of one, or "
                    f"None, not {type(searcher).__name__}"
                )
            return searcher
        kwargs = dict(kwargs or {})
        searcher_of(searcher)
        return LastValueMultiFidelitySearcher(
            searcher=searcher,
            config_space=self._config_space,
            random_seed=self.random_seed,
            points_to_evaluate=kwargs.pop("points_to_evaluate", None),
            searcher_kwargs=kwargs,
        )

    def _new_run(self, **more: Any) -> Run:
        mode: Mode = "min" if self._do_minimize else "max"
        rungs = self._settings.rungs(mode, self.random_seed)
        removal = self._settings.removal(mode, self.random_seed, "Syne Tune", **more)
        return Run(rungs, removal, self._settings.max_t, -1 if self._do_minimize else 1)

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self._kwargs().items())
        return f"PromotionASHA({given})"

    def _kwargs(self) -> dict[str, Any]:
        settings = {
            "metric": self._metric,
            "do_minimize": self._do_minimize,
            "time_attr": self._time_attr,
            "max_t": self._settings.max_t,
            "grace_period": self._settings.grace_period,
            "reduction_factor": self._settings.reduction_factor,
            "brackets": self._settings.brackets,
            "max_num_trials": self._max_num_trials,
            "max_checkpoints": self._settings.max_checkpoints,
            "max_bytes": self._settings.max_bytes,
            "policy": self._settings.policy_name,
            "random_seed": self.random_seed,
        }
        return {name: value for name, value in settings.items() if value is not None}

    def metric_names(self) -> list[str]:
        """The metric."""
        return [self._metric]

    def metric_mode(self) -> str:
        """Which metrics are good: the small ones ("min") or the large ones ("max")."""
        return "min" if self._do_minimize else "max"

    def metadata(self) -> dict[str, Any]:
        """What is written beside the results; plain data."""
        space = config_space_to_json_dict(self._config_space)
        return {
            "metric_names": self.metric_names(),
            "metric_mode": self.metric_mode(),
            "scheduler_name": type(self).__name__,
            "scheduler_kwargs": self._kwargs(),
            "config_space": dump_json_with_numpy(space),
        }

    # Figures.

    def extra_results(self) -> dict[str, int]:
        """Checkpoints removed, trials resumed, resource units trained again."""
        return self._run.removal.extra_results()

    def log(self) -> str:
        """The event log, as `rungkeeper replay` reads it.

        It is also written to `rungkeeper.jsonl` in the tuner's folder at the end of
        the run; there the last line is the event of the end, if nothing broke the run.
        """
        if self._callback is not None:
            return self._callback.log()
        return _promotion_log.text(self._run.removal, workers=0, seed=self.random_seed)

    @property
    def best_checkpoint(self) -> Path | None:
        """The folder with the checkpoint of the best trial, once that has ended.

        It is `best_checkpoint` in the trial's folder, so its parent's name is the
        number of the trial. The best is the one with the best metric at the highest
        level that was reached, of those whose checkpoint is there. While the run goes
        on this is the best of the trials that have ended. None where there is none.
        """
        files = None if self._callback is None else self._callback.files
        if files is None or self._run.best is None:
            return None
        return files.best(self._run.best)

    # What Syne Tune's loop asks.

    def callback_for_checkpoint_removal(
        self, stop_criterion: Callable[[Any], bool]
    ) -> PromotionCallback:
        """The callback that keeps the budget; the tuner asks for it.

        The stopping criterion tells how much of the run is left.

        Raises:
            TypeError: A limit of the stopping criterion is no number.
            ValueError: One is outside its range, or the scheduler has a run already.
        """
        if self._run.has_begun():
            raise ValueError(
                f"this scheduler has a run of {len(self._run.rungs)} trials already: "
                "load its tuner to go on with it, or make a new scheduler"
            )
        self._run = self._new_run(**self._limits(stop_criterion))
        self._callback = PromotionCallback(
            self._run,
            self._configurations,
            self._settings.max_bytes,
            self.random_seed,
        )
        return self._callback

    def _limits(self, criterion: Any) -> dict[str, Any]:
        trials = count(criterion, "max_num_trials_started", 0)
        # Syne Tune stops once there are more.
        given = [self._max_num_trials, None if trials is None else trials + 1]
        limits = {
            "max_wallclock_time": wallclock_time(criterion),
            "max_num_trials": min((n for n in given if n is not None), default=None),
            "max_num_reports": count(criterion, "max_num_evaluations", 1),
        }
        return {name: limit for name, limit in limits.items() if limit is not None}

    def suggest(self) -> TrialSuggestion | None:
        """A trial to resume, or else a new one; None ends the run.

        Raises:
            ValueError: The budget cannot be kept with this tuner.
            TypeError: The backend keeps no checkpoints, and is no simulator.
        """
        if self._callback is None:
            self._counting.refuse()
            self._counting.end_turn(self._run)
        else:
            self._callback.refuse(self._settings.max_checkpoints)
        was_interrupted = bool(self._run.interrupted)
        name = self._run.interrupted[0] if was_interrupted else self._run.promote()
        if name is not None:
            if self._callback is None:
                self._run.resume(name, None)
            else:
                self._callback.prepare(name, was_interrupted)
            return TrialSuggestion.resume_suggestion(trial_id=name)
        configuration = self._configurations.take()
        if configuration is None:
            return None
        return TrialSuggestion.start_suggestion(configuration)

    def on_trial_add(self, trial: Trial) -> None:
        """A new trial was started."""
        self._run.begin(trial.trial_id)

    def on_trial_result(self, trial: Trial, result: dict[str, Any]) -> str:
        """A trial reports: it goes on, is paused or stopped.

        What its process printed before the trial was paused does not count when it
        arrives after the resume.
        """
        name = trial.trial_id
        if name not in self._run.milestones:
            return str(SchedulerDecision.STOP)  # it has ended already
        if self._callback is None:
            self._counting.reported(result)
        resource = self._resource(name, result)
        # Only simulators have the tuner's time in results, and it is theirs.
        printed = result.get(ST_TUNER_TIME, result.get(ST_WORKER_TIMESTAMP))
        if resource is None or self._run.is_old(name, printed):
            return str(SchedulerDecision.CONTINUE)
        metric = as_number(result.get(self._metric))
        if metric is None:
            self._run.notes.no_metric(name, self._metric, result)
        else:
            self._run.notes.has_metric()
        decision = self._run.reported(name, resource, metric)
        told = (name, trial.config, resource, metric)
        self._configurations.reported(*told)
        if decision == SchedulerDecision.PAUSE:
            self._configurations.paused(*told)
        elif decision == SchedulerDecision.STOP:
            self._configurations.completed(*told)
        return decision

    def _resource(self, name: int, result: dict[str, Any]) -> int | None:
        """The resource of a result; None where it has none."""
        value = result.get(self._time_attr)
        number = as_number(value)
        if number is not None and 1 <= number < 2**53:
            return int(number)
        if self._time_attr not in result:
            self._run.notes.no_resource(name, self._time_attr, result)
            return None
        self._run.notes.once(
            f"resource of {name}",
            f"trial {name} reports {shown(value)} as {self._time_attr!r}, which must "
            "be a number from 1 to 2**53: such results do not count",
        )
        return None

    def on_trial_complete(self, trial: Trial, result: dict[str, Any]) -> None:
        """A trial's process ended by itself."""
        name = trial.trial_id
        self._run.complete(name)
        resource = self._resource(name, result)
        if resource is not None:
            metric = as_number(result.get(self._metric))
            self._configurations.completed(name, trial.config, resource, metric)
        self._offer_workers()

    def on_trial_remove(self, trial: Trial) -> None:
        """A trial was paused or stopped."""
        self._offer_workers()

    def on_trial_error(self, trial: Trial) -> None:
        """A trial's process failed."""
        logger.warning("trial %s failed", trial.trial_id)
        self._run.failed(trial.trial_id)
        self._configurations.failed(trial.trial_id)
        if self._callback is not None:
            self._callback.failed(trial.trial_id)
        self._offer_workers()

    def _offer_workers(self) -> None:
        if self._callback is not None:
            self._callback.offer_workers()
