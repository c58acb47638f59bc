"""Puts the callbacks of this package in place of those of Syne Tune 0.13 and 0.14.

One line does it, anywhere before the tuner is made:

    import rungkeeper.syne_tune.install

From then on every scheduler that makes a removal callback (`HyperbandScheduler`,
`ASHA`, `MOBSTER`, `HyperTune`, PASHA, the launchers of `syne_tune.experiments`, and
what derives from them) makes one of this package, and the names in Syne Tune's modules
stand for its classes. These derive from Syne Tune's, so `isinstance` and
`find_first_of_type` find them, whichever was imported.
"""

from typing import Any

from rungkeeper.syne_tune import _BEFORE_0_15, _VERSION

if not _BEFORE_0_15:
    raise ImportError(
        "rungkeeper.syne_tune.install is for Syne Tune 0.13 and 0.14, but "
        f"{_VERSION} is installed, which has no callbacks to replace: use "
        'rungkeeper.syne_tune.PromotionASHA, or install "syne-tune<0.15"'
    )

from rungkeeper.syne_tune import _reference
from rungkeeper.syne_tune._callbacks import (
    HyperbandRemoveCheckpointsBaselineCallback,
    HyperbandRemoveCheckpointsCallback,
)
from rungkeeper.syne_tune._estimator import BetaBinomialEstimator
from rungkeeper.syne_tune._removal import HyperbandRemoveCheckpointsCommon
from rungkeeper.syne_tune._scheduler import create_callback_for_checkpoint_removal

__all__ = ["install", "uninstall"]

_CLASSES: dict[type, type] = {
    _reference.Common: HyperbandRemoveCheckpointsCommon,
    _reference.Callback: HyperbandRemoveCheckpointsCallback,
    _reference.BaselineCallback: HyperbandRemoveCheckpointsBaselineCallback,
    _reference.BetaBinomialEstimator: BetaBinomialEstimator,
}
_FACTORY: Any = _reference.factory_module.create_callback_for_checkpoint_removal
_MODULES = (
    _reference.callbacks,
    _reference.factory_module,
    _reference.scheduler_module,
)
_installed = False


def install() -> None:
    """Puts this package's classes in place of Syne Tune's, as the import does."""
    _put(_CLASSES | {_FACTORY: create_callback_for_checkpoint_removal})
    _set_installed(True)


def uninstall() -> None:
    """Undoes `install`: callbacks that are made from now on are Syne Tune's again."""
    _put({new: old for old, new in _CLASSES.items()})
    _put({create_callback_for_checkpoint_removal: _FACTORY})
    _set_installed(False)


def _put(replacements: Any) -> None:
    for module in _MODULES:
        for old, new in replacements.items():
            name = old.__name__
            if vars(module).get(name) is old:
                setattr(module, name, new)


def _set_installed(value: bool) -> None:
    global _installed
    _installed = value


def _new(cls: type, *_args: object, **_kwargs: object) -> Any:
    """Makes callbacks of this package, also by names that were imported before.

    A subclass of Syne Tune's own class cannot be put on another base.
    """
    if not _installed or issubclass(cls, HyperbandRemoveCheckpointsCommon):
        return object.__new__(cls)
    if cls not in _CLASSES:
        raise TypeError(
            f"{cls.__module__}.{cls.__qualname__} derives from Syne Tune's own "
            "callback, since it was defined before rungkeeper.syne_tune.install was "
            "imported: import that first"
        )
    return object.__new__(_CLASSES[cls])


# Never taken away again: a class whose __new__ is deleted no longer takes arguments.
_reference.Common.__new__ = staticmethod(_new)

install()
