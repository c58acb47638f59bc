"""The score of 1000 candidates: processor time of both, and their results."""

from collections.abc import Callable
from typing import Any

import numpy as np
import rungkeeper
from figures import timed
from numpy.typing import NDArray
from syne_tune.callbacks.hyperband_remove_checkpoints_score import (  # type: ignore[import-untyped]
    compute_probabilities_of_getting_resumed as compute_reference,
)

CANDIDATES = 1_000
STEPS = 25
ALPHA = 1 / 3
MORE = 20
"""The factor by which the faster one is repeated more often."""

Arrays = dict[str, Any]
Compute = Callable[..., NDArray[np.float64]]


def positions() -> Arrays:
    """Paused trials that cannot be promoted yet, in rungs of 200 to 2000 entries."""
    draw = np.random.default_rng(0)
    rung_lens = draw.integers(200, 2001, CANDIDATES)
    promoted = rung_lens // 3
    return {
        "ranks": draw.integers(promoted + 1, rung_lens + 1),
        "rung_lens": rung_lens,
        "prom_quants": np.full(CANDIDATES, ALPHA),
        "p_vals": np.full(CANDIDATES, 0.4),
        "time_ratio": 1.0,
        "approx_steps": STEPS,
    }


def times(compute: Compute, arrays: Arrays, repetitions: int) -> list[float]:
    """Microseconds of each call, the first (which loads and fills caches) left out."""
    compute(**arrays)
    return [timed(lambda: compute(**arrays)) for _ in range(repetitions)]


def of_both(arrays: Arrays, repetitions: int) -> tuple[list[float], list[float]]:
    """Times of the reference and of rungkeeper on the same arrays."""
    own = rungkeeper.compute_probabilities_of_getting_resumed
    reference = times(compute_reference, arrays, repetitions)
    return reference, times(own, arrays, MORE * repetitions)


def largest_difference(arrays: Arrays, nudge: float) -> float:
    """The largest difference of the probabilities.

    The reference gets quantiles larger by that share: its barriers are then not
    rounded up where a quotient should be a whole number.
    """
    own = rungkeeper.compute_probabilities_of_getting_resumed(**arrays)
    nudged = arrays | {"prom_quants": arrays["prom_quants"] * (1 + nudge)}
    return float(np.abs(own - compute_reference(**nudged)).max())
