"""A run, its backend and the disk agree again."""

from pathlib import Path

import pytest
from rungkeeper import RemovalCallback, TrialStatus
from rungkeeper._core import PromotionRungs
from rungkeeper.syne_tune._promotion_files import Checkpoints
from rungkeeper.syne_tune._promotion_restore import put_in_order
from rungkeeper.syne_tune._promotion_run import Run

from tests.syne_tune_new.folders import backend, write

RUNNING, KEPT, GONE, TRAINS_AGAIN, GIVEN_UP, ENDED = range(6)


@pytest.fixture
def run() -> Run:
    """A run of six trials, as it was saved."""
    rungs = PromotionRungs(grace_period=1, reduction_factor=3, max_resource=9)
    removal = RemovalCallback.geometric(1, 3, 9, max_checkpoints=6, log_notes=False)
    run = Run(rungs, removal, 9, -1)
    for trial in range(6):
        run.begin(trial)
    for trial in (KEPT, GONE, TRAINS_AGAIN, GIVEN_UP):
        assert run.reported(trial, 1, trial / 10) == "PAUSE"
        run.committed(trial, 5)
    run.removal.give_up(GIVEN_UP)
    assert run.reported(ENDED, 9, 0.5) == "STOP"
    return run


def test_each_trial_is_where_it_can_go_on(run: Run, tmp_path: Path) -> None:
    fake = backend(tmp_path, 6)
    files = Checkpoints(fake)
    for trial in (RUNNING, KEPT, GIVEN_UP, ENDED):
        write(tmp_path, trial, "12345")
    files.mark_from_scratch(TRAINS_AGAIN)
    write(tmp_path, TRAINS_AGAIN, "less")
    write(tmp_path, KEPT, "half", "removed_checkpoint")
    for trial in (RUNNING, KEPT):
        (tmp_path / str(trial) / "stop").touch()
    for unknown in ("6", "17"):
        write(tmp_path, int(unknown), "later")
    (tmp_path / "6" / "std.out").touch()  # else it is no trial's
    put_in_order(run, files, fake)
    assert run.interrupted == [RUNNING]
    assert run.num_processes == 0
    expected = {
        RUNNING: TrialStatus.RUNNING,
        KEPT: TrialStatus.PAUSED_WITH_CHECKPOINT,
        GONE: TrialStatus.PAUSED_NO_CHECKPOINT,
        TRAINS_AGAIN: TrialStatus.PAUSED_NO_CHECKPOINT,
        GIVEN_UP: TrialStatus.PAUSED_NO_CHECKPOINT,
        ENDED: TrialStatus.STOPPED_OR_COMPLETED,
    }
    assert dict(run.trials()) == expected
    assert [files.size(trial) for trial in range(6)] == [5, 5, None, None, None, None]
    assert not (tmp_path / str(KEPT) / "removed_checkpoint").exists()
    assert not (tmp_path / "6").exists()
    assert (tmp_path / "17").exists()
    for trial in (RUNNING, KEPT, GONE, TRAINS_AGAIN, GIVEN_UP):
        assert (tmp_path / str(trial) / "pause").exists()
        assert not (tmp_path / str(trial) / "stop").exists()
        assert fake._trial_dict[trial].status == "Paused"
    # The lost ones did not count as removed.
    assert run.removal.num_checkpoints_removed == 1
    put_in_order(run, files, fake)
    assert run.interrupted == [RUNNING]


def test_a_running_trial_whose_files_are_gone_is_not_accused(
    run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fake = backend(tmp_path, 6)
    files = Checkpoints(fake)
    assert run.resume(KEPT, None)
    run.milestones[KEPT] = 3
    write(tmp_path, TRAINS_AGAIN, "12345")
    put_in_order(run, files, fake)
    assert run.interrupted == [RUNNING, KEPT]
    (warning,) = caplog.messages
    assert warning.startswith("2 of the 3 checkpoints")  # those of KEPT and GONE
    assert run.resume(KEPT, None)
    files.mark_from_scratch(KEPT)
    run.reported(KEPT, 1, 0.5)
    run.notes.of(run.removal, files.is_marked)
    assert "ignores its checkpoint" not in caplog.text
    assert run.removal.extra_results()["cost_resources"] == 1


def test_the_best_of_ended_trials_stays(run: Run, tmp_path: Path) -> None:
    fake = backend(tmp_path, 6)
    files = Checkpoints(fake)
    for trial in (KEPT, ENDED):
        write(tmp_path, trial, "best", "best_checkpoint")
    run.best = ENDED
    put_in_order(run, files, fake)
    assert run.best == ENDED
    assert files.best(ENDED).exists()
    assert not files.best(KEPT).exists()
    files.drop_best(ENDED)
    put_in_order(run, files, fake)
    assert run.best is None


def test_the_best_of_paused_trials_gets_its_checkpoint_back(
    run: Run, tmp_path: Path
) -> None:
    fake = backend(tmp_path, 6)
    files = Checkpoints(fake)
    write(tmp_path, KEPT, "12345", "best_checkpoint")
    run.best = KEPT
    put_in_order(run, files, fake)
    assert run.best is None
    assert files.size(KEPT) == 5
    assert run.holds_checkpoint(KEPT)
    assert not files.best(KEPT).exists()


def test_the_best_is_the_best_at_the_highest_level(run: Run) -> None:
    assert run.best_first() == [ENDED, KEPT, GONE, TRAINS_AGAIN, GIVEN_UP]
    assert run.is_best_ended(ENDED)
    run.best = ENDED
    assert not run.is_best_ended(KEPT)
    assert not run.is_best_ended(RUNNING)
