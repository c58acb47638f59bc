"""Domains of an experiment file as distributions of Optuna."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

KINDS = ("uniform", "loguniform", "int", "logint", "choice")


class SpaceError(ValueError):
    """A parameter that Optuna has no distribution for."""


def distributions(space: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The distributions of a search space.

    Args:
        space: Each parameter with its domain, as in the experiment file.

    Raises:
        SpaceError: A domain has another type, or a key that changes what is drawn.
    """
    return {name: _distribution(name, domain) for name, domain in space.items()}


def _distribution(name: str, domain: Mapping[str, Any]) -> BaseDistribution:
    known = {"type", "low", "high", "step", "values"}
    more = sorted(set(domain) - known)
    kind = domain.get("type")
    if kind not in KINDS or more:
        what = f"the key {more[0]}" if kind in KINDS else f"the type {kind}"
        raise SpaceError(
            f"parameter {name} has {what}, for which Optuna has no distribution: "
            f"use one of {', '.join(KINDS)}, each with its bounds, step or values"
        )
    if kind == "choice":
        return CategoricalDistribution(domain["values"])
    low, high, step = domain["low"], domain["high"], domain.get("step")
    if kind.startswith("log") and step is not None:
        raise SpaceError(
            f"parameter {name} has a step on a logarithmic scale, which Optuna does "
            "not know: leave out the step, or use a choice"
        )
    if kind in ("uniform", "loguniform"):
        return FloatDistribution(low, high, log=kind == "loguniform", step=step)
    return IntDistribution(low, high, log=kind == "logint", step=step or 1)
