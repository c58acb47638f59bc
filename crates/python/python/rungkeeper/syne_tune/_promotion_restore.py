"""A run that goes on after its tuner was saved and loaded, or was killed.

What is loaded is the run at the time of the save; the disk is that of the time of the
kill. Syne Tune itself does not look at what happened in between.
"""

import logging
import shutil
import time
from typing import Any

from syne_tune.backend.trial_status import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    Status,
)

from rungkeeper import TrialStatus
from rungkeeper._clock import Clock
from rungkeeper.syne_tune._promotion_files import Checkpoints
from rungkeeper.syne_tune._promotion_processes import end_left_over
from rungkeeper.syne_tune._promotion_run import Run
from rungkeeper.syne_tune._unfinished import tell_gone

logger = logging.getLogger(__name__)


def put_in_order(run: Run, files: Checkpoints, backend: Any) -> None:
    """Makes backend, disk and run agree.

    Running trials get a new process later; checkpoints that are gone, or that were
    trained again from scratch and had not reached their rung, are lost.
    """
    known = gone = 0
    end_left_over(files.root)
    _drop_unknown(files, len(backend.trial_ids))
    _settle_best(run, files)
    for trial, status in run.trials():
        files.sweep(trial)
        if status == TrialStatus.STOPPED_OR_COMPLETED:
            files.delete(trial)
            continue
        _pause_in_backend(backend, trial)
        is_there = files.size(trial) is not None and not files.is_marked(trial)
        if status == TrialStatus.RUNNING:
            run.interrupt(trial)
            # It was resumed with the checkpoint of its pause, or else stands nowhere.
            had_one = trial in run.standings
        elif status == TrialStatus.PAUSED_NO_CHECKPOINT:
            files.delete(trial)
            had_one = False
        else:
            had_one = True
            if not is_there:
                files.delete(trial)
                run.removal.lose(trial)
        known += had_one
        gone += had_one and not is_there
    tell_gone(gone, known)


def set_clock(status: Any, clock: Clock) -> None:
    """Lets the tuner's own time go on from where the run stood."""
    if status is not None:
        status.start_time = time.perf_counter() - clock.seconds()


def _drop_unknown(files: Checkpoints, known: int) -> None:
    """Deletes the folders of trials begun after the save: their numbers come again."""
    for folder in files.root.iterdir() if files.root.exists() else ():
        is_trial = folder.name.isdecimal() and (folder / "std.out").exists()
        if is_trial and int(folder.name) >= known:
            logger.info("trial %s began after the save and is forgotten", folder.name)
            shutil.rmtree(folder)


def _settle_best(run: Run, files: Checkpoints) -> None:
    """One checkpoint is kept at most; a trial that can go on gets its own back."""
    status = None if run.best is None else run.removal.status(run.best)
    if run.best is not None and status != TrialStatus.STOPPED_OR_COMPLETED:
        files.take_back(run.best)
        run.best = None
    for trial, _ in run.trials():
        if trial != run.best:
            files.drop_best(trial)
    if run.best is not None and not files.best(run.best).exists():
        run.best = None


def _pause_in_backend(backend: Any, trial: int) -> None:
    """Makes a trial one that the backend can resume.

    Its own call for that would kill a process by a number that may be another's by now.
    """
    backend._trial_dict[trial].status = Status.paused
    folder = backend.trial_path(trial)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "stop").unlink(missing_ok=True)
    (folder / "pause").touch()
