"""What a person should know of a run, each once. No Syne Tune in here."""

import logging
import re
from collections.abc import Callable

from rungkeeper import RemovalCallback

logger = logging.getLogger(__name__)

# What the core says of each trial, but is true of a script.
_IGNORES = "it ignores its checkpoint"
_TRIAL = re.compile(r'^trial "(\d+)"')


class Notes:
    """Warnings that do not come again and again."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def __repr__(self) -> str:
        return f"Notes(said={sorted(self._said)})"

    def once(self, about: str, message: str) -> None:
        """Warns, unless something was said about that before."""
        if about not in self._said:
            self._said.add(about)
            logger.warning(message)

    def of(
        self,
        removal: RemovalCallback,
        has_none: Callable[[int], bool] | None = None,
    ) -> None:
        """Warns of what came up in a removal callback.

        Args:
            removal: The callback.
            has_none: Whether a trial is known to train without a checkpoint: it does
                not ignore any.
        """
        for note in removal.take_notes():
            found = _TRIAL.match(note)
            trial = int(found[1]) if found else None
            if _IGNORES in note:
                if trial is not None and has_none is not None and has_none(trial):
                    continue
                self.once(
                    _IGNORES,
                    f"{note}. Where the script does not read the checkpoint in "
                    "st_checkpoint_dir, each promoted trial trains all again. This is "
                    "logged once",
                )
            else:
                logger.warning(note)
