"""Processor time of each callback in one run, told the same."""

import time
from collections.abc import Callable, Iterator
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


def turn(run: Run, subjects: list[Subject]) -> list[int]:
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
def grown(
    trials: int, *, only_rungs: bool = False
) -> Iterator[tuple[Run, Late, list[Subject]]]:
    """A run of so many trials, the reference, which knows all of it, and the others."""
    clock = Clock()
    named: dict[str, Any] = {
        "metric": METRIC,
        "resource_attr": LEVEL,
        "max_num_checkpoints": BUDGET,
    }
    # Both callbacks of Syne Tune ask for the time here.
    with mock.patch.object(time, "perf_counter", clock):
        run, core = Run(clock, only_rungs), Core(clock)
        late = Late("the reference", Reference(**named, **SETTINGS), run.scheduler)
        own = SyneTune(
            "rungkeeper.syne_tune", Replacement(**named, **SETTINGS), run.scheduler
        )
        others: list[Subject] = [core, own]
        run.fill([late, *others])
        while len(run.trials) < trials:
            turn(run, [late, *others])
        for subject in others:
            subject.removed.clear()
        late.join(core.callback, run.rungs.paused_trials())
        yield run, late, others


def means(
    run: Run, subjects: list[Subject], rounds: int, reports: int
) -> list[list[float]]:
    """Microseconds a report in each round, by callback."""
    return np.transpose(
        [
            np.mean([turn(run, subjects) for _ in range(reports)], axis=0) / 1000
            for _ in range(rounds)
        ]
    ).tolist()


def of_all(
    trials: int, rounds: int, reports: int
) -> tuple[list[Subject], list[list[float]]]:
    """The callbacks, the reference first, and microseconds a report in each round."""
    with grown(trials) as (run, reference, others):
        subjects: list[Subject] = [reference, *others]
        return subjects, means(run, subjects, rounds, reports)
