"""What a run is: rungs, budget, and how far each trial is. No Syne Tune in here."""

import math
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from rungkeeper import RemovalCallback, TrialStatus
from rungkeeper._clock import Clock
from rungkeeper._core import PromotionRungs
from rungkeeper.syne_tune._promotion_notes import Notes

Decision = Literal["CONTINUE", "PAUSE", "STOP"]


class Standing(NamedTuple):
    """How far a trial got, and how good it was there: the larger, the better.

    Attributes:
        level: The highest rung level, or the max resource.
        merit: The metric there, its sign changed where small is good.
    """

    level: int
    merit: float


@dataclass
class Run:
    """The state of a run.

    Attributes:
        rungs: Who is promoted.
        removal: Who loses their checkpoint.
        max_resource: Resource at which a trial stops.
        sign: 1 where large metrics are good, else -1.
        milestones: Where each running trial, and no other, is paused next.
        furthest: What each running trial's process has reported.
        resumed_at: When each resumed trial's process was started, in the time of the
            reports.
        interrupted: Trials whose process ended with the tuner: running, only without a
            process.
        standings: How far each trial got for whose checkpoint this is still true.
        best: The ended trial whose checkpoint is kept.
        clock: Seconds of the run.
        notes: What was said to the user.
    """

    rungs: PromotionRungs
    removal: RemovalCallback
    max_resource: int
    sign: int
    milestones: dict[int, int] = field(default_factory=dict)
    furthest: dict[int, int] = field(default_factory=dict)
    resumed_at: dict[int, float] = field(default_factory=dict)
    interrupted: list[int] = field(default_factory=list)
    standings: dict[int, Standing] = field(default_factory=dict)
    best: int | None = None
    clock: Clock = field(default_factory=Clock)
    notes: Notes = field(default_factory=Notes)

    def __repr__(self) -> str:
        return f"Run({self.rungs!r}, {self.removal!r})"

    @property
    def num_processes(self) -> int:
        """Number of trials that a process trains."""
        return len(self.milestones) - len(self.interrupted)

    def has_begun(self) -> bool:
        """Whether any trial was started."""
        return len(self.rungs) > 0

    def trials(self) -> list[tuple[int, str]]:
        """All trials with their statuses."""
        return [(int(trial), status) for trial, status in self.removal.trials()]

    def holds_checkpoint(self, trial: int) -> bool:
        """Whether a trial is paused with a checkpoint."""
        return self.removal.status(trial) == TrialStatus.PAUSED_WITH_CHECKPOINT

    def begin(self, trial: int) -> None:
        """A trial begins."""
        bracket, self.milestones[trial] = self.rungs.start(trial)
        self.removal.start(trial, bracket)

    def is_old(self, trial: int, printed: float | None) -> bool:
        """Whether a result is of a process that trained the trial before its resume."""
        return printed is not None and printed < self.resumed_at.get(trial, 0.0)

    def reported(self, trial: int, resource: int, metric: float | None) -> Decision:
        """A running trial reports: it goes on, is paused or stopped."""
        milestone = self.milestones[trial]
        if resource < milestone:
            if resource > self.furthest.get(trial, 0):
                self.furthest[trial] = resource
                self.removal.result(trial, resource, metric, "CONTINUE")
            return "CONTINUE"
        decision = self.rungs.report(trial, resource, metric)
        self.removal.result(trial, resource, metric, decision)
        self.furthest[trial] = resource
        del self.milestones[trial]
        level = self.max_resource if decision == "STOP" else milestone
        self._stands(trial, level, metric)
        return decision

    def _stands(self, trial: int, level: int, metric: float | None) -> None:
        self.standings.pop(trial, None)
        if metric is not None and math.isfinite(metric):
            self.standings[trial] = Standing(level, self.sign * metric)

    def resume(self, trial: int, now: float | None) -> bool:
        """A promoted trial, or an interrupted one, gets a new process.

        Args:
            trial: The trial.
            now: The time; results printed before do not count. None to count all.

        Returns:
            Whether there is a checkpoint to train on from, as far as it is known.
        """
        self.furthest.pop(trial, None)
        if now is not None:
            self.resumed_at[trial] = now
        if trial in self.interrupted:
            self.interrupted.remove(trial)
            self.removal.restart(trial)
            return True
        return self.removal.resume(trial)

    def promote(self) -> int | None:
        """The trial that is promoted now, if any can be."""
        promotion = self.rungs.promote()
        if promotion is None:
            return None
        name, _, milestone = promotion
        self.milestones[int(name)] = milestone
        return int(name)

    def committed(self, trial: int, size: int) -> None:
        """A trial's checkpoint is there, with all that it has reported."""
        level = self.furthest.get(trial, 0)
        if level > 0:
            self.removal.checkpoint_committed(trial, level, size)

    def complete(self, trial: int) -> None:
        """A trial ended by itself."""
        self.rungs.complete(trial)
        self.removal.complete(trial)
        self._ended(trial)

    def failed(self, trial: int) -> None:
        """A trial crashed."""
        self.rungs.failed(trial)
        self.removal.failed(trial)
        self.standings.pop(trial, None)
        self._ended(trial)

    def _ended(self, trial: int) -> None:
        self.milestones.pop(trial, None)
        self.furthest.pop(trial, None)
        if trial in self.interrupted:
            self.interrupted.remove(trial)

    def interrupt(self, trial: int) -> None:
        """A running trial's process ended with the tuner."""
        if trial not in self.interrupted:
            self.interrupted.append(trial)

    def best_first(self) -> list[int]:
        """Trials that got somewhere, best first: by level, there by the metric."""
        order = sorted(self.standings.items(), key=lambda item: item[1], reverse=True)
        return [trial for trial, _ in order]

    def is_best_ended(self, trial: int) -> bool:
        """Whether a trial is better than the one whose checkpoint is kept."""
        if trial not in self.standings:
            return False
        if self.best is None or self.best not in self.standings:
            return True
        return self.standings[trial] > self.standings[self.best]
