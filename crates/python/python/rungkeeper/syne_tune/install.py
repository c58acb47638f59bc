"""Puts the callbacks of this package in place of those of Syne Tune 0.13 and 0.14.

One line does it, the first import of the program that makes the tuner:

    import rungkeeper.syne_tune.install

It has to come before any module that derives from Syne Tune's callbacks.

From then on every scheduler that makes a removal callback (`HyperbandScheduler`,
`ASHA`, `MOBSTER`, `HyperTune`, PASHA, the launchers of `syne_tune.experiments`, and
what derives from them) makes one of this package, and the names in Syne Tune's modules
stand for its classes. These derive from Syne Tune's, so `isinstance` and
`find_first_of_type` find them, whichever was imported.
"""

import functools
from collections.abc import Callable
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

_CALLBACKS: dict[Any, Any] = {
    _reference.Common: HyperbandRemoveCheckpointsCommon,
    _reference.Callback: HyperbandRemoveCheckpointsCallback,
    _reference.BaselineCallback: HyperbandRemoveCheckpointsBaselineCallback,
}
_REPLACED: dict[Any, Any] = {
    **_CALLBACKS,
    _reference.BetaBinomialEstimator: BetaBinomialEstimator,
    _reference.factory_module.create_callback_for_checkpoint_removal: (
        create_callback_for_checkpoint_removal
    ),
}
_MODULES = (
    _reference.callbacks,
    _reference.factory_module,
    _reference.scheduler_module,
)
_CONSTRUCTORS = {theirs: theirs.__init__ for theirs in _CALLBACKS}


def install() -> None:
    """Puts this package's classes in place of Syne Tune's, as the import does."""
    _put(_REPLACED)
    for theirs, own in _CALLBACKS.items():
        theirs.__init__ = _constructor(theirs, own)


def uninstall() -> None:
    """Undoes `install`: callbacks that are made from now on are Syne Tune's again."""
    _put({own: theirs for theirs, own in _REPLACED.items()})
    for theirs, constructor in _CONSTRUCTORS.items():
        theirs.__init__ = constructor


def _put(replacements: dict[Any, Any]) -> None:
    for module in _MODULES:
        for old, new in replacements.items():
            name: str = old.__name__
            if vars(module).get(name) is old:
                setattr(module, name, new)


def _constructor(theirs: Any, own: Any) -> Callable[..., None]:
    """Makes a callback of this package, where a name was bound before `install`.

    A subclass of Syne Tune's own class cannot be put on another base.
    """

    @functools.wraps(_CONSTRUCTORS[theirs])
    def construct(self: Any, *args: Any, **kwargs: Any) -> None:
        if type(self) is not theirs:
            kind = type(self)
            raise TypeError(
                f"{kind.__module__}.{kind.__qualname__} derives from Syne Tune's own "
                "callback, since it was defined before rungkeeper.syne_tune.install "
                "was imported: import that first"
            )
        self.__class__ = own
        self.__init__(*args, **kwargs)

    return construct


install()
