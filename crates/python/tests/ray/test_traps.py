"""Ways of Ray that a run must not fall into, each by its name."""

import pickle
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from ray import cloudpickle, tune
from ray.tune import Callback
from ray.tune.experiment import Trial
from ray.tune.search import BasicVariantGenerator
from rungkeeper import RemovalCallback
from rungkeeper.ray import PromotionASHA, PromotionGate, _checkpoints, setup

from tests.ray.audit import checkpoint_folders, judge, judge_files
from tests.ray.running import BUDGET, scheduler, tuner
from tests.ray.trainables import NoReset, Train, train

REUSE = {"reuse_actors": True}


def test_ray_starts_pending_trials_by_itself_so_a_run_without_gate_is_refused(
    tmp_path: Path,
) -> None:
    config = tune.TuneConfig(metric="loss", mode="min", scheduler=scheduler())
    storage = tune.RunConfig(storage_path=str(tmp_path), name="run", verbose=0)
    tuner = tune.Tuner(train, tune_config=config, run_config=storage)
    with pytest.raises(RuntimeError, match=r"with rungkeeper\.ray\.setup"):
        tuner.fit()


def test_a_class_without_reset_config_is_refused_if_actors_are_reused(
    tmp_path: Path,
) -> None:
    with pytest.raises(ValueError, match="NoReset has no reset_config"):
        tuner(NoReset, tmp_path, num_samples=4, tuning=REUSE).fit()


def test_a_class_without_reset_config_runs_in_actors_of_its_own(tmp_path: Path) -> None:
    results = tuner(NoReset, tmp_path, num_samples=4).fit()
    assert results.num_errors == 0
    judge(tmp_path / "records", BUDGET)


def worse_and_worse(asha: PromotionASHA, folder: Path) -> tune.Tuner:
    """Twenty trials of which those that are promoted have waited for long."""
    space = {"x": tune.grid_search([number / 20 for number in range(20)])}
    return tuner(train, folder, num_samples=1, asha=asha, tuning=REUSE, more=space)


def test_files_deleted_behind_rays_back_break_the_restore(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forget_nothing(trial: Trial, controller: Any) -> None:
        for folders in checkpoint_folders([trial]).values():
            for folder in folders:
                shutil.rmtree(folder)

    monkeypatch.setattr(_checkpoints, "forget", forget_nothing)
    monkeypatch.setattr(_checkpoints, "is_there", lambda trial: True)
    asha = scheduler(max_checkpoints=2, policy="random")
    results = worse_and_worse(asha, tmp_path).fit()
    assert results.num_errors > 0  # what `forget` is for


def test_a_checkpoint_given_up_is_forgotten_by_ray_and_trained_again(
    tmp_path: Path,
) -> None:
    asha = scheduler(max_checkpoints=2, policy="random")
    results = worse_and_worse(asha, tmp_path).fit()
    assert results.num_errors == 0
    assert judge(tmp_path / "records", 2)["from_scratch"] > 0
    assert asha.extra_results()["num_checkpoints_removed"] > 0
    judge_files(results)


def test_paused_trials_keep_the_experiment_alive_until_the_scheduler_ends_them(
    tmp_path: Path,
) -> None:
    asha = scheduler()
    results = tuner(Train, tmp_path, num_samples=2, asha=asha, tuning=REUSE).fit()
    assert [result.metrics["epoch"] for result in results] == [1, 1]
    assert all(result.checkpoint is not None for result in results)
    judge_files(results)


def test_a_time_budget_ends_trials_without_telling_the_scheduler(
    tmp_path: Path,
) -> None:
    tuning = {**REUSE, "time_budget_s": 4}
    asha = scheduler()
    results = tuner(train, tmp_path, num_samples=-1, asha=asha, tuning=tuning).fit()
    assert results.num_errors == 0
    assert "max_wallclock_time" in asha.log().partition("\n")[0]
    judge(tmp_path / "records", BUDGET)
    judge_files(results)


def test_ray_saves_no_scheduler_state_but_the_callback_does(tmp_path: Path) -> None:
    asha = scheduler()
    results = tuner(train, tmp_path, num_samples=6, asha=asha, tuning=REUSE).fit()
    [snapshot] = Path(results.experiment_path).glob("callback-states-*.pkl")
    states = cloudpickle.loads(snapshot.read_bytes()).values()
    [state] = [state for state in states if state is not None]
    other = scheduler()
    assert other.log() == ""
    other.set_state(state)
    assert other.log() == asha.log()
    assert other.extra_results() == asha.extra_results()
    written = Path(results.experiment_path, "rungkeeper.jsonl").read_text()
    assert written == asha.log()
    assert len(RemovalCallback.from_log(written).trials()) == 6


class Sizes(Callback):
    """Looks at the bytes of all checkpoints of trials that have not ended."""

    def __init__(self) -> None:
        self.most = 0

    def on_step_end(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        alive = [t for t in trials if t.status == Trial.PAUSED and t.has_checkpoint()]
        self.most = max(self.most, sum(map(_checkpoints.size, alive)))


def test_a_budget_of_bytes(tmp_path: Path) -> None:
    asha, sizes = scheduler(max_checkpoints=None, max_bytes=100), Sizes()
    results = tuner(
        train, tmp_path, num_samples=20, asha=asha, tuning=REUSE, callbacks=[sizes]
    ).fit()
    assert results.num_errors == 0
    assert 0 < sizes.most <= 100
    assert asha.extra_results()["num_checkpoints_removed"] > 0
    judge_files(results)


def no_checkpoints(config: dict[str, Any]) -> None:
    for epoch in range(1, 28):
        tune.report({"loss": config["x"] + 1 / epoch, "epoch": epoch})


def test_a_trial_that_reports_no_checkpoint_trains_from_scratch(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asha = scheduler()
    results = tuner(
        no_checkpoints, tmp_path, num_samples=6, asha=asha, tuning=REUSE
    ).fit()
    assert results.num_errors == 0
    assert "reports at rungs should carry one" in caplog.text
    assert max(result.metrics["epoch"] for result in results) > 1
    assert asha.extra_results()["num_checkpoints_removed"] == 0


def bad_metrics(config: dict[str, Any]) -> None:
    epoch = 0
    while epoch < 27:
        epoch += 1
        bad = float("nan") if config["seed"] % 2 else "no number"
        tune.report({"loss": config["x"] if config["x"] < 0.7 else bad, "epoch": epoch})


def test_bad_metrics_are_never_promoted(tmp_path: Path) -> None:
    results = tuner(bad_metrics, tmp_path, num_samples=15, tuning=REUSE).fit()
    assert results.num_errors == 0
    epochs = Counter(
        result.metrics["epoch"] for result in results if result.config["x"] >= 0.7
    )
    assert set(epochs) <= {1}


def test_what_is_pickled_is_a_copy_that_has_not_begun() -> None:
    asha = PromotionASHA(max_t=9, reduction_factor=3, max_checkpoints=4)
    tune_config, _ = setup(asha)
    copy = pickle.loads(cloudpickle.dumps(tune_config))
    assert isinstance(copy.search_alg, PromotionGate)
    assert isinstance(copy.search_alg.inner, BasicVariantGenerator)
    assert copy.scheduler.get_state() is None
