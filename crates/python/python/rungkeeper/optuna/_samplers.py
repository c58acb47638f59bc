"""Samplers by their names, with arguments from a command line."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from typing import Any

import optuna
from optuna.samplers import BaseSampler

from rungkeeper._arguments import meant

FROM_TRIALS = ("TPESampler", "GPSampler", "RandomSampler")
"""What they propose follows from the trials that they see, and from their seed."""

PRUNED = ("TPESampler",)
"""They learn from pruned trials as well, without complete ones beside them."""


class SamplerError(ValueError):
    """A sampler that is not there, or does not take its arguments."""


def sampler_class(name: str) -> type[BaseSampler]:
    """The class of a sampler: one of `optuna.samplers`, or `module.Class` of your own.

    Raises:
        SamplerError: There is none of that name.
    """
    module, dot, own = name.rpartition(".")
    try:
        found = getattr(
            importlib.import_module(module) if dot else optuna.samplers, own
        )
    except (ImportError, AttributeError) as error:
        there = [n for n in dir(optuna.samplers) if n.endswith("Sampler")]
        hint = meant(name, there, "Optuna", 0.5)
        raise SamplerError(f"there is no sampler {name} ({error}); {hint}") from error
    if not (inspect.isclass(found) and issubclass(found, BaseSampler)):
        raise SamplerError(f"{name} is no class of samplers: {found!r}")
    return found


def make(
    sampler: type[BaseSampler],
    arguments: Mapping[str, Any],
    *,
    seed: int,
    workers: int,
) -> BaseSampler:
    """A sampler; what the arguments leave open is set as suits the run.

    Args:
        sampler: Its class.
        arguments: Its arguments.
        seed: Its seed, unless the arguments have one.
        workers: Trials that run at a time.

    Raises:
        SamplerError: It does not take the arguments.
    """
    suits: dict[str, Any] = {
        "seed": seed,
        # Trials that run are not proposed again in all but the same place.
        "constant_liar": workers > 1,
        "warn_asynchronous_seeding": False,  # one process proposes
    }
    own = inspect.signature(sampler).parameters
    suits = {n: value for n, value in suits.items() if n in own}
    try:
        return sampler(**{**suits, **arguments})
    except (TypeError, ValueError) as error:
        raise SamplerError(f"{sampler.__name__}: {error}") from error
