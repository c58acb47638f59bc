"""Tables of what Ray Tune and Optuna leave of runs that know nothing of rungkeeper."""

import json
import tempfile
from pathlib import Path
from typing import Any

import optuna
import pytest
from ray import tune
from ray.tune.logger import JsonLoggerCallback
from ray.tune.schedulers import ASHAScheduler
from rungkeeper import choose, simulate, tables


def train(config: dict[str, Any]) -> None:
    for epoch in range(1, 10):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "epoch").write_text(str(epoch))
            checkpoint = tune.Checkpoint.from_directory(folder)
            metrics = {"epoch": epoch, "loss": config["x"] + 1 / epoch}
            tune.report(metrics, checkpoint=checkpoint)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of four trials, some of which are stopped at 1 or 3."""
    storage = tmp_path_factory.mktemp("ray")
    asha = ASHAScheduler(time_attr="epoch", max_t=9, reduction_factor=3)
    tuner = tune.Tuner(
        train,
        param_space={"x": tune.grid_search([0.1, 0.9, 0.5, 0.8])},
        tune_config=tune.TuneConfig(
            metric="loss", mode="min", scheduler=asha, max_concurrent_trials=1
        ),
        run_config=tune.RunConfig(
            name="exp", storage_path=str(storage), callbacks=[JsonLoggerCallback()]
        ),
    )
    tuner.fit()
    return storage / "exp"


def test_a_folder_of_ray_tune(folder: Path) -> None:
    table = tables.ray_tune(folder, "loss", "epoch")
    last = {}
    for trial, epoch in zip(table["trial"], table["resource"], strict=True):
        last[trial] = max(epoch, last.get(trial, 0))
    # The first one is the best, so the others are stopped.
    assert sorted(last.values()) == [1, 1, 1, 9]
    assert all(seconds >= 0 for seconds in table["seconds"])
    on_disk = {str(path) for path in folder.glob("*/checkpoint_*")}
    assert set(filter(None, table["path"])) == on_disk
    assert len(on_disk) == 12

    # All of them have ended. Had they been paused, the worst would go.
    found = choose(table, max_checkpoints=0, eta=3)
    assert (found["ended"], found["remove"]) == (4, [])
    table["status"] = ["PAUSED"] * len(table["trial"])
    found = choose(table, max_checkpoints=1, max_resource=27, levels=[1, 3, 9])
    losses = dict(zip(table["trial"], table["loss"], strict=True))
    worst = sorted((it for it in last if last[it] == 1), key=losses.__getitem__)[::-1]
    assert [one["trial"] for one in found["remove"]] == worst
    for one in found["remove"]:
        (path,) = one["paths"]
        assert Path(path, "epoch").read_text() == "1"
        result = json.loads(Path(path).with_name("result.json").read_text())
        assert result["trial_id"] == one["trial"]

    runs = simulate(table, budgets=3, workers=1, eta=3, seeds=2)
    assert {run["started"] for run in runs} == {4}


def test_a_study_of_optuna() -> None:
    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        for step in range(9):
            trial.report(x + 1 / (1 + step), step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return x

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        sampler=optuna.samplers.RandomSampler(seed=1),
        pruner=optuna.pruners.SuccessiveHalvingPruner(reduction_factor=3),
    )
    study.optimize(objective, n_trials=30)
    waiting = study.ask()  # runs still
    waiting.report(0.5, 0)

    table = tables.optuna_study(study, "loss")
    rows = sum(len(trial.intermediate_values) for trial in study.trials)
    assert len(table["trial"]) == rows
    assert (min(table["resource"]), max(table["resource"])) == (1, 9)
    found = choose(table, max_checkpoints=0, eta=3)
    assert (found["running"], found["ended"], found["remove"]) == (1, 30, [])
    runs = simulate(table, budgets=[4, 30], workers=2, eta=3, seeds=3)
    assert {run["started"] for run in runs} == {31}
    assert all(run["cost_resources"] == 0 for run in runs if run["budget"] == 30)
