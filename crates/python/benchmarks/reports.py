"""Processor time of each callback in a run of its own, all of the same events.

A tuner has one callback. Were all told in one run, the work of the reference would
empty the caches for the one after it, which would warm them for the next.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np
from figures import nanoseconds
from run import LEVEL, METRIC, Clock, Report, Run, Subject
from rungkeeper.syne_tune import HyperbandRemoveCheckpointsCallback as Replacement
from subjects import BUDGET, SETTINGS, Core, Late, SyneTune
from syne_tune.callbacks.hyperband_remove_checkpoints_callback import (  # type: ignore[import-untyped]
    HyperbandRemoveCheckpointsCallback as Reference,
)

Told = tuple[Run, Subject]
"""A run, and who is told of it."""

NAMED: dict[str, Any] = {
    "metric": METRIC,
    "resource_attr": LEVEL,
    "max_num_checkpoints": BUDGET,
}


def turn(run: Run, subjects: Sequence[Subject]) -> list[int]:
    """One report, the free workers, the loop end: nanoseconds of each callback."""
    report = run.next_report()
    spent = [measured(subject.report, report) for subject in subjects]
    run.fill(subjects)
    ends = [measured(subject.loop_end) for subject in subjects]
    return [one + other for one, other in zip(spent, ends, strict=True)]


def measured(call: Callable[..., None], *arguments: Report) -> int:
    """Nanoseconds of processor time."""
    begin = nanoseconds()
    call(*arguments)
    return nanoseconds() - begin


@contextmanager
def timed_by(run: Run) -> Iterator[None]:
    """Both callbacks of Syne Tune ask for the time here."""
    with mock.patch.object(time, "perf_counter", run.clock):
        yield


def grow(run: Run, trials: int, subjects: Sequence[Subject]) -> None:
    """Goes on until so many trials have begun."""
    run.fill(subjects)
    while len(run.trials) < trials:
        turn(run, subjects)
    for subject in subjects:
        subject.removed.clear()


def reference(trials: int, *, only_rungs: bool = False) -> tuple[Run, Late]:
    """The reference, which knows all of a run of so many trials."""
    run = Run(Clock(), only_rungs)
    with timed_by(run):
        core = Core(run.clock)
        late = Late("the reference", Reference(**NAMED, **SETTINGS), run.scheduler)
        grow(run, trials, [late, core])
        late.join(core.callback, run.rungs.paused_trials())
    return run, late


def replacement(trials: int) -> Told:
    """What takes its place."""
    run = Run(Clock())
    with timed_by(run):
        callback = Replacement(**NAMED, **SETTINGS)
        own = SyneTune("rungkeeper.syne_tune", callback, run.scheduler)
        grow(run, trials, [own])
    return run, own


def core(trials: int) -> Told:
    """The callback for any tuner."""
    run = Run(Clock())
    own = Core(run.clock)
    grow(run, trials, [own])
    return run, own


def mean(run: Run, subject: Subject, reports: int) -> float:
    """Microseconds a report."""
    with timed_by(run):
        times = [turn(run, [subject]) for _ in range(reports)]
    return float(np.mean(times)) / 1000


def of_all(
    trials: int, rounds: int, reports: int
) -> tuple[list[Subject], list[list[float]]]:
    """The callbacks, the reference first, and microseconds a report in each round."""
    told: list[Told] = [reference(trials), core(trials), replacement(trials)]
    times = [[mean(*one, reports) for one in told] for _ in range(rounds)]
    return [subject for _, subject in told], np.transpose(times).tolist()
