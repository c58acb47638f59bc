"""New configurations: from the search space itself, or from a searcher."""

import inspect
import math
from typing import Any

import numpy as np
from syne_tune.config_space import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    Domain,
    FiniteRange,
    postprocess_config,
    remove_constant_and_cast,
)

from rungkeeper._arguments import of_type

Configuration = dict[str, Any]

# What a searcher is told by.
RESULT, COMPLETE = "on_trial_result", "on_trial_complete"


class Configurations:
    """What new trials are to be, one after the other.

    The next one is drawn before it is asked for, so that it is known whether there is
    another.
    """

    def __init__(
        self,
        config_space: Configuration,
        searcher: Any,
        seed: int,
        *,
        sign: int,
        most: int | None,
        first: list[Configuration] | None = None,
    ) -> None:
        """Configurations of a run that has not begun.

        Args:
            config_space: Domains and constants.
            searcher: What suggests; None to draw from the domains.
            seed: Seed of the draws.
            sign: What metrics are multiplied by before a searcher, which minimizes,
                sees them.
            most: Number of trials; None for no limit.
            first: What comes before anything is suggested, in this order; what one of
                them leaves out is drawn.

        Raises:
            ValueError: One of the first is not of the space.
            TypeError: One of the first is no dict.
        """
        self._space = config_space
        self._searcher = searcher
        self._random = np.random.RandomState(seed % 2**32)
        self._sign = sign
        self._left = most
        self._first = [] if first is None else checked(first, config_space)
        self._next: Configuration | None = None
        self._is_exhausted = False
        # The highest resource of each trial, by what the searcher was told of it.
        self._told: dict[str, dict[int, int]] = {RESULT: {}, COMPLETE: {}}

    def __repr__(self) -> str:
        return f"Configurations(searcher={self._searcher!r}, left={self._left})"

    def look(self) -> bool:
        """Whether there is another."""
        if self._next is None and not self._is_exhausted and self._left != 0:
            self._next = self._draw()
            self._is_exhausted = self._next is None
        return self._next is not None

    def take(self) -> Configuration | None:
        """The next one; None if there is none."""
        if not self.look():
            return None
        taken, self._next = self._next, None
        if self._left is not None:
            self._left -= 1
        return taken

    def _draw(self) -> Configuration | None:
        drawn: Configuration | None
        if self._first or self._searcher is None:
            given = self._first.pop(0) if self._first else {}
            drawn = {
                name: given[name]
                if name in given
                else domain.sample(random_state=self._random)
                for name, domain in self._space.items()
                if isinstance(domain, Domain)
            }
        else:
            drawn = self._searcher.suggest()
        if drawn is None:
            return None
        return dict(postprocess_config(drawn, self._space))

    # What a searcher is told.

    def reported(
        self,
        trial: int,
        configuration: Configuration,
        resource: int,
        metric: float | None,
    ) -> None:
        """A result that counts."""
        self._tell(RESULT, trial, configuration, resource, metric)

    def paused(
        self,
        trial: int,
        configuration: Configuration,
        resource: int,
        metric: float | None,
    ) -> None:
        """The result with which a trial is paused.

        Most of Syne Tune's searchers know no resource and learn from complete trials
        alone, and most trials are never promoted: to them the trial is complete, and
        once more at its next pause. Who knows the resource has learnt from the result.
        """
        if self._searcher is not None and not _takes_resource(self._searcher, RESULT):
            self._tell(COMPLETE, trial, configuration, resource, metric)

    def completed(
        self,
        trial: int,
        configuration: Configuration,
        resource: int,
        metric: float | None,
    ) -> None:
        """The last result of a trial that ended by itself or at the max resource."""
        self._tell(COMPLETE, trial, configuration, resource, metric)

    def failed(self, trial: int) -> None:
        """A trial failed."""
        if self._searcher is not None:
            self._searcher.on_trial_error(trial)

    def _tell(
        self,
        call: str,
        trial: int,
        configuration: Configuration,
        resource: int,
        metric: float | None,
    ) -> None:
        if self._searcher is None or metric is None or not math.isfinite(metric):
            return
        if resource <= self._told[call].get(trial, 0):
            return  # the trial trains again what it had reported
        self._told[call][trial] = resource
        told: dict[str, Any] = {
            "trial_id": trial,
            "config": remove_constant_and_cast(configuration, self._space),
            "metric": metric * self._sign,
        }
        if _takes_resource(self._searcher, call):
            told["resource_level"] = resource
        getattr(self._searcher, call)(**told)


def _takes_resource(searcher: Any, call: str) -> bool:
    return "resource_level" in inspect.signature(getattr(searcher, call)).parameters


def checked(given: object, space: Configuration) -> list[Configuration]:
    """The configurations that a user wants to come first.

    Raises:
        ValueError: One is not of the space.
        TypeError: They are no list of dicts.
    """
    name = "points_to_evaluate"
    if not isinstance(given, (list, tuple)):
        raise TypeError(f"{name} must be a list of dicts, not {type(given).__name__}")
    return [_point(f"{name}[{i}]", point, space) for i, point in enumerate(given)]


def _point(name: str, given: object, space: Configuration) -> Configuration:
    of_type(name, given, dict)
    point = {}
    for key, value in dict(given).items():  # type: ignore[call-overload]
        if key not in space:
            raise ValueError(f"{name} has {key!r}, which is not in config_space")
        domain = space[key]
        if not isinstance(domain, Domain):
            if value != domain:
                raise ValueError(
                    f"{name} has {value!r} as {key!r}, which is always {domain!r}"
                )
            continue
        try:
            fits = _fits(value, domain)
            point[key] = domain.cast(value)
        except (TypeError, ValueError, AssertionError):
            fits = False
        if not fits:
            raise ValueError(
                f"{name} has {value!r} as {key!r}, which is not in {domain}"
            )
    return point


def _fits(value: Any, domain: Any) -> bool:
    """Whether a value is of a domain, or is taken for the nearest one that is.

    Syne Tune's own schedulers take the nearest value of a range of a few.
    """
    if isinstance(domain, FiniteRange):
        return bool(domain.lower <= value <= domain.upper)
    value, given = domain.cast(value), value
    # What is no whole number is not cut off to be one.
    is_same = domain.value_type is not int or value == given
    return bool(is_same and domain.is_valid(value))
