"""Domains of an experiment file as distributions."""

from __future__ import annotations

from typing import Any

import pytest
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from rungkeeper.optuna import SpaceError, distributions


def test_each_type() -> None:
    found = distributions(
        {
            "a": {"type": "uniform", "low": 0, "high": 1.5},
            "b": {"type": "loguniform", "low": 0.001, "high": 1.0},
            "c": {"type": "int", "low": -3, "high": 8},
            "d": {"type": "logint", "low": 1, "high": 1024},
            "e": {"type": "choice", "values": ["a", 1, 0.5, True]},
            "f": {"type": "uniform", "low": 0.0, "high": 1.0, "step": 0.25},
            "g": {"type": "int", "low": 0, "high": 8, "step": 2},
        }
    )
    assert found == {
        "a": FloatDistribution(0.0, 1.5),
        "b": FloatDistribution(0.001, 1.0, log=True),
        "c": IntDistribution(-3, 8),
        "d": IntDistribution(1, 1024, log=True),
        "e": CategoricalDistribution(["a", 1, 0.5, True]),
        "f": FloatDistribution(0.0, 1.0, step=0.25),
        "g": IntDistribution(0, 8, step=2),
    }
    assert list(found) == list("abcdefg")


@pytest.mark.parametrize(
    ("domain", "told"),
    [
        ({"type": "cauchy"}, "parameter x has the type cauchy, for which Optuna"),
        ({"type": "int", "low": 0, "high": 1, "odd": 1}, "parameter x has the key odd"),
        (
            {"type": "logint", "low": 1, "high": 9, "step": 2},
            "parameter x has a step on a logarithmic scale",
        ),
    ],
)
def test_what_optuna_has_no_distribution_for(domain: dict[str, Any], told: str) -> None:
    with pytest.raises(SpaceError, match=told):
        distributions({"x": domain})
