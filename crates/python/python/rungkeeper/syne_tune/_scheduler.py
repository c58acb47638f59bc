"""The scheduler of Syne Tune 0.13 and 0.14 that makes the callback itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rungkeeper.syne_tune import _reference
from rungkeeper.syne_tune._callbacks import (
    HyperbandRemoveCheckpointsBaselineCallback,
    HyperbandRemoveCheckpointsCallback,
)
from rungkeeper.syne_tune._removal import HyperbandRemoveCheckpointsCommon


def create_callback_for_checkpoint_removal(
    callback_kwargs: dict[str, Any], stop_criterion: Callable[[Any], bool]
) -> HyperbandRemoveCheckpointsCommon:
    """The callback that a scheduler's `early_checkpoint_removal_kwargs` ask for.

    Args:
        callback_kwargs: Arguments of the callback. With "baseline" it is a
            `HyperbandRemoveCheckpointsBaselineCallback`.
        stop_criterion: What ends the run. The time of a `StoppingCriterion` takes the
            place of `max_wallclock_time`; where neither gives one it is None.
    """
    settings = {"max_wallclock_time": None, **callback_kwargs}
    seconds = getattr(stop_criterion, "max_wallclock_time", None)
    if seconds is not None:
        settings["max_wallclock_time"] = seconds
    if "baseline" in settings:
        return HyperbandRemoveCheckpointsBaselineCallback(**settings)
    return HyperbandRemoveCheckpointsCallback(**settings)


class HyperbandScheduler(
    _reference.HyperbandScheduler  # type: ignore[misc, unused-ignore]
):
    """Syne Tune's scheduler of this name, with the callbacks of this package.

    `early_checkpoint_removal_kwargs` is what they get; see there. For the schedulers
    that derive from Syne Tune's (`ASHA`, `MOBSTER` ...) import
    `rungkeeper.syne_tune.install`.
    """

    def callback_for_checkpoint_removal(
        self, stop_criterion: Callable[[Any], bool]
    ) -> HyperbandRemoveCheckpointsCommon | None:
        """The callback that keeps the budget; None if no budget was given."""
        asked = self._early_checkpoint_removal_kwargs
        if asked is None or not self.terminator.support_early_checkpoint_removal():
            return None
        settings = {
            **asked,
            "metric": self.metric,
            "resource_attr": self._resource_attr,
            "mode": self.mode,
        }
        return create_callback_for_checkpoint_removal(settings, stop_criterion)
