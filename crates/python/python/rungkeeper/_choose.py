"""Which checkpoints of a run of any tuner can go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, TypedDict

from rungkeeper import _core
from rungkeeper._source import source


class Removable(TypedDict):
    """A checkpoint that can go.

    Attributes:
        trial: The trial, as text.
        level: The rung level it waits at.
        rank: Its rank there, 1 for the best.
        rung_len: Number of trials that have reached that level.
        chance: The probability that it is resumed in the time that is left; None where
            the policy estimates none.
        expected_cost: What losing it costs in expectation, in resource units.
        expected_seconds: The same in seconds, where the table tells those.
        bytes: Its size, as the table tells it or the disk; None where neither does.
        paths: Where it lies.
    """

    trial: str
    level: int
    rank: int
    rung_len: int
    chance: float | None
    expected_cost: float | None
    expected_seconds: float | None
    bytes: int | None
    paths: list[str]


class BestReport(TypedDict):
    """The best report of a run that is over, the first of equals.

    Attributes:
        trial: The trial, as text.
        metric: What it reported, a finite number.
        resource: Where, in units of resource.
        path: The path of this row of the table; if it tells none, the only one of the
            trial. None where there are none, or several of other rows.
        is_gone: Whether nothing is at that path any more, though other paths of the
            table are there.
    """

    trial: str
    metric: float
    resource: int
    path: str | None
    is_gone: bool


class Choice(TypedDict):
    """What can go, and what is there.

    Attributes:
        metric: The metric by which trials are ranked.
        mode: Whether small or large values of it are good.
        levels: Rung levels that were used.
        levels_guessed: Whether those are a guess.
        levels_from: What tells them: "asked", the arguments; "table", its resources or
            where trials wait by their status; or a guess: "ends", where many trials
            have their last report, or "steps" of 4.
        max_resource: Resource at which trials end.
        running: Trials that train.
        beyond_levels: Those of them that tell no status, and are taken to run since
            their last resource is no rung level. If they wait, give `levels` or a
            column of the status.
        waiting: Trials that wait and hold a checkpoint.
        without_checkpoint: Trials that wait and hold none.
        ended: Trials that have ended. Their checkpoints do not count.
        held: Checkpoints held, those of running trials included.
        held_bytes: Size of those whose size is told; None where none is.
        candidates: Checkpoints that could go.
        freed_bytes: Size of those that can go, as far as it is known; None where none
            is.
        checkpoints_over: Checkpoints too many that are left although all candidates go.
        bytes_over: Bytes too many, likewise.
        absent_paths: Paths on a disk that the table lists, where none of them is there:
            it then speaks of another machine, or they begin in another working
            directory. 0 where some is there.
        best: The best report of a run that is over. None as long as a trial has not
            ended, and where no metric is a finite number.
        remove: The checkpoints that can go, first to go first.
    """

    metric: str
    mode: Literal["min", "max"]
    levels: list[int]
    levels_guessed: bool
    levels_from: Literal["asked", "table", "ends", "steps"]
    max_resource: int
    running: int
    beyond_levels: int
    waiting: int
    without_checkpoint: int
    ended: int
    held: int
    held_bytes: int | None
    candidates: int
    freed_bytes: int | None
    checkpoints_over: int
    bytes_over: int
    absent_paths: int
    best: BestReport | None
    remove: list[Removable]


def choose(
    table: Any,
    *,
    max_checkpoints: int | None = None,
    max_bytes: int | None = None,
    time_left: float = 1.0,
    metric: str | None = None,
    mode: Literal["min", "max"] | None = None,
    max_resource: int | None = None,
    eta: float | None = None,
    grace_period: int | None = None,
    levels: Iterable[int] | None = None,
    policy: Literal["rank_aware", "by_level"] = "rank_aware",
    promotion_rule: Literal["top_fraction", "linear_quantile"] = "top_fraction",
    trial_column: str | None = None,
    resource_column: str | None = None,
    seconds_column: str | None = None,
    cumulative_seconds: bool = False,
    bytes_column: str | None = None,
    path_column: str | None = None,
    status_column: str | None = None,
) -> Choice:
    """Tells which checkpoints of a run can go, so that a budget is kept.

    It is for runs that go on: where all trials have ended, nothing is chosen, and
    `best` names the best report. It deletes nothing and stores nothing. Rows stand in
    the order in which they were reported; this matters only for ties. Relative paths
    begin in the working directory. Paths at which nothing is any more are left out,
    unless that holds for all of them.

    Args:
        table: What the trials have reported so far: columns `trial`, `resource`, a
            metric, and where they are known `seconds`, `bytes`, `path` and `status`
            (running, paused, removed, pinned or ended; the words of other tuners are
            known too). A path to a CSV file, a frame of pandas or polars, or a mapping
            from names to columns.
        max_checkpoints: Most checkpoints to keep, those of running trials included.
        max_bytes: Most bytes of checkpoints to keep. Where the table tells no sizes,
            what is at its paths is measured.
        time_left: What is left of the run over what is used: 1 in the middle of it.
        metric: Name of the metric column. By default the only column of numbers, or the
            only one of them called as metrics are (`loss`, `val_accuracy`).
        mode: Whether small or large metrics are good. By default "max" for names as
            accuracy, score, auc or f1, otherwise "min".
        max_resource: Resource at which trials end. By default the largest listed.
        eta: Reduction factor: from a rung level to the next, a whole number.
        grace_period: The first rung level. By default the first resource listed.
        levels: Rung levels, instead of `grace_period` and `eta`. By default what the
            table suggests, or a guess: see `levels_from`.
        policy: By what checkpoints are chosen.
        promotion_rule: When a paused trial is promoted.
        trial_column: Name of the column of trials.
        resource_column: Name of the column of resources.
        seconds_column: Name of the column of seconds.
        cumulative_seconds: Whether seconds count from the start of the trial.
        bytes_column: Name of the column of sizes.
        path_column: Name of the column of paths.
        status_column: Name of the column that tells what trials are doing.

    Returns:
        What can go, and what is there.

    Raises:
        ValueError: An argument, or a line of the table, that is not as it should be.
        TypeError: An argument of another type.

    Example:
        >>> table = {"trial": "abcd", "resource": [1] * 4, "loss": [0.5, 0.3, 0.4, 0.7]}
        >>> choice = choose(table, max_checkpoints=3, max_resource=27)
        >>> [one["trial"] for one in choice["remove"]]
        ['d']
    """
    settings: dict[str, Any] = {
        "max_checkpoints": max_checkpoints,
        "max_bytes": max_bytes,
        "time_left": time_left,
        "metric": metric,
        "mode": mode,
        "max_resource": max_resource,
        "eta": eta,
        "grace_period": grace_period,
        "levels": None if levels is None else list(levels),
        "policy": policy,
        "promotion_rule": promotion_rule,
        "trial_column": trial_column,
        "resource_column": resource_column,
        "seconds_column": seconds_column,
        "cumulative_seconds": cumulative_seconds,
        "bytes_column": bytes_column,
        "path_column": path_column,
        "status_column": status_column,
    }
    # What comes back has these fields: a test compares them.
    return _core.choose(source("table", table), settings)  # type: ignore[return-value]
