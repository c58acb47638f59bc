"""Parameters of an experiment file as those of Optuna."""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

from optuna import Trial
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

KEYS = {
    "uniform": {"low", "high", "step"},
    "loguniform": {"low", "high"},
    "int": {"low", "high", "step"},
    "logint": {"low", "high"},
    "normal": {"mean", "sd"},
    "lognormal": {"mean", "sd"},
    "choice": {"values"},
    "flag": {"argument"},
}
"""The types of parameters, and what each may say."""

LEAST = 1e-9
"""The least quantile of a normal parameter, and the distance of the largest from 1."""


class SpaceError(ValueError):
    """A parameter that Optuna has no distribution for."""


class Parameter:
    """A parameter: what Optuna samples for it, and when it is active.

    A normal one is sampled by its quantile, uniform from 0 to 1: so all samplers know
    which values are probable.

    Attributes:
        name: Its name.
        distribution: What Optuna samples.
        when: Other parameters, with the values of each for which this one is active.
    """

    distribution: CategoricalDistribution | FloatDistribution | IntDistribution

    def __init__(self, name: str, domain: Mapping[str, Any]) -> None:
        """A parameter as the experiment file has it.

        Raises:
            SpaceError: Its type, or a key of it, is not known.
        """
        self.name = name
        self.when: Mapping[str, list[Any]] = domain.get("when", {})
        kind = domain.get("type")
        keys = KEYS.get(str(kind))
        if keys is None:
            raise SpaceError(
                f"parameter {name} has the type {kind}, for which Optuna has no "
                f"distribution: use one of {', '.join(KEYS)}"
            )
        unknown = sorted(set(domain) - keys - {"type", "when"})
        if unknown:
            raise SpaceError(
                f"parameter {name} has the key {unknown[0]}, which is not known of "
                f"{kind}: leave it out, or install a newer version of rungkeeper"
            )
        self._normal: NormalDist | None = None
        self._is_logarithm = kind == "lognormal"
        step = domain.get("step")
        if kind == "choice":
            self.distribution = CategoricalDistribution(domain["values"])
        elif kind == "flag":
            self.distribution = CategoricalDistribution([False, True])
        elif kind in ("normal", "lognormal"):
            self._normal = NormalDist(domain["mean"], domain["sd"])
            self.distribution = FloatDistribution(LEAST, 1 - LEAST)
        else:
            low, high, log = domain["low"], domain["high"], "log" in str(kind)
            if kind in ("uniform", "loguniform"):
                self.distribution = FloatDistribution(low, high, log=log, step=step)
            else:
                self.distribution = IntDistribution(low, high, log=log, step=step or 1)

    def suggest(self, trial: Trial) -> Any:
        """What Optuna suggests for it in a trial."""
        name, sampled = self.name, self.distribution
        if isinstance(sampled, CategoricalDistribution):
            return trial.suggest_categorical(name, sampled.choices)
        low, high, log = sampled.low, sampled.high, sampled.log
        if isinstance(sampled, IntDistribution):
            whole = (int(low), int(high))
            return trial.suggest_int(name, *whole, step=sampled.step, log=log)
        return trial.suggest_float(name, low, high, step=sampled.step, log=log)

    def value(self, sampled: Any) -> Any:
        """Its value, from what Optuna sampled."""
        if self._normal is None:
            return sampled
        value = self._normal.inv_cdf(sampled)
        return math.exp(value) if self._is_logarithm else value

    def sampled(self, value: Any) -> Any:
        """What Optuna would have sampled for a value."""
        if self._normal is None:
            return value
        value = math.log(value) if self._is_logarithm else value
        return min(max(self._normal.cdf(value), LEAST), 1 - LEAST)


class Space:
    """The parameters of an experiment, each behind those that it depends on."""

    def __init__(self, space: Mapping[str, Mapping[str, Any]]) -> None:
        """A search space as a run says it.

        Args:
            space: Each parameter that varies with its domain.

        Raises:
            SpaceError: Optuna has no distribution for one.
        """
        waiting = [Parameter(name, domain) for name, domain in space.items()]
        self.parameters: list[Parameter] = []
        while waiting:
            left = {parameter.name for parameter in waiting}
            free = [own for own in waiting if left.isdisjoint(own.when)]
            # In a circle, which a run refuses, all come as they stand.
            self.parameters += free or waiting
            waiting = [own for own in waiting if own not in free] if free else []

    def suggest(self, trial: Trial) -> dict[str, Any]:
        """Values of the parameters that are active, as Optuna suggests them."""
        values: dict[str, Any] = {}
        names = {parameter.name for parameter in self.parameters}
        for own in self.parameters:
            # What is not among them does not vary, and the run knows what it is: one
            # that it does not want it leaves out.
            parents = {name: v for name, v in own.when.items() if name in names}
            if all(n in values and values[n] in v for n, v in parents.items()):
                values[own.name] = own.value(own.suggest(trial))
        return values

    def sampled(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What Optuna would have sampled for these values."""
        known = [own for own in self.parameters if own.name in values]
        return {own.name: own.sampled(values[own.name]) for own in known}

    def distributions(self, values: Mapping[str, Any]) -> dict[str, BaseDistribution]:
        """The distributions of the parameters that have a value."""
        known = [own for own in self.parameters if own.name in values]
        return {own.name: own.distribution for own in known}
