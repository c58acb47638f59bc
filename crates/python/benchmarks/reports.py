"""Processor time of each callback in a run of its own, all of the same events.

A tuner has one callback. Where all are told in one run, the work of the reference
empties the caches for the one after it, which warms them for the next.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any
from unittest import mock

import numpy as np
from figures import nanoseconds
from run import LEVEL, METRIC, Clock, Report, Run, Subject
from rungkeeper.syne_tune import HyperbandRemoveCheckpointsCallback as Replacement
from subjects import BUDGET, REFERENCE, SETTINGS, Core, Late, SyneTune
from syne_tune.callbacks.hyperband_remove_checkpoints_callback import (  # type: ignore[import-untyped]
    HyperbandRemoveCheckpointsCallback as Reference,
)

DEFAULT = "rank_aware"
"""The policy of who names none."""

Told = tuple[Run, list[Subject]]
"""A run, and who is told of it, in this order."""

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
    """Goes on until this many trials have begun."""
    with timed_by(run):
        run.fill(subjects)
        while len(run.trials) < trials:
            turn(run, subjects)
    for subject in subjects:
        subject.removed.clear()


def reference(trials: int, *, only_rungs: bool = False) -> Told:
    """The reference, which knows all of a run of this many trials."""
    run, (late, _) = with_reference(trials, [], only_rungs=only_rungs)
    return run, [late]


def core(trials: int, policy: str = REFERENCE) -> Told:
    """The callback for any tuner."""
    run = Run(Clock())
    own = Core(run.clock, policy)
    grow(run, trials, [own])
    return run, [own]


def replacement(trials: int) -> Told:
    """What takes the place of the reference."""
    run = Run(Clock())
    own = replacing(run)
    grow(run, trials, [own])
    return run, [own]


def all_together(trials: int) -> Told:
    """All in one run, the reference first."""
    return with_reference(trials, [replacing])


def with_reference(
    trials: int,
    others: Sequence[Callable[[Run], Subject]],
    *,
    only_rungs: bool = False,
) -> Told:
    """The reference, the callback that it takes over from when it joins, and others."""
    run = Run(Clock(), only_rungs)
    knows_all = Core(run.clock)
    late = Late("the reference", Reference(**NAMED, **SETTINGS), run.scheduler)
    subjects = [late, knows_all, *(make(run) for make in others)]
    grow(run, trials, subjects)
    late.join(knows_all.callback, run.rungs.paused_trials())
    return run, subjects


def replacing(run: Run) -> Subject:
    with timed_by(run):
        callback = Replacement(**NAMED, **SETTINGS)
        return SyneTune("rungkeeper.syne_tune", callback, run.scheduler)


def means(run: Run, subjects: Sequence[Subject], reports: int) -> list[float]:
    """Microseconds a report of each."""
    with timed_by(run):
        times = [turn(run, subjects) for _ in range(reports)]
    return (np.mean(times, axis=0) / 1000).tolist()


def of_all(
    trials: int, rounds: int, reports: int, *, together: bool
) -> tuple[list[Subject], list[list[float]]]:
    """The callbacks, the reference first, and microseconds a report in each round."""
    by_default = partial(core, policy=DEFAULT)
    apart = [reference, core, by_default, replacement]
    makers = [all_together] if together else apart
    told = [make(trials) for make in makers]
    times = [
        [time for one in told for time in means(*one, reports)] for _ in range(rounds)
    ]
    subjects = [subject for _, some in told for subject in some]
    return subjects, np.transpose(times).tolist()
