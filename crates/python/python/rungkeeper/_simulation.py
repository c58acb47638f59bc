"""Simulated runs on tabulated learning curves."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypedDict

import numpy as np

from rungkeeper import _core
from rungkeeper._promotion import POLICIES
from rungkeeper._source import source

_BUDGETS_PER_WORKER = (2, 4, 8, 16, 32)


class SimulatedRun(TypedDict):
    """What a simulated run came to.

    Attributes:
        curves: Name of the curves: the file, or "table".
        policy: Name of the policy.
        budget: Most checkpoints, those of running trials included.
        seed: Seed of the run.
        eta: Reduction factor; 0 where levels were given.
        workers: Number of workers.
        started: Trials started.
        resumed: Times a paused trial was resumed.
        removed: Checkpoints removed.
        resumed_without_checkpoint: Times a trial was resumed whose checkpoint had been
            removed.
        cost_resources: Resource units to be trained again because of that.
        cost_seconds: Seconds needed for it.
        optimum: The least cost_resources of any choice of checkpoints; None unless
            frozen.
        reports: Reports of all trials.
        trained_resources: Resource units trained for the first time.
        trained_seconds: Seconds needed for those.
        peak_checkpoints: Most checkpoints at any time.
    """

    curves: str
    policy: str
    budget: int
    seed: int
    eta: int
    workers: int
    started: int
    resumed: int
    removed: int
    resumed_without_checkpoint: int
    cost_resources: int
    cost_seconds: float
    optimum: int | None
    reports: int
    trained_resources: int
    trained_seconds: float
    peak_checkpoints: int


def simulate(
    curves: Any,
    *,
    metric: str | None = None,
    mode: Literal["min", "max"] | None = None,
    policies: str | Sequence[str] = POLICIES,
    budgets: int | Iterable[int] | None = None,
    seeds: int = 10,
    eta: float | Iterable[float] = 4,
    workers: int | Iterable[int] = 4,
    grace_period: int | None = None,
    max_resource: int | None = None,
    levels: Iterable[int] | None = None,
    promotion_rule: Literal["top_fraction", "linear_quantile"] = "top_fraction",
    brackets: int = 1,
    own_rungs: bool = False,
    frozen: bool = False,
    with_replacement: bool = False,
    in_order: bool = False,
    cut_off: Literal["donor", "as-is", "refuse"] = "donor",
    max_trials: int | None = None,
    max_seconds: float | None = None,
    max_reports: int | None = None,
    max_total_resource: int | None = None,
    threads: int | None = None,
) -> list[SimulatedRun]:
    """Runs successive halving on learning curves and counts what budgets cost.

    Each combination of curves, reduction factor, workers, budget, seed and policy is
    one run, in that order, under a virtual clock. The interpreter's lock is released
    meanwhile. The same seed gives the same run, whatever the number of threads.

    Args:
        curves: A path to a CSV file with the columns `trial`, `resource`, a metric and
            `seconds` (others are ignored); or a table with such columns, a pandas
            DataFrame or a mapping from names to columns; or a list of these.
        metric: Name of the metric column. By default the only column of numbers, or the
            only one of them called as metrics are (`loss`, `val_accuracy`).
        mode: Whether small or large metrics are good. By default "max" for names as
            accuracy, score, auc or f1, otherwise "min".
        policies: Which checkpoints are removed: "rank_aware", "speculative",
            "by_level", "random"; by default each in turn.
        budgets: Most checkpoints, those of running trials included. By default 2, 4,
            8, 16 and 32 per worker.
        seeds: Number of runs of each combination, with the seeds 0, 1, 2, ...
        eta: Reduction factor: from a rung level to the next, a whole number.
        workers: Trials that train at the same time.
        grace_period: The first rung level. By default the first resource listed.
        max_resource: Resource at which trials stop. By default the last one listed.
        levels: Rung levels, instead of `grace_period` and `eta`.
        promotion_rule: When a paused trial is promoted.
        brackets: Number of brackets.
        own_rungs: Whether each bracket has rungs of its own.
        frozen: Whether training again is only counted and takes no time. All policies
            then see the same run, and `optimum` is known.
        with_replacement: Whether curves may be drawn that were used already.
        in_order: Whether the curves start in the order of the table, the same for each
            seed, and not in an order that is drawn.
        cut_off: What becomes of curves that end before `max_resource`, as those of
            paused trials do: "donor", they go on as another one of about the same rank
            did; "as-is", they are complete there; "refuse".
        max_trials: Start no more trials. By default the number of curves.
        max_seconds: End each run after that many seconds of its own time.
        max_reports: End each run after that many reports.
        max_total_resource: End each run after that many resource units.
        threads: Number of threads. By default one per core.

    Returns:
        One dictionary a run.

    Raises:
        ValueError: An argument, or a line of a table, that is not as it should be.
        TypeError: An argument of another type.

    Example:
        >>> table = {
        ...     "trial": [0, 0, 1, 1, 2, 2],
        ...     "resource": [1, 2, 1, 2, 1, 2],
        ...     "loss": [0.9, 0.8, 0.7, 0.6, 0.8, 0.5],
        ... }
        >>> runs = simulate(table, policies="by_level", budgets=2, eta=2, workers=1)
        >>> len(runs), runs[0]["started"]
        (10, 3)
    """
    settings: dict[str, Any] = {
        "metric": metric,
        "mode": mode,
        "policies": [policies] if isinstance(policies, str) else policies,
        "seeds": seeds,
        "eta": _several(eta),
        "workers": _several(workers),
        "grace_period": grace_period,
        "max_resource": max_resource,
        "levels": levels,
        "promotion_rule": promotion_rule,
        "brackets": brackets,
        "own_rungs": own_rungs,
        "frozen": frozen,
        "with_replacement": with_replacement,
        "in_order": in_order,
        "cut_off": cut_off,
        "max_trials": max_trials,
        "max_seconds": max_seconds,
        "max_reports": max_reports,
        "max_total_resource": max_total_resource,
        "threads": threads,
    }
    if budgets is None:
        most = max(map(_whole, settings["workers"]), default=1)
        budgets = [most * each for each in _BUDGETS_PER_WORKER]
    settings["budgets"] = _several(budgets)
    tables = curves if isinstance(curves, (list, tuple)) else [curves]
    # What comes back has these fields: a test compares them.
    return _core.simulate([source("curves", table) for table in tables], settings)  # type: ignore[return-value]


def _several(value: Any) -> Any:
    """One value stands for a list of it."""
    if isinstance(value, str):
        return [value]
    try:
        return list(value)
    except TypeError:  # also an array of NumPy that is a single number
        return [value]


def _whole(value: Any) -> int:
    """The number of an integer of any kind; 1 for what the core will refuse."""
    try:
        return 1 if isinstance(value, (bool, np.bool_)) else operator.index(value)
    except TypeError:
        return 1
