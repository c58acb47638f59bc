"""Runs that end by an error keep their checkpoints, so that they can go on."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)


class KeepsUnfinished:
    """A callback that keeps Syne Tune from deleting what an unfinished run needs.

    At the end of a run Syne Tune deletes all checkpoints, also where an exception or
    Ctrl-C ended it. The tuner was saved a moment before, and goes on when it is loaded,
    but then all would be trained again.
    """

    # Of an object that an earlier release pickled, too.
    _handled_outside: int | None = None
    _deletions_are_off = False

    def _watch(self, backend: Any) -> None:
        """The run begins, or goes on: from here on an exception ends it."""
        # Whoever calls `run` may be handling an exception that has nothing to do with
        # it. A number, since an exception cannot be saved with the tuner.
        self._handled_outside = id(sys.exc_info()[1])
        if self._deletions_are_off:
            backend.delete_checkpoints, self._deletions_are_off = True, False

    def _ends_by_error(self, tuner: Any) -> bool:
        """Whether the run that ends now is not finished."""
        if self._handled_outside is None:
            return False
        if id(sys.exc_info()[1]) != self._handled_outside:
            return True
        # Syne Tune raises an exception for these, but only after it has cleaned up.
        status = tuner.tuning_status
        return status is not None and status.num_trials_failed > tuner.max_failures

    def _keep_if_unfinished(self, tuner: Any) -> None:
        """Turns Syne Tune's deletions off for a run that ended by an error.

        Nobody can load a tuner that is not saved, so its checkpoints go as ever.
        """
        backend = tuner.trial_backend
        if not (self._ends_by_error(tuner) and tuner.save_tuner):
            return
        if not backend.delete_checkpoints:
            return
        backend.delete_checkpoints, self._deletions_are_off = False, True
        logger.warning(
            "an error or Ctrl-C ended the run: the checkpoints in %s are kept, and "
            "Tuner.load(%r).run() goes on with them. Delete that folder if you do not",
            getattr(tuner, "trial_backend_path", tuner.tuner_path),
            str(tuner.tuner_path),
        )


def make_folder(tuner: Any) -> None:
    """Makes the tuner's folder, which Syne Tune does later.

    Where something fails before, it fails again as the tuner is saved there, and hides
    the first error.
    """
    folder = getattr(tuner, "tuner_path", None)
    if folder is not None:
        Path(folder).mkdir(parents=True, exist_ok=True)


def tell_gone(gone: int, known: int) -> None:
    """Warns, once at a start, of checkpoints that are no longer there."""
    if gone:
        logger.warning(
            "%s of the %s checkpoints that this run had when it was saved are gone "
            "(Syne Tune deletes all at the end of a run): these trials train from "
            "scratch if they are resumed",
            gone,
            known,
        )
