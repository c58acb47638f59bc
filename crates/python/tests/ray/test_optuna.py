"""Optuna's samplers through Ray, behind the gate."""

from pathlib import Path

import optuna
from ray import tune
from ray.tune.search.optuna import OptunaSearch
from rungkeeper.ray import setup

from tests.ray.audit import Audit, judge, judge_files
from tests.ray.running import BUDGET, scheduler, space
from tests.ray.trainables import train


def test_optuna_suggests_and_hears_every_trial_once(tmp_path: Path) -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    search = OptunaSearch(sampler=optuna.samplers.TPESampler(seed=1))
    records = tmp_path / "records"
    records.mkdir()
    tune_config, run_config = setup(
        scheduler(),
        tune.TuneConfig(
            metric="loss",
            mode="min",
            num_samples=20,
            search_alg=search,
            reuse_actors=True,
        ),
        tune.RunConfig(
            name="run",
            storage_path=str(tmp_path / "storage"),
            callbacks=[Audit(records, BUDGET)],
            verbose=0,
        ),
    )
    results = tune.Tuner(
        train,
        param_space=space(records),
        tune_config=tune_config,
        run_config=run_config,
    ).fit()
    assert results.num_errors == 0
    counts = judge(records, BUDGET)
    assert counts["from_checkpoint"] > 0
    assert counts["trials_at_first_promotion"] <= 6
    judge_files(results)
    trials = search._ot_study.trials
    assert len(trials) == len(results) == 20
    best = results.get_best_result().config
    assert {"x": best["x"], "seed": best["seed"]} in [trial.params for trial in trials]
