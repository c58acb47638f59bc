"""Results that are plain data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal, Union

import numpy as np
from numpy.typing import NDArray


class TrialStatus:
    """The statuses of a trial, as text.

    A trial whose checkpoint was removed or lost is paused without checkpoint; one of
    whose checkpoint nobody has told yet is paused with it, for there may be one. A
    trial that stopped, completed or failed has ended.
    """

    RUNNING: Final = "RUNNING"
    PAUSED_WITH_CHECKPOINT: Final = "PAUSED-WITH-CP"
    PAUSED_NO_CHECKPOINT: Final = "PAUSED-NO-CP"
    STOPPED_OR_COMPLETED: Final = "STOPPED-COMPLETED"


@dataclass
class TrialInformation:
    """A trial that stands in a rung.

    Attributes:
        trial_id: The trial.
        level: The highest rung level it is recorded at, in resource units.
        rank: Its rank there, 1 for the best.
        rung_len: Number of entries of that rung.
        score_val: Expected cost of losing its checkpoint, in resource units, where it
            was computed.
    """

    trial_id: str
    level: int
    rank: int
    rung_len: int
    score_val: float | None = None


@dataclass(frozen=True)
class Removal:
    """A checkpoint that is removed, and why.

    Attributes:
        trial: The trial.
        level: The rung level it waits at, 0 if it stands in no rung.
        rank: Its rank there, 1 for the best.
        rung_len: Number of entries of that rung.
        bytes: Size of the checkpoint, 0 where it is not known.
        expected_cost: What losing it costs in expectation, in resource units; None
            where the policy does not estimate it.
        ln_expected_cost: Natural logarithm of that, which keeps its order where the
            cost is too small for a float; None also for a cost of 0.
        reason: Which budget made it go ("max_checkpoints", "max_bytes"), or that it
            was asked for ("asked") or lost ("lost").
    """

    trial: str
    level: int
    rank: int
    rung_len: int
    bytes: int
    expected_cost: float | None
    ln_expected_cost: float | None
    reason: Literal["max_checkpoints", "max_bytes", "asked", "lost"]


@dataclass(frozen=True, eq=False)
class Candidates:
    """The paused trials that can lose their checkpoint, as a policy is shown them.

    Arrays with an element for each candidate: rung by rung, highest level first, and
    within a rung the worst first.

    Attributes:
        trial: The trials, text.
        rung: The rung each waits in, counted from 0 in the order in which they are
            shown.
        level: Level of that rung, in resource units: what is trained again if a trial
            without checkpoint is resumed.
        rank: Rank there, 1 for the best.
        rung_len: Number of entries of the rung, promoted ones included.
        num_better: Number of entries with a strictly better metric.
        bytes: Size of the checkpoint, 0 where it is not known.
        metric: What was reported there; NaN where that is no finite number. Such a
            trial is never promoted.
        prom_quant: Promotion quantile of the rung.
        time_ratio: What is left of the run over what is used.
        checkpoints_to_go: How many checkpoints must go.
        bytes_to_go: How many bytes must go.
    """

    trial: NDArray[np.object_]
    rung: NDArray[np.int64]
    level: NDArray[np.int64]
    rank: NDArray[np.int64]
    rung_len: NDArray[np.int64]
    num_better: NDArray[np.int64]
    bytes: NDArray[np.int64]
    metric: NDArray[np.float64]
    prom_quant: NDArray[np.float64]
    time_ratio: float
    checkpoints_to_go: int
    bytes_to_go: int

    def __len__(self) -> int:
        return len(self.trial)

    def by_rung(self) -> Iterator[Candidates]:
        """The candidates of each rung that has any."""
        arrays = [
            field.name
            for field in fields(self)
            if isinstance(getattr(self, field.name), np.ndarray)
        ]
        for rung in dict.fromkeys(self.rung.tolist()):
            of_rung = self.rung == rung
            yield replace(
                self, **{name: getattr(self, name)[of_rung] for name in arrays}
            )


OwnPolicy = Callable[
    [Candidates],
    Union[Sequence[float], Sequence[str], NDArray[Any]],
]
"""A policy of your own: it returns costs, or trials, first to go first."""
