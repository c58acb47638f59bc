"""Resources that are none, and what is told of them. Nothing is trained here."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from ray import tune
from rungkeeper.ray import setup
from rungkeeper.ray._run import Run
from rungkeeper.ray._unfinished import Unfinished

from tests.ray.loops import looped
from tests.ray.running import scheduler

NAME = "t"


def trials(**settings: Any) -> tuple[Run, Unfinished]:
    """A run with one trial, of which Ray knows nothing."""
    run = scheduler(mode="max", **settings)._new_run(9)
    run.begin(NAME)
    return run, Unfinished(run, None, "at", None, True)


def trial(*, latest: dict[str, Any] | None = None) -> Any:
    """A trial, with the metrics that its latest checkpoint came with."""
    result = None if latest is None else SimpleNamespace(metrics=latest)
    manager = SimpleNamespace(latest_checkpoint_result=result)
    run_metadata = SimpleNamespace(checkpoint_manager=manager)
    return SimpleNamespace(trial_id=NAME, run_metadata=run_metadata)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "reports 0 as 'at', but resources count from 1"),
        (-3, "reports -3 as 'at', but resources count from 1"),
        (-0.5, "reports -0.5 as 'at', but resources count from 1"),
        (float("-inf"), "reports -inf as 'at', but resources count from 1"),
        (10**30, f"reports {10**30} as 'at', which is above 2**53"),
        (10**400, "reports 1000.* as 'at', which is above 2**53"),
        (float("inf"), "reports inf as 'at', which is above 2**53"),
        (float("nan"), "reports nan as 'at', which is no number"),
        ("7", "reports '7' as 'at', which is no number"),
        (b"7", "reports b'7' as 'at', which is no number"),
        (None, "reports no 'at'"),
    ],
)
def test_what_is_no_resource_is_told_once(
    value: Any, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    _, unfinished = trials()
    for _ in range(2):
        unfinished.resource(trial(), {"at": value})
    (record,) = caplog.records
    start, _, end = f"trial {NAME} {said}: with such a".partition(".*")
    assert record.getMessage().startswith(start)
    assert end in record.getMessage()
    assert len(record.getMessage()) < 200


@pytest.mark.parametrize("value", [1, 0.25, 2.5, 2**53, np.float32(1), np.int64(7)])
def test_what_is_one_is_not(value: Any, caplog: pytest.LogCaptureFixture) -> None:
    _, unfinished = trials()
    assert unfinished.resource(trial(), {"at": value}) == int(value)
    assert caplog.records == []


def test_epochs_that_count_from_0_are_told_and_paused_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def train(config: dict[str, Any], epoch: int) -> dict[str, Any]:
        return {"loss": config["x"] + 1 / epoch, "epoch": epoch, "at": epoch - 1}

    asha = scheduler(time_attr="at", max_concurrent=2)
    loop = looped(None, tmp_path, 6, train, asha)
    told = [r.getMessage() for r in caplog.records if "from 1" in r.getMessage()]
    assert len(told) == len(loop.trials) == 6
    assert {t.last_result["at"] for t in loop.trials} <= {1, 3, 9, 27}
    assert asha.extra_results()["cost_resources"] == 0


@pytest.mark.parametrize("latest", [{"at": 0}, {"at": -1}, {"at": None}, {}])
def test_a_checkpoint_from_before_the_first_resource_counts(
    latest: dict[str, Any],
) -> None:
    run, unfinished = trials()
    level = unfinished.level(trial(latest=latest))
    assert level == 1
    assert run.reported(NAME, 1, 0.5) == "PAUSE"
    run.paused(NAME, level, 7)
    assert run.removal.checkpoint_bytes == 7


def test_a_trial_that_was_paused_without_a_checkpoint_costs_its_level() -> None:
    run, _ = trials()
    for name in ("other", "third"):
        run.begin(name)
    for name, metric in ((NAME, 0.9), ("other", 0.5), ("third", 0.4)):
        run.reported(name, 1, metric)
        run.paused(name, None if name == NAME else 1, 0)
    assert run.promote() == NAME
    assert run.removal.extra_results()["cost_resources"] == 1
    assert run.removal.trials_resumed_without_checkpoint() == [(NAME, 1)]
    assert not run.trains_again(NAME, 1, 0.9)  # it is counted once


@pytest.mark.parametrize("metric", [float("inf"), 10**400, float("nan"), None, b"9"])
def test_what_is_no_finite_number_is_never_the_best(metric: Any) -> None:
    run, _ = trials()
    run.begin("good")
    for name, value in ((NAME, metric), ("good", 0.5)):
        run.reported(name, 1, value)
        run.paused(name, 1, 0)
    run.pin_best()
    assert run.pinned == "good"


def test_a_limit_below_1_is_refused() -> None:
    asha = scheduler(max_concurrent=2)
    for most in (0, -1):
        with pytest.raises(ValueError, match=f"max_concurrent is {most}, but must be"):
            asha.limit_concurrent(most)
        with pytest.raises(ValueError, match=f"max_concurrent is {most}, but must be"):
            scheduler(max_concurrent=most)
    assert asha.max_concurrent == 2
    with pytest.raises(ValueError, match="max_concurrent_trials is -1, but must be at"):
        setup(asha, tune.TuneConfig(max_concurrent_trials=-1))
