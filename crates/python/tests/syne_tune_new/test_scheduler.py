"""The scheduler without processes."""

import json
import math
import pickle
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dill
import numpy as np
import pytest
from rungkeeper.syne_tune import PromotionASHA
from syne_tune.backend.trial_status import Trial
from syne_tune.config_space import choice, randint, uniform
from syne_tune.optimizer.schedulers.searchers.searcher import BaseSearcher
from syne_tune.optimizer.schedulers.searchers.single_objective_searcher import (
    SingleObjectiveBaseSearcher,
)

from tests.syne_tune_new.running import LONGEST, scheduler, space, tuner

SPACE = {"x": uniform(0, 1), "depth": randint(1, 8), "kind": choice(["a", "b"]), "c": 7}


class Driver:
    """A tuner that trains in no time, one trial after the other."""

    def __init__(self, asha: PromotionASHA) -> None:
        self.asha = asha
        self.trials: dict[int, Trial] = {}
        self.epochs: dict[int, int] = {}
        self.paused: dict[int, int] = {}
        self.stopped: list[int] = []
        self.resumed: list[tuple[int, int]] = []

    def turn(self) -> int:
        """Starts or resumes a trial, and trains it to its end or pause."""
        suggestion = self.asha.suggest()
        assert suggestion is not None
        if suggestion.spawn_new_trial_id:
            trial = Trial(len(self.trials), suggestion.config, datetime(2024, 1, 1))
            self.trials[trial.trial_id] = trial
            self.asha.on_trial_add(trial)
        else:
            trial = self.trials[suggestion.checkpoint_trial_id]
            self.resumed.append((trial.trial_id, self.paused.pop(trial.trial_id)))
        self.train(trial)
        return int(trial.trial_id)

    def train(self, trial: Trial) -> None:
        name = trial.trial_id
        while True:
            self.epochs[name] = epoch = self.epochs.get(name, 0) + 1
            result = {"loss": trial.config["x"] + 1 / epoch, "epoch": epoch}
            decision = self.asha.on_trial_result(trial, result)
            if decision != "CONTINUE":
                break
        if decision == "PAUSE":
            self.paused[name] = epoch
        else:
            self.stopped.append(name)
        self.asha.on_trial_remove(trial)


def asha(**settings: Any) -> PromotionASHA:
    defaults = {"time_attr": "epoch", "max_t": 27, "random_seed": 1}
    return PromotionASHA(SPACE, "loss", **{**defaults, **settings})


def test_promotes_the_best_third_of_each_rung() -> None:
    driver = Driver(asha())
    for _ in range(300):
        driver.turn()
    losses = {name: trial.config["x"] for name, trial in driver.trials.items()}
    best_first = sorted(losses, key=losses.__getitem__)
    promoted = {name for name, level in driver.resumed if level == 1}
    third = len(losses) // 3
    assert third <= len(promoted) < 2 * third
    assert set(best_first[:third]) <= promoted
    assert {level for _, level in driver.resumed} == {1, 3, 9}
    assert driver.stopped
    assert all(driver.epochs[name] == 27 for name in driver.stopped)
    assert set(driver.paused.values()) == {1, 3, 9}


def test_configurations_are_of_the_space_and_of_the_seed() -> None:
    def drawn(seed: int) -> list[dict[str, Any]]:
        driver = Driver(asha(random_seed=seed))
        for _ in range(20):
            driver.turn()
        return [trial.config for trial in driver.trials.values()]

    one = drawn(1)
    assert one == drawn(1) != drawn(2)
    for configuration in one:
        assert configuration.keys() == SPACE.keys()
        assert 0 <= configuration["x"] <= 1
        assert configuration["depth"] in range(1, 9)
        assert configuration["kind"] in ("a", "b")
        assert configuration["c"] == 7
    assert len({configuration["x"] for configuration in one}) == len(one)


def test_bad_metrics_are_never_promoted() -> None:
    scheduler = asha(reduction_factor=2)
    for name, loss in enumerate([math.nan, None, "text", math.inf]):
        suggestion = scheduler.suggest()
        assert suggestion is not None
        assert suggestion.spawn_new_trial_id
        trial = Trial(name, suggestion.config, datetime(2024, 1, 1))
        scheduler.on_trial_add(trial)
        result = {"epoch": 1} if loss is None else {"epoch": 1, "loss": loss}
        assert scheduler.on_trial_result(trial, result) == "PAUSE"
    suggestion = scheduler.suggest()
    assert suggestion is not None
    assert suggestion.spawn_new_trial_id


def test_results_without_a_resource_do_not_count(
    caplog: pytest.LogCaptureFixture,
) -> None:
    scheduler = asha()
    trial = Trial(0, {"x": 0.5}, datetime(2024, 1, 1))
    scheduler.on_trial_add(trial)
    for epoch in (None, "1", 0, math.nan, -3):
        result = {"loss": 0.1, "epoch": epoch}
        assert scheduler.on_trial_result(trial, result) == "CONTINUE"
    assert "time_attr" not in caplog.text
    assert "as 'epoch', which must be a number from 1" in caplog.text
    assert scheduler.on_trial_result(trial, {"loss": 0.1, "epoch": 1.5}) == "PAUSE"
    # What comes from a trial that does not run must not disturb.
    assert scheduler.on_trial_result(trial, {"loss": 0.1, "epoch": 2}) == "STOP"


def test_trials_that_end_or_crash_are_not_promoted() -> None:
    scheduler = asha(reduction_factor=2, grace_period=2)
    trials = [Trial(name, {"x": 0.5}, datetime(2024, 1, 1)) for name in range(4)]
    for trial in trials:
        scheduler.on_trial_add(trial)
    scheduler.on_trial_result(trials[0], {"loss": 0.1, "epoch": 2})
    scheduler.on_trial_error(trials[0])
    scheduler.on_trial_result(trials[1], {"loss": 0.2, "epoch": 1})
    scheduler.on_trial_complete(trials[1], {"loss": 0.2, "epoch": 1})
    for trial in trials[2:]:
        scheduler.on_trial_result(trial, {"loss": trial.trial_id, "epoch": 2})
    suggestion = scheduler.suggest()
    assert suggestion is not None
    # Trial 0 is the best of three, but it crashed.
    assert suggestion.spawn_new_trial_id


class Noting(BaseSearcher):
    """A searcher that has few configurations and notes what it is told."""

    def __init__(self, most: int = 3) -> None:
        super().__init__(SPACE)
        self.most = most
        self.told: list[tuple[Any, ...]] = []

    def suggest(self, **kwargs: Any) -> dict[str, Any] | None:
        number = sum(event[0] == "suggest" for event in self.told)
        self.told.append(("suggest",))
        if number == self.most:
            return None
        return {"x": number / 4, "depth": np.int64(2), "kind": "a"}

    def on_trial_result(
        self, trial_id: int, config: dict[str, Any], metric: float, resource_level: int
    ) -> None:
        assert config.keys() == {"x", "depth", "kind"}
        self.told.append(("result", trial_id, metric, resource_level))

    def on_trial_complete(
        self, trial_id: int, config: dict[str, Any], metric: float
    ) -> None:
        self.told.append(("complete", trial_id, metric))

    def on_trial_error(self, trial_id: int) -> None:
        self.told.append(("error", trial_id))


def test_searchers_are_told_what_counts() -> None:
    searcher = Noting()
    scheduler = asha(searcher=searcher, do_minimize=False, max_t=3)
    trials = []
    for name in range(3):
        suggestion = scheduler.suggest()
        assert suggestion is not None
        assert type(suggestion.config["depth"]) is int
        trials.append(Trial(name, suggestion.config, datetime(2024, 1, 1)))
        scheduler.on_trial_add(trials[name])
    for trial, loss in zip(trials, (0.5, math.nan, 0.25), strict=True):
        scheduler.on_trial_result(trial, {"loss": loss, "epoch": 1})
    promoted = scheduler.suggest()
    assert promoted is not None
    assert promoted.checkpoint_trial_id == 0
    scheduler.on_trial_result(trials[0], {"loss": 0.75, "epoch": 3})
    scheduler.on_trial_error(trials[2])
    told = [event for event in searcher.told if event[0] != "suggest"]
    assert told == [
        ("result", 0, -0.5, 1),
        ("result", 2, -0.25, 1),
        ("result", 0, -0.75, 3),
        ("complete", 0, -0.75),
        ("error", 2),
    ]
    assert scheduler.suggest() is None
    assert scheduler.suggest() is None


class NotingComplete(SingleObjectiveBaseSearcher):
    """Of the kind of most searchers, which know no resource."""

    def __init__(self) -> None:
        super().__init__(SPACE)
        self.told: list[tuple[int, float]] = []

    def suggest(self, **kwargs: Any) -> dict[str, Any]:
        return {"x": 0.5, "depth": 2, "kind": "a"}

    def on_trial_complete(
        self, trial_id: int, config: dict[str, Any], metric: float
    ) -> None:
        self.told.append((trial_id, metric))


def test_searchers_that_learn_from_complete_trials_are_told_of_pauses() -> None:
    searcher = NotingComplete()
    scheduler = asha(searcher=searcher, max_t=9)
    trials = [Trial(name, {"x": 0.5}, datetime(2024, 1, 1)) for name in range(3)]
    for trial in trials:
        scheduler.on_trial_add(trial)
        loss = 0.5 if trial.trial_id != 1 else math.nan
        assert scheduler.on_trial_result(trial, {"loss": loss, "epoch": 1}) == "PAUSE"
    assert searcher.told == [(0, 0.5), (2, 0.5)]
    promoted = scheduler.suggest()
    assert promoted is not None
    assert promoted.checkpoint_trial_id == 0
    # From scratch: what it had reported is told once.
    for epoch, loss in ((1, 0.5), (2, 0.25), (3, 0.125)):
        scheduler.on_trial_result(trials[0], {"loss": loss, "epoch": epoch})
    assert searcher.told[2:] == [(0, 0.125)]
    scheduler.on_trial_complete(trials[1], {"loss": 0.75, "epoch": 1})
    assert searcher.told[3:] == [(1, 0.75)]


def test_what_is_trained_again_is_told_once() -> None:
    searcher = Noting()
    scheduler = asha(searcher=searcher, max_t=3)
    for name in range(3):
        suggestion = scheduler.suggest()
        assert suggestion is not None
        scheduler.on_trial_add(Trial(name, suggestion.config, datetime(2024, 1, 1)))
    trial = Trial(0, {"x": 0.5, "depth": 2, "kind": "a"}, datetime(2024, 1, 1))
    scheduler.on_trial_result(trial, {"loss": 0.5, "epoch": 1})
    others = (Trial(1, trial.config, None), Trial(2, trial.config, None))
    for other in others:
        scheduler.on_trial_result(other, {"loss": 0.75, "epoch": 1})
    promoted = scheduler.suggest()
    assert promoted is not None
    assert promoted.checkpoint_trial_id == 0
    searcher.told.clear()
    for epoch in (1, 2, 3):
        scheduler.on_trial_result(trial, {"loss": 0.5 / epoch, "epoch": epoch})
    assert searcher.told == [
        ("result", 0, 0.25, 2),
        ("result", 0, 0.5 / 3, 3),
        ("complete", 0, 0.5 / 3),
    ]


@pytest.mark.parametrize("module", [pickle, dill])
def test_a_copy_goes_on_alike(module: Any) -> None:
    driver = Driver(asha())
    for _ in range(40):
        driver.turn()
    copy = module.loads(module.dumps(driver))
    for _ in range(60):
        assert copy.turn() == driver.turn()
    assert copy.asha.log().splitlines()[0] == driver.asha.log().splitlines()[0]
    assert copy.asha.extra_results() == driver.asha.extra_results()


def test_metadata_is_plain() -> None:
    made = asha(brackets=2, searcher="random_search")
    plain = json.loads(json.dumps(made.metadata()))
    assert plain["metric_names"] == ["loss"]
    assert plain["metric_mode"] == "min"
    assert plain["scheduler_name"] == "PromotionASHA"
    assert plain["scheduler_kwargs"]["brackets"] == 2
    assert "x" in json.loads(plain["config_space"])
    assert "max_t=27" in repr(made)


@pytest.mark.parametrize(
    ("settings", "error", "match"),
    [
        ({"max_t": 1}, ValueError, "max_t is 1, but must be at least 2"),
        ({"max_t": 2.5}, TypeError, "max_t must be an int, not float"),
        ({"grace_period": 27}, ValueError, "grace_period is 27, but must be below"),
        ({"reduction_factor": 1}, ValueError, "reduction_factor is 1"),
        ({"reduction_factor": 1.0}, ValueError, "reduction_factor is 1"),
        ({"reduction_factor": 2.5}, ValueError, "2.5, but must be a whole number"),
        ({"reduction_factor": math.inf}, ValueError, "must be a whole number"),
        ({"reduction_factor": "3"}, TypeError, "reduction_factor must be an int"),
        ({"points_to_evaluate": {}}, TypeError, "must be a list of dicts, not dict"),
        ({"points_to_evaluate": [3]}, TypeError, r"evaluate\[0\] must be a dict"),
        ({"points_to_evaluate": [{}, {"y": 1}]}, ValueError, r"\[1\] has 'y', which"),
        ({"points_to_evaluate": [{"x": 2}]}, ValueError, "has 2 as 'x', which is not"),
        ({"points_to_evaluate": [{"x": "a"}]}, ValueError, "has 'a' as 'x', which is"),
        ({"points_to_evaluate": [{"kind": "c"}]}, ValueError, "has 'c' as 'kind'"),
        ({"points_to_evaluate": [{"c": 8}]}, ValueError, "as 'c', which is always 7"),
        ({"brackets": 0}, ValueError, "brackets is 0"),
        ({"brackets": 9}, ValueError, "bracket"),
        ({"max_checkpoints": 0}, ValueError, "max_checkpoints is 0"),
        ({"max_bytes": 0}, ValueError, "max_bytes is 0"),
        ({"max_num_trials": -1}, ValueError, "max_num_trials is -1"),
        ({"policy": "best"}, ValueError, "policy is 'best', but must be 'rank_aware'"),
        ({"random_seed": -1}, ValueError, "random_seed is -1"),
        ({"do_minimize": "min"}, TypeError, "do_minimize must be a bool, not str"),
        (
            {"searcher": 3},
            TypeError,
            "searcher must be a searcher of Syne Tune, the na",
        ),
        ({"time_attr": ""}, ValueError, "time_attr is '', but must be the name of a"),
        ({"time_attr": 3}, TypeError, "time_attr must be a str, not int"),
        ({"searcher_kwargs": {}}, ValueError, "searcher_kwargs goes with the name"),
        ({"searcher": "none such"}, ValueError, "none such"),
        ({"searcher": "random"}, ValueError, "calls 'random_search' since 0.15"),
        ({"mode": "min"}, TypeError, "no argument mode: do_minimize=True stands for"),
        ({"resource_attr": "epoch"}, TypeError, "it is called time_attr here"),
        ({"max_resource_attr": "epochs"}, TypeError, "a number, as max_t"),
        ({"early_checkpoint_removal_kwargs": {}}, TypeError, "give max_checkpoints"),
        ({"max_checkpoint": 3}, TypeError, "did you mean max_checkpoints?"),
    ],
)
def test_bad_arguments(settings: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        asha(**settings)


def test_a_metric_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="metric is '', but must be the name of a rep"):
        PromotionASHA(SPACE, "")


def test_truth_values_of_numpy_are_taken() -> None:
    assert asha(do_minimize=np.True_).metric_mode() == "min"
    assert asha(do_minimize=np.False_).metadata()["metric_mode"] == "max"


@pytest.mark.parametrize(
    ("limits", "error", "message"),
    [
        ({"max_wallclock_time": -1}, ValueError, "is -1, but must be positive"),
        ({"max_wallclock_time": "9"}, TypeError, "number of seconds or None, not str"),
        ({"max_num_trials_started": -1}, ValueError, "is -1, but must be at least 0"),
        ({"max_num_evaluations": 0}, ValueError, "is 0, but must be at least 1"),
        ({"max_num_evaluations": 2.5}, ValueError, "is 2.5, but must be a whole"),
    ],
)
def test_limits_that_cannot_be_are_refused_by_name(
    limits: Any, error: type[Exception], message: str
) -> None:
    name = next(iter(limits))
    message = f"{name} of the stopping criterion .*{message}"
    with pytest.raises(error, match=message):
        asha().callback_for_checkpoint_removal(SimpleNamespace(**limits))


def test_a_limit_without_end_is_none() -> None:
    scheduler = asha()
    criterion = SimpleNamespace(max_wallclock_time=math.inf, max_num_evaluations=9.0)
    scheduler.callback_for_checkpoint_removal(criterion)
    header = json.loads(scheduler.log().splitlines()[0])
    assert header["max_wallclock_time"] is None
    assert header["max_num_reports"] == 9


def test_a_budget_needs_a_backend_that_deletes(folder: Path) -> None:
    made, _ = tuner(scheduler(SPACE), "keeps", delete_checkpoints=False)
    with pytest.raises(ValueError, match=r"max_checkpoints is 4, which needs .*=True"):
        made.run()


def test_a_budget_alone_does_too(folder: Path) -> None:
    # Whether the backend is a simulator is known from the first result.
    made, _ = tuner(
        scheduler(space(folder), max_num_trials=None), "keeps", delete_checkpoints=False
    )
    with pytest.raises(ValueError, match=r"max_checkpoints is 4, which needs .*=True"):
        made.run()
    for process in made.trial_backend.trial_subprocess.values():
        process.wait(LONGEST)


def test_a_budget_below_the_workers_is_refused(folder: Path) -> None:
    made, _ = tuner(scheduler(SPACE), "workers", n_workers=5)
    with pytest.raises(ValueError, match="smallest that works is 5"):
        made.run()


def test_another_backend_is_refused() -> None:
    made = asha(max_checkpoints=4)
    callback = made.callback_for_checkpoint_removal(lambda status: False)
    other = SimpleNamespace(trial_backend=object(), n_workers=2)
    callback.on_tuning_start(other)
    with pytest.raises(TypeError, match="the backend is a object"):
        made.suggest()


def test_a_scheduler_has_one_run(folder: Path) -> None:
    made = asha()
    Driver(made).turn()
    with pytest.raises(ValueError, match="has a run of 1 trials already"):
        tuner(made, "second")
