"""What ends a run, as a `StoppingCriterion` of Syne Tune tells it."""

from __future__ import annotations

import math
from typing import Any

from rungkeeper._arguments import integral, seconds
from rungkeeper._numbers import as_number


def wallclock_time(criterion: Any) -> float | None:
    """Seconds after which the run ends; None for no such limit.

    Raises:
        TypeError: It is no number.
        ValueError: It is not positive.
    """
    value = _given(criterion, "max_wallclock_time")
    return seconds(_named("max_wallclock_time"), value)


def count(criterion: Any, name: str, least: int) -> int | None:
    """A number of trials or evaluations after which the run ends, likewise.

    Raises:
        TypeError: It is no number.
        ValueError: It is below `least`, or no whole number.
    """
    value = _given(criterion, name)
    return None if value is None else integral(_named(name), value, least)


def _given(criterion: Any, name: str) -> Any:
    value = getattr(criterion, name, None)
    return None if as_number(value) == math.inf else value


def _named(name: str) -> str:
    return f"{name} of the stopping criterion"
