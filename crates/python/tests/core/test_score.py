"""Scores on arrays, under the names of Syne Tune 0.13."""

import functools
import json
import math

import numpy as np
import pytest
import rungkeeper
from rungkeeper import (
    compute_probabilities_of_getting_resumed,
)

from .traces import ORACLE

BOTH = pytest.mark.parametrize(
    "compute",
    [
        compute_probabilities_of_getting_resumed,
        functools.partial(compute_probabilities_of_getting_resumed, log=True),
    ],
)


def oracle():
    lines = (ORACLE / "score.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_all_cases_of_the_oracle():
    cases = oracle()
    assert len(cases) == 560
    for case in cases:
        a, b = case["promotion_quantile"]
        arguments = (case["rank"], case["rung_len"], a / b, case["p"])
        settings = {
            "time_ratio": case["time_ratio"],
            "approx_steps": case["approx_steps"],
            "horizon": "hard",
        }
        found = compute_probabilities_of_getting_resumed(*arguments, **settings)
        ln = compute_probabilities_of_getting_resumed(*arguments, **settings, log=True)
        assert found.shape == ln.shape == ()
        exact = float(case["probability"])
        assert math.isclose(found, exact, rel_tol=1e-12, abs_tol=1e-300), case
        if case["ln_probability"] is None:
            assert ln == -math.inf
        else:
            exact = float(case["ln_probability"])
            absolute = 1e-12 if abs(exact) < 690 else 0.0
            assert math.isclose(ln, exact, rel_tol=1e-12, abs_tol=absolute), case


def test_cases_of_one_cut_off_go_together():
    cases = [case for case in oracle() if case["approx_steps"] == 25]
    assert len(cases) > 20
    quantiles = np.array([case["promotion_quantile"] for case in cases])
    columns = [
        np.array([case[name] for case in cases])
        for name in ("rank", "rung_len", "p", "time_ratio")
    ]
    ranks, rung_lens, p_vals, time_ratios = columns
    found = compute_probabilities_of_getting_resumed(
        ranks,
        rung_lens,
        quantiles[:, 0] / quantiles[:, 1],
        p_vals,
        time_ratios,
        horizon="hard",
    )
    exact = np.array([float(case["probability"]) for case in cases])
    np.testing.assert_allclose(found, exact, rtol=1e-12, atol=1e-300)


def test_one_third_is_one_third():
    found = compute_probabilities_of_getting_resumed(
        ranks=np.array([4]),
        rung_lens=np.array([10]),
        prom_quants=np.array([1 / 3]),
        p_vals=np.array([0.33]),
        time_ratio=1.0,
        approx_steps=None,
    )
    assert found == pytest.approx([0.6509], abs=5e-5)


def test_defaults_are_those_of_the_reference():
    # Too little time is left for the first chance: its term counts all the same.
    found = compute_probabilities_of_getting_resumed([11], [30], [1 / 3], [0.3], 1e-4)
    assert found == pytest.approx([0.7**3], rel=1e-12)
    settings = {"horizon": "hard", "approx_steps": 25}
    none = compute_probabilities_of_getting_resumed(
        [11], [30], [1 / 3], [0.3], 1e-4, **settings
    )
    assert none == [0.0]


def test_rules_differ():
    arguments = ([3], [7], [1 / 3], [0.3], 1.0)
    top = compute_probabilities_of_getting_resumed(*arguments)
    linear = compute_probabilities_of_getting_resumed(
        *arguments, promotion_rule="linear_quantile"
    )
    assert top < 1.0
    assert linear == [1.0]


@BOTH
def test_shapes_are_broadcast(compute):
    ranks = np.arange(1, 7, dtype=np.int32).reshape(2, 3)
    found = compute(ranks, 9, np.float32(0.5), [0.2, 0.3, 0.4], np.array(1))
    assert found.shape == (2, 3)
    assert found.dtype == np.float64
    one = compute(6, 9, 0.5, 0.4, 1)
    assert found[1, 2] == one
    assert compute([], [], [], [], 1.0).shape == (0,)
    assert compute(np.ones((3, 0)), [[1], [2], [3]], 0.5, 0.4, 1).shape == (3, 0)
    columns = compute([[1], [6]], [9, 12, 15], 0.5, [[[0.2]], [[0.3]]], 1.0)
    assert columns.shape == (2, 2, 3)
    assert columns[1, 1, 2] == compute(6, 15, 0.5, 0.3, 1.0)
    strided = np.arange(12, dtype=np.uint8)[1::2]
    assert compute(strided, 12, 0.5, 0.3, 1.0).shape == (6,)
    assert compute(np.asfortranarray(ranks), 9, 0.5, 0.3, 1.0)[0, 1] == compute(
        2, 9, 0.5, 0.3, 1.0
    )


@BOTH
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ranks": [1, 0, 3]}, r"ranks\[1\] is 0, but must be at least 1"),
        ({"ranks": [1, 2, 10]}, r"ranks\[2\] is 10, but must be .* rung length 9"),
        ({"ranks": [1, 2, 2.5]}, r"ranks\[2\] is 2.5, but must be a whole number"),
        ({"ranks": [1, 2, math.nan]}, r"ranks\[2\] is NaN, but must be a whole number"),
        ({"ranks": [1, -2, 3]}, r"ranks\[1\] is -2, but must be a whole number"),
        ({"rung_lens": 0}, r"rung_lens\[0\] is 0, but must be at least 1"),
        ({"rung_lens": math.inf}, r"rung_lens\[0\] is inf, but must be a whole number"),
        ({"prom_quants": 0.0}, r"prom_quants\[0\] is 0, but must be in \(0, 1\]"),
        ({"prom_quants": 1.5}, r"prom_quants\[0\] is 1.5, but"),
        ({"prom_quants": 1.23456789e-9}, r"prom_quants\[0\] is 0.0.* fraction with"),
        ({"p_vals": [0.5, 1.0, 0.5]}, r"p_vals\[1\] is 1, but must be greater than 0"),
        ({"p_vals": math.nan}, r"p_vals\[0\] is NaN, but must be greater than 0"),
        ({"time_ratio": -1.0}, r"time_ratio\[0\] is -1, but must be at least 0"),
        ({"approx_steps": 0}, r"approx_steps is 0, but must be at least 1"),
        ({"approx_steps": -1}, r"approx_steps is -1, but must be an int from 0"),
        ({"approx_steps": 2**40}, r"approx_steps is 1099511627776, but must be"),
        ({"promotion_rule": "top"}, r"promotion_rule is 'top', but must be 'top_fr"),
        ({"horizon": "soft"}, r"horizon is 'soft', but must be 'hard' or"),
        (
            {"p_vals": [0.5, 0.5]},
            r"not fit together: ranks \[3\], .*p_vals \[2\]",
        ),
    ],
)
def test_bad_values_are_named(compute, change, message):
    good = {
        "ranks": [1, 2, 3],
        "rung_lens": 9,
        "prom_quants": 0.5,
        "p_vals": 0.3,
        "time_ratio": 1.0,
    }
    with pytest.raises(ValueError, match=message):
        compute(**(good | change))


def test_places_in_tables_have_two_numbers():
    with pytest.raises(ValueError, match=r"^p_vals\[1, 0\] is 2, but"):
        compute_probabilities_of_getting_resumed(
            1, 9, 0.5, [[0.1, 0.2], [2.0, 0.3]], 1.0
        )
    with pytest.raises(ValueError, match=r"^p_vals is 2, but"):
        compute_probabilities_of_getting_resumed(1, 9, 0.5, 2.0, 1.0)


@BOTH
@pytest.mark.parametrize(
    "array",
    ["1", None, ["a"], [None], [1j], object(), [[1], [1, 2]], {"a": 1}, [True]],
)
def test_other_types_are_refused(compute, array):
    with pytest.raises(TypeError, match="p_vals must be an array of numbers, not"):
        compute(1, 9, 0.5, array, 1.0)


def test_keywords_of_other_types_are_refused():
    good = (1, 9, 0.5, 0.3, 1.0)
    with pytest.raises(TypeError, match="approx_steps must be an int, not float"):
        compute_probabilities_of_getting_resumed(*good, 2.5)
    with pytest.raises(TypeError, match="approx_steps must be an int, not bool"):
        compute_probabilities_of_getting_resumed(*good, True)
    with pytest.raises(TypeError, match="horizon must be a str, not int"):
        compute_probabilities_of_getting_resumed(*good, horizon=3)


@pytest.mark.parametrize(
    ("old", "new", "arguments"),
    [
        (
            rungkeeper.compute_ln_probabilities_of_getting_resumed,
            compute_probabilities_of_getting_resumed,
            ([4, 5], 10, 1 / 3, 0.33, 1.0, None),
        ),
        (
            rungkeeper.ln_rank_aware_probabilities,
            rungkeeper.rank_aware_probabilities,
            ([4, 5], 10, 1 / 3, 1.0),
        ),
    ],
)
def test_names_from_before_log(old, new, arguments):
    more = {"promotion_rule": "linear_quantile"}
    with pytest.warns(DeprecationWarning, match=f"rungkeeper.{new.__name__} with log"):
        found = old(*arguments, **more)
    np.testing.assert_array_equal(found, new(*arguments, log=True, **more))
    with pytest.raises(TypeError, match="log must be a bool, not int"):
        new(*arguments, log=1)
