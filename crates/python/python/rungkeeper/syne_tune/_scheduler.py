"""The scheduler of Syne Tune 0.13 and 0.14 that makes the callback itself."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from typing import Any

from rungkeeper._arguments import known_names, of_type
from rungkeeper.syne_tune import _reference
from rungkeeper.syne_tune._callbacks import (
    HyperbandRemoveCheckpointsBaselineCallback,
    HyperbandRemoveCheckpointsCallback,
)
from rungkeeper.syne_tune._criterion import wallclock_time
from rungkeeper.syne_tune._removal import HyperbandRemoveCheckpointsCommon

logger = logging.getLogger(__name__)


def create_callback_for_checkpoint_removal(
    callback_kwargs: dict[str, Any], stop_criterion: Callable[[Any], bool] | None
) -> HyperbandRemoveCheckpointsCommon:
    """The callback that a scheduler's `early_checkpoint_removal_kwargs` ask for.

    Args:
        callback_kwargs: Arguments of the callback. With "baseline" it is a
            `HyperbandRemoveCheckpointsBaselineCallback`.
        stop_criterion: What ends the run. The time of a `StoppingCriterion` takes the
            place of `max_wallclock_time`; where neither gives one it is None.

    Raises:
        ValueError: There is no `max_num_checkpoints`, or an argument is outside its
            range.
        TypeError: An argument is unknown, or of another type.
    """
    kind = (
        HyperbandRemoveCheckpointsBaselineCallback
        if "baseline" in callback_kwargs
        else HyperbandRemoveCheckpointsCallback
    )
    known_names(
        f"early_checkpoint_removal_kwargs, for a {kind.__name__},",
        callback_kwargs,
        inspect.signature(kind).parameters,
    )
    if "max_num_checkpoints" not in callback_kwargs:
        raise ValueError(
            "early_checkpoint_removal_kwargs has no max_num_checkpoints, the most "
            "trials that hold a checkpoint: give one, or leave the argument out to "
            "keep all checkpoints"
        )
    settings = {"max_wallclock_time": None, **callback_kwargs}
    seconds = wallclock_time(stop_criterion)
    if seconds is not None:
        settings["max_wallclock_time"] = seconds
    return kind(**settings)


class HyperbandScheduler(
    _reference.HyperbandScheduler  # type: ignore[misc, unused-ignore]
):
    """Syne Tune's scheduler of this name, with the callbacks of this package.

    `early_checkpoint_removal_kwargs` is what they get; see there. For the schedulers
    that derive from Syne Tune's (`ASHA`, `MOBSTER` ...) import
    `rungkeeper.syne_tune.install`.
    """

    def __init__(self, config_space: dict[str, Any], **kwargs: Any) -> None:
        """A scheduler for a run that has not begun.

        Args:
            config_space: As for Syne Tune's.
            kwargs: All others of Syne Tune's.

        Raises:
            ValueError: `early_checkpoint_removal_kwargs` cannot be; other arguments are
                refused as Syne Tune does it.
            TypeError: Likewise.
        """
        asked = kwargs.get("early_checkpoint_removal_kwargs")
        if asked is not None:
            of_type("early_checkpoint_removal_kwargs", asked, dict)
            # Refuses what cannot be before anything begins; the scheduler names these.
            names = {"metric": "metric", "resource_attr": "resource", "mode": "min"}
            create_callback_for_checkpoint_removal({**asked, **names}, None)
        super().__init__(config_space, **kwargs)

    def callback_for_checkpoint_removal(
        self, stop_criterion: Callable[[Any], bool]
    ) -> HyperbandRemoveCheckpointsCommon | None:
        """The callback that keeps the budget; None if no budget was given."""
        asked = self._early_checkpoint_removal_kwargs
        if asked is None:
            return None
        if not self.terminator.support_early_checkpoint_removal():
            logger.warning(
                "early_checkpoint_removal_kwargs does nothing with a scheduler of the "
                "type %r, which tells of no paused trials: give type='promotion'",
                self.scheduler_type,
            )
            return None
        settings = {
            **asked,
            "metric": self.metric,
            "resource_attr": self._resource_attr,
            "mode": self.mode,
        }
        return create_callback_for_checkpoint_removal(settings, stop_criterion)
