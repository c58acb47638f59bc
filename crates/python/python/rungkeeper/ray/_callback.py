"""The callback that carries the scheduler's state through Ray's snapshots."""

from typing import Any

from ray.tune import Callback

from rungkeeper.ray._scheduler import PromotionASHA
from rungkeeper.ray._trials import Trial


class PromotionState(Callback):
    """Saves and restores a `PromotionASHA`, which Ray itself does not.

    It also tells the scheduler what Ray tells only callbacks: that a step of its loop
    ends, that a checkpoint is complete, that the experiment is over.
    """

    def __init__(self, scheduler: PromotionASHA) -> None:
        """A callback for a scheduler.

        Raises:
            TypeError: The scheduler is no `PromotionASHA`.
        """
        if not isinstance(scheduler, PromotionASHA):
            kind = type(scheduler).__name__
            raise TypeError(f"scheduler must be a PromotionASHA, not {kind}")
        self.scheduler = scheduler

    def __repr__(self) -> str:
        return f"PromotionState({self.scheduler!r})"

    def get_state(self) -> dict[str, Any] | None:
        """What goes into the snapshot."""
        return self.scheduler.get_state()

    def set_state(self, state: dict[str, Any]) -> None:
        """Takes what was in the snapshot."""
        self.scheduler.set_state(state)

    def on_trial_start(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        """A trial's actor is there; nothing is trained yet."""
        self.scheduler.started(trial)

    def on_trial_save(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        """A checkpoint is complete."""
        self.scheduler.saved(trial)

    def on_step_end(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        """A turn of Ray's loop ends."""
        self.scheduler.step_ended()

    def on_experiment_end(self, trials: list[Trial], **info: Any) -> None:
        """The run is over."""
        self.scheduler.experiment_ended(trials)
