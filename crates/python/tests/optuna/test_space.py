"""Parameters of an experiment file as those of Optuna."""

from __future__ import annotations

from typing import Any

import optuna
import pytest
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import RandomSampler
from rungkeeper.optuna import Proposer, Space, SpaceError

from tests.optuna.runs import greeting

optuna.logging.set_verbosity(optuna.logging.WARNING)

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")

CONDITIONAL = {
    # It stands before what it depends on.
    "nesterov": {"type": "flag", "when": {"momentum": [0.5, 1.0]}},
    "momentum": {
        "type": "uniform",
        "low": 0.0,
        "high": 1.0,
        "step": 0.5,
        "when": {"optimizer": ["sgd", "rmsprop"], "fixed": [1]},
    },
    "optimizer": {"type": "choice", "values": ["sgd", "rmsprop", "adam"]},
}


def test_each_type() -> None:
    space = Space(
        {
            "a": {"type": "uniform", "low": 0, "high": 1.5},
            "b": {"type": "loguniform", "low": 0.001, "high": 1.0},
            "c": {"type": "int", "low": -3, "high": 8},
            "d": {"type": "logint", "low": 1, "high": 1024},
            "e": {"type": "choice", "values": ["a", 1, 0.5, True]},
            "f": {"type": "uniform", "low": 0.0, "high": 1.0, "step": 0.25},
            "g": {"type": "int", "low": 0, "high": 8, "step": 2},
            "h": {"type": "flag", "argument": "--with-h"},
        }
    )
    found = space.distributions(dict.fromkeys("abcdefgh"))
    assert found == {
        "a": FloatDistribution(0.0, 1.5),
        "b": FloatDistribution(0.001, 1.0, log=True),
        "c": IntDistribution(-3, 8),
        "d": IntDistribution(1, 1024, log=True),
        "e": CategoricalDistribution(["a", 1, 0.5, True]),
        "f": FloatDistribution(0.0, 1.0, step=0.25),
        "g": IntDistribution(0, 8, step=2),
        "h": CategoricalDistribution([False, True]),
    }
    assert list(found) == list("abcdefgh")


def test_normal_parameters_are_normally_distributed() -> None:
    space = {
        "n": {"type": "normal", "mean": 5.0, "sd": 2.0},
        "l": {"type": "lognormal", "mean": 0.0, "sd": 0.5},
    }
    proposer = Proposer(greeting(space=space), RandomSampler)
    drawn = [proposer.ask(number)["parameters"] for number in range(400)]
    within = sum(3 < own["n"] < 7 for own in drawn) / 400
    assert 0.6 < within < 0.76  # 0.683 are within a standard deviation
    assert all(own["l"] > 0 for own in drawn)
    above = sum(own["l"] > 1 for own in drawn) / 400
    assert 0.4 < above < 0.6  # the half is above e^mean
    own = Space(space)
    there_and_back = own.sampled(drawn[0])
    values = [p.value(there_and_back[p.name]) for p in own.parameters]
    assert values == pytest.approx([drawn[0]["n"], drawn[0]["l"]])
    far = own.sampled({"n": 1e9, "l": 1e-300})  # given by hand
    assert 0 < far["l"] < far["n"] < 1


def test_what_is_not_active_is_not_proposed() -> None:
    proposer = Proposer(greeting(space=CONDITIONAL))
    seen = set()
    for number in range(60):
        own = proposer.ask(number)["parameters"]
        seen.add(tuple(sorted(own)))
        assert ("momentum" in own) == (own["optimizer"] != "adam")
        assert ("nesterov" in own) == (own.get("momentum", 0) > 0)
        told = {"tell": number, "resource": 1, "metric": 0.5, "parameters": own}
        proposer.tell({**told, "status": "paused"})
    assert len(seen) == 3


@pytest.mark.parametrize("sampler", ["TPESampler", "CmaEsSampler"])
def test_what_is_not_active_is_not_told(sampler: str) -> None:
    kind = getattr(optuna.samplers, sampler)
    proposer = Proposer(greeting(space=CONDITIONAL), kind, {"n_startup_trials": 1})
    configurations: list[dict[str, Any]] = [
        {"optimizer": "adam"},
        {"optimizer": "sgd", "momentum": 0.5, "nesterov": True},
    ]
    for number, own in enumerate(configurations):
        told = {"tell": number, "resource": 0, "metric": None, "parameters": own}
        proposer.tell({**told, "status": "running"})
        proposer.tell({**told, "status": "paused", "resource": 1, "metric": 0.1})
    assert "optimizer" in proposer.ask(2)["parameters"]


@pytest.mark.parametrize(
    ("domain", "told"),
    [
        ({"type": "cauchy"}, "parameter x has the type cauchy, for which Optuna"),
        ({"low": 1}, "parameter x has the type None"),
        ({"type": "int", "low": 0, "high": 1, "odd": 1}, "parameter x has the key odd"),
        (
            {"type": "logint", "low": 1, "high": 9, "step": 2},
            "parameter x has the key step, which is not known of logint",
        ),
    ],
)
def test_what_optuna_has_no_distribution_for(domain: dict[str, Any], told: str) -> None:
    with pytest.raises(SpaceError, match=told):
        Space({"x": domain})
