"""What the searcher behind the gate is told of trials that pause and go on.

A searcher of Ray knows two states: a trial lives, or it is complete. Were a paused
trial left alive, the searcher would learn nothing from most trials, because most are
never promoted, and one that limits its own live trials would wait for them for ever.

So a pause is told as the end of the trial, with the result of the pause: that is what
Ray's own ASHA tells of a trial which it stops at the same rung. It is told just before
the searcher is asked for the next suggestion, so what is promoted at once is not told
twice. What the trial reports after its promotion is told as well, in the best way that
the searcher has (`_again`). A searcher that hears of pauses itself (`on_pause` and
`on_unpause`, as `TuneBOHB`) is told those instead.
"""

import logging
import math
from typing import Any

from ray.air.constants import TRAINING_ITERATION
from ray.tune.search import ConcurrencyLimiter
from ray.tune.utils import flatten_dict

from rungkeeper._numbers import as_metric
from rungkeeper.ray import _again
from rungkeeper.ray._told import Told
from rungkeeper.ray._trials import Trial

logger = logging.getLogger(__name__)


class Telling:
    """Tells a search algorithm, in the form that it can learn from.

    Attributes:
        hears_pauses: Whether it is told of pauses as such.
    """

    def __init__(self, search: Any) -> None:
        """`search`: The search algorithm behind the gate."""
        self._search = search
        self._outermost = getattr(search, "searcher", search)
        searcher = self._outermost
        while isinstance(searcher, ConcurrencyLimiter):
            searcher = searcher.searcher
        self._searcher = searcher
        names = ("on_pause", "on_unpause")
        self.hears_pauses = all(callable(getattr(searcher, n, None)) for n in names)
        self._refuses_later = False

    def __repr__(self) -> str:
        return f"Telling({type(self._searcher).__name__})"

    def report(
        self, told: Told, trial_id: str, result: dict[str, Any], rung: int | None
    ) -> None:
        """Hands on a report.

        Args:
            told: What it was told before.
            trial_id: The trial.
            result: What was reported, flat.
            rung: The level of the rung that the trial got to with it, if to any.
        """
        metrics = self._metrics(result)
        if metrics is None:
            return  # some searchers fail where a metric is no number
        result = {**result, **metrics}
        if self.hears_pauses:
            budget = {} if rung is None else {"budget": rung}
            result = {**result, "hyperband_info": budget}
        if trial_id not in told.ended:
            self._search.on_trial_result(trial_id, result)
            return
        if len(metrics) == 1:
            later = told.later.setdefault(trial_id, {})
            (later[int(result.get(TRAINING_ITERATION, 0))],) = metrics.values()
        if not _again.looks_complete(self._searcher, trial_id):
            self._offer(trial_id, result)

    def _offer(self, trial_id: str, result: dict[str, Any]) -> None:
        """Hands on a report of a trial that the searcher takes as complete.

        Many searchers look at it all the same. One that has forgotten the trial may
        fail, and is left alone from then on.
        """
        if self._refuses_later:
            return
        try:
            self._search.on_trial_result(trial_id, result)
        except Exception as error:
            self._refuses_later = True
            logger.warning(
                "%s takes no results of a trial that was complete at a rung and then "
                "promoted (%r): it learns from trials up to their pause",
                type(self._searcher).__name__,
                error,
            )

    def pause(self, trial_id: str) -> None:
        """A trial is paused."""
        if self.hears_pauses:
            self._outermost.on_pause(trial_id)

    def unpause(self, trial_id: str) -> None:
        """A trial was promoted."""
        if self.hears_pauses:
            self._outermost.on_unpause(trial_id)

    def end(
        self,
        told: Told,
        trial: Trial,
        resource: int,
        result: dict[str, Any] | None = None,
        error: bool = False,
        rung: int | None = None,
    ) -> None:
        """A trial ends, or, for most searchers, is paused.

        Args:
            told: What it was told before.
            trial: The trial.
            resource: The highest resource it has reported.
            result: Its last report, flat; by default the one that Ray has.
            error: Whether it crashed.
            rung: `max_t`, if it ends there: Ray hands on no report that ends a trial.
        """
        name = trial.trial_id
        if name in told.ended and (error or told.ended[name] >= resource):
            return  # it knows
        result = result or flatten_dict(trial.last_result or {})
        if name in told.ended:
            self._again(told, trial, resource, result)
            return
        handle = _again.handle(self._searcher, name)
        if handle is not None:
            told.handles[name] = handle
        if self.hears_pauses and rung is not None and not error:
            self.report(told, name, result, rung)
        told.ended[name] = resource
        metrics = self._metrics(result) if result else {}
        if error or metrics is None:
            self._search.on_trial_complete(name, error=True)
        else:
            self._search.on_trial_complete(name, result={**result, **metrics} or None)

    def _again(
        self, told: Told, trial: Trial, resource: int, result: dict[str, Any]
    ) -> None:
        """Tells what a trial that was complete has reported since its promotion."""
        name, metrics = trial.trial_id, self._metrics(result)
        if metrics is None:
            return
        values, result = list(metrics.values()), {**result, **metrics}
        if _again.tell(self._searcher, told, trial, values, result):
            told.ended[name] = resource
            told.later.pop(name, None)

    def _metrics(self, result: dict[str, Any]) -> dict[str, float] | None:
        """What the searcher looks at in a report; None if one is no finite number.

        It gets them as plain numbers: libraries take no arrays or tensors of one.
        """
        names = self._search.metric
        names = [names] if isinstance(names, str) else list(names or ())
        metrics = {name: as_metric(result.get(name)) for name in names}
        return metrics if all(map(math.isfinite, metrics.values())) else None
