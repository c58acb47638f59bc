"""Whole runs with room for four checkpoints."""

from pathlib import Path
from typing import Any

import pytest
from ray.tune import ResultGrid

from tests.ray.audit import judge, judge_files
from tests.ray.running import BUDGET, samples, scheduler, tuner
from tests.ray.trainables import MAX_T, Train, train


def judged(folder: Path, results: ResultGrid, num_samples: int = 60) -> Any:
    counts = judge(folder / "records", BUDGET)
    judge_files(results)
    assert len(results) == num_samples
    assert counts["from_checkpoint"] > 0
    assert counts["most_held"] > 0
    return counts


@pytest.mark.parametrize("trainable", [train, Train])
@pytest.mark.parametrize("reuse_actors", [False, True])
def test_runs_to_the_end(trainable: Any, reuse_actors: bool, tmp_path: Path) -> None:
    tuning = {"reuse_actors": reuse_actors}
    num_samples = 60 if reuse_actors else samples(60, 14)
    asha = scheduler()
    results = tuner(
        trainable, tmp_path, num_samples=num_samples, asha=asha, tuning=tuning
    ).fit()
    counts = judged(tmp_path, results, num_samples)
    assert results.num_errors == 0
    assert asha.extra_results()["num_checkpoints_removed"] > 0
    assert counts["trials_at_first_promotion"] <= 6  # the gate held the others back
    ended = [result for result in results if result.metrics["epoch"] == MAX_T]
    assert ended or num_samples < 60
    assert all(result.checkpoint is not None for result in ended)


def with_crashes(
    trainable: Any, num_samples: int, folder: Path, kind: str, max_failures: int
) -> tuple[ResultGrid, Any]:
    """A run in which some trials crash, and what was counted in it."""
    results = tuner(
        trainable,
        folder,
        num_samples=num_samples,
        tuning={"reuse_actors": True},
        more={"fail": kind},
        max_failures=max_failures,
    ).fit()
    return results, judged(folder, results, num_samples)


@pytest.mark.parametrize(
    ("trainable", "num_samples"), [(train, samples(60, 30)), (Train, samples(60, 20))]
)
def test_crashes_that_are_tried_again(
    trainable: Any, num_samples: int, tmp_path: Path
) -> None:
    results, counts = with_crashes(trainable, num_samples, tmp_path, "once", 1)
    assert counts["recover"] > 0
    assert results.num_errors == 0


@pytest.mark.parametrize(
    ("trainable", "num_samples"), [(train, samples(60, 20)), (Train, samples(60, 30))]
)
def test_crashes_that_are_final(
    trainable: Any, num_samples: int, tmp_path: Path
) -> None:
    results, _ = with_crashes(trainable, num_samples, tmp_path, "always", 0)
    assert results.num_errors > 0
