"""What searchers with a model learn from a run. No actor runs here."""

from collections import Counter
from pathlib import Path
from typing import Any

import nevergrad
import numpy as np
import optuna
import pytest
from ray.tune.search.bayesopt import BayesOptSearch
from ray.tune.search.hyperopt import HyperOptSearch
from ray.tune.search.nevergrad import NevergradSearch
from ray.tune.search.optuna import OptunaSearch
from rungkeeper.ray import PromotionASHA

from tests.ray.loop import Loop
from tests.ray.loops import looped, smooth
from tests.ray.running import scheduler

optuna.logging.set_verbosity(optuna.logging.WARNING)
RUNGS = (1, 3, 9)


class Watched(OptunaSearch):
    """Writes down the states of the study's trials at each suggestion."""

    def suggest(self, trial_id: str) -> dict[str, Any] | None:
        suggestion = super().suggest(trial_id)
        trials = self._ot_study.trials
        self.states = [*getattr(self, "states", []), Counter(t.state for t in trials)]
        return suggestion


def tpe(seed: int) -> OptunaSearch:
    return Watched(sampler=optuna.samplers.TPESampler(seed=seed))


def in_study(search: OptunaSearch, trial: Any) -> optuna.trial.FrozenTrial:
    number = search._ot_trials[trial.trial_id].number
    return search._ot_study.trials[number]


@pytest.mark.parametrize("brackets", [1, 2])
def test_at_suggestion_40_optuna_knows_all_but_what_runs(
    brackets: int, tmp_path: Path
) -> None:
    search = tpe(0)
    looped(search, tmp_path, 40, asha=scheduler(max_concurrent=2, brackets=brackets))
    states = search.states[39]
    assert states.total() == 40
    assert states[optuna.trial.TrialState.COMPLETE] >= 38 - brackets
    assert not states[optuna.trial.TrialState.FAIL]


@pytest.mark.parametrize("mode", ["min", "max"])
def test_optuna_knows_each_trial_as_it_is_with_its_values_at_rungs(
    mode: str, tmp_path: Path
) -> None:
    def train(config: dict[str, Any], epoch: int) -> dict[str, Any]:
        result = smooth(config, epoch)
        return {**result, "loss": result["loss"] * (1 if mode == "min" else -1)}

    search = tpe(1)
    asha = scheduler(max_concurrent=2, metric="loss", mode=mode)
    search._metric, search._mode = "loss", mode
    loop = looped(search, tmp_path, 40, train=train, asha=asha, objective=False)
    assert len(search._ot_study.trials) == 40
    for trial in loop.trials:
        known, last = in_study(search, trial), trial.last_result["epoch"]
        assert known.state == optuna.trial.TrialState.COMPLETE
        assert known.value == trial.last_result["loss"]
        assert {r for r in RUNGS if r <= last} <= set(known.intermediate_values)
        for epoch, value in known.intermediate_values.items():
            assert value == train(trial.config, epoch)["loss"]
    values = [trial.last_result["loss"] for trial in loop.trials]
    assert search._ot_study.best_value == (min if mode == "min" else max)(values)


def test_the_best_trial_of_the_study_is_another_once_it_gets_worse(
    tmp_path: Path,
) -> None:
    def train(config: dict[str, Any], epoch: int) -> dict[str, Any]:
        return {"loss": config["x"] + 0.05 * epoch, "epoch": epoch}

    search = tpe(2)
    loop = looped(search, tmp_path, 40, train=train)
    best = min(trial.last_result["loss"] for trial in loop.trials)
    assert search._ot_study.best_value == best


def test_a_study_that_cannot_be_changed_gets_later_results_as_trials(
    tmp_path: Path,
) -> None:
    storage = optuna.storages.RDBStorage(f"sqlite:///{tmp_path}/study.db")
    search = OptunaSearch(sampler=optuna.samplers.TPESampler(seed=3), storage=storage)
    loop = looped(search, tmp_path, 20)
    known = {(t.params["x"], t.value) for t in search._ot_study.trials}
    for trial in loop.trials:
        assert (trial.config["x"], trial.last_result["loss"]) in known
    own = {trial.config["x"]: trial.config for trial in loop.trials}
    for trial in search._ot_study.trials:
        config = own[trial.params["x"]]
        assert trial.intermediate_values
        for epoch, value in trial.intermediate_values.items():
            assert value == smooth(config, epoch)["loss"]


@pytest.mark.parametrize("number", [np.float32, np.array, lambda x: np.array([x])])
def test_optuna_gets_plain_numbers(number: Any, tmp_path: Path) -> None:
    def train(config: dict[str, Any], epoch: int) -> dict[str, Any]:
        result = smooth(config, epoch)
        return {**result, "loss": number(result["loss"])}

    search = tpe(1)
    loop = looped(search, tmp_path, 20, train=train)
    for trial in loop.trials:
        known = in_study(search, trial)
        assert known.state == optuna.trial.TrialState.COMPLETE
        assert known.value == float(np.ravel(trial.last_result["loss"])[0])
        assert all(type(value) is float for value in known.intermediate_values.values())


def test_hyperopt_knows_what_each_trial_is_worth(tmp_path: Path) -> None:
    search = HyperOptSearch(random_state_seed=0)
    loop = looped(search, tmp_path, 30)
    known = {
        round(d["misc"]["vals"]["x"][0], 12): d["result"]["loss"]
        for d in search._hpopt_trials.trials
    }
    for trial in loop.trials:
        assert known[round(trial.config["x"], 12)] == trial.last_result["loss"]


@pytest.mark.filterwarnings("ignore")
def test_nevergrad_hears_of_all_trials(tmp_path: Path) -> None:
    search = NevergradSearch(optimizer=nevergrad.optimizers.OnePlusOne)
    loop = looped(search, tmp_path, 30)
    assert search._nevergrad_opt.num_tell > len(loop.trials)
    assert search._live_trial_mapping == {}


@pytest.mark.filterwarnings("ignore")
def test_bayesian_optimization_learns_and_may_end_the_run_early(tmp_path: Path) -> None:
    search = BayesOptSearch(random_search_steps=5)
    loop = looped(search, tmp_path, 20)
    assert len(search.optimizer.res) == len(loop.trials) >= 5
    assert search._live_trial_mapping == {}


def distance(loop: Loop) -> float:
    """How far the best suggestion was from the best there is."""
    return min(smooth(trial.config, 1)["loss"] for trial in loop.trials)


def test_tpe_beats_random_search_in_most_paired_seeds(tmp_path: Path) -> None:
    wins = 0
    for seed in range(10):
        chance = OptunaSearch(sampler=optuna.samplers.RandomSampler(seed=seed))
        wins += distance(looped(tpe(seed), tmp_path, 60)) < distance(
            looped(chance, tmp_path, 60)
        )
    assert wins >= 8


def test_several_objectives_are_the_searchers_alone(tmp_path: Path) -> None:
    def train(config: dict[str, Any], epoch: int) -> dict[str, Any]:
        return {**smooth(config, epoch), "cost": config["x"]}

    sampler = optuna.samplers.TPESampler(seed=4)
    metrics, modes = ["loss", "cost"], ["min", "min"]
    search = OptunaSearch(sampler=sampler, metric=metrics, mode=modes)
    asha = PromotionASHA(
        time_attr="epoch", metric="loss", mode="min", max_t=27, reduction_factor=3.0
    )
    asha.limit_concurrent(2)
    loop = looped(search, tmp_path, 20, train=train, asha=asha, objective=False)
    for trial in loop.trials:
        expected = [trial.last_result[name] for name in metrics]
        assert in_study(search, trial).values == expected
