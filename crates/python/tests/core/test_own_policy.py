"""Policies of your own: what they are shown, and what they may return and do."""

import copy
import functools
import itertools
import pickle
import re
import traceback
from decimal import Decimal
from fractions import Fraction

import cloudpickle
import dill
import numpy as np
import pytest
from rungkeeper import (
    Candidates,
    RemovalCallback,
    check_policy,
    rank_aware_probabilities,
)

LOSSES = [0.3, 0.5, 0.4, 0.6]


def cheapest(candidates):
    """What `rank_aware` does."""
    return candidates.level * rank_aware_probabilities(
        candidates.rank,
        candidates.rung_len,
        candidates.prom_quant,
        candidates.time_ratio,
        num_better=candidates.num_better,
    )


def largest_first(candidates):
    is_finite = np.isfinite(candidates.metric)
    return candidates.trial[np.lexsort((-candidates.bytes, is_finite))]


class Counting:
    """A policy with a state: it counts how often it was asked."""

    name = "counting"

    def __init__(self):
        self.asked = 0

    def __call__(self, candidates):
        self.asked += 1
        return cheapest(candidates)


def callback_of(policy, losses=LOSSES, **settings):
    """A callback with a paused trial per loss; checkpoints have 10, 20, ... bytes."""
    settings = {"max_checkpoints": 2} | settings
    callback = RemovalCallback.geometric(1, 3, 27, policy=policy, **settings)
    for trial, loss in enumerate(losses):
        callback.start(trial)
        callback.result(trial, 1, loss, "PAUSE")
        callback.checkpoint_committed(trial, 1, 10 * (trial + 1))
    return callback


def gone(callback, elapsed=1.0):
    return [removal.trial for removal in callback.loop_end(elapsed)]


def test_what_a_policy_is_shown():
    seen = []

    def look(candidates):
        seen.append(candidates)
        return candidates.trial

    callback = callback_of(look, [0.3, 0.5, float("nan"), 0.3], max_wallclock_time=10)
    callback.resume("1")
    callback.result("1", 3, 0.25, "PAUSE")
    callback.checkpoint_committed("1", 3, 7)
    callback.loop_end(4.0)
    (shown,) = seen
    assert isinstance(shown, Candidates)
    assert len(shown) == 4
    assert shown.trial.tolist() == ["1", "2", "3", "0"]
    assert shown.rung.tolist() == [1, 2, 2, 2]
    assert shown.level.tolist() == [3, 1, 1, 1]
    assert shown.rank.tolist() == [1, 4, 2, 1]
    assert shown.rung_len.tolist() == [1, 4, 4, 4]
    assert shown.num_better.tolist() == [0, 3, 0, 0]
    assert shown.bytes.tolist() == [7, 30, 40, 10]
    assert np.isnan(shown.metric[1])
    assert shown.metric[[0, 2, 3]].tolist() == [0.25, 0.3, 0.3]
    assert shown.prom_quant.tolist() == [1 / 3] * 4
    assert shown.time_ratio == 1.5
    assert (shown.checkpoints_to_go, shown.bytes_to_go) == (2, 0)
    rungs = list(shown.by_rung())
    assert [rung.trial.tolist() for rung in rungs] == [["1"], ["2", "3", "0"]]
    assert {rung.time_ratio for rung in rungs} == {1.5}


@pytest.mark.parametrize("mode", ["min", "max"])
def test_metrics_are_shown_as_they_were_reported(mode):
    shown = []
    callback = callback_of(lambda c: shown.append(c) or c.trial, mode=mode)
    callback.loop_end(1.0)
    assert dict(zip(shown[0].trial, shown[0].metric)) == dict(zip("0123", LOSSES))


def test_costs_are_those_of_the_candidates():
    own, core = callback_of(cheapest), callback_of("rank_aware")
    assert [c.trial_id for c in own.candidates()] == ["0", "2", "1", "3"]
    expected = [c.score_val for c in core.candidates()]
    assert [c.score_val for c in own.candidates()] == pytest.approx(expected)
    removals = own.loop_end(1.0)
    assert [r.trial for r in removals] == ["3", "1"]
    for removal, of_core in zip(removals, core.loop_end(1.0)):
        assert removal.expected_cost == pytest.approx(of_core.expected_cost)


def test_an_order_estimates_no_costs():
    callback = callback_of(largest_first)
    assert {c.score_val for c in callback.candidates()} == {None}
    removals = callback.loop_end(1.0)
    assert [(r.trial, r.expected_cost) for r in removals] == [("3", None), ("2", None)]
    assert repr(callback).startswith("RemovalCallback(policy='largest_first', ")


@pytest.mark.parametrize(
    "answer",
    [
        lambda c: ["2", "0", "1", "3"],
        lambda c: ("2", "0"),
        lambda c: np.array(["2", "0", "3"]),
        lambda c: iter(["2", "0"]),
        lambda c: [{"2": 0, "0": 1.5}.get(trial, 2) for trial in c.trial],
        lambda c: np.select([c.trial == "2", c.trial == "0"], [1, 2], 3),
        lambda c: np.select([c.trial == "2", c.trial == "0"], [0, 0.5], np.inf),
        lambda c: [np.float32({"2": 0, "0": 1}.get(trial, 2)) for trial in c.trial],
        lambda c: [Decimal({"2": 0, "0": 1}.get(trial, 2)) for trial in c.trial],
        lambda c: [Fraction({"2": 0, "0": 1}.get(trial, 2), 3) for trial in c.trial],
        lambda c: [{"2": 10**20, "0": 10**25}.get(trial, 10**30) for trial in c.trial],
    ],
)
def test_orders_and_costs_of_all_kinds(answer):
    assert gone(callback_of(answer)) == ["2", "0"]


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (lambda c: None, TypeError, "returned NoneType, but must return costs"),
        (lambda c: 1.0, TypeError, "returned float, but must return costs .* of the 4"),
        (lambda c: "3", TypeError, "returned str, but"),
        (lambda c: {"3"}, TypeError, "returned set, but"),
        (lambda c: {"3": 1.0}, TypeError, "returned dict, but"),
        (lambda c: ["3", 1.0], TypeError, "a mixture of text and something else"),
        (lambda c: [True] * 4, TypeError, "an array of dtype bool"),
        (lambda c: [1j] * 4, TypeError, "an array of dtype complex128"),
        # NumPy before 1.24 warns, and makes objects of them.
        (
            lambda c: [[1.0], [1.0, 2.0], 1.0, 1.0],
            TypeError,
            "(returned .*inhomogeneous|the cost of .* must be a number, not list)",
        ),
        (lambda c: c.level[:3], ValueError, "returned 3 costs, but .* of the 4 cand"),
        (lambda c: [1.0], ValueError, "returned 1 cost, but must"),
        (lambda c: [], ValueError, "nothing: an empty sequence, but must return costs"),
        (lambda c: c.trial[:0], ValueError, "nothing: an empty sequence, but must"),
        (lambda c: [1.0] * 5, ValueError, "returned more than 4 values, but must"),
        (lambda c: itertools.repeat(1.0), ValueError, "returned more than 4 values"),
        (lambda c: itertools.cycle(c.trial), ValueError, "returned more than 4 values"),
        (lambda c: np.ones((4, 1)), ValueError, r"costs of shape \[4, 1\], but must"),
        (
            lambda c: [10**400, 1, 1, 1],
            ValueError,
            'the cost of trial "3" is 1000.*, but must be a number within the range',
        ),
        (
            lambda c: [1, Decimal(1), None, 1],
            TypeError,
            'the cost of trial "[0-3]" must be a number, not NoneType',
        ),
        (lambda c: [Decimal(1), True, 1, 1], TypeError, "must be a number, not bool"),
        (
            lambda c: [Decimal("nan"), 1, 1, 1],
            ValueError,
            'returned NaN as the cost of trial "3"',
        ),
        (
            lambda c: c.metric * np.nan,
            ValueError,
            'returned NaN as the cost of trial "3"',
        ),
        (lambda c: -c.metric, ValueError, r'returned -0.6 as the cost of trial "3"'),
        (lambda c: ["3", "7"], ValueError, 'returned trial "7", which is no candidate'),
        (lambda c: ["3", "3"], ValueError, 'returned trial "3" twice'),
        (lambda c: ["3"], ValueError, "ordered 1 of 4 candidates, but 2 checkpoints"),
    ],
)
@pytest.mark.filterwarnings("ignore:Creating an ndarray from ragged")
def test_other_answers_are_refused(answer, error, message):
    answers = [answer]
    callback = callback_of(lambda c: answers[0](c))
    log = callback.log()
    with pytest.raises(error, match=f"the policy lambda .*{message}"):
        callback.loop_end(1.0)
    assert callback.log() == log
    answers[0] = largest_first
    assert gone(callback) == ["3", "2"]


def test_bytes_that_an_order_does_not_free():
    callback = callback_of(lambda c: ["0"], max_checkpoints=None, max_bytes=50)
    with pytest.raises(ValueError, match="0 checkpoints and 50 bytes must go"):
        callback.loop_end(1.0)
    callback = callback_of(largest_first, max_checkpoints=None, max_bytes=50)
    assert gone(callback) == ["3", "2"]


def test_an_exception_reaches_the_caller():
    def breaks(candidates):
        return candidates.no_such_thing

    callback = callback_of(breaks, max_wallclock_time=10)
    before = callback.log(), callback.time_ratio, callback.trials(), repr(callback)
    for _ in range(2):
        with pytest.raises(AttributeError, match="no_such_thing") as raised:
            callback.loop_end(5.0)
        lines = "".join(traceback.format_exception(*raised._excinfo))
        assert "return candidates.no_such_thing" in lines
    with pytest.raises(AttributeError, match="no_such_thing"):
        callback.candidates()
    after = callback.log(), callback.time_ratio, callback.trials(), repr(callback)
    assert after == before
    callback.set_budget(max_checkpoints=4)
    assert callback.loop_end(6.0) == []
    assert callback.resume("0")


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_interrupts_reach_the_caller(interrupt):
    def stop(*_):
        raise interrupt

    def stops_later():
        yield 1.0
        stop()

    class StopsAtOnce:
        __iter__ = stop

    class Stops:
        __float__ = stop

    for answer in (
        stop,
        lambda c: stops_later(),
        lambda c: StopsAtOnce(),
        lambda c: [Stops()] * 4,
    ):
        callback = callback_of(answer)
        log = callback.log()
        with pytest.raises(interrupt):
            callback.loop_end(1.0)
        assert callback.log() == log


def test_an_answer_without_end_is_read_no_further_than_needed():
    read = []

    def endless():
        for number in itertools.count():
            read.append(number)
            yield 1.0

    with pytest.raises(ValueError, match="returned more than 4 values"):
        callback_of(lambda c: endless()).loop_end(1.0)
    assert read == [0, 1, 2, 3, 4]


def test_a_policy_cannot_call_its_callback():
    answers = [lambda c: repr(callback)]
    callback = callback_of(lambda c: answers[0](c))
    for call in (repr, RemovalCallback.candidates, lambda c: c.start("new")):
        answers[0] = lambda c, call=call: call(callback)
        with pytest.raises(RuntimeError, match="within another one of it"):
            callback.loop_end(1.0)
    assert len(callback.trials()) == 4


def test_it_is_asked_only_where_something_must_go():
    policy = Counting()
    callback = callback_of(policy, max_checkpoints=4)
    assert gone(callback) == []
    for trial in range(4):
        callback.pin(trial)
    callback.set_budget(max_checkpoints=0)
    assert gone(callback, 2.0) == []  # nobody is a candidate
    assert policy.asked == 0
    callback.unpin(0)
    assert gone(callback, 3.0) == ["0"]
    assert policy.asked == 1


@pytest.mark.parametrize("policy", [cheapest, largest_first, Counting()])
def test_the_laws_hold(policy):
    check_policy(policy)


def test_a_policy_that_breaks_the_laws_is_caught(capfd):
    def never_mind_nan(candidates):
        return candidates.trial[::-1]

    with pytest.raises(AssertionError, match="kept a trial that is never promoted"):
        check_policy(never_mind_nan)
    draws = np.random.default_rng(0)

    def other_each_time(candidates):
        return draws.permutation(
            candidates.trial[np.argsort(~np.isnan(candidates.metric))]
        )

    with pytest.raises(
        AssertionError, match=r"differently when shown the same, .* and"
    ):
        check_policy(other_each_time)
    with pytest.raises(ZeroDivisionError):
        check_policy(lambda candidates: 1 / 0)
    with pytest.raises(TypeError, match="returned NoneType"):
        check_policy(lambda candidates: None)
    assert capfd.readouterr().err == ""


def test_a_broken_law_is_told_as_a_person_reads_it():
    with pytest.raises(AssertionError) as raised:
        check_policy(lambda c: c.trial[::-1])
    message = str(raised.value)
    assert re.search(r"chose( [a-x])+: situation \d+ of 0 to 199, in which", message)
    rung = r"\n  level 3, worst first:( [i-p]( \(NaN\))?| nobody)+\n"
    assert re.search(rung, message)
    assert not re.search(r"[{}\[\]]|None|Some|assert", message)


@pytest.mark.parametrize("policy", ["rank_aware", None, 3])
def test_only_policies_of_ones_own_are_checked(policy):
    with pytest.raises(TypeError, match="policy must be a policy of your own, a calla"):
        check_policy(policy)


def names():
    def by_level(candidates):
        return candidates.trial

    class LargestFirst:
        def __call__(self, candidates):
            return candidates.trial

    named = LargestFirst()
    named.name = "mine_2"
    return [
        (largest_first, "largest_first"),
        (functools.partial(largest_first), "largest_first"),
        (LargestFirst(), "largest_first"),
        (named, "mine_2"),
        (lambda c: c.trial, "lambda"),
        (LargestFirst().__call__, "call"),
    ]


@pytest.mark.parametrize(("policy", "name"), names())
def test_names(policy, name):
    assert f"policy='{name}'" in repr(callback_of(policy))
    assert f'"policy":"{name}"' in callback_of(policy).log()


def test_names_that_cannot_be():
    def by_level(candidates):
        return candidates.trial

    with pytest.raises(ValueError, match="by_level, as one of rungkeeper's own"):
        callback_of(by_level)
    by_level.name = "By Level"
    with pytest.raises(ValueError, match="name of the policy is 'By Level', but must"):
        callback_of(by_level)
    by_level.name = 7
    with pytest.raises(TypeError, match="name of the policy must be a str, not int"):
        callback_of(by_level)
    for policy in (7, None, ["by_level"]):
        with pytest.raises(TypeError, match="policy must be a str or a callable, not"):
            callback_of(policy)


@pytest.mark.parametrize("dumps", [pickle.dumps, dill.dumps, cloudpickle.dumps])
@pytest.mark.parametrize("policy", [cheapest, largest_first, Counting()])
def test_pickling(policy, dumps):
    callback = callback_of(policy)
    first = gone(callback)
    callback.start("new")
    callback.result("new", 1, 0.1, "PAUSE")
    callback.checkpoint_committed("new", 1)
    again = pickle.loads(dumps(callback))
    assert again.log() == callback.log()
    assert again.loop_end(2.0) == callback.loop_end(2.0) != []
    assert len(first) == 2


def test_a_copy_has_its_own_policy():
    policy = Counting()
    callback = callback_of(policy)
    copied, same = copy.deepcopy(callback), copy.copy(callback)
    gone(copied)
    assert policy.asked == 0
    gone(same)
    assert policy.asked == 1


def test_what_cannot_be_pickled():
    callback = callback_of(lambda c: c.trial)
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(callback)
    assert gone(cloudpickle.loads(cloudpickle.dumps(callback))) == gone(callback)


def test_logs_of_own_policies(tmp_path):
    policy = Counting()
    callback = callback_of(policy)
    gone(callback)
    path = tmp_path / "log.jsonl"
    path.write_text(callback.log())
    again = RemovalCallback.from_log(path, policy=policy)
    assert again.log() == callback.log()
    assert again.trials() == callback.trials()
    assert policy.asked == 1  # what it chose stands in the log
    with pytest.raises(ValueError, match='policy "counting", which is none of rungk'):
        RemovalCallback.from_log(path)
    message = (
        'policy is named "cheapest", but the log is of a run with the policy "coun'
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        RemovalCallback.from_log(path, policy=cheapest)
