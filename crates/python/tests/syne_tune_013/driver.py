"""Driving Syne Tune's real scheduler the way its tuner does, without processes."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from syne_tune.backend.trial_status import Status, Trial
from syne_tune.config_space import uniform
from syne_tune.optimizer import schedulers

METRIC, RESOURCE = "loss", "epoch"

# It has another name in 0.14.
HyperbandScheduler = getattr(schedulers, "HyperbandScheduler", None) or (
    schedulers.LegacyHyperbandScheduler
)


def make_scheduler(**settings: Any) -> Any:
    """A scheduler that pauses trials and promotes them."""
    return HyperbandScheduler(
        {"x": uniform(0, 1)},
        **{
            "searcher": "random",
            "search_options": {"debug_log": False},
            "metric": METRIC,
            "resource_attr": RESOURCE,
            "mode": "min",
            "type": "promotion",
            "grace_period": 1,
            "reduction_factor": 3,
            "max_t": 27,
            "random_seed": 0,
        }
        | settings,
    )


class Backend:
    """Takes what callbacks delete."""

    def __init__(self) -> None:
        self.deleted: list[int] = []

    def delete_checkpoint(self, trial_id: int) -> None:
        assert isinstance(trial_id, int)
        self.deleted.append(trial_id)


class Run:
    """A scheduler and callbacks, told what happens as the tuner tells them."""

    def __init__(
        self, scheduler: Any, tuner: dict[str, Any] | None = None, **callbacks: Any
    ) -> None:
        self.scheduler = scheduler
        self.tuner = tuner or {}
        self.callbacks = callbacks
        self.backends: dict[str, Any] = {name: Backend() for name in callbacks}
        self.trials: dict[int, Trial] = {}
        self.levels: dict[int, int] = {}  # how far each trial is trained
        self.start()

    def start(self) -> None:
        """Tuning starts, or goes on after it was interrupted."""
        for name, callback in self.callbacks.items():
            callback.on_tuning_start(
                SimpleNamespace(
                    scheduler=self.scheduler,
                    trial_backend=self.backends[name],
                    **self.tuner,
                )
            )

    def next_task(self) -> tuple[str, int]:
        """What the scheduler gives a free worker: a new trial, or a paused one."""
        new = len(self.trials)
        suggestion = self.scheduler.suggest(trial_id=new)
        if suggestion.spawn_new_trial_id:
            trial = Trial(new, suggestion.config, dt.datetime(2020, 1, 1))
            self.trials[new] = trial
            self.levels[new] = 0
            self.scheduler.on_trial_add(trial)
            for callback in self.callbacks.values():
                callback.on_start_trial(trial)
            return "start", new
        promoted = suggestion.checkpoint_trial_id
        for callback in self.callbacks.values():
            callback.on_resume_trial(self.trials[promoted])
        return "resume", promoted

    def report(self, trial_id: int, level: int, metric: float) -> str:
        """What the scheduler decides on a report."""
        trial = self.trials[trial_id]
        result = {METRIC: metric, RESOURCE: level}
        decision = self.scheduler.on_trial_result(trial, dict(result))
        for callback in self.callbacks.values():
            callback.on_trial_result(trial, Status.in_progress, result, decision)
        if decision != "CONTINUE":
            self.scheduler.on_trial_remove(trial)
        return str(decision)

    def train(self, metric: Callable[[int, int], float]) -> None:
        """A worker's turn: a trial starts or resumes, and reports up to its rung."""
        _, trial_id = self.next_task()
        decision = "CONTINUE"
        while decision == "CONTINUE":
            self.levels[trial_id] += 1
            level = self.levels[trial_id]
            decision = self.report(trial_id, level, metric(trial_id, level))

    def crash(self, trial_id: int) -> None:
        """The trial's program ends with an error."""
        trial = self.trials[trial_id]
        for callback in self.callbacks.values():
            callback.on_fetch_status_results({trial_id: (trial, Status.failed)}, [])
        self.scheduler.on_trial_error(trial)

    def loop_end(self) -> dict[str, list[int]]:
        """Ends a turn; what each callback deleted."""
        deleted = {}
        for name, callback in self.callbacks.items():
            before = len(self.backends[name].deleted)
            callback.on_loop_end()
            deleted[name] = self.backends[name].deleted[before:]
        return deleted


class Clock:
    """Stands in for the clock that callbacks read."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def stopped_clock() -> Iterator[Clock]:
    """A clock that only the test moves."""
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock()
        patch.setattr(time, "perf_counter", clock)
        yield clock
