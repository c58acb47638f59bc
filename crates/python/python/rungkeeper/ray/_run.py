"""What a run is: rungs, budget, and how far each trial is. No Ray in here."""

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from rungkeeper import Removal, RemovalCallback, TrialStatus
from rungkeeper._clock import Clock
from rungkeeper._core import PromotionRungs

Decision = Literal["CONTINUE", "PAUSE", "STOP"]


class Arrival(NamedTuple):
    """A report at a rung whose checkpoint is still being written."""

    resource: int
    metric: float


@dataclass
class Run:
    """The state of a run that a restore needs, pickled as a whole.

    A trial that gets to its rung is only recorded there once its checkpoint is
    complete (`paused`): a crash in between leaves nothing to take back, and the trial
    arrives again.

    Attributes:
        rungs: Who is promoted.
        removal: Who loses their checkpoint.
        max_resource: Resource at which a trial stops.
        milestones: Where each running trial, and no other, is paused next.
        arrivals: Reports at rungs that wait for their checkpoint.
        furthest: The highest resource each trial ever reported.
        begun: How often each trial was begun, where that is more than once.
        clock: Seconds of the run.
    """

    rungs: PromotionRungs
    removal: RemovalCallback
    max_resource: int
    milestones: dict[str, int] = field(default_factory=dict)
    arrivals: dict[str, Arrival] = field(default_factory=dict)
    furthest: dict[str, int] = field(default_factory=dict)
    begun: dict[str, int] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)

    def __repr__(self) -> str:
        return f"Run({self.rungs!r}, {self.removal!r})"

    def _name(self, trial: str) -> str:
        """What the core knows the trial by: one that has ended can begin again."""
        times = self.begun.get(trial, 1)
        return trial if times == 1 else f"{trial}#{times}"

    @staticmethod
    def _trial(name: str) -> str:
        return name.partition("#")[0]

    def status(self, trial: str) -> str | None:
        """The status of a trial, as in `TrialStatus`; None for an unknown one."""
        return self.removal.status(self._name(trial))

    def has_ended(self, trial: str) -> bool:
        """Whether a trial is known and over."""
        return self.status(trial) == TrialStatus.STOPPED_OR_COMPLETED

    def is_paused(self, trial: str) -> bool:
        """Whether a trial is paused, with its checkpoint or without."""
        return trial not in self.milestones and not self.has_ended(trial)

    def holds_checkpoint(self, trial: str) -> bool:
        """Whether a trial is paused with a checkpoint."""
        return self.status(trial) == TrialStatus.PAUSED_WITH_CHECKPOINT

    def unfinished(self) -> list[str]:
        """Trials that run or are paused."""
        over = TrialStatus.STOPPED_OR_COMPLETED
        trials = self.removal.trials()
        return [self._trial(name) for name, status in trials if status != over]

    def begin(self, trial: str) -> None:
        """A trial begins, or begins anew after its end."""
        if self.status(trial) is not None:
            self.begun[trial] = self.begun.get(trial, 1) + 1
        name = self._name(trial)
        bracket, self.milestones[trial] = self.rungs.start(name)
        self.removal.start(name, bracket)

    def reported(self, trial: str, resource: int, metric: Any) -> Decision:
        """A running trial reports: it goes on, is paused or stopped.

        The checkpoint of the report must be complete before `paused` or `complete`.
        """
        self.furthest[trial] = max(resource, self.furthest.get(trial, 0))
        if resource < self.milestones[trial]:
            return "CONTINUE"
        self.arrivals[trial] = Arrival(resource, number(metric))
        return "PAUSE" if resource < self.max_resource else "STOP"

    def paused(self, trial: str, level: int | None, size: int) -> None:
        """A trial is paused, with a checkpoint written at `level`, if with any."""
        resource, metric = self.arrivals.pop(trial)
        del self.milestones[trial]
        name = self._name(trial)
        self.rungs.report(name, resource, metric)
        self.removal.result(name, resource, metric, "PAUSE")
        if level is not None:
            self.removal.checkpoint_committed(name, level, size)

    def committed(self, trial: str, level: int, size: int) -> None:
        """A running trial has written a checkpoint."""
        self.removal.checkpoint_committed(self._name(trial), level, size)

    def lost(self, trial: str) -> None:
        """The checkpoint of a paused trial is gone."""
        self.removal.lose(self._name(trial))

    def promotable(self) -> str | None:
        """The paused trial that is promoted next."""
        name = self.rungs.promotable()
        return None if name is None else self._trial(name)

    def promote(self) -> str | None:
        """Promotes a trial, if any can be."""
        promotion = self.rungs.promote()
        if promotion is None:
            return None
        name, _, milestone = promotion
        self.removal.resume(name)
        trial = self._trial(name)
        self.milestones[trial] = milestone
        return trial

    def interrupted(self, trial: str) -> None:
        """A trial crashed and is tried again: what it reported last may come again."""
        self.arrivals.pop(trial, None)

    def complete(self, trial: str) -> None:
        """A trial ended."""
        name = self._name(trial)
        arrival = self.arrivals.pop(trial, None)
        if arrival is not None and not self.has_ended(trial):
            self.rungs.report(name, arrival.resource, arrival.metric)
            self.removal.result(name, arrival.resource, arrival.metric, "STOP")
        self.rungs.complete(name)
        self.removal.complete(name)
        self.milestones.pop(trial, None)

    def failed(self, trial: str) -> None:
        """A trial crashed for good."""
        self.arrivals.pop(trial, None)
        self.rungs.failed(self._name(trial))
        self.removal.failed(self._name(trial))
        self.milestones.pop(trial, None)

    def over_budget(self) -> list[Removal]:
        """What is given up now, first to go first; named as Ray names trials."""
        removals = self.removal.loop_end(self.clock.seconds())
        return [
            Removal(**{**vars(removal), "trial": self._trial(removal.trial)})
            for removal in removals
        ]


def number(metric: Any) -> float:
    """A metric as a float; what is no number is NaN, the worst."""
    if isinstance(metric, str):
        return float("nan")
    try:
        return float(metric)
    except (TypeError, ValueError, OverflowError):
        return float("nan")
