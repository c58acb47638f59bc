"""What a searcher was told of each trial. No Ray in here."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Told:
    """What the searcher knows, pickled with the run.

    Attributes:
        ended: Trials that the searcher takes as complete, each with the resource of
            the result it was told last.
        later: What those reported since: metrics by training iteration.
        handles: What finds them again in a searcher that forgets complete trials.
    """

    ended: dict[str, int] = field(default_factory=dict)
    later: dict[str, dict[int, float]] = field(default_factory=dict)
    handles: dict[str, Any] = field(default_factory=dict)
