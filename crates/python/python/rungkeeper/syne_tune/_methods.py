"""The methods by which Syne Tune's callbacks decide, for those who override them.

Mostly a `rungkeeper.RemovalCallback` decides alone. Where a subclass overrides one of
these methods, or where metrics are no finite numbers (which the core ranks behind all
others, while Syne Tune's rungs hold them wherever its sorted list put them), the
methods are called as Syne Tune calls them, with what its scheduler tells of its rungs.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from rungkeeper import RemovalCallback, TrialStatus
from rungkeeper._arguments import shown
from rungkeeper._clock import Clock
from rungkeeper.syne_tune import _reference
from rungkeeper.syne_tune._deletions import Deletions

# (trial, rank from 0, metric, level), as the scheduler tells of its paused trials.
Paused = tuple[str, int, float, int]

#: What decides. Another one of these in a subclass is asked.
DECIDING = (
    "_compute_scores",
    "_count_trials_with_checkpoints",
    "_filter_paused_trials",
    "_get_time_ratio",
    "_prepare_score_inputs",
    "_probability_for_rung",
    "_remove_checkpoint_of",
    "_trials_to_be_removed",
    "_update_estimators",
    "estimator_for_rung",
)
_PACKAGES = ("rungkeeper.syne_tune.", "syne_tune.")


def _refused(name: str) -> str:
    return (
        f"{name} is read only here: it is derived from the events. A method that "
        "removes a checkpoint calls super()._remove_checkpoint_of(trial_id, level)"
    )


class _ReadOnly(dict[str, Any]):
    """A dictionary that is derived from the events."""

    def __init__(self, name: str, entries: Iterable[tuple[str, Any]]) -> None:
        super().__init__(entries)
        self._name = name

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise TypeError(_refused(self._name))

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse


class _Derived(property):
    """A property of that kind."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._own_name = name

    def __set__(self, instance: Any, value: Any) -> None:
        raise AttributeError(_refused(self._own_name))


class Methods:
    """What subclasses of Syne Tune's callbacks know: its private names, kept alive."""

    max_num_checkpoints: int
    _core: RemovalCallback | None
    _scheduler: Any
    _deletions: Deletions
    _clock: Clock

    def _running_core(self) -> RemovalCallback:
        if self._core is None:
            raise RuntimeError("on_tuning_start was not called yet")
        return self._core

    def _overridden(self) -> list[str]:
        """Which of the deciding methods are not those of this package."""
        return [name for name in DECIDING if self._overrides(name)]

    def _overrides(self, name: str) -> bool:
        """Whether a method of this package was replaced, in a class or an object."""
        own = next(c for c in type(self).__mro__ if c.__module__.startswith(_PACKAGES))

        def function(owner: object) -> object:
            method = getattr(owner, name, None)
            return getattr(method, "__func__", method)

        return function(self) != function(own)

    # What happened, by the names that Syne Tune has for it.

    @_Derived
    def _trial_status(self) -> dict[str, str]:
        return _ReadOnly("_trial_status", self._running_core().trials())

    @_Derived
    def _trials_with_checkpoints_removed(self) -> dict[str, int]:
        """Paused trials without checkpoint, with the level where each is paused."""
        core = self._running_core()
        removed = {}
        for trial, status in core.trials():
            standing = core.trial_information(trial)
            if status == TrialStatus.PAUSED_NO_CHECKPOINT and standing is not None:
                removed[trial] = standing.level
        return _ReadOnly("_trials_with_checkpoints_removed", removed.items())

    @_Derived
    def _trials_resumed_without_checkpoint(self) -> list[tuple[str, int]]:
        return self._running_core().trials_resumed_without_checkpoint()

    @_Derived
    def _num_checkpoints_removed(self) -> int:
        return self._running_core().num_checkpoints_removed

    @_Derived
    def _num_trials_resumed(self) -> int:
        return self._running_core().extra_results()["num_trials_resumed"]

    @_Derived
    def _start_time(self) -> float:
        """When the run would have begun without its interruptions."""
        return time.perf_counter() - self._clock.seconds()

    # The methods.

    def _count_trials_with_checkpoints(self) -> int:
        """How many trials hold a checkpoint, running ones included."""
        return self._running_core().num_with_checkpoint

    def _filter_paused_trials(self, paused_trials: list[Paused]) -> list[Paused]:
        """Those of the paused trials that hold a checkpoint."""
        core = self._running_core()
        held = TrialStatus.PAUSED_WITH_CHECKPOINT
        return [entry for entry in paused_trials if core.status(entry[0]) == held]

    def _trials_to_be_removed(
        self, paused_trials_with_checkpoints: list[Paused], num_to_remove: int
    ) -> list[Any]:
        """The trials that lose their checkpoints.

        Args:
            paused_trials_with_checkpoints: (trial, rank from 0, metric, level) each.
            num_to_remove: How many are over the budget, of these trials.

        Returns:
            A `TrialInformation` of each: `trial_id` and `level` as they were handed in,
            and `rank`, from 1, and `rung_len`, which are written to the log.

        Raises:
            NotImplementedError: A subclass of the common class has none of its own.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has no _trials_to_be_removed, which is to choose "
            f"{num_to_remove} of {len(paused_trials_with_checkpoints)} paused trials"
        )

    def _remove_checkpoint_of(self, trial_id: str, level: int) -> None:
        """Removes the checkpoint of a trial that is paused at a level.

        Raises:
            ValueError: The trial is not paused with a checkpoint.
        """
        core = self._running_core()
        if core.status(trial_id) != TrialStatus.PAUSED_NO_CHECKPOINT:
            core.give_up(trial_id)
        self._deletions.delete(trial_id)

    def _get_time_ratio(self) -> float:
        """What is left of the run over what is used, at the end of this turn."""
        return self._running_core().time_ratio

    def _choose_by_methods(self) -> list[tuple[str, int, int, int]]:
        """What the methods choose: trial, level, rank and length of the rung of each.

        Raises:
            TypeError: `_trials_to_be_removed` returned something else.
        """
        over = self._count_trials_with_checkpoints() - self.max_num_checkpoints
        if over <= 0:
            return []
        paused = self._scheduler.terminator.paused_trials()
        candidates = self._filter_paused_trials(paused)
        over = min(over, len(candidates))
        if over <= 0:
            return []
        chosen: Any = self._trials_to_be_removed(candidates, over)
        try:
            return [(t.trial_id, t.level, t.rank, t.rung_len) for t in chosen]
        except (TypeError, AttributeError):
            raise TypeError(
                f"_trials_to_be_removed of {type(self).__name__} returned "
                f"{shown(chosen)}, but must return a list of TrialInformation: "
                "trial_id, level, rank and rung_len of each that loses its checkpoint"
            ) from None

    def _as_information(
        self, paused: list[Paused], scores: list[float] | None = None
    ) -> list[Any]:
        """The paused trials as Syne Tune's `TrialInformation`, ranks from 1."""
        lengths = self._rung_lens(paused)
        return [
            _reference.TrialInformation(
                trial_id=trial,
                level=level,
                rank=rank + 1,
                rung_len=length,
                score_val=0.0 if scores is None else scores[index],
            )
            for index, ((trial, rank, _, level), length) in enumerate(
                zip(paused, lengths, strict=True)
            )
        ]

    def _rung_lens(self, paused: list[Paused]) -> list[int]:
        """The length of the rung where each trial stands, that of its own bracket."""
        core = self._running_core()
        lengths = {
            level: length
            for level, length, _ in self._scheduler.terminator.information_for_rungs()
        }
        standings = [core.trial_information(trial) for trial, *_ in paused]
        return [
            lengths[level] if standing is None else standing.rung_len
            for (*_, level), standing in zip(paused, standings, strict=True)
        ]
