"""One call that puts scheduler, gate and state into Ray's configurations."""

import copy
import datetime as dt
from typing import Any

from ray.tune import CheckpointConfig, RunConfig, TuneConfig
from ray.tune.schedulers import AsyncHyperBandScheduler
from ray.tune.search import (
    BasicVariantGenerator,
    ConcurrencyLimiter,
    SearchAlgorithm,
    Searcher,
    SearchGenerator,
)

from rungkeeper._arguments import named, one_of, optional_whole, seconds
from rungkeeper.ray._callback import PromotionState
from rungkeeper.ray._gate import PromotionGate
from rungkeeper.ray._scheduler import SERVED, PromotionASHA


def setup(
    scheduler: PromotionASHA,
    tune_config: TuneConfig | None = None,
    run_config: RunConfig | None = None,
) -> tuple[TuneConfig, RunConfig]:
    """Makes the configurations of a run that pauses and promotes.

    Hand both to `ray.tune.Tuner`. Copies are returned; what was handed in stays as it
    is, except for the scheduler, which takes over `max_concurrent_trials` and
    `time_budget_s`.

    Args:
        scheduler: The scheduler.
        tune_config: Everything else about the search. Its `search_alg` may be any of
            Ray's searchers (`OptunaSearch`, say); without one `param_space` is sampled
            as Ray always does.
        run_config: Storage, callbacks, failures. A trial keeps its latest checkpoint
            alone, unless `checkpoint_config.num_to_keep` says otherwise.

    Returns:
        The `TuneConfig` and the `RunConfig`.

    Raises:
        TypeError: The scheduler is another one, the metric no text, or the time budget
            no number.
        ValueError: Settings that contradict each other, or a scheduler that has served
            a run before.
    """
    tune_config = copy.copy(tune_config) if tune_config is not None else TuneConfig()
    run_config = copy.copy(run_config) if run_config is not None else RunConfig()
    if tune_config.scheduler not in (None, scheduler):
        _check_scheduler("tune_config.scheduler", tune_config.scheduler)
        raise ValueError("tune_config.scheduler is another one than scheduler")
    _check_scheduler("scheduler", scheduler)
    if scheduler.run is not None:
        raise ValueError(SERVED)
    _check_objective(tune_config)
    search, limit = _search(tune_config.search_alg)
    limits = [
        scheduler.max_concurrent,
        limit,
        optional_whole(
            "tune_config.max_concurrent_trials",
            tune_config.max_concurrent_trials or None,
            1,
        ),
    ]
    given = [limit for limit in limits if limit is not None]
    scheduler.limit_concurrent(min(given) if given else None)
    scheduler.limit_seconds(_seconds(tune_config.time_budget_s))
    tune_config.max_concurrent_trials = None  # it would count paused trials
    tune_config.scheduler = scheduler
    tune_config.search_alg = PromotionGate(scheduler, search)
    callbacks = list(run_config.callbacks or [])
    run_config.callbacks = [PromotionState(scheduler), *callbacks]
    kept = run_config.checkpoint_config or CheckpointConfig()
    if kept.num_to_keep is None:
        kept = copy.copy(kept)
        kept.num_to_keep = 1
    run_config.checkpoint_config = kept
    return tune_config, run_config


def _check_scheduler(name: str, scheduler: object) -> None:
    """Says what is wrong with another scheduler."""
    if isinstance(scheduler, PromotionASHA):
        return
    kind = type(scheduler).__name__
    if isinstance(scheduler, AsyncHyperBandScheduler):
        raise TypeError(
            f"{name} is Ray's {kind}, which never pauses: it stops every trial that is "
            "not among the best when it reports, so there is nothing to resume and no "
            "checkpoint to remove (ray issues 44256 and 32634). Use "
            "rungkeeper.ray.PromotionASHA, which takes the same arguments (a whole "
            "reduction_factor, and max_t above grace_period)"
        )
    raise TypeError(f"{name} must be a rungkeeper.ray.PromotionASHA, not {kind}")


def _check_objective(tune_config: TuneConfig) -> None:
    """Rungs are sorted by one metric; a searcher may look at several."""
    for name in ("metric", "mode"):
        value = getattr(tune_config, name)
        if value is not None and not isinstance(value, str):
            raise TypeError(
                f"tune_config.{name} must be a str, not {type(value).__name__}: the "
                "rungs compare one metric. A searcher of several objectives takes them "
                "as arguments of its own, and PromotionASHA takes metric and mode"
            )
    if tune_config.metric is not None:
        named("tune_config.metric", tune_config.metric)
    if tune_config.mode is not None:
        one_of("tune_config.mode", tune_config.mode, ("min", "max"))


def _search(given: Any) -> tuple[SearchAlgorithm, int | None]:
    """The search algorithm behind the gate, and the limit it had."""
    limit = None
    while isinstance(given, ConcurrencyLimiter):
        # It does not count trials that were promoted, so the limit is the scheduler's.
        limit = min(limit or given.max_concurrent, given.max_concurrent)
        if given.batch:
            break  # results are told by the batch, which only the limiter does
        given = given.searcher
    if given is None:
        return BasicVariantGenerator(), limit
    if isinstance(given, Searcher):
        return SearchGenerator(given), limit
    if isinstance(given, PromotionGate):
        raise ValueError("tune_config.search_alg has a gate already: setup makes one")
    if isinstance(given, BasicVariantGenerator) and given.max_concurrent:
        limit = given.max_concurrent
        given = copy.copy(given)
        given.max_concurrent = 0
    if isinstance(given, SearchAlgorithm):
        return given, limit
    kind = type(given).__name__
    raise TypeError(f"tune_config.search_alg must be a Searcher, not {kind}")


def _seconds(given: float | dt.timedelta | None) -> float | None:
    if isinstance(given, dt.timedelta):
        given = given.total_seconds()
    return seconds("tune_config.time_budget_s", given)
