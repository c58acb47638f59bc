"""What Syne Tune's scheduler knows of rungs.

The scheduler keeps its rungs in its `terminator`. They are read once, when tuning
starts; later the removal callback learns from events alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from rungkeeper import RemovalCallback
from rungkeeper._numbers import is_finite


class Standing(NamedTuple):
    """A trial's entry in a rung."""

    level: int
    metric: float
    promoted: bool


def settings(terminator: Any) -> dict[str, Any]:
    """The rungs and brackets, as settings of a `RemovalCallback`."""
    rungs = [
        (level, quantile) for level, _, quantile in terminator.information_for_rungs()
    ]
    return {
        "rungs": sorted(rungs),
        # A last bracket without rungs is none: its trials run to the end at a stretch.
        "brackets": min(terminator.num_brackets, len(rungs)),
        "own_rungs": _own_rungs(terminator),
    }


def bracket_of(terminator: Any, trial: str) -> int:
    """The bracket that a trial was just started in."""
    if terminator.num_brackets == 1:
        return 0
    # There is no public way to ask for it.
    return int(terminator._task_info.get(trial, 0))


def catch_up(core: RemovalCallback, terminator: Any) -> bool:
    """Tells a new callback of the trials that stand in rungs already.

    They are there where the callback joins a run that went on without it. In what order
    they arrived is not known: by their numbers, it is assumed.

    Returns:
        Whether all metrics are finite numbers.
    """
    all_finite = True
    for bracket, trial, standings in _standings(terminator):
        core.start(trial, bracket)
        for standing in standings:
            all_finite &= is_finite(standing.metric)
            core.result(
                trial,
                standing.level,
                standing.metric,
                "CONTINUE" if standing.promoted else "PAUSE",
            )
        if standings[-1].promoted:
            core.complete(trial)  # whatever it did since, nobody follows it any more
    return all_finite


def _own_rungs(terminator: Any) -> bool:
    several = terminator.num_brackets > 1
    return several and bool(terminator._rung_system_per_bracket)


def _standings(terminator: Any) -> Iterator[tuple[int, str, list[Standing]]]:
    """Of each trial in a rung: its bracket, its number, its entries from the lowest."""
    own_rungs = _own_rungs(terminator)
    levels = [level for level, _ in settings(terminator)["rungs"]]
    found: dict[str, list[Standing]] = {}
    for bracket in range(terminator.num_brackets if own_rungs else 1):
        for level, entries in reversed(terminator.snapshot_rungs(bracket)):
            for entry in entries:
                promoted = getattr(entry, "was_promoted", True)
                standing = Standing(level, entry.metric_val, promoted)
                found.setdefault(entry.trial_id, []).append(standing)
    for trial in sorted(found, key=int):
        yield levels.index(found[trial][0].level), trial, found[trial]
