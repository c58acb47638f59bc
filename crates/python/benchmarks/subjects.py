"""The callbacks that are compared."""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from run import LEVELS, MAX_RESOURCE, Clock, Report
from rungkeeper import RemovalCallback
from syne_tune.backend.trial_status import Trial  # type: ignore[import-untyped]
from syne_tune.callbacks.hyperband_remove_checkpoints_callback import (  # type: ignore[import-untyped]
    HyperbandRemoveCheckpointsCommon as ReferenceWithoutEstimators,
)

BUDGET = 50
SETTINGS: dict[str, Any] = {"mode": "min", "max_wallclock_time": 10_000}


REFERENCE = "speculative"
"""The reference's policy."""


class Core:
    """`rungkeeper.RemovalCallback`, told as any tuner would tell it.

    Attributes:
        name: What it is called in the table.
        policy: Its policy: the reference's, "speculative", or another.
    """

    def __init__(self, clock: Clock, policy: str = REFERENCE) -> None:
        self.policy = policy
        self.name = "rungkeeper.RemovalCallback"
        if policy != REFERENCE:
            self.name += f", policy {policy}"
        self.callback = RemovalCallback(
            rungs=LEVELS,
            max_resource=MAX_RESOURCE,
            max_checkpoints=BUDGET,
            policy=policy,
            repeated_reports_are_data=True,
            promoted_behind_equals=True,
            **SETTINGS,
        )
        self.removed: list[str] = []
        self._clock = clock

    def start(self, trial: Trial) -> None:
        self.callback.start(trial.trial_id)

    def resume(self, trial: Trial) -> None:
        self.callback.resume(trial.trial_id)

    def report(self, report: Report) -> None:
        trial = report.trial.trial_id
        self.callback.result(trial, report.level, report.loss, report.decision)
        if report.decision == "PAUSE":
            self.callback.checkpoint_committed(trial, report.level)

    def loop_end(self) -> None:
        removals = self.callback.loop_end(self._clock.now)
        self.removed += [removal.trial for removal in removals]


class SyneTune:
    """A callback of Syne Tune, called by its own names."""

    policy = REFERENCE

    def __init__(self, name: str, callback: Any, scheduler: Any) -> None:
        self.name = name
        self.callback = callback
        self.removed: list[str] = []
        delete = SimpleNamespace(
            delete_checkpoint=lambda trial_id: self.removed.append(str(trial_id))
        )
        callback.on_tuning_start(
            SimpleNamespace(scheduler=scheduler, trial_backend=delete)
        )

    def start(self, trial: Trial) -> None:
        self.callback.on_start_trial(trial)

    def resume(self, trial: Trial) -> None:
        self.callback.on_resume_trial(trial)

    def report(self, report: Report) -> None:
        self.callback.on_trial_result(
            report.trial, "InProgress", report.result, report.decision
        )

    def loop_end(self) -> None:
        self.callback.on_loop_end()


class Late(SyneTune):
    """The reference, which joins late: seeing the whole run would take minutes.

    Until it joins, it notes only where trials are; then it takes over what another
    callback has learned from the same events.
    """

    joined = False

    def report(self, report: Report) -> None:
        if self.joined:
            super().report(report)
        else:
            ReferenceWithoutEstimators.on_trial_result(
                self.callback,
                report.trial,
                "InProgress",
                report.result,
                report.decision,
            )

    def loop_end(self) -> None:
        if self.joined:
            super().loop_end()

    def join(self, core: RemovalCallback, paused: Iterable[tuple[Any, ...]]) -> None:
        """Takes over which checkpoints there are, and the estimators' counts."""
        self.joined = True
        kept = {candidate.trial_id for candidate in core.candidates()}
        for trial, _, _, level in paused:
            if trial not in kept:
                self.callback._remove_checkpoint_of(trial, level)
        self.removed.clear()
        for level in LEVELS:
            learned = core.estimator_for_rung(level)
            if learned is None:
                continue
            ones = learned.num_one
            values = [True] * ones + [False] * (learned.num_total - ones)
            self.callback.estimator_for_rung(level).update(values)
            self.callback._estimator_overall.update(values)
