"""A run, scheduled by the reference's own rungs, and who is told of it."""

import datetime as dt
import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Literal, Protocol

import numpy as np
from syne_tune.backend.trial_status import Trial  # type: ignore[import-untyped]
from syne_tune.optimizer.schedulers.hyperband import (  # type: ignore[import-untyped]
    HyperbandBracketManager,
)

METRIC, LEVEL = "loss", "epoch"
LEVELS = [1, 3, 9, 27]
MAX_RESOURCE = 81
WORKERS = 16
BORN = dt.datetime(2020, 1, 1)

Decision = Literal["CONTINUE", "PAUSE", "STOP"]


@dataclass
class Clock:
    """Seconds of the run; callbacks that read the time read this."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Report:
    """A report and what the scheduler decided, in the forms the callbacks take."""

    trial: Trial
    level: int
    loss: float
    decision: Decision
    result: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "result", {METRIC: self.loss, LEVEL: self.level})


class Subject(Protocol):
    """A callback that is told of the run."""

    name: str
    policy: str
    removed: list[str]

    def start(self, trial: Trial) -> None: ...
    def resume(self, trial: Trial) -> None: ...
    def report(self, report: Report) -> None: ...
    def loop_end(self) -> None: ...


class Run:
    """Workers, and the reference's rungs, which promote; losses are random.

    Trials report at each level, or only at rungs and at the end.
    """

    def __init__(self, clock: Clock, only_rungs: bool = False) -> None:
        self.clock = clock
        self._reported = (
            [*LEVELS, MAX_RESOURCE] if only_rungs else range(1, MAX_RESOURCE + 1)
        )
        self.scheduler = SimpleNamespace(bracket_distribution=lambda: np.ones(1))
        self.rungs = HyperbandBracketManager(
            scheduler_type="promotion",
            resource_attr=LEVEL,
            metric=METRIC,
            mode="min",
            max_t=MAX_RESOURCE,
            rung_levels=LEVELS,
            brackets=1,
            rung_system_per_bracket=False,
            cost_attr=None,
            random_seed=0,
            rung_system_kwargs={},
            scheduler=self.scheduler,
        )
        self.scheduler.terminator = self.rungs
        self.trials: list[Trial] = []
        self._qualities: list[float] = []
        self._reports: list[int] = []  # of each trial, so far
        self._due: list[tuple[float, int]] = []  # when each running trial reports
        self._draw = np.random.default_rng(1)

    def fill(self, subjects: Iterable[Subject]) -> None:
        """Gives each free worker a trial to promote, or a new one."""
        while len(self._due) < WORKERS:
            promoted, task = self.rungs.on_task_schedule(str(len(self.trials)))
            number = len(self.trials) if promoted is None else int(promoted)
            new = promoted is None
            if new:
                self.trials.append(Trial(number, {}, BORN))
                self._qualities.append(self._draw.uniform())
                self._reports.append(0)
            self.rungs.on_task_add(str(number), new_config=new, **task)
            for subject in subjects:
                tell = subject.start if new else subject.resume
                tell(self.trials[number])
            self._train(number)

    def next_report(self) -> Report:
        """The report that is due next."""
        self.clock.now, number = heapq.heappop(self._due)
        level = self._reported[self._reports[number]]
        self._reports[number] += 1
        loss = self._qualities[number] + 1 / level + 0.1 * self._draw.normal()
        result = {METRIC: loss, LEVEL: level}
        if self.rungs.on_task_report(str(number), result)["task_continues"]:
            decision: Decision = "CONTINUE"
            self._train(number)
        else:
            self.rungs.on_task_remove(str(number))
            decision = "STOP" if level == MAX_RESOURCE else "PAUSE"
        return Report(self.trials[number], level, loss, decision)

    def _train(self, number: int) -> None:
        due = self.clock.now + self._draw.uniform(0.5, 1.5)
        heapq.heappush(self._due, (due, number))
