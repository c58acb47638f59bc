"""The gate: new trials start only when nothing better can."""

from typing import Any

from ray.tune.search import SearchAlgorithm

from rungkeeper.ray import _snapshot
from rungkeeper.ray._scheduler import PromotionASHA
from rungkeeper.ray._trials import Trial


class PromotionGate(SearchAlgorithm):
    """Keeps new trials back while something can be promoted or no slot is free.

    Ray starts every trial that waits, whatever the scheduler says: without a gate most
    trials would have started before the first one could be promoted. A search algorithm
    behind it suggests the trials; reports of resources that a trial trained through
    once before do not reach it a second time.
    """

    def __init__(self, scheduler: PromotionASHA, inner: SearchAlgorithm) -> None:
        """A gate.

        Args:
            scheduler: Tells when a trial may start.
            inner: The search algorithm behind the gate.

        Raises:
            TypeError: Either of them is something else.
        """
        if not isinstance(scheduler, PromotionASHA):
            kind = type(scheduler).__name__
            raise TypeError(f"scheduler must be a PromotionASHA, not {kind}")
        if not isinstance(inner, SearchAlgorithm):
            kind = type(inner).__name__
            raise TypeError(f"inner must be a SearchAlgorithm, not {kind}")
        self.scheduler = scheduler
        self.inner = inner

    def __repr__(self) -> str:
        return f"PromotionGate({self.scheduler!r}, {type(self.inner).__name__})"

    @property
    def metric(self) -> Any:
        """The metric that the search algorithm looks at."""
        return self.inner.metric

    @property
    def total_samples(self) -> int:
        """Trials that will be made in all."""
        return int(self.inner.total_samples)

    def next_trial(self) -> Trial | None:
        """A new trial, if one may start now."""
        if not self.scheduler.may_start():
            return None
        return self.inner.next_trial()

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Hands on what is new."""
        if not self.scheduler.repeats(trial_id):
            self.inner.on_trial_result(trial_id, result)

    def set_search_properties(
        self,
        metric: str | None,
        mode: str | None,
        config: dict[str, Any],
        **spec: Any,
    ) -> bool:
        """Hands on."""
        return bool(self.inner.set_search_properties(metric, mode, config, **spec))

    def add_configurations(self, experiments: Any) -> None:
        """Hands on."""
        self.inner.add_configurations(experiments)

    def on_trial_complete(
        self,
        trial_id: str,
        result: dict[str, Any] | None = None,
        error: bool = False,
    ) -> None:
        """Hands on."""
        self.inner.on_trial_complete(trial_id, result=result, error=error)

    def is_finished(self) -> bool:
        """Whether no new trial will come."""
        return bool(self.inner.is_finished())

    def set_finished(self) -> None:
        """Hands on."""
        self.inner.set_finished()  # type: ignore[no-untyped-call]

    def has_checkpoint(self, dirpath: str) -> bool:
        """Whether there is something to restore in a folder."""
        return _snapshot.is_enclosed(dirpath) or self.inner.has_checkpoint(dirpath)

    def save_to_dir(self, dirpath: str, **kwargs: Any) -> None:
        """Hands on."""
        self.inner.save_to_dir(dirpath, **kwargs)

    def restore_from_dir(self, dirpath: str) -> None:
        """Restores from the files of one snapshot, which Ray reads after this too."""
        _snapshot.unpack(dirpath)
        if self.inner.has_checkpoint(dirpath):
            self.inner.restore_from_dir(dirpath)
