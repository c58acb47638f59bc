"""On Syne Tune's simulators trials pause and resume, and a budget is only counted."""

from pathlib import Path
from typing import Any

import pytest
from rungkeeper import RemovalCallback
from rungkeeper.syne_tune import PromotionASHA
from syne_tune.config_space import uniform

from tests.syne_tune_new.simulated import epochs_that_counted, simulate

SPACE = {"x": uniform(0, 1)}


def asha(**settings: Any) -> PromotionASHA:
    defaults = {"time_attr": "epoch", "max_t": 27, "random_seed": 2}
    return PromotionASHA(SPACE, "loss", **{**defaults, **settings})


@pytest.mark.parametrize("deletes", [False, True])
def test_a_budget_is_counted(
    folder: Path, deletes: bool, caplog: pytest.LogCaptureFixture
) -> None:
    scheduler = asha(max_checkpoints=5, policy="by_level")
    _, events = simulate(scheduler, deletes=deletes, max_wallclock_time=400)
    figures = scheduler.extra_results()
    assert events.starts > 60
    assert events.resumes == figures["num_trials_resumed"] > 20
    assert figures["num_checkpoints_removed"] > 20
    assert figures["cost_resources"] > 0
    # A trial goes on where it paused, also one whose checkpoint is counted as gone.
    counted = epochs_that_counted(scheduler).values()
    assert max(map(max, counted)) == 27
    for epochs in counted:
        if deletes:  # else what a trial did between its pause and its resume counts
            assert epochs == list(range(1, len(epochs) + 1))
        assert epochs == sorted(epochs)
    assert caplog.text.count("the budget is only counted") == 1
    # What was written down is decided again in the same way.
    again = RemovalCallback.from_log(scheduler.log())
    assert again.extra_results() == figures


def test_a_limit_of_trials_ends_the_run_when_nothing_can_be_promoted(
    folder: Path,
) -> None:
    scheduler = asha(max_checkpoints=5, max_num_trials=30)
    _, events = simulate(scheduler, deletes=True, max_wallclock_time=1e6)
    assert events.starts == 30
    assert max(map(len, epochs_that_counted(scheduler).values())) == 27
    assert scheduler.best_checkpoint is None  # there are none


def test_the_time_is_that_of_the_simulator(folder: Path) -> None:
    scheduler = asha(max_checkpoints=5)
    simulate(scheduler, deletes=True, max_wallclock_time=400)
    core = scheduler._run.removal
    # 400 seconds are over, which took a moment.
    assert core.time_ratio < 0.1


@pytest.mark.parametrize("limit", [{"max_num_trials": 9}, {"max_bytes": 100}])
def test_what_needs_the_callback_is_refused(folder: Path, limit: Any) -> None:
    with pytest.raises(ValueError, match=r"on a simulator say backend.delete_check"):
        simulate(asha(**limit), max_wallclock_time=100)


def test_bytes_cannot_be_counted(folder: Path) -> None:
    with pytest.raises(TypeError, match="a LocalBackend for a budget of bytes"):
        simulate(asha(max_bytes=100), deletes=True, max_wallclock_time=100)


def test_a_budget_below_the_workers_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="smallest that works is 4"):
        simulate(asha(max_checkpoints=3), deletes=True, max_wallclock_time=100)
