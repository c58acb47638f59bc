"""What `setup` makes, and what it refuses. Nothing is trained here."""

import datetime as dt
import inspect
import math
import pickle
import re
from typing import Any

import pytest
from ray import cloudpickle
from ray.tune import CheckpointConfig, RunConfig, TuneConfig
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler, HyperBandScheduler
from ray.tune.search import (
    BasicVariantGenerator,
    ConcurrencyLimiter,
    SearchGenerator,
)
from ray.tune.search.optuna import OptunaSearch
from rungkeeper.ray import PromotionASHA, PromotionGate, PromotionState, setup
from rungkeeper.ray._run import Run
from rungkeeper.ray._slots import Slots


def asha(**settings: Any) -> PromotionASHA:
    return PromotionASHA(**{"max_t": 27, "reduction_factor": 3, **settings})


def test_all_three_are_put_in_and_what_was_given_stays_as_it_was() -> None:
    scheduler, tune_given, run_given = asha(), TuneConfig(num_samples=7), RunConfig()
    tune_config, run_config = setup(scheduler, tune_given, run_given)
    assert tune_config.scheduler is scheduler
    assert tune_config.num_samples == 7
    assert isinstance(tune_config.search_alg, PromotionGate)
    assert isinstance(tune_config.search_alg.inner, BasicVariantGenerator)
    assert [type(callback) for callback in run_config.callbacks] == [PromotionState]
    assert run_config.checkpoint_config.num_to_keep == 1
    assert tune_given.scheduler is None
    assert tune_given.search_alg is None
    assert run_given.callbacks is None
    assert run_given.checkpoint_config.num_to_keep is None


def test_any_searcher_is_put_behind_the_gate() -> None:
    searcher = OptunaSearch()
    tune_config, _ = setup(asha(), TuneConfig(search_alg=searcher))
    gate = tune_config.search_alg
    assert isinstance(gate.inner, SearchGenerator)
    assert gate.inner.searcher is searcher


@pytest.mark.parametrize(
    "search",
    [
        ConcurrencyLimiter(OptunaSearch(), max_concurrent=3),
        BasicVariantGenerator(max_concurrent=3),
    ],
)
def test_limits_that_count_paused_trials_become_the_schedulers(search: Any) -> None:
    scheduler = asha(max_checkpoints=4)
    tune_config, _ = setup(scheduler, TuneConfig(search_alg=search))
    assert scheduler.max_concurrent == 3
    inner = tune_config.search_alg.inner
    assert getattr(inner, "max_concurrent", 0) == 0
    assert not isinstance(getattr(inner, "searcher", None), ConcurrencyLimiter)


def test_the_smallest_limit_counts() -> None:
    scheduler = asha(max_concurrent=5)
    tune_config, _ = setup(scheduler, TuneConfig(max_concurrent_trials=2))
    assert scheduler.max_concurrent == 2
    assert tune_config.max_concurrent_trials is None


def test_a_checkpoint_config_is_kept() -> None:
    given = RunConfig(checkpoint_config=CheckpointConfig(num_to_keep=3))
    _, run_config = setup(asha(), run_config=given)
    assert run_config.checkpoint_config.num_to_keep == 3


def test_tuner_pickles_everything_and_the_three_stay_together() -> None:
    budget = TuneConfig(time_budget_s=dt.timedelta(minutes=2))
    configs = setup(asha(max_checkpoints=4), budget)
    tune_config, run_config = pickle.loads(cloudpickle.dumps(configs))
    scheduler = tune_config.scheduler
    assert isinstance(scheduler, PromotionASHA)
    assert tune_config.search_alg.scheduler is scheduler
    assert run_config.callbacks[0].scheduler is scheduler
    assert repr(scheduler) == repr(configs[0].scheduler)


def test_rays_own_asha_never_pauses_and_is_refused() -> None:
    rays: Any = ASHAScheduler()
    with pytest.raises(TypeError, match="never pauses") as as_argument:
        setup(rays)
    with pytest.raises(TypeError, match="never pauses") as in_config:
        setup(asha(), TuneConfig(scheduler=rays))
    for error in (as_argument, in_config):
        assert "44256" in str(error.value)
        assert "32634" in str(error.value)
        assert "rungkeeper.ray.PromotionASHA" in str(error.value)


@pytest.mark.parametrize("other", [FIFOScheduler(), HyperBandScheduler(), "asha", None])
def test_other_schedulers_are_refused(other: Any) -> None:
    message = (
        f"scheduler must be a rungkeeper.ray.PromotionASHA, not {type(other).__name__}"
    )
    with pytest.raises(TypeError, match=re.escape(message)):
        setup(other)


def test_two_schedulers_are_refused() -> None:
    with pytest.raises(ValueError, match="another one"):
        setup(asha(), TuneConfig(scheduler=asha()))


def test_two_gates_are_refused() -> None:
    scheduler = asha()
    once, _ = setup(scheduler)
    with pytest.raises(ValueError, match="has a gate already"):
        setup(scheduler, once)


def test_no_searcher_is_refused() -> None:
    search: Any = 3
    message = "tune_config.search_alg must be a Searcher, not int"
    with pytest.raises(TypeError, match=re.escape(message)):
        setup(asha(), TuneConfig(search_alg=search))


def test_a_budget_below_what_runs_at_once_names_the_smallest_that_works() -> None:
    message = "max_checkpoints is 2, but 3 trials .* smallest that works is 3"
    with pytest.raises(ValueError, match=message):
        asha(max_checkpoints=2, max_concurrent=3)
    with pytest.raises(ValueError, match=message):
        setup(asha(max_checkpoints=2), TuneConfig(max_concurrent_trials=3))


@pytest.mark.parametrize(
    ("name", "value", "error", "allowed"),
    [
        ("time_attr", 3, TypeError, "must be a str, not int"),
        (
            "time_attr",
            "",
            ValueError,
            "is '', but must be the name of a reported value",
        ),
        ("metric", "", ValueError, "is '', but must be the name of a reported value"),
        ("mode", "MIN", ValueError, "'MIN', but must be 'min' or 'max'"),
        ("stop_last_trials", 1, TypeError, "must be a bool, not int"),
        ("pin_best", "yes", TypeError, "must be a bool, not str"),
        ("mode", "best", ValueError, "'best', but must be 'min' or 'max'"),
        ("max_t", 1, ValueError, "is 1, but must be at least 2"),
        ("max_t", 9.0, TypeError, "must be an int, not float"),
        ("grace_period", 0, ValueError, "is 0, but must be at least 1"),
        ("grace_period", 27, ValueError, "is 27, but must be below max_t"),
        ("reduction_factor", 1, ValueError, "is 1, but must be at least 2"),
        ("brackets", 0, ValueError, "is 0, but must be at least 1"),
        ("brackets", 9, ValueError, "9"),
        ("max_checkpoints", 0, ValueError, "is 0, but must be at least 1"),
        ("max_checkpoints", True, TypeError, "must be an int, not bool"),
        ("max_bytes", -1, ValueError, "is -1, but must be at least 1"),
        ("max_bytes", "1 GB", TypeError, "must be an int, not str"),
        ("policy", "oldest", ValueError, "'oldest', but must be 'rank_aware' or"),
        ("max_concurrent", 0, ValueError, "is 0, but must be at least 1"),
        ("seed", -1, ValueError, "is -1, but must be at least 0"),
    ],
)
def test_bad_arguments_are_refused_by_name(
    name: str, value: Any, error: type[Exception], allowed: str
) -> None:
    with pytest.raises(error, match=re.escape(allowed)) as raised:
        asha(**{name: value})
    assert name in str(raised.value)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        (
            {"mode": "MIN"},
            ValueError,
            "tune_config.mode is 'MIN', but must be 'min' or",
        ),
        ({"mode": ""}, ValueError, "tune_config.mode is '', but must be 'min' or"),
        ({"metric": ""}, ValueError, "tune_config.metric is '', but must be the name"),
        ({"time_budget_s": "x"}, TypeError, "must be a number of seconds or None, not"),
        ({"time_budget_s": True}, TypeError, "number of seconds or None, not bool"),
        ({"time_budget_s": -1}, ValueError, "is -1, but must be positive and finite"),
        ({"time_budget_s": 0}, ValueError, "is 0, but must be positive and finite"),
        ({"time_budget_s": math.nan}, ValueError, "is nan, but must be positive"),
        ({"time_budget_s": math.inf}, ValueError, "is inf, but must be positive"),
        ({"time_budget_s": dt.timedelta(-1)}, ValueError, "is -86400.0, but must be"),
    ],
)
def test_bad_configurations_are_refused_at_setup(
    settings: Any, error: type[Exception], message: str
) -> None:
    scheduler = asha()
    with pytest.raises(error, match=re.escape(message)) as raised:
        setup(scheduler, TuneConfig(**settings))
    assert f"tune_config.{next(iter(settings))}" in str(raised.value)
    setup(scheduler, TuneConfig(metric="loss", mode="min", time_budget_s=60))


def test_gate_and_state_want_the_scheduler() -> None:
    other: Any = FIFOScheduler()
    with pytest.raises(TypeError, match="must be a PromotionASHA, not FIFOScheduler"):
        PromotionGate(other, BasicVariantGenerator())
    with pytest.raises(TypeError, match="must be a PromotionASHA, not FIFOScheduler"):
        PromotionState(other)
    with pytest.raises(TypeError, match="must be a SearchAlgorithm, not OptunaSearch"):
        PromotionGate(asha(), OptunaSearch())


def test_what_rays_asha_takes_is_taken() -> None:
    in_order = PromotionASHA("epoch", "loss", "min", 27, 1, 3.0, 1, True)
    assert repr(in_order) == repr(asha())
    taken = set(inspect.signature(ASHAScheduler).parameters)
    assert taken <= set(inspect.signature(PromotionASHA).parameters)
    with pytest.raises(ValueError, match=r"reduction_factor is 2\.5, but must be a wh"):
        asha(reduction_factor=2.5)


@pytest.mark.parametrize("name", ["metric", "mode"])
def test_several_objectives_are_refused(name: str) -> None:
    message = f"{name} must be"
    with pytest.raises((TypeError, ValueError), match=f"{name} .*must be"):
        asha(**{name: ["a"]})
    config: Any = TuneConfig(metric="loss", mode="min")
    setattr(config, name, ["min"])
    with pytest.raises(TypeError, match=f"tune_config.{message} a str, not list"):
        setup(asha(), config)


def test_the_batch_of_a_limiter_is_kept() -> None:
    scheduler = asha()
    given = ConcurrencyLimiter(OptunaSearch(), max_concurrent=3, batch=True)
    tune_config, _ = setup(scheduler, TuneConfig(search_alg=given))
    assert scheduler.max_concurrent == 3
    assert tune_config.search_alg.inner.searcher is given


def test_a_searcher_that_was_given_stays_as_it_was() -> None:
    given = BasicVariantGenerator([{"x": 1}], max_concurrent=3)
    for _ in range(2):
        scheduler = asha()
        tune_config, _ = setup(scheduler, TuneConfig(search_alg=given))
        assert scheduler.max_concurrent == given.max_concurrent == 3
        assert tune_config.search_alg.inner._points_to_evaluate == [{"x": 1}]


def test_what_an_earlier_version_saved_is_read() -> None:
    scheduler = asha(max_checkpoints=4, max_concurrent=2, mode="max", metric="m")
    run = scheduler._new_run(9)
    names = "rungs removal max_resource milestones arrivals furthest begun clock"
    saved = {name: getattr(run, name) for name in names.split()}
    earlier = Run.__new__(Run)
    earlier.__setstate__(saved)
    state = {**scheduler.__getstate__(), "_slots": Slots(2)}
    for name in ("_stops_last", "_pin_best"):
        del state[name]
    restored = PromotionASHA.__new__(PromotionASHA)
    restored.__setstate__(state)
    restored.set_state({"run": earlier})
    assert restored.max_concurrent == 2
    assert earlier.mode == "max"
    earlier.begin("t")
    assert earlier.reported("t", 1, 0.5) == "PAUSE"
    earlier.paused("t", 1, 0)
    earlier.pin_best()
    assert earlier.pinned == "t"
    earlier.complete("t", has_checkpoint=True)
    assert (earlier.pinned, earlier.best_ended) == (None, 0.5)
