"""Deleting checkpoints through Syne Tune's backend."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from syne_tune.backend import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    LocalBackend,
)

logger = logging.getLogger(__name__)


class Deletions:
    """Deletes checkpoints; what could not be deleted is tried again.

    The local backend deletes what it can and says nothing of the rest, so it is looked
    after whether the folder is gone.
    """

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self._keeps_folders = isinstance(backend, LocalBackend)
        self._left: set[str] = set()

    def __repr__(self) -> str:
        return f"Deletions(left={sorted(self._left)})"

    def is_there(self, trial: str) -> bool | None:
        """Whether a trial's checkpoint is there; None where that cannot be told."""
        if not self._keeps_folders:
            return None
        return Path(self._backend.checkpoint_trial_path(int(trial))).exists()

    def delete(self, trial: str) -> None:
        """Deletes a trial's checkpoint now or later."""
        problem: object = "its folder is still there"
        try:
            self._backend.delete_checkpoint(int(trial))
            done = not self.is_there(trial)
        except Exception as error:  # a backend may raise anything; the run goes on
            done, problem = False, error
        if done:
            self._left.discard(trial)
        elif trial not in self._left:
            self._left.add(trial)
            logger.warning(
                "the checkpoint of trial %s is not deleted yet: %s", trial, problem
            )

    def retry(self) -> None:
        """Tries again to delete what is left."""
        for trial in sorted(self._left):
            self.delete(trial)

    def keep(self, trial: str) -> None:
        """Leaves the trial's checkpoint alone from now on: it runs again."""
        self._left.discard(trial)
