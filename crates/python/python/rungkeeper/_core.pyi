"""What is made in Rust."""

import os
from collections.abc import Iterable, Sequence
from typing import Any, Literal, Self, SupportsFloat, SupportsIndex, final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import disjoint_base

from rungkeeper._types import OwnPolicy, Removal, TrialInformation

__version__: str
"""Version of the package."""

__all__ = [
    "BetaBinomialEstimator",
    "PromotionRungs",
    "RemovalCallback",
    "__version__",
    "check_policy",
    "choose",
    "compute_probabilities_of_getting_resumed",
    "rank_aware_probabilities",
    "simulate",
]

@disjoint_base
class BetaBinomialEstimator:
    """Estimator of the chance p of a yes, from yes-or-no values and a Beta prior.

    The prior is Beta(a, b) with mean a / (a + b) and size a + b, the number of values
    it weighs as much as.

    Two are equal if their priors and counts are; the hash is that of the prior, which
    no value changes. It can be subclassed: a subclass has its own arguments and calls
    `super().__init__(beta_mean, beta_size)`.

    Example:
        >>> estimator = BetaBinomialEstimator(beta_mean=0.33, beta_size=2)
        >>> estimator.update([True, False, False])
        >>> estimator.num_one, estimator.num_total
        (1, 3)
        >>> round(estimator.posterior_mean(), 3)
        0.332
    """

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """An estimator that has seen nothing.

        Args:
            beta_mean: Mean of the prior, in (0, 1).
            beta_size: Size of the prior, positive.

        Raises:
            ValueError: An argument outside its range.
        """

    def __init__(self, beta_mean: SupportsFloat, beta_size: SupportsFloat) -> None: ...
    def update(self, data: Iterable[bool | SupportsFloat]) -> None:
        """Takes a batch of values: bool, or 0 and 1; also an array of them."""

    def update_counts(self, num_one: SupportsIndex, num_total: SupportsIndex) -> None:
        """Takes a batch given by its counts: `num_one` ones among `num_total` values.

        Raises:
            ValueError: `num_one` is above `num_total`, or a count is negative.
        """

    @property
    def beta_mean(self) -> float:
        """Mean of the prior."""

    @property
    def beta_size(self) -> float:
        """Size of the prior."""

    @property
    def num_one(self) -> int:
        """Number of values that were true."""

    @property
    def num_total(self) -> int:
        """Number of values."""

    def posterior_mean(self) -> float:
        """The estimate of p."""

    def posterior_parameters(self) -> tuple[float, float]:
        """The parameters (a, b) of the posterior Beta distribution."""

    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[object, ...]: ...
    def __setstate__(self, state: object) -> None: ...

@final
class RemovalCallback:
    """Keeps the checkpoints of a run within a budget: for any tuner written in Python.

    Tell it what happens (`start`, `result`, `resume`, `complete`, `failed`,
    `checkpoint_committed`), and once in each turn of the tuner's loop call `loop_end`:
    it returns the checkpoints to delete, which are removed from then on. It needs
    nothing else from a tuner; two callbacks that are told the same decide the same.

    Trials are text; an int stands for its decimal text. A refused event (a
    `ValueError`) changes nothing: the run can go on.

    It can be pickled and copied, if a policy of your own can be. What is pickled is its
    event log (`log`), and what is read back is the replay of that log.

    What a person should know is a warning of the logger "rungkeeper", when it comes up;
    `take_notes` returns it as well.

    Example:
        >>> callback = RemovalCallback.geometric(1, 3, 27, max_checkpoints=2)
        >>> for trial, loss in enumerate([0.3, 0.5, 0.4]):
        ...     callback.start(trial)
        ...     callback.result(trial, 1, loss, "PAUSE")
        ...     callback.checkpoint_committed(trial, level=1)
        >>> [removal.trial for removal in callback.loop_end(elapsed=1.0)]
        ['1']
        >>> callback.resume("1")  # the one without checkpoint: it trains from scratch
        False
        >>> callback.extra_results()["cost_resources"]
        1
    """

    def __new__(
        cls,
        *,
        rungs: Sequence[int]
        | Sequence[tuple[int, tuple[int, int]]]
        | Sequence[tuple[int, float]],
        max_resource: int | None = None,
        mode: Literal["min", "max"] = "min",
        policy: Literal["rank_aware", "speculative", "by_level", "random"]
        | OwnPolicy = "rank_aware",
        policy_seed: int = 0,
        max_checkpoints: int | None = None,
        max_bytes: int | None = None,
        max_wallclock_time: float | None = None,
        max_num_trials: int | None = None,
        max_num_reports: int | None = None,
        max_total_resource: int | None = None,
        approx_steps: int | None = 25,
        prior_beta_mean: float = 0.33,
        prior_beta_size: float = 2.0,
        min_data_at_rung: int = 5,
        promotion_rule: Literal["top_fraction", "linear_quantile"] = "top_fraction",
        horizon: Literal["hard", "first_term_kept"] = "first_term_kept",
        brackets: int = 1,
        own_rungs: bool = False,
        repeated_reports_are_data: bool = False,
        promoted_behind_equals: bool = False,
        retraining_is_counted: bool = True,
        checkpoints: Literal["committed", "assumed"] = "committed",
        source: str = "python",
        log_notes: bool = True,
    ) -> Self:
        """A callback for a run that has not begun.

        Args:
            rungs: Rungs, lowest first, each (level, promotion quantile), with the
                quantile as (a, b) for a/b or as a float next to such a fraction; or
                their levels alone, whose quantiles are then level / next level, for
                the last level / `max_resource`.
            max_resource: Resource at which a trial stops. Needed with levels alone.
            mode: Whether small or large metrics are good.
            policy: "rank_aware": what costs least in expectation goes first; the rank
                tells how likely a trial is resumed. "speculative": likewise, with the
                estimates of Syne Tune 0.13. "by_level": the lowest level, then the
                worst rank. "random". Or one of your own: a callable that is shown
                `Candidates` and returns what losing each costs, in their order
                (numbers), or their trials, first to go first (text).
            policy_seed: Seed of the random policy's own stream.
            max_checkpoints: Most trials that hold a checkpoint, running ones included.
            max_bytes: Most bytes of committed checkpoints.
            max_wallclock_time: Seconds after which the run ends.
            max_num_trials: Trials started after which it ends.
            max_num_reports: Reports after which it ends.
            max_total_resource: Resource units after which it ends. Of these limits the
                tightest makes the time ratio; without any it is 1.
            approx_steps: Most better arrivals the score follows; None for no cut-off.
            prior_beta_mean: Mean of the estimators' prior, in (0, 1).
            prior_beta_size: Size of the estimators' prior.
            min_data_at_rung: Values below which a level uses the overall estimator.
            promotion_rule: How the scheduler promotes.
            horizon: Whether the first term of the score always counts.
            brackets: Number of brackets; bracket s starts at the s-th level.
            own_rungs: Whether each bracket has rungs of its own.
            repeated_reports_are_data: Whether a report at a rung where the trial
                stands already counts for the estimators, as in Syne Tune 0.13.
            promoted_behind_equals: Whether a promoted trial is ranked behind its
                equals, as in Syne Tune 0.13.
            retraining_is_counted: Whether a trial that was resumed with its checkpoint
                and reports what it had reported before its pause costs that training
                again; not so in Syne Tune 0.13.
            checkpoints: "committed": only what `checkpoint_committed` named can be
                removed. "assumed": a paused trial holds a checkpoint.
            source: Who writes the log; a name in its header.
            log_notes: Whether what a person should know is logged; else only
                `take_notes` tells it.

        Raises:
            ValueError: An argument outside its range.
            TypeError: An argument that is missing, unknown or of another type.
        """

    @classmethod
    def geometric(
        cls,
        grace_period: SupportsIndex,
        reduction_factor: SupportsIndex | float,
        max_resource: SupportsIndex,
        *,
        mode: Literal["min", "max"] = "min",
        policy: Literal["rank_aware", "speculative", "by_level", "random"]
        | OwnPolicy = "rank_aware",
        policy_seed: int = 0,
        max_checkpoints: int | None = None,
        max_bytes: int | None = None,
        max_wallclock_time: float | None = None,
        max_num_trials: int | None = None,
        max_num_reports: int | None = None,
        max_total_resource: int | None = None,
        approx_steps: int | None = 25,
        prior_beta_mean: float = 0.33,
        prior_beta_size: float = 2.0,
        min_data_at_rung: int = 5,
        promotion_rule: Literal["top_fraction", "linear_quantile"] = "top_fraction",
        horizon: Literal["hard", "first_term_kept"] = "first_term_kept",
        brackets: int = 1,
        own_rungs: bool = False,
        repeated_reports_are_data: bool = False,
        promoted_behind_equals: bool = False,
        retraining_is_counted: bool = True,
        checkpoints: Literal["committed", "assumed"] = "committed",
        source: str = "python",
        log_notes: bool = True,
    ) -> Self:
        """A callback whose levels are `grace_period * reduction_factor ** i`.

        Levels stay below `max_resource`. Further arguments as in the constructor.
        """

    @classmethod
    def from_log(
        cls, text: str | os.PathLike[str], policy: OwnPolicy | str | None = None
    ) -> Self:
        """The callback as an event log leaves it, to go on with.

        The removals in the log are taken as they were recorded.

        Args:
            text: The text of the log, or the path of its file.
            policy: The policy of the run, where it is one of your own; it goes on
                choosing and is not asked again what it chose. A name is compared
                with that in the log.

        Raises:
            ValueError: It is not an event log, and the message names the line; or the
                log is of another policy.
            OSError: The file cannot be read.
        """

    def start(self, trial: str | SupportsIndex, bracket: SupportsIndex = 0) -> None:
        """A trial begins."""

    def result(
        self,
        trial: str | SupportsIndex,
        level: SupportsIndex,
        metric: SupportsFloat | str | None,
        decision: Literal["CONTINUE", "PAUSE", "STOP"],
    ) -> None:
        """A trial reported, and the scheduler decided.

        Args:
            trial: The trial.
            level: Resource of the report, from 1.
            metric: A number. NaN, infinities, None and text are bad metrics: behind all
                others, never promoted, first to be removed.
            decision: What the scheduler decided.

        Raises:
            ValueError: The trial does not run, or the resource goes back.
        """

    def resume(self, trial: str | SupportsIndex) -> bool:
        """A paused trial runs again.

        Returns:
            Whether it has its checkpoint; otherwise it must train from scratch. One
            that `checkpoint_committed` never named is none, unless checkpoints are
            assumed.
        """

    def restart(self, trial: str | SupportsIndex) -> None:
        """The training program of a running trial was started again after a crash.

        Its reports may begin anew, below the last resource.
        """

    def complete(self, trial: str | SupportsIndex) -> None:
        """A trial's training program ended by itself: it needs no checkpoint."""

    def failed(self, trial: str | SupportsIndex) -> None:
        """A trial crashed for good: it needs no checkpoint and no longer runs."""

    def retry(self, trial: str | SupportsIndex) -> None:
        """A trial that had failed runs again, from the beginning.

        Raises:
            ValueError: The trial did not fail.
        """

    def deletion_failed(
        self,
        trial: str | SupportsIndex,
        bytes: SupportsIndex = 0,  # noqa: A002
    ) -> None:
        """The files of a checkpoint that was removed could not be deleted.

        They take room until `deleted` is called. Of all such checkpoints one counts as
        held, the largest, so another one goes in its place.

        Args:
            trial: The trial.
            bytes: The room its files take.
        """

    def deleted(self, trial: str | SupportsIndex) -> None:
        """The files of a checkpoint that was removed are gone.

        Needed only behind `deletion_failed`.
        """

    def checkpoint_committed(
        self,
        trial: str | SupportsIndex,
        level: SupportsIndex,
        bytes: SupportsIndex = 0,  # noqa: A002
    ) -> None:
        """A checkpoint, written at a resource level, is complete.

        It takes the place of the trial's checkpoint before.
        """

    def lose(self, trial: str | SupportsIndex) -> Removal:
        """The checkpoint of a paused trial is broken, or was never completed.

        It does not count as removed. Pinned trials can lose theirs.
        """

    def give_up(self, trial: str | SupportsIndex) -> Removal:
        """Removes the checkpoint of a paused trial because someone asked."""

    def pin(self, trial: str | SupportsIndex) -> None:
        """Keeps a trial's checkpoint from being removed, also beyond its end."""

    def unpin(self, trial: str | SupportsIndex) -> None:
        """Ends a pin."""

    def set_budget(
        self,
        *,
        max_checkpoints: SupportsIndex | None = None,
        max_bytes: SupportsIndex | None = None,
    ) -> None:
        """Keeps another budget from the next loop end on; None for no limit."""

    def set_limits(
        self,
        *,
        max_wallclock_time: SupportsFloat | None = None,
        max_num_trials: SupportsIndex | None = None,
        max_num_reports: SupportsIndex | None = None,
        max_total_resource: SupportsIndex | None = None,
    ) -> None:
        """From here on other limits end the run; None for no such limit.

        The time ratio counts from them.

        Args:
            max_wallclock_time: Seconds after which the run ends.
            max_num_trials: Trials started after which it ends.
            max_num_reports: Reports after which it ends.
            max_total_resource: Resource units after which it ends.
        """

    def loop_end(self, elapsed: SupportsFloat) -> list[Removal]:
        """Ends a turn of the tuner's loop.

        Args:
            elapsed: Seconds of the run, interruptions left out.

        Returns:
            The checkpoints to delete, first to go first. They are removed: a trial of
            these that is resumed trains from scratch, deleted or not.

        Raises:
            Exception: Whatever a policy of your own raises, and `ValueError` or
                `TypeError` for an answer that is none. Nothing has changed then.
        """

    def take_notes(self) -> list[str]:
        """What a person should know since the last call, oldest first."""

    def status(self, trial: str | SupportsIndex) -> str | None:
        """The status of a trial, as in `TrialStatus`; None for an unknown one."""

    def trial_information(self, trial: str | SupportsIndex) -> TrialInformation | None:
        """Where a trial stands highest; None for one that stands in no rung."""

    def candidates(self) -> list[TrialInformation]:
        """Paused trials whose checkpoint can be removed.

        `score_val` is the expected cost with the time ratio of the last loop end.
        Highest level first, then by rank.
        """

    def trials(self) -> list[tuple[str, str]]:
        """All trials with their statuses, in order of their starts."""

    @property
    def policy(self) -> str:
        """Name of the policy."""

    @property
    def num_with_checkpoint(self) -> int:
        """Number of trials that hold a checkpoint, running ones included."""

    @property
    def num_running(self) -> int:
        """Number of running trials."""

    @property
    def checkpoint_bytes(self) -> int:
        """Bytes of all checkpoints."""

    @property
    def num_checkpoints_removed(self) -> int:
        """Number of checkpoints removed."""

    @property
    def time_ratio(self) -> float:
        """What is left of the run over what is used, at the last loop end."""

    def extra_results(self) -> dict[str, int]:
        """Figures to append to the results of the run.

        Checkpoints removed, trials resumed, and resource units trained again.
        """

    @staticmethod
    def extra_results_keys() -> list[str]:
        """The keys of `extra_results`."""

    def trials_resumed_without_checkpoint(self) -> list[tuple[str, int]]:
        """Trials resumed although their checkpoint was gone, or never committed.

        Each with the level it was paused at, in order of the resumes.
        """

    def estimator_for_rung(self, level: SupportsIndex) -> BetaBinomialEstimator | None:
        """A copy of a level's estimator; None for a policy without estimators."""

    def log(self) -> str:
        """The event log: JSON lines, the header first.

        `rungkeeper replay` reads it, and `from_log`.
        """

    def __reduce__(
        self,
    ) -> tuple[Any, tuple[Any, ...], tuple[float, int, list[str], bool]]: ...
    def __setstate__(self, state: tuple[float, int, list[str], bool]) -> None: ...

@final
class PromotionRungs:
    """Rungs, and which of their trials is promoted next: for schedulers in Python.

    For tuners that start trials themselves and ask which paused one may go on. A trial
    that gets to a rung is paused there, always, and stops at `max_resource`. The best
    paused trial of a rung is promoted if it is among the best 1 / `reduction_factor` of
    all that were recorded there, promoted ones included; the highest rung comes first.
    Of equals the one recorded earlier is better.

    Trials are text; an int stands for its decimal text, and trials that are returned
    are text. What is refused (a `ValueError`) changes nothing.

    It can be pickled and copied. What is pickled are the settings and all calls, and
    what is read back is their replay.

    Example:
        >>> rungs = PromotionRungs(grace_period=1, reduction_factor=3, max_resource=9)
        >>> for trial, loss in enumerate([0.3, 0.5, 0.4]):
        ...     bracket, milestone = rungs.start(trial)
        ...     decision = rungs.report(trial, milestone, loss)
        >>> decision
        'PAUSE'
        >>> rungs.promote()
        ('0', 1, 3)
        >>> print(rungs.promote())
        None
    """

    def __new__(
        cls,
        *,
        grace_period: SupportsIndex,
        reduction_factor: SupportsIndex | float,
        max_resource: SupportsIndex,
        mode: Literal["min", "max"] = "min",
        brackets: SupportsIndex = 1,
        seed: SupportsIndex = 0,
    ) -> Self:
        """Rungs without trials, at levels `grace_period * reduction_factor ** i`.

        Args:
            grace_period: The first level.
            reduction_factor: From a level to the next, at least 2; a whole number, also
                as 3.0.
            max_resource: Resource at which a trial stops; levels stay below it.
            mode: Whether small or large metrics are good.
            brackets: Number of brackets; bracket s starts at the s-th level. All
                brackets share the rungs.
            seed: Seed of the brackets that trials are given.

        Raises:
            ValueError: An argument outside its range.
            TypeError: An argument that is missing, unknown or of another type.
        """

    def start(self, trial: str | SupportsIndex) -> tuple[int, int]:
        """A trial begins.

        Returns:
            Its bracket, and the level where it is paused first.
        """

    def report(
        self,
        trial: str | SupportsIndex,
        resource: SupportsIndex,
        metric: SupportsFloat | str | None,
    ) -> Literal["CONTINUE", "PAUSE", "STOP"]:
        """A running trial reports.

        Args:
            trial: The trial.
            resource: Resource of the report, from 1. Between rungs nothing is recorded;
                behind a rung that was left out, it counts as a report there.
            metric: A number. NaN, infinities, None and text are bad metrics: behind all
                others and never promoted.

        Returns:
            What the trial does now; at a rung it is paused.

        Raises:
            ValueError: The trial does not run, or the resource goes back.
        """

    def promotable(self) -> str | None:
        """The paused trial that `promote` would take now."""

    def promote(self) -> tuple[str, int, int] | None:
        """Takes a paused trial to the next rung; it runs from then on.

        Returns:
            The trial, the level it waited at, and the level where it is paused next
            (the last time `max_resource`). None if no trial can be promoted.
        """

    def complete(self, trial: str | SupportsIndex) -> None:
        """A trial's training ended by itself: it is not promoted any more."""

    def failed(self, trial: str | SupportsIndex) -> None:
        """A trial failed for good: it is not promoted any more."""

    def __len__(self) -> int:
        """Number of trials ever started."""

    def __contains__(self, trial: object, /) -> bool:
        """Whether a trial was ever started."""

    def __reduce__(
        self,
    ) -> tuple[
        Any,
        tuple[type[Self], tuple[()], dict[str, Any]],
        list[tuple[str, str, int, float]],
    ]: ...
    def __setstate__(self, state: list[tuple[str, str, int, float]]) -> None: ...

def check_policy(policy: OwnPolicy) -> None:
    """Checks that a policy of your own keeps the laws that every policy keeps.

    It is shown 200 situations, the same in each call, and each time a new copy of it
    (`copy.deepcopy`). Nothing may go that was not shown, and none twice; a trial whose
    metric is no finite number goes before all others, which costs take care of; equal
    policies that are shown the same choose the same.

    Args:
        policy: The policy, as `RemovalCallback` takes it.

    Raises:
        AssertionError: A law is broken; the message tells which, and in what situation.
        Exception: Whatever the policy raises, and what its answers are refused with.

    Example:
        >>> import numpy as np
        >>> def largest_first(candidates):
        ...     is_finite = np.isfinite(candidates.metric)
        ...     return candidates.trial[np.lexsort((-candidates.bytes, is_finite))]
        >>> check_policy(largest_first)
    """

def compute_probabilities_of_getting_resumed(
    ranks: ArrayLike,
    rung_lens: ArrayLike,
    prom_quants: ArrayLike,
    p_vals: ArrayLike,
    time_ratio: ArrayLike,
    approx_steps: SupportsIndex | None = 25,
    *,
    promotion_rule: Literal["top_fraction", "linear_quantile"] = "top_fraction",
    horizon: Literal["hard", "first_term_kept"] = "first_term_kept",
    log: bool = False,
) -> NDArray[np.float64]:
    """Probabilities that paused trials are resumed before the run ends.

    The arrays are broadcast against each other. The interpreter's lock is released.

    Args:
        ranks: Ranks, 1 for the best.
        rung_lens: Numbers of entries of the trials' rungs.
        prom_quants: Promotion quantiles, in (0, 1]. A float stands for the simplest
            fraction it is next to: 1 / 3 is one third.
        p_vals: Chances that an arrival ranks better, in (0, 1).
        time_ratio: What is left of the run over what is used.
        approx_steps: Most better arrivals that are followed; None for no cut-off.
        promotion_rule: How the scheduler promotes.
        horizon: Whether the first term always counts ("first_term_kept", as in Syne
            Tune 0.13), or the model is taken at its word ("hard").
        log: Whether to return natural logarithms. They keep their order where
            probabilities are too small for a float; minus infinity stands for 0.

    Returns:
        The probabilities, of the common shape. Their relative error is below 1e-12.

    Raises:
        ValueError: A value outside its range; the message names array and place.
        TypeError: An array that holds no numbers.
    """

def rank_aware_probabilities(
    ranks: ArrayLike,
    rung_lens: ArrayLike,
    prom_quants: ArrayLike,
    time_ratio: ArrayLike,
    *,
    num_better: ArrayLike | None = None,
    promotion_rule: Literal["top_fraction", "linear_quantile"] = "top_fraction",
    log: bool = False,
) -> NDArray[np.float64]:
    """Probabilities that paused trials are resumed before the run ends, by their ranks.

    A new arrival falls into each of the gaps between the ranked trials with equal
    chance, and how many are still to come is as uncertain as what came so far makes it.
    So there is nothing to estimate and nothing to set.

    The arrays are broadcast against each other. The interpreter's lock is released.
    Trials of one rung that follow each other are scored faster.

    Args:
        ranks: Ranks, 1 for the best.
        rung_lens: Numbers of entries of the trials' rungs, promoted ones included, up
            to 2**30.
        prom_quants: Promotion quantiles, in (0, 1]. A float stands for the simplest
            fraction it is next to: 1 / 3 is one third.
        time_ratio: What is left of the run over what is used, up to 1e9, or infinity.
        num_better: Numbers of entries of the rungs that are strictly better, less than
            the rank; by default the rank - 1, as without equals.
        promotion_rule: How the scheduler promotes.
        log: Whether to return natural logarithms. They keep their order where
            probabilities are too small for a float; minus infinity stands for 0.

    Returns:
        The probabilities, of the common shape. Their relative error is at most 1e-12,
        where they are at least 1e-300.

    Raises:
        ValueError: A value outside its range; the message names array and place.
        TypeError: An array that holds no numbers.

    Example:
        >>> rank_aware_probabilities([2, 3, 4, 5], 6, 1 / 3, time_ratio=1.5).round(3)
        array([1.   , 0.355, 0.051, 0.003])
    """

def simulate(
    sources: list[tuple[str, str | None]], settings: dict[str, Any]
) -> list[dict[str, Any]]:
    """Simulates a grid; `rungkeeper.simulate` prepares the arguments."""

def choose(source: tuple[str, str | None], settings: dict[str, Any]) -> dict[str, Any]:
    """Chooses; `rungkeeper.choose` prepares the arguments."""
