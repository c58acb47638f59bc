"""Which trial is promoted next, against successive halving written out in full."""

import math
import random
import threading
from fractions import Fraction

import numpy as np
import pytest
from rungkeeper._core import PromotionRungs

from .pickling import COPIES

GRACE_PERIOD, REDUCTION_FACTOR, MAX_RESOURCE = 1, 3, 27
LEVELS = [1, 3, 9]
BAD = [math.nan, math.inf, -math.inf, None, "0.3", 10**400]


def rungs_of(**settings):
    geometry = {
        "grace_period": GRACE_PERIOD,
        "reduction_factor": REDUCTION_FACTOR,
        "max_resource": MAX_RESOURCE,
    }
    return PromotionRungs(**(geometry | settings))


def paused(*metrics, **settings):
    """Rungs with a trial paused at the first level per metric."""
    rungs = rungs_of(**settings)
    for trial, metric in enumerate(metrics):
        rungs.start(trial)
        assert rungs.report(trial, 1, metric) == "PAUSE"
    return rungs


class Naive:
    """Successive halving on lists that are sorted anew each time."""

    def __init__(self, mode):
        self.sign = 1 if mode == "min" else -1
        self.rungs = {level: [] for level in LEVELS}
        self.waiting = {}  # trial: its level

    def report(self, trial, level, metric):
        is_bad = metric is None or not math.isfinite(metric)
        # The sort is stable: of equals the one recorded earlier is better.
        value = (1, 0.0) if is_bad else (0, self.sign * metric)
        self.rungs[level].append((value, trial))
        self.waiting[trial] = level

    def promote(self):
        for level in reversed(LEVELS):
            entries = sorted(self.rungs[level], key=lambda entry: entry[0])
            for rank, ((is_bad, _), trial) in enumerate(entries, start=1):
                if self.waiting.get(trial) != level:
                    continue
                if is_bad or rank * REDUCTION_FACTOR > len(entries):
                    break
                del self.waiting[trial]
                return trial, level, level * REDUCTION_FACTOR
        return None


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("seed", range(8))
def test_promotes_what_successive_halving_promotes(seed, mode):
    draw = random.Random(seed)
    rungs, naive = rungs_of(mode=mode), Naive(mode)
    running = {}  # trial: its milestone
    promoted = ended = 0
    for step in range(600):
        expected = naive.promote()
        assert rungs.promotable() == (expected and expected[0])
        assert rungs.promote() == expected
        if expected is not None:
            promoted += 1
            running[expected[0]] = expected[2]
        elif len(running) < 8:
            trial = f"t{step}"
            assert rungs.start(trial) == (0, 1)
            running[trial] = 1
        trial = draw.choice(sorted(running))
        milestone = running[trial]
        if milestone > 1 and draw.random() < 0.3:
            assert rungs.report(trial, milestone - 1, 0.5) == "CONTINUE"
            continue
        del running[trial]
        if draw.random() < 0.05:  # while it runs
            draw.choice([rungs.complete, rungs.failed])(trial)
            ended += 1
            continue
        # Few values, so that there are ties.
        metric = draw.choice([draw.randrange(20), draw.randrange(20), *BAD[:4]])
        if milestone == MAX_RESOURCE:
            assert rungs.report(trial, milestone, metric) == "STOP"
            continue
        assert rungs.report(trial, milestone, metric) == "PAUSE"
        naive.report(trial, milestone, metric)
        if draw.random() < 0.05:  # while it waits
            draw.choice([rungs.complete, rungs.failed])(trial)
            del naive.waiting[trial]
            ended += 1
    assert promoted > 50
    assert ended > 5


def test_highest_rung_first_and_the_last_milestone():
    rungs = paused(*[0.1, 0.2, 0.3] * 3)
    first = [rungs.promote() for _ in range(3)]
    assert first == [("0", 1, 3), ("3", 1, 3), ("6", 1, 3)]
    assert rungs.promote() is None
    for trial in (0, 3, 6):
        assert rungs.report(trial, 2, 0.1) == "CONTINUE"
        assert rungs.report(trial, 3, trial) == "PAUSE"
    for trial in ("a", "b", "c"):
        rungs.start(trial)
        rungs.report(trial, 1, 0.0)
    assert rungs.promotable() == "0"
    assert rungs.promote() == ("0", 3, 9)
    assert rungs.promote() == ("a", 1, 3)


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("bad", BAD)
def test_bad_metrics_are_never_promoted(bad, mode):
    rungs = paused(bad, bad, bad, mode=mode)
    assert rungs.promotable() is None
    rungs = paused(bad, 0.5, bad, mode=mode)
    assert rungs.promote() == ("1", 1, 3)


def test_trials_are_started_where_their_bracket_begins():
    rungs = rungs_of(brackets=3, seed=5)
    starts = [rungs.start(trial) for trial in range(300)]
    assert set(starts) == {(0, 1), (1, 3), (2, 9)}
    again = rungs_of(brackets=3, seed=5)
    assert [again.start(f"x{trial}") for trial in range(300)] == starts
    other = rungs_of(brackets=3, seed=6)
    assert [other.start(trial) for trial in range(300)] != starts
    late = starts.index((2, 9))
    assert rungs.report(late, 3, 0.5) == "CONTINUE"
    assert rungs.report(late, 9, 0.5) == "PAUSE"


def test_a_rung_left_out_is_made_up_for():
    rungs = rungs_of()
    rungs.start("a")
    assert rungs.report("a", 2, 0.5) == "PAUSE"
    assert repr(rungs).endswith("{1: 1, 3: 0, 9: 0}>")


@pytest.mark.parametrize("copy", COPIES)
def test_copies_go_on_alike(copy):
    draw = random.Random(1)
    rungs, milestones = rungs_of(mode="max", brackets=2, seed=2**64 - 1), {}
    for trial in range(60):
        _, milestones[str(trial)] = rungs.start(trial)
        rungs.report(trial, milestones[str(trial)], draw.choice([1, 2, *BAD]))
    rungs.complete(3)
    rungs.failed(4)
    promoted = [rungs.promote() for _ in range(4)]
    assert None not in promoted
    copied = copy(rungs)
    assert repr(copied) == repr(rungs)
    assert len(copied) == 60
    for trial in range(60, 90):
        assert copied.start(trial) == rungs.start(trial)
    remaining = [rungs.promote() for _ in range(20)]
    assert [copied.promote() for _ in range(20)] == remaining
    assert remaining[0] is not None
    copied.start("only here")
    assert "only here" not in rungs


def test_a_copy_can_be_made_before_anything_happened():
    for param in COPIES:
        (copy,) = param.values
        assert repr(copy(rungs_of())) == repr(rungs_of())


@pytest.mark.parametrize(
    ("state", "error", "message"),
    [
        (3, TypeError, "state must be a list of events, not int"),
        ([("begin", "a", 0, 0.0)], ValueError, r"state is .* must be a list of events"),
        ([("report", "new", 1, 0.5)], ValueError, 'trial "new" was never started'),
    ],
)
def test_a_state_that_is_none_is_refused(state, error, message):
    rungs = paused(0.5)
    with pytest.raises(error, match=message):
        rungs.__setstate__(state)
    assert repr(rungs) == repr(paused(0.5))


def test_it_knows_its_trials():
    rungs = paused(0.3, 0.5)
    rungs.start("0007")
    rungs.start(np.int64(7))
    assert len(rungs) == 4
    assert "0" in rungs
    assert 1 in rungs
    assert "0007" in rungs
    assert "2" not in rungs
    expected = "<PromotionRungs of 4 trials, entries by level {1: 2, 3: 0, 9: 0}>"
    assert repr(rungs) == expected


def test_messages_name_trials_as_they_were_given():
    # By the order of their starts they are 0, 1 and 2.
    rungs = rungs_of()
    for trial in ("1", '"1"', "0"):
        rungs.start(trial)
        rungs.report(trial, 1, 0.5)
    with pytest.raises(ValueError, match=r'^trial "1" is .* report is not possible'):
        rungs.report(1, 1, 0.5)
    with pytest.raises(ValueError, match=r'^trial "\\"1\\"" is .* not possible'):
        rungs.report('"1"', 1, 0.5)
    with pytest.raises(ValueError, match=r'^trial "0" is .* report is not possible'):
        rungs.report("0", 1, 0.5)
    with pytest.raises(ValueError, match=r'^trial "2" was never started$'):
        rungs.report("2", 1, 0.5)
    with pytest.raises(ValueError, match=r'^trial "0" was started before$'):
        rungs.start(0)
    assert rungs.promote() == ("1", 1, 3)
    with pytest.raises(
        ValueError, match=r'^trial "1" reported resource 0, but resources start at 1$'
    ):
        rungs.report("1", 0, 0.5)
    rungs.report("1", 2, 0.5)
    with pytest.raises(
        ValueError, match=r'^trial "1" reported resource 1 after 2: refused'
    ):
        rungs.report("1", 1, 0.5)


def test_refused_calls_change_nothing():
    rungs = paused(0.3, 0.5, 0.4)
    before = repr(rungs), rungs.promotable(), rungs.__reduce__()[2]
    for call in (rungs.complete, rungs.failed):
        with pytest.raises(ValueError, match='trial "x" was never started'):
            call("x")
        with pytest.raises(TypeError, match="trial must be a str or an int, not"):
            call(1.5)
    for arguments, error, message in [
        (("0", -1, 0.5), ValueError, "resource is -1, but must be an int from 0"),
        (("0", 1.5, 0.5), TypeError, "resource must be an int, not float"),
        (("0", 1, [0.5]), TypeError, "metric must be a number, not list"),
        ((None, 1, 0.5), TypeError, "trial must be a str or an int, not NoneType"),
    ]:
        with pytest.raises(error, match=message):
            rungs.report(*arguments)
    for trial in (None, True, b"7"):
        with pytest.raises(TypeError, match="trial must be a str or an int, not"):
            rungs.start(trial)
        assert trial not in rungs
    assert (repr(rungs), rungs.promotable(), rungs.__reduce__()[2]) == before


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"grace_period": 0}, ValueError, "grace_period is 0, but must be an int"),
        ({"grace_period": 2.0}, TypeError, "grace_period must be an int, not float"),
        ({"reduction_factor": 1}, ValueError, "reduction_factor is 1, but must be at"),
        ({"reduction_factor": 2.5}, ValueError, "factor is 2.5, but must be a whole"),
        ({"reduction_factor": -3.0}, ValueError, "factor is -3.0, but must be a whole"),
        ({"reduction_factor": math.nan}, ValueError, "is nan, but must be a whole"),
        ({"reduction_factor": math.inf}, ValueError, "is inf, but must be a whole"),
        ({"reduction_factor": "3"}, TypeError, "factor must be an int, not str"),
        ({"reduction_factor": True}, TypeError, "factor must be an int, not bool"),
        ({"reduction_factor": np.True_}, TypeError, "factor must be an int, not bool"),
        ({"reduction_factor": None}, TypeError, "must be an int, not NoneType"),
        ({"max_resource": 1}, ValueError, "max_resource is 1, but must be above the"),
        ({"max_resource": 2**60}, ValueError, "max_resource is 1152921504606846976"),
        ({"mode": "best"}, ValueError, "mode is 'best', but must be 'min' or 'max'"),
        ({"mode": None}, TypeError, "mode must be a str, not NoneType"),
        ({"brackets": 0}, ValueError, "brackets is 0, but must be an int from 1"),
        ({"brackets": 4}, ValueError, "the number of brackets is 4, but must be 1"),
        ({"seed": -1}, ValueError, "seed is -1, but must be an int from 0"),
        ({"seed": "x"}, TypeError, "seed must be an int, not str"),
        ({"eta": 3}, TypeError, "PromotionRungs has no keyword argument eta"),
    ],
)
def test_bad_settings_are_named(settings, error, message):
    with pytest.raises(error, match=message):
        rungs_of(**settings)


@pytest.mark.parametrize("kind", [float, np.float32, np.float64, np.array, Fraction])
def test_a_reduction_factor_may_be_a_whole_float(kind):
    assert repr(rungs_of(reduction_factor=kind(3.0))) == repr(rungs_of())


def test_what_is_missing_is_named():
    with pytest.raises(TypeError, match="needs the keyword argument reduction_factor"):
        PromotionRungs(grace_period=1, max_resource=9)


def test_threads_can_share_it():
    rungs, errors = rungs_of(), []

    def run(worker):
        try:
            for trial in range(100):
                rungs.start(f"{worker}-{trial}")
                rungs.report(f"{worker}-{trial}", 1, trial)
                rungs.promote()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(rungs) == 400
