"""A budget without files: what a simulator has, whose trials train nothing."""

import logging
from typing import Any

from syne_tune.constants import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    ST_TUNER_TIME,
)

from rungkeeper._numbers import as_number
from rungkeeper.syne_tune._promotion_run import Run

logger = logging.getLogger(__name__)

_NEEDS = (
    "which needs a backend with delete_checkpoints=True; on a simulator say "
    "backend.delete_checkpoints = True before the tuner is made"
)


def tell_counted_only(who: str) -> None:
    """Says that nothing is deleted."""
    logger.warning(
        "%s has no checkpoints that could be deleted: the budget is only counted. A "
        "trial that is resumed without its checkpoint goes on all the same, and what "
        "training it again would cost is in cost_resources",
        who,
    )


class Counting:
    """Keeps a budget where the tuner has made no callback, at each suggestion.

    Syne Tune makes none for a backend that deletes no checkpoints. Only its simulators
    put the tuner's time into results, so the first result tells whether it is one.
    """

    def __init__(
        self,
        *,
        max_num_trials: int | None,
        max_checkpoints: int | None,
        max_bytes: int | None,
    ) -> None:
        self._most = {
            "max_checkpoints": max_checkpoints,
            "max_bytes": max_bytes,
            "max_num_trials": max_num_trials,
        }
        self._seconds: float | None = None

    def __repr__(self) -> str:
        return f"Counting(seconds={self._seconds})"

    def refuse(self) -> None:
        """Refuses what nobody looks after without the callback.

        Raises:
            ValueError: The limit of trials, or of bytes, was given.
        """
        if self._given() not in ([], ["max_checkpoints"]):
            raise self._refused()

    def _given(self) -> list[str]:
        return [name for name, value in self._most.items() if value is not None]

    def _refused(self) -> ValueError:
        name = self._given()[0]
        return ValueError(f"{name} is {self._most[name]}, {_NEEDS}")

    def reported(self, result: dict[str, Any]) -> None:
        """Takes the time from a result.

        Raises:
            ValueError: The backend is no simulator, but there is a budget.
        """
        if not self._given():
            return
        now = as_number(result.get(ST_TUNER_TIME))
        if now is None:
            raise self._refused()
        if self._seconds is None:
            tell_counted_only("the backend is a simulator, and")
        self._seconds = max(now, self._seconds or 0.0)

    def end_turn(self, run: Run) -> None:
        """Counts what goes; the tuner's turn has ended by now."""
        if self._seconds is not None:
            run.removal.loop_end(self._seconds)
            run.notes.of(run.removal)
