"""A search program for `rungkeeper run`: the samplers of Optuna propose configurations.

In the experiment file:

    [search]
    command = ["python3", "-m", "rungkeeper.optuna", "--sampler", "TPESampler"]

Each trial of the run is one of an Optuna study. A trial that is paused at a rung is a
pruned one whose value is that of its highest rung, with the values of all its rungs as
intermediate ones. So TPE puts trials of higher rungs before those of lower ones, and
compares within a rung. All other samplers take it as complete: they learn from such
trials alone, or, as CMA-ES, take their search space from them. Once the trial is
promoted and reports again, it gets its new value.
"""

from __future__ import annotations

try:
    import optuna  # noqa: F401 (asks whether it is there)
except ImportError as error:
    message = 'rungkeeper.optuna needs Optuna: install "rungkeeper[optuna]"'
    raise ImportError(message) from error

from rungkeeper.optuna._proposer import Proposer
from rungkeeper.optuna._samplers import SamplerError, sampler_class
from rungkeeper.optuna._space import Space, SpaceError

__all__ = [
    "Proposer",
    "SamplerError",
    "Space",
    "SpaceError",
    "sampler_class",
]
