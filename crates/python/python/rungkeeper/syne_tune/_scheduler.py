"""The scheduler of Syne Tune 0.13 and 0.14 that makes the callback itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from syne_tune.optimizer import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    schedulers,
)

from rungkeeper.syne_tune._callbacks import (
    HyperbandRemoveCheckpointsBaselineCallback,
    HyperbandRemoveCheckpointsCallback,
)
from rungkeeper.syne_tune._removal import HyperbandRemoveCheckpointsCommon

# It is called LegacyHyperbandScheduler in 0.14.
_Base: Any = getattr(schedulers, "HyperbandScheduler", None) or (
    schedulers.LegacyHyperbandScheduler
)


class HyperbandScheduler(_Base):  # type: ignore[misc, unused-ignore]
    """Syne Tune's scheduler of this name, with the callbacks of this package.

    `early_checkpoint_removal_kwargs` is what they get; see there.
    """

    def callback_for_checkpoint_removal(
        self, stop_criterion: Callable[[Any], bool]
    ) -> HyperbandRemoveCheckpointsCommon | None:
        """The callback that keeps the budget; None if no budget was given."""
        asked = self._early_checkpoint_removal_kwargs
        if asked is None or not self.terminator.support_early_checkpoint_removal():
            return None
        settings = {
            "max_wallclock_time": None,
            **asked,
            "metric": self.metric,
            "resource_attr": self._resource_attr,
            "mode": self.mode,
        }
        seconds = getattr(stop_criterion, "max_wallclock_time", None)
        if seconds is not None:
            settings["max_wallclock_time"] = seconds
        if "baseline" in asked:
            return HyperbandRemoveCheckpointsBaselineCallback(**settings)
        return HyperbandRemoveCheckpointsCallback(**settings)
