"""The score of the rank-aware policy on arrays."""

import functools
import math
from fractions import Fraction

import numpy as np
import pytest
from rungkeeper import (
    RemovalCallback,
    rank_aware_probabilities,
)

BOTH = pytest.mark.parametrize(
    "compute",
    [rank_aware_probabilities, functools.partial(rank_aware_probabilities, log=True)],
)


def by_paths(rank, rung_len, eta, time_ratio, num_better, most=400):
    """All arrivals one by one, exactly, up to a number that hardly ever comes.

    The next arrival is better with chance (num_better + 1) / (rung_len + 1). Given what
    came so far, one more comes with chance 1 - f to begin with, f being the share of
    the run that is over: the number is negative binomial.
    """
    over = Fraction(1, 1) / (1 + time_ratio)
    # P(at least l come): rung_len + 1 failures of chance 1 - over.
    at_least, term, comes = Fraction(1), over ** (rung_len + 1), []
    for arrivals in range(most):
        comes.append(at_least)
        at_least -= term
        term *= (1 - over) * (rung_len + 1 + arrivals) / (arrivals + 1)
    waiting, total = {0: Fraction(1)}, Fraction(0)
    for arrivals in range(1, most):
        following = {}
        for better, chance in waiting.items():
            seen = rung_len + arrivals - 1
            p = Fraction(num_better + 1 + better, seen + 1)
            for more, part in ((1, chance * p), (0, chance * (1 - p))):
                if (rank + better + more) * eta <= rung_len + arrivals:
                    total += part * comes[arrivals]
                else:
                    new = following.get(better + more, Fraction(0)) + part
                    following[better + more] = new
        waiting = {b: p for b, p in following.items() if p > Fraction(1, 10**30)}
    return float(total)


@pytest.mark.parametrize(
    ("rank", "rung_len", "eta", "num_better"),
    [(3, 6, 3, 2), (4, 6, 3, 3), (3, 6, 3, 0), (2, 2, 2, 1), (7, 20, 3, 4)],
)
def test_all_paths_add_up(rank, rung_len, eta, num_better):
    found = rank_aware_probabilities(
        rank, rung_len, 1 / eta, 0.5, num_better=num_better
    )
    exact = by_paths(rank, rung_len, eta, Fraction(1, 2), num_better, most=120)
    assert 0 < exact < 1
    assert found == pytest.approx(exact, rel=1e-9)


def test_an_endless_run():
    # 1 - 1/2 + 1/3 - 1/4 + ...
    found = rank_aware_probabilities(1, 1, 1 / 2, math.inf)
    assert found == pytest.approx(math.log(2), rel=1e-12)


def test_the_end_of_a_run():
    found = rank_aware_probabilities([1, 2, 3], 6, 1 / 3, 0)
    np.testing.assert_array_equal(found, [1, 1, 0])
    ln = rank_aware_probabilities([1, 2, 3], 6, 1 / 3, 0, log=True)
    np.testing.assert_array_equal(ln, [0, 0, -math.inf])


def test_logarithms_are_those_of_the_probabilities():
    ranks = np.arange(1, 41)
    found = rank_aware_probabilities(ranks, 40, 1 / 3, 0.7)
    ln = rank_aware_probabilities(ranks, 40, 1 / 3, 0.7, log=True)
    np.testing.assert_allclose(np.exp(ln), found, rtol=1e-11)
    assert np.all(np.diff(ln[13:]) < 0)
    tiny = rank_aware_probabilities([9000, 9999], 10_000, 1 / 3, 0.01, log=True)
    assert np.isfinite(tiny).all()
    assert tiny[1] < tiny[0] < -750  # no float is as small as that probability


def test_rules_differ():
    top = rank_aware_probabilities(3, 7, 1 / 3, 1)
    linear = rank_aware_probabilities(3, 7, 1 / 3, 1, promotion_rule="linear_quantile")
    assert top < linear == 1


@pytest.mark.parametrize("brackets", [1, 2])
def test_it_is_what_the_callback_decides_by(brackets):
    callback = RemovalCallback.geometric(2, 3, 54, max_num_trials=30, brackets=brackets)
    losses = [0.1, 0.2, 0.2, 0.2, 0.3, 0.4, 0.4, 0.5]
    for trial, loss in enumerate(losses):
        callback.start(trial)
        callback.result(trial, 2, loss, "PAUSE")
        callback.checkpoint_committed(trial, 2)
    assert callback.loop_end(1.0) == []
    candidates = callback.candidates()
    ranks = [candidate.rank for candidate in candidates]
    assert ranks == [1, 2, 3, 4, 5, 6, 7, 8]
    num_better = [sum(other < loss for other in losses) for loss in losses]
    expected = 2 * rank_aware_probabilities(
        ranks, 8, 1 / 3, callback.time_ratio, num_better=num_better
    )
    found = [candidate.score_val for candidate in candidates]
    np.testing.assert_allclose(found, expected, rtol=1e-11)
    without_equals = 2 * rank_aware_probabilities(ranks, 8, 1 / 3, callback.time_ratio)
    assert found[3] > 1.01 * without_equals[3] or found[3] < 0.99 * without_equals[3]


@BOTH
def test_shapes_are_broadcast(compute):
    found = compute([[3], [6]], [9, 12, 15], np.float32(0.25), 1, num_better=[[1], [2]])
    assert found.shape == (2, 3)
    assert found.dtype == np.float64
    one = compute(6, 15, 0.25, 1, num_better=2)
    assert one.shape == ()
    assert found[1, 2] == pytest.approx(float(one), rel=1e-12)
    assert compute([], [], [], 1.0).shape == (0,)
    by_default = compute([3, 6], 15, 0.25, 1)
    np.testing.assert_array_equal(
        by_default, compute([3, 6], 15, 0.25, 1, num_better=[2, 5])
    )


@BOTH
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ranks": [1, 0, 3]}, r"^ranks\[1\] is 0, but must be at least 1"),
        ({"ranks": [1, 2, 10]}, r"^ranks\[2\] is 10, but .* the rung length 9"),
        ({"ranks": [1, 2, 2.5]}, r"^ranks\[2\] is 2.5, but must be a whole number"),
        ({"rung_lens": 0}, r"^rung_lens\[0\] is 0, but must be at least 1"),
        ({"rung_lens": 2.0**40}, r"^rung_lens\[0\] is 1099511627776, .* 2\*\*30"),
        ({"prom_quants": 1.5}, r"^prom_quants\[0\] is 1.5, but must be in \(0, 1\]"),
        ({"time_ratio": -1}, r"^time_ratio\[0\] is -1, but must be at least 0"),
        ({"time_ratio": math.nan}, r"^time_ratio\[0\] is NaN, but must be at least 0"),
        ({"time_ratio": 1e10}, r"^time_ratio\[0\] is 10000000000, .* at most 1e9, or"),
        (
            {"prom_quants": 0.4, "ranks": 9, "time_ratio": 1e9},
            r"^time_ratio is 1000000000, but must be smaller: where a quantile is not",
        ),
        ({"num_better": [0, 2, 2]}, r"^num_better\[1\] is 2, .* less than the rank 2"),
        ({"num_better": -1}, r"^num_better\[0\] is -1, but must be a whole number"),
        ({"num_better": [0, 1]}, r"not fit together: ranks \[3\], num_better \[2\]"),
        ({"promotion_rule": "top"}, r"promotion_rule is 'top', but must be 'top_fr"),
    ],
)
def test_bad_values_are_named(compute, change, message):
    good = {"ranks": [1, 2, 3], "rung_lens": 9, "prom_quants": 0.25, "time_ratio": 1}
    with pytest.raises(ValueError, match=message):
        compute(**(good | change))


@BOTH
def test_other_types_are_refused(compute):
    with pytest.raises(TypeError, match="num_better must be an array of numbers, not"):
        compute(1, 9, 0.5, 1.0, num_better="0")
    with pytest.raises(TypeError, match="time_ratio must be an array of numbers, not"):
        compute(1, 9, 0.5, None)
    with pytest.raises(TypeError, match="positional"):
        compute(1, 9, 0.5, 1.0, 0)
