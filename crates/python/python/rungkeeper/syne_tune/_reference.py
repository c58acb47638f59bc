"""Syne Tune's own callbacks and schedulers of 0.13 and 0.14.

What they are called and where they are differs between these versions; here is the
one place that knows.
"""

import importlib
from typing import Any

from syne_tune import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    callbacks as _,  # noqa: F401 (its modules import each other: this goes first)
)
from syne_tune.callbacks import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    hyperband_remove_checkpoints_callback as callback_module,
)
from syne_tune.optimizer import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    schedulers,
)

# In 0.14 the schedulers that pause have the prefix.
_LEGACY = hasattr(schedulers, "LegacyHyperbandScheduler")
_FOLDER = "syne_tune.optimizer.schedulers." + ("legacy_" if _LEGACY else "")

# Where the callbacks are, the scheduler, and the factory that makes its callback.
callbacks: Any = callback_module
scheduler_module = importlib.import_module(_FOLDER + "hyperband")
factory_module = importlib.import_module(_FOLDER + "hyperband_checkpoint_removal")

HyperbandScheduler: Any = getattr(
    schedulers, "LegacyHyperbandScheduler" if _LEGACY else "HyperbandScheduler"
)
Common: Any = callback_module.HyperbandRemoveCheckpointsCommon
Callback: Any = callback_module.HyperbandRemoveCheckpointsCallback
BaselineCallback: Any = callback_module.HyperbandRemoveCheckpointsBaselineCallback
BetaBinomialEstimator: Any = callback_module.BetaBinomialEstimator
TrialInformation: Any = callback_module.TrialInformation
TrialStatus: Any = callback_module.TrialStatus
