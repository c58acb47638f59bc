"""Checkpoints of the local backend on disk: sizes, deletions, and the one to keep."""

import logging
import os
import shutil
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

BEST = "best_checkpoint"
ASIDE = "removed_checkpoint"
FROM_SCRATCH = "trains_again"


class Checkpoints:
    """The checkpoint folders of a run's trials.

    A checkpoint that goes is moved aside first, so that a crash in between leaves no
    half of it for a trial to be resumed from.
    """

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self._left: set[int] = set()

    def __repr__(self) -> str:
        return f"Checkpoints(left={sorted(self._left)})"

    @property
    def root(self) -> Path:
        """The folder of all trials."""
        return Path(self._backend.local_path)

    def _of(self, trial: int, name: str) -> Path:
        return Path(self._backend.trial_path(trial)) / name

    def _folder(self, trial: int) -> Path:
        return Path(self._backend.checkpoint_trial_path(trial))

    def size(self, trial: int) -> int | None:
        """Bytes of a trial's checkpoint; None if it has none."""
        sizes = []
        for path in self._folder(trial).rglob("*"):
            try:
                if path.is_file():
                    sizes.append(path.stat().st_size)
            except OSError:  # it has just been replaced
                continue
        return sum(sizes) if sizes else None

    def delete(self, trial: int) -> None:
        """Deletes a trial's checkpoint now or, if that fails, later."""
        aside = self._of(trial, ASIDE)
        try:
            _remove(aside)
            if self._folder(trial).exists():
                self._folder(trial).rename(aside)
                _remove(aside)
            self._left.discard(trial)
        except OSError as error:
            if trial not in self._left:
                logger.warning(
                    "the checkpoint of trial %s is not deleted yet: %s", trial, error
                )
            self._left.add(trial)

    def retry(self) -> None:
        """Tries again to delete what is left."""
        for trial in sorted(self._left):
            self.delete(trial)

    def keep_as_best(self, trial: int) -> bool:
        """Moves a trial's checkpoint out of reach of deletions.

        Returns:
            Whether it had one.
        """
        if self.size(trial) is None:
            return False
        _remove(self.best(trial))
        self._folder(trial).rename(self.best(trial))
        return True

    def best(self, trial: int) -> Path:
        """Where a trial's checkpoint is if it is kept as the best."""
        return self._of(trial, BEST)

    def drop_best(self, trial: int) -> None:
        """Deletes a checkpoint that was kept and is no longer the best."""
        _remove(self.best(trial))

    def take_back(self, trial: int) -> None:
        """Moves a checkpoint that was kept back to where its trial looks for it."""
        if self.best(trial).exists() and not self._folder(trial).exists():
            self.best(trial).rename(self._folder(trial))

    def mark_from_scratch(self, trial: int) -> None:
        """Notes that a trial trains from scratch, up to its next pause."""
        self.delete(trial)
        self._left.discard(trial)  # what is there from now on is new
        self._of(trial, FROM_SCRATCH).touch()

    def unmark(self, trial: int) -> None:
        """Ends the note: the checkpoint is at the trial's rung again, or beyond."""
        self._of(trial, FROM_SCRATCH).unlink(missing_ok=True)

    def is_marked(self, trial: int) -> bool:
        """Whether a trial's checkpoint may be from before its rung."""
        return self._of(trial, FROM_SCRATCH).exists()

    def end_output_line(self, trial: int) -> None:
        """Ends the last line of a trial's output, which a killed process may not have.

        What the next process reports would be in the same line, and not be read.
        """
        output = self._of(trial, "std.out")
        if output.exists() and output.stat().st_size > 0:
            with output.open("r+b") as file:
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    file.write(b"\n")

    def sweep(self, trial: int) -> None:
        """Deletes what a crash in the middle of a deletion left."""
        _remove(self._of(trial, ASIDE))


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
