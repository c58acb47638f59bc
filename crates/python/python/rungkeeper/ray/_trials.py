"""Ray's trials. Most of their methods have no types: they pass as Any."""

import math
from typing import Any, TypeAlias

from ray.air.constants import TRAINING_ITERATION
from ray.tune.experiment import Trial as RayTrial
from ray.tune.result import DONE
from ray.tune.utils import flatten_dict

from rungkeeper._numbers import as_metric, as_number

Trial: TypeAlias = Any

PENDING = RayTrial.PENDING
RUNNING = RayTrial.RUNNING
PAUSED = RayTrial.PAUSED
TERMINATED = RayTrial.TERMINATED
ERROR = RayTrial.ERROR

LARGEST = 2**53
"""The highest number that counts: above it not every whole number is a float."""


def reported(name: str, metrics: dict[str, Any]) -> Any:
    """What was reported under a name, which may be a path such as "info/steps"."""
    if name in metrics:
        return metrics[name]
    return flatten_dict(metrics).get(name) if "/" in name else None


def resource(value: Any) -> int | None:
    """A reported value as a resource; None if it is none.

    A fraction counts as the whole number below it.
    """
    number = as_metric(value)
    return int(number) if abs(number) <= LARGEST else None


def why_none_counts(value: Any) -> str | None:
    """What is wrong with a reported value as a resource; None if nothing is.

    What lies between 0 and 1 is on its way to 1.
    """
    number = as_number(value)
    if number is None or math.isnan(number):
        return "which is no number"
    if number > LARGEST:
        return "which is above 2**53"
    if number <= 0:
        return "but resources count from 1"
    return None


def is_end(trial: Trial, result: dict[str, Any]) -> bool:
    """Whether a report is the last one again: so Ray tells that a function ended."""
    last = (trial.last_result or {}).get(TRAINING_ITERATION)
    return bool(result.get(DONE)) and result.get(TRAINING_ITERATION) == last
