"""What trials report: the resource, and where they begin after a promotion."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from ray import tune

from tests.ray.running import scheduler, tuner

REUSE = {"reuse_actors": True}


def report(metrics: dict[str, Any], epoch: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "epoch").write_text(str(epoch))
        tune.report(metrics, checkpoint=tune.Checkpoint.from_directory(folder))


def start() -> int:
    checkpoint = tune.get_checkpoint()
    if checkpoint is None:
        return 0
    with checkpoint.as_directory() as folder:
        return int(Path(folder, "epoch").read_text())


def nested(config: dict[str, Any]) -> None:
    for epoch in range(start() + 1, 28):
        loss = config["x"] + 1 / epoch
        report({"info": {"steps": epoch, "loss": loss}, "epoch": epoch}, epoch)


def test_resource_and_metric_may_be_paths(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asha = scheduler(time_attr="info/steps", max_checkpoints=20, max_concurrent=2)
    tuning = {**REUSE, "metric": "info/loss"}
    results = tuner(nested, tmp_path, num_samples=12, asha=asha, tuning=tuning).fit()
    assert results.num_errors == 0
    epochs = [result.metrics["epoch"] for result in results]
    assert set(epochs) <= {1, 3, 9, 27}
    assert len(set(epochs)) > 1
    assert asha.extra_results()["cost_resources"] == 0
    assert "without a checkpoint" not in caplog.text


BAD = [float("nan"), float("inf"), "text", "7", None, [1], 1e300]


def sometimes_bad(config: dict[str, Any]) -> None:
    for epoch in range(start() + 1, 4):
        at = BAD[config["kind"]] if config["kind"] < len(BAD) else epoch
        report({"loss": config["x"], "epoch": epoch, "at": at}, epoch)


def test_a_resource_that_is_no_number_is_told_and_the_experiment_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asha = scheduler(time_attr="at")
    kinds = tune.grid_search(list(range(len(BAD) + 3)))
    results = tuner(
        sometimes_bad,
        tmp_path,
        num_samples=1,
        asha=asha,
        tuning=REUSE,
        more={"kind": kinds},
    ).fit()
    assert results.num_errors == 0
    for result in results:
        is_bad = result.config["kind"] < len(BAD)
        assert result.metrics["epoch"] == 3 or not is_bad
    told = [r.getMessage() for r in caplog.records if "is not paused" in r.message]
    assert len(told) == len(BAD)
    assert any("reports nan as 'at', which is no number" in each for each in told)
    assert any("reports 'text' as 'at', which is no number" in each for each in told)


def begins_anew(config: dict[str, Any]) -> None:
    for epoch in range(1, 28):
        report({"loss": config["x"] + 1 / epoch, "epoch": epoch}, epoch)


def test_a_function_that_ignores_its_checkpoint_is_noticed_once_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asha = scheduler(max_checkpoints=20, max_concurrent=2)
    results = tuner(
        begins_anew, tmp_path, num_samples=12, asha=asha, tuning=REUSE
    ).fit()
    assert results.num_errors == 0
    told = [r.getMessage() for r in caplog.records if "get_checkpoint" in r.message]
    assert len(told) == 1
    assert "but reports 1" in told[0]
    epochs = [result.metrics["epoch"] for result in results]
    passed = sum(rung for rung in (1, 3, 9) for epoch in epochs if epoch > rung)
    assert asha.extra_results()["cost_resources"] == passed > 0


def short(config: dict[str, Any]) -> None:
    """Has nothing left to train where it is promoted from the rung of 3."""
    for epoch in range(start() + 1, 4):
        report({"loss": config["x"] + 1 / epoch, "epoch": epoch}, epoch)


def test_a_function_that_ends_at_once_after_its_promotion_ignores_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asha = scheduler(max_checkpoints=20, max_concurrent=2)
    results = tuner(short, tmp_path, num_samples=15, asha=asha, tuning=REUSE).fit()
    assert results.num_errors == 0
    assert asha.extra_results()["num_checkpoints_removed"] == 0
    assert asha.extra_results()["cost_resources"] == 0
    assert "get_checkpoint" not in caplog.text


def goes_on(config: dict[str, Any]) -> None:
    for epoch in range(start() + 1, 6):
        report({"loss": config["x"] + 1 / epoch, "epoch": epoch}, epoch)


@pytest.mark.parametrize(("stops", "last"), [(True, 3), (False, 5)])
def test_trials_may_go_on_behind_the_end(
    stops: bool, last: int, tmp_path: Path
) -> None:
    asha = scheduler(max_t=3, stop_last_trials=stops, max_concurrent=2)
    results = tuner(goes_on, tmp_path, num_samples=6, asha=asha, tuning=REUSE).fit()
    assert results.num_errors == 0
    assert max(result.metrics["epoch"] for result in results) == last
    assert all(r.checkpoint for r in results if r.metrics["epoch"] == last)
