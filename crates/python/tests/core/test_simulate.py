import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rungkeeper
from rungkeeper import SimulatedRun, _core, simulate
from rungkeeper._promotion import POLICIES

CURVES = Path(__file__).parents[3] / "cli" / "curves" / "openml_41150.csv"


def table(trials=30, levels=(1, 2, 4, 8)):
    rng = np.random.default_rng(1)
    rows = [(t, level) for t in range(trials) for level in levels]
    return {
        "trial": [f"t{trial}" for trial, _ in rows],
        "resource": [level for _, level in rows],
        "loss": rng.uniform(size=len(rows)),
        "seconds": [1.5] * len(rows),
    }


def test_a_file_gives_the_documented_table():
    runs = simulate(CURVES, budgets=[8, 16])
    assert len(runs) == 2 * 10 * len(POLICIES)
    costs = {}
    for run in runs:
        cost = 100 * run["cost_resources"] / run["trained_resources"]
        costs.setdefault((run["policy"], run["budget"]), []).append(cost)
    means = {key: round(float(np.mean(values)), 2) for key, values in costs.items()}
    # As in docs/simulation.md.
    assert means == {
        ("rank_aware", 8): 0.55,
        ("rank_aware", 16): 0.0,
        ("speculative", 8): 1.26,
        ("by_level", 8): 1.47,
        ("random", 8): 7.95,
        ("speculative", 16): 0.10,
        ("by_level", 16): 0.61,
        ("random", 16): 6.13,
    }


def test_fields_are_those_of_the_type():
    (run,) = simulate(table(), policies="by_level", budgets=4, seeds=1, eta=2)
    assert list(run) == list(SimulatedRun.__annotations__)
    assert run["curves"] == "table"
    assert run["optimum"] is None
    assert json.loads(json.dumps(run)) == run


def test_tables_of_all_kinds_are_the_same(tmp_path):
    columns = table()
    path = tmp_path / "table"
    frame = pd.DataFrame(columns)
    frame.to_csv(path, index=False)
    settings = {"budgets": (4, 8), "seeds": 2, "eta": 2, "frozen": True}
    expected = simulate(columns, **settings)
    assert all(run["optimum"] <= run["cost_resources"] for run in expected)
    assert simulate(frame, **settings) == expected
    for source in (path, str(path)):
        runs = simulate(source, **settings)
        assert [run | {"curves": "table"} for run in runs] == expected
    assert simulate([columns, frame], **settings) == expected + expected


def test_settings_reach_the_simulation():
    runs = simulate(
        table(),
        mode="max",
        metric="loss",
        levels=[2],
        workers=(1, 2),
        budgets=8,
        seeds=3,
        threads=1,
        max_trials=5,
        promotion_rule="linear_quantile",
        max_resource=4,
    )
    assert len(runs) == 2 * 3 * len(POLICIES)
    assert {run["eta"] for run in runs} == {0}
    assert {run["started"] for run in runs} == {5}
    assert runs == simulate(
        table(),
        mode="max",
        levels=np.array([2]),
        workers=[1, 2],
        budgets=[8],
        seeds=3,
        max_trials=5,
        promotion_rule="linear_quantile",
        max_resource=4,
    )
    default = simulate(table(), seeds=1, workers=1, eta=2, policies=["by_level"])
    assert [run["budget"] for run in default] == [2, 4, 8, 16, 32]


def test_curves_can_start_in_the_order_of_the_table():
    columns = table()
    columns["seconds"] = [1.0 + row // 4 for row in range(120)]  # a trial has its own
    settings = {"policies": "by_level", "budgets": 40, "seeds": 4, "eta": 2}
    settings |= {"workers": 1, "max_trials": 1, "max_reports": 1}

    def seconds(curves, **order):
        runs = simulate(curves, **settings, **order)
        return [run["trained_seconds"] for run in runs]

    assert seconds(columns, in_order=True) == [1.0] * 4
    assert len(set(seconds(columns))) > 1
    backwards = {name: list(values)[::-1] for name, values in columns.items()}
    assert seconds(backwards, in_order=True) == [30.0] * 4


def test_workers_without_trials_take_no_room():
    settings = {"policies": "by_level", "seeds": 2, "eta": 2}
    few = simulate(table(), workers=30, budgets=30, **settings)
    many = simulate(table(), workers=2**40, budgets=2**40, **settings)
    for run, other in zip(few, many):
        assert run | {"workers": 2**40, "budget": 2**40} == other


def test_a_reduction_factor_may_be_a_whole_float():
    settings = {"policies": "by_level", "budgets": 8, "seeds": 1}
    runs = simulate(table(), eta=2.0, **settings)
    assert runs == simulate(table(), eta=[np.float64(2)], **settings)
    assert {run["eta"] for run in runs} == {2}


def test_missing_values_are_bad_metrics():
    columns = table(trials=9)
    columns["loss"] = np.where(np.arange(36) % 4 == 1, math.nan, columns["loss"])
    settings = {"budgets": 4, "seeds": 1, "eta": 2}
    assert simulate(columns, **settings) == simulate(pd.DataFrame(columns), **settings)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"mode": "best"}, ValueError, "mode is 'best', but must be 'min' or 'max'"),
        ({"metric": "accuracy"}, ValueError, "accuracy"),
        ({"metric": 3}, TypeError, "metric must be a str, not int"),
        ({"policies": "clever"}, ValueError, 'the policy is "clever"'),
        ({"policies": [3]}, TypeError, r"policies\[0\] must be a str, not int"),
        ({"budgets": -1}, ValueError, r"budgets\[0\] is -1, but must be an int"),
        ({"budgets": 1}, ValueError, "the budget is 1 checkpoints, but 4 workers"),
        ({"budgets": "8"}, TypeError, r"budgets\[0\] must be an int, not str"),
        ({"seeds": -1}, ValueError, "seeds is -1, but must be an int"),
        ({"seeds": 10**9}, ValueError, "seeds is 1000000000, but must be"),
        ({"eta": 1}, ValueError, r"eta\[0\] is 1, but must be at least 2"),
        ({"workers": 0}, ValueError, r"workers\[0\] is 0, but must be an int from 1"),
        ({"workers": 1.5}, TypeError, r"workers\[0\] must be an int, not float"),
        ({"grace_period": 0}, ValueError, "grace_period is 0, but must be an int"),
        ({"max_resource": 99}, ValueError, "the max resource is 99"),
        ({"levels": []}, ValueError, "rung"),
        ({"levels": 3}, TypeError, "levels must be a list of ints, not int"),
        ({"promotion_rule": "x"}, ValueError, "promotion_rule is 'x', but must be"),
        ({"brackets": 9}, ValueError, "the number of brackets is 9"),
        ({"own_rungs": 1}, TypeError, "own_rungs must be a bool, not int"),
        ({"in_order": 1}, TypeError, "in_order must be a bool, not int"),
        (
            {"in_order": True, "with_replacement": True},
            ValueError,
            "in_order and with_replacement are True, but only one of them can be",
        ),
        ({"max_seconds": 0}, ValueError, "max_seconds is 0, but must be positive"),
        ({"max_trials": 0}, ValueError, "max_trials is 0, but must be an int from 1"),
        ({"threads": 10**6}, ValueError, "threads is 1000000, but must be"),
        ({"threads": 0}, ValueError, "threads is 0, but must be"),
        ({"curves": 1}, TypeError, "unexpected keyword|multiple values"),
    ],
)
def test_bad_settings_are_named(settings, error, message):
    with pytest.raises(error, match=message):
        simulate(table(), **settings)


@pytest.mark.parametrize(
    ("curves", "error", "message"),
    [
        (3, TypeError, "curves must be a path, .* not int"),
        (b"file", TypeError, "curves must be a path, .* not bytes"),
        ({"trial": [1], "resource": [1, 2]}, ValueError, "different lengths"),
        ({"trial": 1, "resource": 2}, TypeError, "curves must map names to columns"),
        ({"trial": ["a"], "loss": [1.0]}, ValueError, "resource"),
        ({}, ValueError, "table"),
        ("no such file", ValueError, "no such file"),
        (
            {"trial": [1, 1], "resource": [1, -2], "loss": [0.5, 0.5]},
            ValueError,
            "table, line 3, column 2",
        ),
    ],
)
def test_bad_tables_are_named(curves, error, message):
    with pytest.raises(error, match=message):
        simulate(curves)


def test_the_core_refuses_settings_it_does_not_know():
    with pytest.raises(TypeError, match="needs the keyword argument"):
        _core.simulate([], {})
    assert rungkeeper.simulate is simulate


CUT = {"trial": list("aabc"), "resource": [1, 4, 1, 1], "loss": [0.8, 0.6, 0.9, 0.7]}


def test_curves_that_end_early_are_told(caplog):
    """In the words of the command line."""
    settings = {"policies": "by_level", "budgets": 2, "workers": 1, "seeds": 1}
    settings["eta"] = 2
    found = "table: 2 of 3 curves end before resource 4"
    (run,) = simulate(CUT, **settings)
    (record,) = caplog.records
    assert record.name == "rungkeeper"
    assert record.getMessage().startswith(f"{found}. They go on as others did")
    assert "cut_off='as-is'" in record.getMessage()
    caplog.clear()
    (as_is,) = simulate(CUT, cut_off="as-is", **settings)
    assert caplog.messages[0].startswith(f"{found}. They are taken for complete")
    assert as_is["trained_resources"] < run["trained_resources"]
    caplog.clear()
    with pytest.raises(ValueError, match=f"{found}, and cut_off is 'refuse'"):
        simulate(CUT, cut_off="refuse", **settings)
    with pytest.raises(ValueError, match="cut_off is 'whole', but must be 'donor', "):
        simulate(CUT, cut_off="whole", **settings)
    whole = {name: values[:2] for name, values in CUT.items()}
    simulate(whole, **settings)
    assert caplog.records == []
