"""Names from before `log=True`."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rungkeeper._core import (
    compute_probabilities_of_getting_resumed,
    rank_aware_probabilities,
)


def compute_ln_probabilities_of_getting_resumed(
    *args: Any, **kwargs: Any
) -> NDArray[np.float64]:
    """Deprecated: `compute_probabilities_of_getting_resumed` with `log=True`."""
    _say(
        "compute_ln_probabilities_of_getting_resumed",
        "compute_probabilities_of_getting_resumed",
    )
    return compute_probabilities_of_getting_resumed(*args, **kwargs, log=True)


def ln_rank_aware_probabilities(*args: Any, **kwargs: Any) -> NDArray[np.float64]:
    """Deprecated: `rank_aware_probabilities` with `log=True`."""
    _say("ln_rank_aware_probabilities", "rank_aware_probabilities")
    return rank_aware_probabilities(*args, **kwargs, log=True)


def _say(old: str, new: str) -> None:
    message = f"rungkeeper.{old} is now rungkeeper.{new} with log=True"
    warnings.warn(message, DeprecationWarning, stacklevel=3)
