"""Results that are plain data."""

from dataclasses import dataclass
from typing import Final, Literal


class TrialStatus:
    """The statuses of a trial, as text.

    A trial whose checkpoint was given up or lost is paused without checkpoint; one
    that stopped, completed or failed has ended.
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
    """A checkpoint that is given up, and why.

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
