"""What a run is: rungs, budget, and how far each trial is. No Ray in here."""

import math
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Literal, NamedTuple

from rungkeeper import Removal, RemovalCallback, TrialStatus
from rungkeeper._clock import Clock
from rungkeeper._core import PromotionRungs
from rungkeeper._numbers import as_metric
from rungkeeper._promotion import Mode
from rungkeeper.ray._told import Told

Decision = Literal["CONTINUE", "PAUSE", "STOP"]

MOST_RENEWED = 3
"""Most trials that are trained again to have the best checkpoint: where training is not
repeatable, the trial may not be the best any more afterwards."""


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
        mode: Whether small or large metrics are good.
        stops_last: Whether a trial ends at `max_resource`, or goes on to its own end.
        metrics: The metric that each trial reported last.
        crashed: Trials that crashed for good.
        resumed: Trials that went on from a checkpoint and have not reported since.
        waits_at: The resource of each trial's last pause.
        pinned: The paused trial whose checkpoint is kept as the best.
        given_up: Trials that were paused with a checkpoint and lost it.
        renewed: Trials that are trained again for their checkpoint alone.
        best_ended: The best last metric of all trials that ended with a checkpoint.
        told: What the searcher was told.
    """

    rungs: PromotionRungs
    removal: RemovalCallback
    max_resource: int
    milestones: dict[str, int] = field(default_factory=dict)
    arrivals: dict[str, Arrival] = field(default_factory=dict)
    furthest: dict[str, int] = field(default_factory=dict)
    begun: dict[str, int] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    mode: Mode = "min"
    stops_last: bool = True
    metrics: dict[str, float] = field(default_factory=dict)
    crashed: set[str] = field(default_factory=set)
    resumed: set[str] = field(default_factory=set)
    waits_at: dict[str, int] = field(default_factory=dict)
    pinned: str | None = None
    given_up: set[str] = field(default_factory=set)
    renewed: set[str] = field(default_factory=set)
    best_ended: float = math.nan
    told: Told = field(default_factory=Told)

    def __setstate__(self, state: dict[str, Any]) -> None:
        # A run of an earlier version has fewer attributes.
        for attribute in fields(self):
            if attribute.default_factory is not MISSING:
                setattr(self, attribute.name, attribute.default_factory())
        self.__dict__.update(state)

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
        self.metrics[trial] = as_metric(metric)
        if resource < self.milestones[trial]:
            return "CONTINUE"
        if resource < self.max_resource:
            self.arrivals[trial] = Arrival(resource, as_metric(metric))
            return "PAUSE"
        # Where a trial goes on behind the end, what it reports there is no arrival.
        self.arrivals.setdefault(trial, Arrival(resource, as_metric(metric)))
        return "STOP" if self.stops_last else "CONTINUE"

    def arrives(self, trial: str) -> int | None:
        """The level of the rung that a running trial got to with its last report."""
        arrival = self.arrivals.get(trial)
        if arrival is None or arrival.resource < self.furthest[trial]:
            return None
        return self.milestones[trial]

    def trains_again(self, trial: str, resource: int, metric: Any) -> bool:
        """Whether a report, the first since a trial went on, is of what it had trained.

        It went on from its checkpoint, so this is training that is done a second time:
        it is counted, and only the core knows how.
        """
        if trial not in self.resumed:
            return False
        self.resumed.discard(trial)
        if not 0 < resource <= self.furthest[trial]:
            return False
        name = self._name(trial)
        self.removal.result(name, resource, as_metric(metric), "CONTINUE")
        return True

    def paused(self, trial: str, level: int | None, size: int) -> None:
        """A trial is paused, with a checkpoint written at `level`, if with any."""
        resource, metric = self.arrivals.pop(trial)
        del self.milestones[trial]
        self.resumed.discard(trial)
        name = self._name(trial)
        self.waits_at[trial] = resource
        if trial not in self.renewed:  # in the rungs it has been all the time
            self.rungs.report(name, resource, metric)
        self.removal.result(name, resource, metric, "PAUSE")
        if level is not None:
            self.given_up.discard(trial)
            self.removal.checkpoint_committed(name, level, size)
        elif self.holds_checkpoint(trial):  # or so the core assumes
            self.removal.lose(name)

    def committed(self, trial: str, level: int, size: int) -> None:
        """A running trial has written a checkpoint."""
        self.removal.checkpoint_committed(self._name(trial), level, size)

    def lost(self, trial: str) -> None:
        """The checkpoint of a paused trial is gone."""
        self.removal.lose(self._name(trial))
        self.given_up.add(trial)

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
        trial = self._trial(name)
        self._unpin(trial)
        if self.removal.resume(name):
            self.resumed.add(trial)
        self.milestones[trial] = milestone
        return trial

    def interrupted(self, trial: str) -> None:
        """A trial crashed and is tried again: what it reported last may come again."""
        self.arrivals.pop(trial, None)

    def complete(self, trial: str, has_checkpoint: bool) -> None:
        """A trial ended; what it has of checkpoints stays."""
        name = self._name(trial)
        self._unpin(trial)
        if has_checkpoint and self._is_better(trial, self.best_ended):
            self.best_ended = self.metrics[trial]
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
        self.crashed.add(trial)
        self._unpin(trial)
        self.rungs.failed(self._name(trial))
        self.removal.failed(self._name(trial))
        self.milestones.pop(trial, None)

    # The best checkpoint.

    def pin_best(self) -> None:
        """Keeps the checkpoint of the paused trial that is the best by its last metric.

        Trials that ended keep theirs anyway: where one of them is better, none is
        pinned. A trial that runs has one, too, but its metric may get worse.
        """
        best, pinned = self.best_ended, None
        for trial, metric in self.metrics.items():
            if self._is_better(trial, best) and self.holds_checkpoint(trial):
                best, pinned = metric, trial
        if pinned != self.pinned:
            self._unpin(self.pinned)
            if pinned is not None:
                self.removal.pin(self._name(pinned))
            self.pinned = pinned

    def renew_best(self) -> str | None:
        """Trains the best paused trial again if its checkpoint was removed.

        Where metrics get worse with the resource, the best trial at the end is one that
        was not the best, nor promoted, when its checkpoint went.

        Returns:
            The trial, which runs from now on; none where the best has its checkpoint,
            never had one, or was trained again before.
        """
        best, found = self.best_ended, None
        for trial, metric in self.metrics.items():
            if self._is_better(trial, best) and self.is_paused(trial):
                best, found = metric, trial
        if found is None or found not in self.given_up or found in self.renewed:
            return None
        if len(self.renewed) >= MOST_RENEWED:
            return None
        self.removal.resume(self._name(found))
        self.milestones[found] = self.waits_at[found]
        self.renewed.add(found)
        return found

    def _unpin(self, trial: str | None) -> None:
        # While it is paused: the core forgets the checkpoint of one that has ended.
        if trial is not None and trial == self.pinned:
            self.removal.unpin(self._name(trial))
            self.pinned = None

    def _is_better(self, trial: str, than: float) -> bool:
        metric = self.metrics.get(trial, math.nan)
        if math.isnan(than) or not math.isfinite(metric):
            return math.isfinite(metric)
        return metric > than if self.mode == "max" else metric < than

    def over_budget(self) -> list[Removal]:
        """What is removed now, first to go first; named as Ray names trials."""
        removals = [
            Removal(**{**vars(removal), "trial": self._trial(removal.trial)})
            for removal in self.removal.loop_end(self.clock.seconds())
        ]
        self.given_up.update(removal.trial for removal in removals)
        return removals
