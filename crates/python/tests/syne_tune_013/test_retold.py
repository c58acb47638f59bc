"""What Syne Tune 0.13.0 tests of its schedulers and removal callbacks, told again.

Its published source distribution carries no tests. So each of its `tst/callbacks` and
of the tests of its asynchronous Hyperband in `tst/schedulers` is here in our words,
with this package's classes where it has them.
"""

import math
from datetime import datetime

import dill
import numpy as np
import pytest
from rungkeeper import compute_probabilities_of_getting_resumed
from rungkeeper.syne_tune import BetaBinomialEstimator, HyperbandScheduler
from scipy.stats import binom
from syne_tune.backend.trial_status import Trial
from syne_tune.config_space import randint, uniform

from .driver import HyperbandScheduler as Theirs

SPACE = {"width": randint(1, 2), "rate": uniform(5.5, 6.5), "epochs": 27}


def make(space=SPACE, kind=HyperbandScheduler, **settings):
    defaults = {
        "searcher": "random",
        "search_options": {"debug_log": False},
        "metric": "metric",
        "mode": "max",
        "resource_attr": "epoch",
        "max_resource_attr": "epochs",
    }
    return kind(space, **(defaults | settings))


def trial(number, scheduler):
    suggestion = scheduler.suggest(trial_id=number)
    assert suggestion.spawn_new_trial_id
    return Trial(number, suggestion.config, datetime(2024, 1, 1))


# tst/callbacks/test_hyperband_remove_checkpoints.py


def resumed_within(arrivals, chance, steps):
    """By walking over the numbers of better arrivals, step by step.

    A trial is resumed at the first step k by which no more than k better ones arrived.
    """
    left, before, resumed = {0: 1.0}, 0, 0.0
    for step in range(steps + 1):
        now = {}
        for better, mass in left.items():
            for more in range(arrivals[step] - before + 1):
                share = mass * binom.pmf(more, arrivals[step] - before, chance)
                now[better + more] = now.get(better + more, 0.0) + share
        before = arrivals[step]
        resumed += sum(mass for better, mass in now.items() if better <= step)
        left = {better: mass for better, mass in now.items() if better > step}
    return resumed


def test_probabilities_of_getting_resumed():
    draw = np.random.RandomState(31415938)
    steps = 4
    for _ in range(60):
        quantile = 1 / draw.choice([2, 3, 4])
        length, chance = int(draw.randint(10, 100)), draw.uniform(0.1, 0.9)
        rank = math.ceil(draw.uniform(1.1, 1.5) * length * quantile)
        over = rank - quantile * length
        # The number of arrivals with which k better ones still leave it a place.
        arrivals = [
            math.ceil(round((over + step) / quantile, 9)) for step in range(steps + 1)
        ]
        found = compute_probabilities_of_getting_resumed(
            [rank], [length], [quantile], [chance], 1.1 * arrivals[-1] / length, steps
        )
        expected = resumed_within(arrivals, chance, steps)
        assert found[0] == pytest.approx(expected, abs=1e-9)


def test_the_estimator():
    draw = np.random.RandomState(31415991)
    for _ in range(200):
        mean, size = draw.uniform(0.01, 0.99), draw.uniform(0.1, 2)
        chance, number = draw.uniform(0.1, 0.9), draw.randint(0, 30)
        data = list(draw.uniform(0, 1, size=number) <= chance)
        estimator = BetaBinomialEstimator(beta_mean=mean, beta_size=size)
        assert (estimator.num_one, estimator.num_total) == (0, 0)
        estimator.update(data)
        assert (estimator.num_one, estimator.num_total) == (sum(data), number)
        expected = (mean * size + sum(data)) / (size + number)
        assert estimator.posterior_mean() == pytest.approx(expected)


# tst/schedulers/test_hyperband.py


def test_what_is_pending():
    for data, per_trial in [("rungs", 1), ("all", 3)]:
        scheduler = make(
            mode="min", grace_period=3, reduction_factor=3, searcher_data=data
        )
        noted = []
        scheduler.searcher.register_pending = (
            lambda trial_id, config=None, milestone=None, noted=noted: noted.append(
                (trial_id, milestone)
            )
        )
        trials = [trial(number, scheduler) for number in range(4)]
        levels = [3] if data == "rungs" else [1, 2, 3]
        assert noted == [(str(n), level) for n in range(4) for level in levels]
        assert len(noted) == 4 * per_trial
        noted.clear()
        decisions = [
            scheduler.on_trial_result(each, {"epoch": 3, "metric": metric})
            for each, metric in zip(trials, (1.0, 0.9, 0.8, 1.2), strict=True)
        ]
        assert decisions == ["CONTINUE"] * 3 + ["STOP"]
        levels = [9] if data == "rungs" else [4, 5, 6, 7, 8, 9]
        assert noted == [(str(n), level) for n in range(3) for level in levels]


@pytest.mark.parametrize(
    ("space", "found"),
    [
        ({"epochs": 15, "max_t": 14, "max_epochs": 13}, 15),
        ({"max_t": 14, "max_epochs": 13}, 14),
        ({"max_epochs": 13}, 13),
        ({"epochs": randint(15, 20), "max_t": 14, "max_epochs": 13}, 14),
        ({"epochs": randint(15, 20), "max_t": randint(14, 21), "max_epochs": 13}, 13),
        ({}, None),
        ({"epochs": randint(15, 20), "max_t": randint(14, 21)}, None),
    ],
)
def test_max_t_is_found_in_the_space(space, found):
    space = {"width": randint(0, 20), **space}
    assert make(space, max_resource_attr=None, max_t=10).max_t == 10
    if found is None:
        with pytest.raises(AssertionError):
            make(space, max_resource_attr=None)
    else:
        assert make(space, max_resource_attr=None).max_t == found


@pytest.mark.parametrize(
    ("kind", "rungs", "pauses"),
    [
        ("stopping", "StoppingRungSystem", False),
        ("promotion", "PromotionRungSystem", True),
        ("pasha", "PASHARungSystem", True),
        ("rush_promotion", "RUSHPromotionRungSystem", True),
        ("rush_stopping", "RUSHStoppingRungSystem", False),
        ("cost_promotion", "CostPromotionRungSystem", True),
    ],
)
def test_types_of_the_scheduler(kind, rungs, pauses):
    asked = {"max_num_checkpoints": 3}
    scheduler = make(type=kind, cost_attr="cost", early_checkpoint_removal_kwargs=asked)
    assert type(scheduler.terminator._rung_systems[0]).__name__ == rungs
    assert scheduler.does_pause_resume() == pauses
    callback = scheduler.callback_for_checkpoint_removal(lambda status: False)
    assert (callback is not None) == pauses


@pytest.mark.parametrize("mode", ["min", "max"])
def test_the_quantile_of_a_rung(mode):
    draw = np.random.RandomState(31415938)
    scheduler = make(type="promotion", mode=mode, grace_period=1)
    rung = scheduler.terminator._rung_systems[0]._rungs[-1]
    numbers = []
    for number in range(60):
        metric = draw.normal()
        numbers.append(metric)
        result = {"epoch": 1, "metric": metric}
        new = Trial(number, {"epochs": 27}, datetime(2024, 1, 1))
        scheduler.terminator.on_task_add(
            str(number), bracket=0, new_config=True, config={}
        )
        scheduler.terminator.on_task_report(str(new.trial_id), result)
        if number > 0:
            part = 1 / 3 if mode == "min" else 2 / 3
            assert rung.quantile() == pytest.approx(np.quantile(numbers, part))


# tst/schedulers/test_hyperband_cost_promotion.py


@pytest.mark.parametrize("restarts", [False, True])
def test_the_offset_of_the_cost(restarts):
    scheduler = make(type="cost_promotion", cost_attr="cost")
    trials = [trial(number, scheduler) for number in range(4)]

    def report(number, epoch, metric, cost):
        result = {"epoch": epoch, "metric": metric, "cost": cost}
        return scheduler.on_trial_result(trials[number], result)

    def resume(number):
        suggestion = scheduler.suggest(trial_id=len(trials))
        assert suggestion.checkpoint_trial_id == number
        trials[number].config = suggestion.config

    assert report(0, 1, 0.9, 1.0) == "PAUSE"
    trials.append(trial(4, scheduler))
    assert report(1, 1, 0.8, 3.0) == "PAUSE"
    assert scheduler._cost_offset == {"0": 1.0, "1": 3.0}
    resume(0)  # 1 < (1 + 3) / 3
    assert report(2, 1, 0.7, 10.0) == "PAUSE"
    if restarts:
        assert report(0, 1, 0.9, 1.5) == "CONTINUE"
        assert scheduler._cost_offset["0"] == 0.0
        assert report(0, 2, 0.91, 2.5) == "CONTINUE"
    assert report(0, 3, 0.95, 3.0) == "PAUSE"
    assert scheduler._cost_offset["0"] == (3.0 if restarts else 4.0)
    resume(1)  # 4 < 14 / 3


# tst/schedulers/test_pasha.py


def test_pasha_takes_more_where_the_ranking_changes():
    scheduler = make(type="pasha", early_checkpoint_removal_kwargs=None)
    rungs = scheduler.terminator._rung_systems[0]
    rungs.epsilon = 0.1
    alike = [("0", 0, 10.0), ("1", 3, 19.6), ("2", 2, 14.3), ("3", 1, 11.6)]
    again = [("0", 0, 10.1), ("1", 3, 19.7), ("2", 2, 14.2), ("3", 1, 11.5)]
    other = [("0", 0, 10.0), ("1", 1, 11.55), ("2", 3, 14.3), ("3", 2, 11.6)]
    assert not rungs._decide_resource_increase([alike])
    assert not rungs._decide_resource_increase([alike, again])
    assert rungs._decide_resource_increase([other, again])


# tst/schedulers/test_schedulers_api.py


@pytest.mark.parametrize("kind", [HyperbandScheduler, Theirs])
@pytest.mark.parametrize("searcher", ["random", "grid", "bayesopt"])
def test_a_scheduler_is_plain_data(kind, searcher):
    scheduler = make(
        kind=kind,
        searcher=searcher,
        type="promotion",
        early_checkpoint_removal_kwargs={"max_num_checkpoints": 3},
    )
    assert scheduler.metric_names() == ["metric"]
    assert scheduler.metric_mode() == "max"
    assert isinstance(scheduler.metadata(), dict)
    trials = [trial(number, scheduler) for number in range(3)]
    scheduler = dill.loads(dill.dumps(scheduler))
    for number, each in enumerate(trials):
        result = {"epoch": 1, "metric": float(number)}
        assert scheduler.on_trial_result(each, result) == "PAUSE"
        scheduler.on_trial_remove(each)
    assert scheduler.suggest(trial_id=3).checkpoint_trial_id == 2
