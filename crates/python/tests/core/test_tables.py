"""Folders as the tuners write them, made by hand."""

import json
import zipfile
from types import SimpleNamespace

import pytest
from rungkeeper import choose, simulate, tables


def test_ray_tune(tmp_path):
    for trial, losses in enumerate([[0.9, 0.5, 0.4], [0.8]]):
        folder = tmp_path / f"train_{trial}"
        folder.mkdir()
        rows = [
            {
                "trial_id": f"t{trial}",
                "training_iteration": n,
                "loss": loss,
                "time_total_s": 2.0 * n,
            }
            for n, loss in enumerate(losses, 1)
        ]
        (folder / "result.json").write_text(
            "".join(json.dumps(row) + "\n" for row in rows)
        )
        for n in range(len(losses)):
            (folder / f"checkpoint_00000{n}").mkdir()
    table = tables.ray_tune(tmp_path, "loss")
    assert table["trial"] == ["t0", "t0", "t0", "t1"]
    assert table["seconds"] == [2.0] * 4
    choice = choose(table, max_checkpoints=0, max_resource=9)
    paths = {one["trial"]: len(one["paths"]) for one in choice["remove"]}
    assert paths == {"t1": 1}  # t0 is between two levels: it runs
    states = {"t0": "PAUSED", "t1": "RUNNING"}
    pairs = [
        [json.dumps({"trial_id": trial, "status": status}), "{}"]
        for trial, status in states.items()
    ]
    snapshot = tmp_path / "experiment_state-2026-11-30_09-25-41.json"
    snapshot.write_text(json.dumps({"trial_data": pairs}))
    told = tables.ray_tune(tmp_path, "loss")
    assert told["status"] == ["PAUSED"] * 3 + ["RUNNING"]
    assert choose(told, max_checkpoints=0, max_resource=9)["running"] == 1
    with pytest.raises(ValueError, match="no result has the metric 'los'"):
        tables.ray_tune(tmp_path, "los")
    with pytest.raises(ValueError, match="no trial in it has a result"):
        tables.ray_tune(tmp_path / "train_0", "loss")


def test_syne_tune(tmp_path):
    lines = [
        "trial_id,epoch,loss,st_worker_time",
        "0,1,0.9,3",
        "1,1,0.8,4",
        "0,1,0.9,3",
        "0,2,0.7,7",
    ]
    with zipfile.ZipFile(tmp_path / "results.csv.zip", "w") as archive:
        archive.writestr("results.csv", "\n".join(lines) + "\n")
    table = tables.syne_tune(tmp_path, "loss")
    assert table["trial"] == ["0", "1", "0"]
    assert table["seconds"] == [3.0, 4.0, 4.0]
    assert len(simulate(table, budgets=2, workers=1, eta=2, seeds=1)) == 4
    with pytest.raises(ValueError, match="there is no results"):
        tables.syne_tune(tmp_path / "other", "loss")


def test_syne_tune_tells_who_waits(tmp_path):
    lines = [
        "trial_id,epoch,loss,st_decision,st_status",
        "0,1,0.9,PAUSE,InProgress",
        "1,1,0.8,PAUSE,InProgress",
        "2,1,0.7,STOP,InProgress",
        "0,1,0.9,CONTINUE,InProgress",  # resumed, and trains again
        "3,1,0.6,CONTINUE,Completed",
    ]
    with zipfile.ZipFile(tmp_path / "results.csv.zip", "w") as archive:
        archive.writestr("results.csv", "\n".join(lines) + "\n")
    table = tables.syne_tune(tmp_path, "loss")
    assert table["status"] == ["running", "paused", "stopped", "Completed"]
    assert "seconds" not in table  # the script told none
    found = choose(table, max_checkpoints=1, max_resource=9)
    assert (found["running"], found["waiting"], found["ended"]) == (1, 1, 2)
    assert [one["trial"] for one in found["remove"]] == ["1"]


def test_optuna():
    state = SimpleNamespace(name="PRUNED")
    trials = [
        SimpleNamespace(number=n, state=state, intermediate_values={0: 0.5, 1: 0.4})
        for n in range(3)
    ]
    table = tables.optuna_study(SimpleNamespace(trials=trials))
    assert table["resource"] == [1, 2] * 3
    assert choose(table, max_checkpoints=0)["ended"] == 3
    with pytest.raises(ValueError, match="no result has the metric"):
        tables.optuna_study([])
