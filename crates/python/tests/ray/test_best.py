"""The best checkpoint is kept. No actor runs here."""

import random
from pathlib import Path
from typing import Any

import pytest
from ray.tune.experiment import Trial
from ray.tune.search import BasicVariantGenerator

from tests.ray.loop import Loop
from tests.ray.loops import looped
from tests.ray.running import scheduler


def rising(config: dict[str, Any], epoch: int) -> dict[str, Any]:
    return {"loss": config["x"] + 0.05 * epoch, "epoch": epoch}


def falling(config: dict[str, Any], epoch: int) -> dict[str, Any]:
    return {"loss": config["x"] + 1 / epoch, "epoch": epoch}


def best_in_the_middle(config: dict[str, Any], epoch: int) -> dict[str, Any]:
    return {"loss": config["x"] + 0.1 * abs(epoch - 4), "epoch": epoch}


def noisy(config: dict[str, Any], epoch: int) -> dict[str, Any]:
    noise = random.Random(config["x"] * 1000 + epoch).random()
    return {"loss": config["x"] + 0.5 * noise, "epoch": epoch}


def run(folder: Path, train: Any, seed: int, **settings: Any) -> Loop:
    asha = scheduler(**{"max_concurrent": 2, "seed": seed, **settings})
    search = BasicVariantGenerator(random_state=seed)
    return looped(search, folder, 40, train=train, asha=asha)


def best_has_its_checkpoint(loop: Loop) -> bool:
    best = min(loop.trials, key=lambda trial: trial.last_result["loss"])
    return best.run_metadata.checkpoint_manager.latest_checkpoint_result is not None


@pytest.mark.parametrize("train", [rising, falling, best_in_the_middle, noisy])
@pytest.mark.parametrize("policy", ["rank_aware", "by_level", "random", "speculative"])
def test_the_best_trial_has_its_checkpoint(
    train: Any, policy: str, tmp_path: Path
) -> None:
    for seed in range(5):
        assert best_has_its_checkpoint(run(tmp_path, train, seed, policy=policy))


def test_it_may_not_where_that_is_not_asked_for(tmp_path: Path) -> None:
    kept = [
        best_has_its_checkpoint(run(tmp_path, rising, seed, pin_best=False))
        for seed in range(5)
    ]
    assert not all(kept)


@pytest.mark.parametrize("budget", [2, 3, 4])
def test_it_counts_in_the_budget(budget: int, tmp_path: Path) -> None:
    class Watching(Loop):
        most = 0

        def _step(self) -> None:
            super()._step()
            held = [
                trial
                for trial in self.trials
                if not trial.is_finished()
                and (
                    trial.status != "PAUSED"
                    or trial.run_metadata.checkpoint_manager.latest_checkpoint_result
                )
            ]
            Watching.most = max(Watching.most, len(held))

    asha = scheduler(max_checkpoints=budget, max_concurrent=2)
    search = BasicVariantGenerator(random_state=0)
    loop = looped(search, tmp_path, 40, train=rising, asha=asha, kind=Watching)
    assert Watching.most == budget
    assert best_has_its_checkpoint(loop)


def test_a_budget_of_one_is_for_the_trial_that_runs(tmp_path: Path) -> None:
    loop = run(tmp_path, falling, 0, max_checkpoints=1, max_concurrent=1)
    assert len(loop.trials) == 40


class Unsaved(Loop):
    """No report carries a checkpoint."""

    saves = False


@pytest.mark.parametrize("train", [rising, falling, best_in_the_middle, noisy])
def test_a_trial_without_checkpoints_is_not_trained_again_for_one(
    train: Any, tmp_path: Path
) -> None:
    for seed in range(5):
        asha = scheduler(max_concurrent=2, seed=seed)
        search = BasicVariantGenerator(random_state=seed)
        loop = looped(search, tmp_path, 40, train=train, asha=asha, kind=Unsaved)
        assert len(loop.trials) == 40
        assert asha.run is not None
        assert asha.run.renewed == set()
        assert asha.extra_results()["num_checkpoints_removed"] == 0


class Forgetful(Loop):
    """The best trial loses what it saved whenever it is trained again."""

    def _report(self, trial: Trial) -> None:
        super()._report(trial)
        run = self.scheduler.run
        assert run is not None
        if trial.trial_id in run.renewed:
            trial.run_metadata.checkpoint_manager.latest_checkpoint_result = None


def test_a_trial_is_trained_again_for_its_checkpoint_once(tmp_path: Path) -> None:
    renewed = []
    for seed in range(5):
        asha = scheduler(max_concurrent=2, seed=seed, max_checkpoints=2)
        search = BasicVariantGenerator(random_state=seed)
        looped(search, tmp_path, 40, train=rising, asha=asha, kind=Forgetful)
        assert asha.run is not None
        renewed.append(len(asha.run.renewed))
    assert max(renewed) == 1
