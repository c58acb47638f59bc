"""Whole runs of 60 trials with room for four checkpoints."""

from pathlib import Path
from typing import Any

import pytest
from ray.tune import ResultGrid

from tests.ray.audit import judge, judge_files
from tests.ray.running import BUDGET, tuner
from tests.ray.trainables import Train, train


def judged(folder: Path, results: ResultGrid) -> Any:
    counts = judge(folder / "records", BUDGET)
    judge_files(results)
    assert len(results) == 60
    assert counts["from_checkpoint"] > 0
    assert counts["most_held"] > 0
    return counts


@pytest.mark.parametrize("trainable", [train, Train])
@pytest.mark.parametrize("reuse_actors", [False, True])
def test_sixty_trials(trainable: Any, reuse_actors: bool, tmp_path: Path) -> None:
    tuning = {"reuse_actors": reuse_actors}
    results = tuner(trainable, tmp_path, tuning=tuning).fit()
    counts = judged(tmp_path, results)
    assert results.num_errors == 0
    assert counts["from_scratch"] > 0  # the budget was tight
    assert counts["trials_at_first_promotion"] <= 6  # the gate held the others back
    best = results.get_best_result()
    assert best.checkpoint is not None


@pytest.mark.parametrize("trainable", [train, Train])
def test_crashes_that_are_tried_again(trainable: Any, tmp_path: Path) -> None:
    tuning = {"reuse_actors": True}
    settings: dict[str, Any] = {"more": {"fail": "once"}, "max_failures": 1}
    results = tuner(trainable, tmp_path, tuning=tuning, **settings).fit()
    counts = judged(tmp_path, results)
    assert counts["recover"] > 0
    assert results.num_errors == 0


@pytest.mark.parametrize("trainable", [train, Train])
def test_crashes_that_are_final(trainable: Any, tmp_path: Path) -> None:
    tuning = {"reuse_actors": True}
    more = {"fail": "always"}
    results = tuner(trainable, tmp_path, tuning=tuning, more=more).fit()
    judged(tmp_path, results)
    assert results.num_errors > 0
