"""Processor time of each callback in one run, told the same."""

import time
from collections.abc import Callable
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


def of_all(
    trials: int, rounds: int, reports: int
) -> tuple[list[Subject], list[list[float]]]:
    """The callbacks, the reference first, and microseconds a report in each round."""
    clock = Clock()
    named: dict[str, Any] = {
        "metric": METRIC,
        "resource_attr": LEVEL,
        "max_num_checkpoints": BUDGET,
    }
    # Both callbacks of Syne Tune ask for the time here.
    with mock.patch.object(time, "perf_counter", clock):
        run, core = Run(clock), Core(clock)
        late = Late("the reference", Reference(**named, **SETTINGS), run.scheduler)
        own = SyneTune(
            "rungkeeper.syne_tune", Replacement(**named, **SETTINGS), run.scheduler
        )
        subjects: list[Subject] = [late, core, own]
        run.fill(subjects)
        while len(run.trials) < trials:
            turn(run, subjects)
        for subject in subjects:
            subject.removed.clear()
        late.join(core.callback, run.rungs.paused_trials())
        means = [
            np.mean([turn(run, subjects) for _ in range(reports)], axis=0) / 1000
            for _ in range(rounds)
        ]
    return subjects, np.transpose(means).tolist()
