"""Whatever is handed over: a ValueError or a TypeError at most, never a panic."""

import functools
import math
import pickle

import numpy as np
import pytest
import rungkeeper
from hypothesis import given, settings
from hypothesis import strategies as st
from rungkeeper import BetaBinomialEstimator, RemovalCallback
from rungkeeper._promotion import POLICIES

NUMBERS = st.one_of(
    st.integers(),
    st.integers(-3, 40),
    st.sampled_from([2**31, 2**32, 2**53, 2**53 + 1, 2**63, 2**64, -(2**63), 10**400]),
    st.floats(),
    st.sampled_from([0.0, -0.0, 1 / 3, 0.5, 1.0, 5e-324, 1e-300, 1e300]),
)
ODD = st.one_of(
    NUMBERS,
    st.none(),
    st.booleans(),
    st.text(max_size=5),
    st.binary(max_size=3),
    st.complex_numbers(),
    st.lists(NUMBERS, max_size=4),
    st.tuples(NUMBERS, NUMBERS),
    st.tuples(NUMBERS, st.tuples(NUMBERS, NUMBERS)),
    st.lists(st.tuples(NUMBERS, st.tuples(NUMBERS, NUMBERS)), max_size=3),
    st.sampled_from(
        [
            object(),
            int,
            len,
            {},
            {0: 1, 1: 2},
            np.array(3),
            np.float32(2),
            "min",
            "PAUSE",
        ]
    ),
)
REFUSED = (ValueError, TypeError)
SETTINGS = [
    "mode",
    "policy",
    "policy_seed",
    "max_checkpoints",
    "max_bytes",
    "max_wallclock_time",
    "max_num_trials",
    "max_num_reports",
    "max_total_resource",
    "approx_steps",
    "prior_beta_mean",
    "prior_beta_size",
    "min_data_at_rung",
    "promotion_rule",
    "horizon",
    "brackets",
    "own_rungs",
    "repeated_reports_are_data",
    "promoted_behind_equals",
    "retraining_is_counted",
    "checkpoints",
    "source",
]

patient = settings(deadline=None, max_examples=200)


def attempt(function, *arguments, **keywords):
    """The result, or None where it is refused."""
    try:
        return function(*arguments, **keywords)
    except REFUSED:
        return None


@patient
@given(ODD, ODD, ODD, ODD, ODD, ODD, st.sampled_from(["hard", "first_term_kept"]))
def test_scores(ranks, rung_lens, prom_quants, p_vals, time_ratio, steps, horizon):
    if isinstance(steps, int) and not isinstance(steps, bool):
        steps %= 50  # the work grows with it
    for compute in (
        rungkeeper.compute_probabilities_of_getting_resumed,
        functools.partial(
            rungkeeper.compute_probabilities_of_getting_resumed, log=True
        ),
    ):
        found = attempt(
            compute,
            ranks,
            rung_lens,
            prom_quants,
            p_vals,
            time_ratio,
            steps,
            horizon=horizon,
        )
        assert found is None or not np.isnan(found).any()


@settings(deadline=None, max_examples=60)  # some have long sums
@given(
    st.integers(1, 2**53),
    st.integers(1, 2**53),
    st.floats(1e-9, 1.0),
    st.floats(5e-324, 1.0, exclude_max=True),
    st.one_of(st.floats(0.0), st.just(math.inf)),
    st.sampled_from([1, 25, None]),
)
def test_scores_of_extremes(one, other, quantile, p, time_ratio, steps):
    rank, rung_len = min(one, other), max(one, other)
    found = attempt(
        rungkeeper.compute_probabilities_of_getting_resumed,
        rank,
        rung_len,
        quantile,
        p,
        time_ratio,
        steps,
    )
    assert found is None or 0.0 <= found <= 1.0


@patient
@given(ODD, ODD, ODD, ODD, ODD)
def test_rank_aware_scores(ranks, rung_lens, prom_quants, time_ratio, num_better):
    arguments = (ranks, rung_lens, prom_quants, time_ratio)
    for compute in (
        rungkeeper.rank_aware_probabilities,
        functools.partial(rungkeeper.rank_aware_probabilities, log=True),
    ):
        attempt(compute, *arguments, num_better=num_better)


@patient
@given(
    st.integers(1, 2**31),
    st.integers(1, 2**31),
    st.floats(0.0, 1.0),
    st.floats(1e-3, 1.0),
    st.one_of(st.floats(0.0, 2e9), st.just(math.inf)),
)
def test_rank_aware_scores_of_extremes(one, other, better, quantile, time_ratio):
    rank, rung_len = min(one, other), max(one, other)
    if one % 2:
        quantile = 1 / max(1, round(1 / quantile))
    else:  # the work grows with both
        rank, rung_len = 1 + rank % 50, 60 + rung_len % 50
        time_ratio = min(time_ratio, 20)
    found = attempt(
        rungkeeper.rank_aware_probabilities,
        rank,
        rung_len,
        quantile,
        time_ratio,
        num_better=math.floor(better * (rank - 1)),
    )
    assert found is None or 0.0 <= found <= 1.0


@patient
@given(ODD, ODD, ODD, ODD)
def test_estimators(mean, size, data, count):
    estimator = attempt(BetaBinomialEstimator, mean, size)
    if estimator is None:
        estimator = BetaBinomialEstimator(0.33, 2)
    attempt(estimator.update, data)
    attempt(estimator.update_counts, count, data)
    attempt(estimator.update_counts, count, count)
    assert 0.0 <= estimator.posterior_mean() <= 1.0
    assert pickle.loads(pickle.dumps(estimator)) == estimator


@patient
@given(ODD, ODD, st.dictionaries(st.sampled_from(SETTINGS), ODD, max_size=4))
def test_constructors(rungs, max_resource, keywords):
    callback = attempt(
        RemovalCallback, rungs=rungs, max_resource=max_resource, **keywords
    )
    if callback is not None:
        assert pickle.loads(pickle.dumps(callback)).log() == callback.log()
    attempt(RemovalCallback.geometric, rungs, max_resource, 27, **keywords)
    attempt(RemovalCallback.geometric, 1, 3, 27, **keywords)
    attempt(RemovalCallback.geometric, 1, 3, 27, source=rungs)


TRIALS = st.one_of(st.integers(0, 5), st.integers(0, 5).map(str), ODD)
LEVELS = st.one_of(st.integers(0, 30), ODD)
METRICS = st.one_of(st.floats(), st.sampled_from([0.1, 0.2, 0.3]), ODD)
DECISIONS = st.one_of(st.sampled_from(["CONTINUE", "PAUSE", "PAUSE", "STOP"]), ODD)
EVENTS = st.one_of(
    st.tuples(st.just("start"), TRIALS),
    st.tuples(st.just("start"), TRIALS, st.one_of(st.integers(0, 2), ODD)),
    st.tuples(st.just("result"), TRIALS, LEVELS, METRICS, DECISIONS),
    st.tuples(st.just("checkpoint_committed"), TRIALS, LEVELS),
    st.tuples(st.just("checkpoint_committed"), TRIALS, LEVELS, LEVELS),
    st.tuples(st.just("loop_end"), st.one_of(st.floats(0, 100), ODD)),
    st.tuples(
        st.sampled_from(
            [
                "resume",
                "restart",
                "complete",
                "failed",
                "lose",
                "give_up",
                "pin",
                "unpin",
                "status",
                "trial_information",
            ]
        ),
        TRIALS,
    ),
    st.tuples(st.just("estimator_for_rung"), LEVELS),
    st.tuples(st.sampled_from(["candidates", "trials", "take_notes", "log"])),
)


@patient
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("checkpoints", ["committed", "assumed"])
@given(events=st.lists(EVENTS, max_size=60), bytes_too=st.booleans())
def test_events(policy, checkpoints, events, bytes_too):
    callback = RemovalCallback.geometric(
        1,
        3,
        27,
        policy=policy,
        checkpoints=checkpoints,
        max_checkpoints=2,
        max_bytes=20 if bytes_too else None,
        brackets=2,
    )
    for method, *arguments in events:
        attempt(getattr(callback, method), *arguments)
    copied = pickle.loads(pickle.dumps(callback))
    assert copied.trials() == callback.trials()
    assert copied.time_ratio == callback.time_ratio
    assert copied.extra_results() == callback.extra_results()
    assert copied.candidates() == callback.candidates()
    assert copied.loop_end(200.0) == callback.loop_end(200.0)
    assert copied.log() == callback.log()


@patient
@pytest.mark.parametrize("policy", POLICIES)
@given(events=st.lists(EVENTS, max_size=30))
def test_the_log_is_the_same_whenever_it_was_asked_for(policy, events):
    never, often, moved = (
        RemovalCallback.geometric(1, 3, 27, policy=policy, max_checkpoints=2)
        for _ in range(3)
    )
    for method, *arguments in events:
        for callback in (never, often, moved):
            attempt(getattr(callback, method), *arguments)
        assert moved.log() == often.log()
        moved = pickle.loads(pickle.dumps(moved))
    assert never.log() == often.log() == moved.log()
    assert never.loop_end(200.0) == often.loop_end(200.0) == moved.loop_end(200.0)
    assert never.log() == often.log() == moved.log()


@patient
@given(st.one_of(st.text(), st.binary(), st.none()), st.integers(0, 400))
def test_logs(text, cut):
    attempt(RemovalCallback.from_log, text)
    callback = RemovalCallback.geometric(1, 3, 27)
    callback.start(0)
    log = callback.log()
    attempt(RemovalCallback.from_log, log[:cut])
    if isinstance(text, str):
        attempt(RemovalCallback.from_log, log + text)
        attempt(RemovalCallback.from_log, log[:cut] + text + log[cut:])


@settings(deadline=None, max_examples=60)
@given(
    curves=ODD,
    column=st.lists(ODD, min_size=6, max_size=6),
    name=st.sampled_from(["trial", "resource", "loss", "seconds"]),
    keywords=st.dictionaries(
        st.sampled_from(
            [
                "metric",
                "mode",
                "policies",
                "budgets",
                "eta",
                "workers",
                "levels",
                "grace_period",
                "max_resource",
                "promotion_rule",
                "brackets",
                "with_replacement",
                "in_order",
                "max_trials",
                "max_seconds",
                "max_reports",
                "max_total_resource",
            ]
        ),
        ODD,
        max_size=2,
    ),
)
def test_simulations(curves, column, name, keywords):
    table = {"trial": list("aabbcc"), "resource": [1, 2] * 3, "loss": [0.5, 0.4] * 3}
    if not isinstance(curves, str):
        attempt(rungkeeper.simulate, curves, seeds=1)
    attempt(rungkeeper.simulate, table | {name: column}, seeds=1, eta=2)
    attempt(rungkeeper.simulate, table, **({"seeds": 1, "eta": 2} | keywords))


@pytest.mark.parametrize("truth", [True, np.True_, np.array(True)])
def test_truth_values_are_no_numbers(truth):
    callback = RemovalCallback.geometric(1, 3, 27)
    callback.start(0)
    calls = [
        lambda: callback.result(0, 1, truth, "PAUSE"),
        lambda: callback.result(0, truth, 0.5, "PAUSE"),
        lambda: callback.loop_end(truth),
        lambda: callback.start(truth),
        lambda: callback.set_budget(max_checkpoints=truth),
        lambda: callback.set_limits(max_wallclock_time=truth),
        lambda: RemovalCallback.geometric(truth, 3, 27),
        lambda: RemovalCallback.geometric(1, 3, 27, prior_beta_size=truth),
        lambda: RemovalCallback(rungs=[(1, truth)]),
        lambda: rungkeeper.PromotionRungs(
            grace_period=1, reduction_factor=3, max_resource=9, seed=truth
        ),
        lambda: rungkeeper.simulate({}, workers=truth),
        lambda: rungkeeper.simulate({}, max_seconds=truth),
    ]
    for call in calls:
        with pytest.raises(TypeError, match=r"must be a.*(int|number), not"):
            call()
    assert callback.trials() == [("0", "RUNNING")]


def kinds(number):
    """A number as Python and NumPy have it."""
    return [number, np.int64(number), np.uint8(number), np.array(number)]


@pytest.mark.parametrize(
    ("three", "half"),
    list(zip(kinds(3), [0.5, np.float32(0.5), np.float64(0.5), np.array(0.5)])),
)
def test_numbers_of_numpy(three, half, tmp_path):
    callback = RemovalCallback.geometric(
        three, three, 27, max_checkpoints=three, max_wallclock_time=half
    )
    callback.start(three, bracket=0)
    callback.result(three, three, half, "PAUSE")
    callback.checkpoint_committed(three, three, bytes=three)
    callback.set_limits(max_wallclock_time=half, max_num_trials=three)
    callback.loop_end(half)
    assert callback.trial_information("3").level == 3
    rungs = rungkeeper.PromotionRungs(
        grace_period=1, reduction_factor=three, max_resource=9, seed=three
    )
    _, milestone = rungs.start(three)
    assert rungs.report(three, milestone, half) == "PAUSE"
    table = {
        "trial": np.repeat(np.arange(9), 2),
        "resource": np.tile([1, 3], 9),
        "loss": np.arange(18) / 18,
    }
    runs = rungkeeper.simulate(
        table, policies="by_level", seeds=three, workers=three, eta=three
    )
    assert {run["budget"] for run in runs} == {6, 12, 24, 48, 96}
    path = tmp_path / "curves.csv"
    rows = zip(*(column.tolist() for column in table.values()))
    lines = [",".join(table), *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines))
    again = rungkeeper.simulate(
        [path], policies="by_level", seeds=three, workers=three, eta=three
    )
    named = [run | {"curves": "table"} for run in again]
    assert named == runs
