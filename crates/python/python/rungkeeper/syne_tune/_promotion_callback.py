"""The tuner's callback of `PromotionASHA`: processes, checkpoints, and the budget."""

import logging
import time
from typing import Any

from syne_tune.backend import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    LocalBackend,
)
from syne_tune.backend.simulator_backend.simulator_backend import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    SimulatorBackend,
)
from syne_tune.backend.trial_status import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    Trial,
)
from syne_tune.tuner_callback import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    TunerCallback,
)

from rungkeeper.syne_tune import _promotion_log
from rungkeeper.syne_tune import _promotion_restore as restore
from rungkeeper.syne_tune._promotion_configurations import Configurations
from rungkeeper.syne_tune._promotion_counting import tell_counted_only
from rungkeeper.syne_tune._promotion_files import Checkpoints
from rungkeeper.syne_tune._promotion_processes import end
from rungkeeper.syne_tune._promotion_run import Run
from rungkeeper.syne_tune._unfinished import KeepsUnfinished, make_folder

logger = logging.getLogger(__name__)

LOG = "rungkeeper.jsonl"


class PromotionCallback(
    KeepsUnfinished,
    TunerCallback,  # type: ignore[misc, unused-ignore]
):
    """Keeps the checkpoints of a run within its budget.

    The tuner makes it by `PromotionASHA.callback_for_checkpoint_removal`. It ends the
    process of a trial that pauses or stops, and then measures or deletes its files.
    """

    _seed = 0  # of an object that an earlier release pickled

    def __init__(
        self,
        run: Run,
        configurations: Configurations,
        max_bytes: int | None,
        seed: int,
    ) -> None:
        self._run = run
        self._seed = seed
        self._configurations = configurations
        self._measures_running = max_bytes is not None
        self._sizes: dict[int, int] = {}
        self._tuner: Any = None
        self._workers = 0
        self._offered: int | None = None
        self._counts_only = False
        self.files: Checkpoints | None = None

    def __repr__(self) -> str:
        return f"PromotionCallback({self._run!r})"

    def refuse(self, max_checkpoints: int | None) -> None:
        """Refuses a tuner with which the run cannot be as it was asked for.

        Raises:
            TypeError: Its backend is of another kind.
            ValueError: Its workers are more than the checkpoints it may keep.
        """
        if self._tuner is None:
            return
        if self.files is None and (not self._counts_only or self._measures_running):
            kind = type(self._tuner.trial_backend).__name__
            asked = " for a budget of bytes" if self._counts_only else ""
            raise TypeError(
                f"the backend is a {kind}, but must be a LocalBackend{asked}: no other "
                "is known to keep checkpoints that can be removed"
            )
        if max_checkpoints is not None and max_checkpoints < self._workers:
            raise ValueError(
                f"max_checkpoints is {max_checkpoints}, but n_workers is "
                f"{self._workers}, and trials that run hold a checkpoint each: the "
                f"smallest that works is {self._workers}"
            )

    # What the tuner tells.

    def on_tuning_start(self, tuner: Any) -> None:
        """Looks at the backend; a run that goes on is put in order first."""
        self._tuner = tuner
        if self._offered is not None and tuner.n_workers == self._offered:
            tuner.n_workers = self._workers
        self._workers, self._offered = tuner.n_workers, None
        backend = tuner.trial_backend
        make_folder(tuner)
        self._watch(backend)
        # It derives from the other one, but its trials are no processes.
        self._counts_only = isinstance(backend, SimulatorBackend)
        if self._counts_only:
            tell_counted_only(f"a {type(backend).__name__}")
        if self._counts_only or not isinstance(backend, LocalBackend):
            return
        self.files = Checkpoints(backend)
        if self._run.has_begun():
            restore.put_in_order(self._run, self.files, backend)
            restore.set_clock(tuner.tuning_status, self._run.clock)

    def on_loop_start(self) -> None:
        """Offers as many workers as there is something for."""
        self.offer_workers()

    def on_trial_result(
        self, trial: Trial, status: str, result: dict[str, Any], decision: str
    ) -> None:
        """Ends the process of a trial that pauses or stops."""
        name = trial.trial_id
        if self._counts_only and decision == "PAUSE":
            self._run.committed(name, 0)
        if decision == "CONTINUE" or self.files is None:
            return
        self._tell()
        has_ended = end(self._tuner.trial_backend.trial_subprocess[name])
        self.files.unmark(name)
        if not has_ended:
            logger.warning(
                "the process of trial %s does not end: its checkpoint is not used", name
            )
            self.files.delete(name)
            if self._run.holds_checkpoint(name):
                self._run.removal.lose(name)
        elif decision == "PAUSE":
            self._commit(self.files, name)
        else:
            self._keep_if_best(self.files, name)

    def on_trial_complete(self, trial: Trial, result: dict[str, Any]) -> None:
        """Deletes the checkpoint of a trial that ended by itself, unless it is best."""
        if self.files is not None:
            self._keep_if_best(self.files, trial.trial_id)
            self.files.delete(trial.trial_id)

    def on_loop_end(self) -> None:
        """Deletes the checkpoints that are over the budget."""
        if not self._is_known() or not self._run.has_begun():
            return
        if self.files is not None:
            self.files.retry()
            if self._measures_running:
                self._measure(self.files)
        for removal in self._run.removal.loop_end(self._seconds()):
            if self.files is not None:
                self.files.delete(int(removal.trial))
            logger.info(
                "the checkpoint of trial %s is removed: level %s, rank %s of %s",
                removal.trial,
                removal.level,
                removal.rank,
                removal.rung_len,
            )
        self._tell()

    def on_tuning_end(self) -> None:
        """Ends all processes, and moves the best checkpoint out of their reach."""
        if not self._is_known():
            return
        self._tuner.n_workers, self._offered = self._workers, None
        if self.files is not None:
            self._end_all(self.files)
            self._keep_if_unfinished(self._tuner)
        make_folder(self._tuner)
        ended = None if self._ends_by_error(self._tuner) else self._seconds()
        log = self._tuner.tuner_path / LOG
        log.write_text(self.log(ended), encoding="utf-8")

    # What the scheduler asks.

    def log(self, ended: float | None = None) -> str:
        """The event log, up to the end if the run has ended."""
        return _promotion_log.text(
            self._run.removal, workers=self._workers, seed=self._seed, ended=ended
        )

    def offer_workers(self) -> None:
        """Lets the tuner ask for no more than there is.

        A scheduler that suggests nothing ends the run, so it must not be asked while a
        running trial may make another one promotable.
        """
        if not self._is_known():
            return
        available = len(self._run.interrupted)
        available += self._run.rungs.promotable() is not None
        available += self._configurations.look()
        offered = self._run.num_processes + available
        self._offered = min(offered, self._workers) or self._workers
        self._tuner.n_workers = self._offered

    def prepare(self, name: int, was_interrupted: bool) -> None:
        """Sees to it that a trial trains on from a checkpoint, or else from scratch."""
        run, files = self._run, self.files
        if self._counts_only:
            run.resume(name, self._seconds())
            return
        if files is None:
            raise RuntimeError("on_tuning_start was not called yet")
        files.end_output_line(name)
        is_there = files.size(name) is not None
        if not was_interrupted and run.holds_checkpoint(name) and not is_there:
            run.removal.lose(str(name))
        is_known = run.resume(name, time.time())
        self._sizes.pop(name, None)
        if not is_known or not is_there:
            run.standings.pop(name, None)
            files.mark_from_scratch(name)

    def failed(self, name: int) -> None:
        """Deletes the checkpoint of a trial that crashed."""
        if self.files is not None:
            self.files.delete(name)

    # How it is done.

    def _is_known(self) -> bool:
        """Whether the tuner has a backend of a kind that can be worked with."""
        return self.files is not None or self._counts_only

    def _tell(self) -> None:
        """Tells what came up, while it is known who trains from scratch until a pause.

        Nobody tells the core of a running trial whose files are gone, which seems to
        ignore its checkpoint therefore.
        """
        files = self.files
        self._run.notes.of(
            self._run.removal, None if files is None else files.is_marked
        )

    def _seconds(self) -> float:
        if self._counts_only:
            return float(self._tuner.trial_backend.time_keeper.time())
        return self._run.clock.seconds()

    def _end_all(self, files: Checkpoints) -> None:
        for name in self._run.milestones:
            if name not in self._run.interrupted:
                end(self._tuner.trial_backend.trial_subprocess[name])
        for name in self._run.best_first():
            if name == self._run.best or files.keep_as_best(name):
                self._becomes_best(files, name)
                break

    def _commit(self, files: Checkpoints, name: int) -> None:
        size = files.size(name)
        if size is not None:
            self._run.committed(name, size)
        elif self._run.holds_checkpoint(name):
            self._run.removal.lose(name)
            self._run.notes.once(
                "no checkpoint",
                f"trial {name} is paused, but wrote no checkpoint to "
                "st_checkpoint_dir: a promoted trial trains from scratch. This is "
                "logged once",
            )

    def _measure(self, files: Checkpoints) -> None:
        """Takes the bytes of running trials as they are now."""
        for name in self._run.milestones:
            size = files.size(name)
            if size is not None and size != self._sizes.get(name):
                self._sizes[name] = size
                self._run.committed(name, size)

    def _keep_if_best(self, files: Checkpoints, name: int) -> None:
        if self._run.is_best_ended(name) and files.keep_as_best(name):
            self._becomes_best(files, name)

    def _becomes_best(self, files: Checkpoints, name: int) -> None:
        before, self._run.best = self._run.best, name
        if before is not None and before != name:
            files.drop_best(before)
