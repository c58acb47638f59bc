"""Trials that run or are paused, their checkpoints, and the budget of these."""

import logging
from typing import Any

from rungkeeper._arguments import shown
from rungkeeper.ray import _checkpoints
from rungkeeper.ray._checkpoints import Undeleted
from rungkeeper.ray._run import Run
from rungkeeper.ray._trials import (
    ERROR,
    PAUSED,
    PENDING,
    TERMINATED,
    Trial,
    reported,
    resource,
    why_none_counts,
)

logger = logging.getLogger(__name__)


class Unfinished:
    """Ray's trials that have not ended, brought together with what the run knows.

    It belongs to the process, as the trials and the controller do: a restore makes
    another one.

    Attributes:
        running: Trials that run, or that Ray is about to start.
        paused: Trials that wait at their rung.
        undeleted: Folders that could not be deleted yet.
        controller: Ray's.
    """

    def __init__(
        self,
        run: Run,
        controller: Any,
        time_attr: str,
        max_bytes: int | None,
        pins_best: bool,
    ) -> None:
        """None yet, of a run.

        Args:
            run: What is known of the trials.
            controller: Ray's, for its bookkeeping of checkpoints.
            time_attr: The reported value that counts the resource.
            max_bytes: Most bytes of checkpoints.
            pins_best: Whether the best checkpoint is kept.
        """
        self.running: dict[str, Trial] = {}
        self.paused: dict[str, Trial] = {}
        self.undeleted = Undeleted()
        self.controller = controller
        self._run = run
        self._time_attr = time_attr
        self._max_bytes = max_bytes
        self._pins_best = pins_best
        self._cut_off: dict[str, Trial] = {}  # stopped by Ray while they ran
        self._warned: set[str] = set()

    def __repr__(self) -> str:
        return f"Unfinished({len(self.running)} running, {len(self.paused)} paused)"

    def any(self) -> Trial | None:
        """One of the trials, if there is any."""
        return next(iter((self.running or self.paused).values()), None)

    def find(self, name: str) -> Trial | None:
        """A trial by its name, also one that has ended."""
        trial = self.running.get(name) or self.paused.get(name)
        return trial or self.controller.get_trial(name)

    def waiting(self) -> Trial | None:
        """A trial that is to run, but that Ray has not started yet."""
        for trial in self.running.values():
            if trial.status == PENDING:
                return trial
        return None

    def warn_once(self, about: str, message: str) -> None:
        """Tells the user something that comes again and again."""
        if about not in self._warned:
            self._warned.add(about)
            logger.warning(message)

    # From running to paused and back.

    def settle(self) -> None:
        """Records trials whose pause is complete, and those that ended unannounced."""
        for name, trial in list(self.running.items()):
            if trial.status == PAUSED and name in self._run.arrivals:
                self._pause(trial)
            elif trial.status == ERROR:
                self.fail(trial)  # Ray says nothing where an actor cannot be reused
            elif trial.status == TERMINATED:
                self.complete(trial)
                self._cut_off[name] = trial
        for trial in list(self.paused.values()):
            if trial.status == TERMINATED:  # Ray ended the whole experiment
                self.complete(trial)

    def _pause(self, trial: Trial) -> None:
        name, level, size = trial.trial_id, self.level(trial), 0
        arrived_at = self._run.arrivals[name].resource
        if level is None or level < arrived_at:
            self.warn_once(
                "no-checkpoint",
                f"trial {name} reported {self._time_attr} {arrived_at} without a "
                "checkpoint: reports at rungs should carry one",
            )
        if level is not None and self._max_bytes is not None:
            size = _checkpoints.size(trial)
            if size > self._max_bytes:
                self.warn_once(
                    "too-large",
                    f"a checkpoint of {size} bytes does not fit into max_bytes, which "
                    f"is {self._max_bytes}: it is removed at once",
                )
                self.drop(trial)
                level = None
        self._run.paused(name, level, size)
        self.paused[name] = self.running.pop(name)
        self.controller.search_alg.on_pause(trial)

    def promote(self) -> Trial | None:
        """Promotes a trial, if any can be; it runs from then on."""
        name = self._run.promotable()
        if name is None:
            return None
        trial = self.paused[name]
        if self._run.holds_checkpoint(name) and not _checkpoints.is_there(trial):
            logger.warning("the checkpoint of trial %s is gone", name)
            self.drop(trial)
            self._run.lost(name)
        self._run.promote()
        self.running[name] = self.paused.pop(name)
        self.controller.search_alg.on_unpause(trial)
        return trial

    def resource(self, trial: Trial, result: dict[str, Any]) -> int | None:
        """The resource of a report; a warning tells of a trial that reports none."""
        value = reported(self._time_attr, result)
        why = why_none_counts(value)
        if why is not None:
            name, said = trial.trial_id, f"{shown(value)} as {self._time_attr!r}, {why}"
            if value is None:
                said = f"no {self._time_attr!r}"
            self.warn_once(
                f"{name}-time",
                f"trial {name} reports {said}: with such a report it is not paused",
            )
        return resource(value)

    def check_resumed(self, trial: Trial, at: int, metric: Any) -> None:
        """Says so where a trial that went on from its checkpoint begins anew."""
        name, level = trial.trial_id, self.level(trial)
        self._say(self._run.removal.take_notes())
        again = self._run.trains_again(name, at, metric)
        if again and level is not None and at <= level:
            self._run.removal.take_notes()  # the same, of each trial
            self.warn_once(
                "ignores-checkpoint",
                f"trial {name} went on from a checkpoint of {self._time_attr} {level} "
                f"but reports {at}: the training function does not read "
                "tune.get_checkpoint(), and a promoted trial trains all again. That is "
                "counted in cost_resources",
            )

    # Ends.

    def complete(self, trial: Trial) -> None:
        """A trial ended; its checkpoint stays."""
        self._run.complete(trial.trial_id, _checkpoints.latest(trial) is not None)
        self._leave(trial)
        # Ray does not save again what it knows of a trial that ends while it is paused:
        # a restore of the experiment would begin it anew.
        self.controller._mark_trial_to_checkpoint(trial)

    def finish(self) -> Trial | None:
        """Nothing is left to do: the paused trials end.

        Returns:
            The best of them if its checkpoint was removed: it is trained again first.
        """
        name = self._run.renew_best() if self._pins_best else None
        for trial in list(self.paused.values()):
            if trial.trial_id != name:
                self.controller.stop_trial(trial)
        if name is None:
            return None
        trial = self.running[name] = self.paused.pop(name)
        logger.info("trial %s, the best, is trained again for its checkpoint", name)
        self.controller.search_alg.on_unpause(trial)
        return trial

    def fail(self, trial: Trial) -> None:
        """A trial crashed for good; its checkpoint goes."""
        self._run.failed(trial.trial_id)
        self.drop(trial)
        self._leave(trial)

    def _leave(self, trial: Trial) -> None:
        self.running.pop(trial.trial_id, None)
        self.paused.pop(trial.trial_id, None)

    def clean_up(self) -> None:
        """The run is over: deletes what nobody knows of, and says what is left."""
        for trial in [*self.running.values(), *self._cut_off.values()]:
            # Its actor may have been stopped between writing and telling.
            _checkpoints.sweep(trial, self.undeleted)
        self.undeleted.retry()
        if len(self.undeleted):
            logger.warning("could not be deleted: %r", self.undeleted)

    # Checkpoints.

    def level(self, trial: Trial) -> int | None:
        """Resource at which the trial's latest checkpoint was written."""
        result = _checkpoints.latest(trial)
        if result is None:
            return None
        level = resource(reported(self._time_attr, result.metrics))
        # One that was written with a report of no resource is of training before it.
        known = self._run.furthest.get(trial.trial_id, 0) if level is None else level
        return max(known, 1)  # before the first resource nothing was trained

    def saved(self, trial: Trial) -> None:
        """A checkpoint of a trial is complete: its bytes count from now on."""
        if self._max_bytes is None or trial.trial_id not in self.running:
            return
        level, size = self.level(trial), _checkpoints.size(trial)
        if level is not None and size <= self._max_bytes:
            self._run.committed(trial.trial_id, level, size)

    def keep_budget(self) -> None:
        """Removes what is over the budget."""
        if self._pins_best:
            self._run.pin_best()
        for removal in self._run.over_budget():
            logger.info("removed: %s", removal)
            self.drop(self.paused[removal.trial])
        self._say(self._run.removal.take_notes())
        if len(self.undeleted):
            self.undeleted.retry()

    @staticmethod
    def _say(notes: list[str]) -> None:
        for note in notes:
            logger.warning(note)

    def drop(self, trial: Trial) -> None:
        """The trial's checkpoints go: it trains from scratch, should it go on."""
        _checkpoints.forget(trial, self.controller)
        _checkpoints.sweep(trial, self.undeleted)

    def check_files(self, trial: Trial) -> None:
        """Ray's word on the trial's checkpoint against what is there."""
        if _checkpoints.latest(trial) is not None and not _checkpoints.is_there(trial):
            logger.warning("the checkpoint of trial %s is gone", trial.trial_id)
            _checkpoints.forget(trial, self.controller)
            self._run.resumed.discard(trial.trial_id)  # it does not ignore what is gone
        _checkpoints.sweep(trial, self.undeleted)
