"""What a person should know of a run, each once. No Syne Tune in here."""

import logging
import re
from collections.abc import Callable
from typing import Any

from rungkeeper import RemovalCallback
from rungkeeper._arguments import shown

logger = logging.getLogger(__name__)

# What the core says of each trial, but is true of a script.
_IGNORES = "it ignores its checkpoint"
_NOT_FINITE = "reported no finite metric"
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

    def has_metric(self) -> None:
        """A result has the metric, so its name is not wrong."""
        self._said.add("metric")

    def no_metric(self, trial: int, metric: str, result: dict[str, Any]) -> None:
        """Warns of a result whose metric is no number.

        Where no result ever had one of that name, the name is wrong in all of them.
        """
        about = f"metric of {trial}"
        if metric in result or "metric" in self._said:
            self.has_metric()
            self.once(
                about,
                f"trial {trial} reports {shown(result.get(metric))} as {metric!r}, "
                "which is no number: it is never promoted",
            )
            return
        self._said.add(about)
        self.once(
            "name of the metric",
            f"no result has {metric!r} up to now, which is the metric, so no trial is "
            f"promoted; trial {trial} reports {_keys(result)}. This is logged once",
        )

    def no_resource(self, trial: int, time_attr: str, result: dict[str, Any]) -> None:
        """Warns of results without the resource."""
        self.once(
            "name of the resource",
            f"trial {trial} reports no {time_attr!r}, which is PromotionASHA's "
            "time_attr, the name of the resource (epochs, for example): such results "
            f"do not count. It reports {_keys(result)}. This is logged once",
        )

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
            if _NOT_FINITE in note and f"metric of {trial}" in self._said:
                continue
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


def _keys(result: dict[str, Any]) -> str:
    """What a result has, without what Syne Tune adds."""
    own = [repr(name) for name in result if not str(name).startswith("st_")]
    return ", ".join(own) or "nothing else"
