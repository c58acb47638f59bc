"""Checkpoints of Syne Tune's paused trials within a budget.

What is here depends on the version of Syne Tune that is installed. Before 0.15 these
are the callbacks that Syne Tune has itself, under its names; from 0.15 on, where it has
none and no scheduler that pauses trials, `PromotionASHA` is such a scheduler.
"""

from __future__ import annotations

import re
from importlib import metadata

try:
    _VERSION = metadata.version("syne-tune")
except metadata.PackageNotFoundError as error:
    message = 'rungkeeper.syne_tune needs Syne Tune: install "syne-tune", 0.13 or newer'
    raise ImportError(message) from error

_BEFORE_0_15 = tuple(map(int, re.findall(r"\d+", _VERSION)[:2])) < (0, 15)

if _BEFORE_0_15:
    from rungkeeper.syne_tune._callbacks import (
        HyperbandRemoveCheckpointsBaselineCallback,
        HyperbandRemoveCheckpointsCallback,
    )
    from rungkeeper.syne_tune._estimator import BetaBinomialEstimator
    from rungkeeper.syne_tune._reference import TrialInformation, TrialStatus
    from rungkeeper.syne_tune._removal import HyperbandRemoveCheckpointsCommon
    from rungkeeper.syne_tune._scheduler import HyperbandScheduler

    LegacyHyperbandScheduler = HyperbandScheduler  # its name in 0.14

    __all__ = [
        "BetaBinomialEstimator",
        "HyperbandRemoveCheckpointsBaselineCallback",
        "HyperbandRemoveCheckpointsCallback",
        "HyperbandRemoveCheckpointsCommon",
        "HyperbandScheduler",
        "LegacyHyperbandScheduler",
        "TrialInformation",
        "TrialStatus",
    ]
else:
    from rungkeeper import (  # type: ignore[assignment, unused-ignore]
        BetaBinomialEstimator,
        TrialInformation,
        TrialStatus,
    )
    from rungkeeper.syne_tune._promotion import PromotionASHA
    from rungkeeper.syne_tune._promotion_results import PromotionExtraResults

    __all__ = [
        "BetaBinomialEstimator",
        "PromotionASHA",
        "PromotionExtraResults",
        "TrialInformation",
        "TrialStatus",
    ]

# What only the other versions can have.
_ELSEWHERE = (
    {"PromotionASHA", "PromotionExtraResults"}
    if _BEFORE_0_15
    else {
        "HyperbandRemoveCheckpointsBaselineCallback",
        "HyperbandRemoveCheckpointsCallback",
        "HyperbandRemoveCheckpointsCommon",
        "HyperbandScheduler",
        "LegacyHyperbandScheduler",
    }
)


def __getattr__(name: str) -> object:
    if name not in _ELSEWHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if _BEFORE_0_15:
        raise ImportError(
            f"{name} is for Syne Tune 0.15 and newer, but {_VERSION} is installed, "
            "whose HyperbandScheduler promotes trials itself: use "
            "HyperbandRemoveCheckpointsCallback with it, or install a newer Syne Tune"
        )
    raise ImportError(
        f"{name} is for Syne Tune 0.13 and 0.14, but {_VERSION} is installed, which "
        "has no HyperbandScheduler that pauses trials: use PromotionASHA, or install "
        '"syne-tune<0.15"'
    )
