"""The gate: new trials start only when nothing better can."""

import logging
import time
from typing import Any

from ray.tune.search import SearchAlgorithm

from rungkeeper.ray import _snapshot
from rungkeeper.ray._scheduler import PromotionASHA
from rungkeeper.ray._telling import Telling
from rungkeeper.ray._trials import Trial

logger = logging.getLogger(__name__)

PATIENCE = 10.0
"""Seconds for which a search algorithm may suggest nothing while nothing runs."""


class PromotionGate(SearchAlgorithm):
    """Keeps new trials back while something can be promoted or no slot is free.

    Ray starts every trial that waits, whatever the scheduler says: without a gate most
    trials would have started before the first one could be promoted. A search algorithm
    behind it suggests the trials. It is told of a pause as of an end, with the result
    of the pause, so it learns from every trial and waits for none that is paused; what
    a trial reports after its promotion is told later. Reports of resources that a trial
    trained through once before do not reach it a second time.

    Where nothing runs, nothing can be promoted and the search algorithm suggests
    nothing for ten seconds, no more trials come: a warning says so.
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
        self._begin()

    def _begin(self) -> None:
        self._telling = Telling(self.inner)
        self._in_vain_since: float | None = None
        self._gives_up = False

    def __getstate__(self) -> dict[str, Any]:
        return {"scheduler": self.scheduler, "inner": self.inner}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._begin()

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
        self._tell_pauses()
        trial = self.inner.next_trial()
        self._wait(trial)
        return trial

    def _tell_pauses(self) -> None:
        """Whoever suggests the next trial must know how the paused ones did."""
        if self._telling.hears_pauses:
            return
        for trial in self.scheduler.paused():
            self._end(trial)

    def _wait(self, trial: Trial | None) -> None:
        """Gives up a search algorithm that has nothing, where nothing else happens."""
        if trial is not None or self.is_finished() or self.scheduler.is_busy():
            self._in_vain_since = None
            return
        now = time.monotonic()
        if self._in_vain_since is None:
            self._in_vain_since = now
        elif now - self._in_vain_since >= PATIENCE:
            logger.warning(
                "%s suggests no trial although none runs, none can be promoted and it "
                "was told of every pause: no more trials come, and the experiment ends "
                "before its %d trials",
                type(getattr(self.inner, "searcher", self.inner)).__name__,
                self.total_samples,
            )
            self.set_finished()

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Hands on what is new."""
        run = self.scheduler.run
        if run is None or self.scheduler.repeats(trial_id):
            return
        self._telling.report(run.told, trial_id, result, run.arrives(trial_id))

    def on_pause(self, trial: Trial) -> None:
        """The scheduler paused a trial."""
        self._telling.pause(trial.trial_id)

    def on_unpause(self, trial: Trial) -> None:
        """The scheduler promoted a trial."""
        self._telling.unpause(trial.trial_id)

    def set_search_properties(
        self,
        metric: str | None,
        mode: str | None,
        config: dict[str, Any],
        **spec: Any,
    ) -> bool:
        """Hands on, to each searcher that is wrapped around another one too.

        Ray's wrappers tell the innermost alone: a `Repeater` around a limiter would
        look for no metric, and have no mean of any result.
        """
        is_taken = bool(self.inner.set_search_properties(metric, mode, config, **spec))
        wrapper: Any = getattr(self.inner, "searcher", None)
        while is_taken and hasattr(wrapper, "searcher"):
            if wrapper.metric is None:
                wrapper._metric, wrapper._mode = metric, mode
            wrapper = wrapper.searcher
        return is_taken

    def add_configurations(self, experiments: Any) -> None:
        """Hands on."""
        self.inner.add_configurations(experiments)

    def on_trial_complete(
        self,
        trial_id: str,
        result: dict[str, Any] | None = None,
        error: bool = False,
    ) -> None:
        """Hands on the end of a trial, unless it was told with the trial's pause."""
        trial = self.scheduler.trial(trial_id)
        if trial is None:
            self.inner.on_trial_complete(trial_id, result=result, error=error)
        else:
            self._end(trial, result, error)

    def _end(
        self, trial: Trial, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        run = self.scheduler.run
        if run is not None:
            resource, most = run.furthest.get(trial.trial_id, 0), run.max_resource
            rung = most if run.stops_last and resource >= most else None
            self._telling.end(run.told, trial, resource, result, error, rung)

    def is_finished(self) -> bool:
        """Whether no new trial will come."""
        return self._gives_up or bool(self.inner.is_finished())

    def set_finished(self) -> None:
        """No new trial will come."""
        self._gives_up = True
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
