"""The callbacks for Syne Tune 0.13 and 0.14, under the names they have there."""

from __future__ import annotations

import random
from typing import Any, Literal

import numpy as np

import rungkeeper
from rungkeeper import (
    compute_probabilities_of_getting_resumed,
    rank_aware_probabilities,
)
from rungkeeper._arguments import one_of
from rungkeeper.syne_tune import _reference
from rungkeeper.syne_tune._estimator import BetaBinomialEstimator
from rungkeeper.syne_tune._methods import Paused
from rungkeeper.syne_tune._removal import HyperbandRemoveCheckpointsCommon

_ESTIMATES = ("_probability_for_rung", "_update_estimators", "estimator_for_rung")


class HyperbandRemoveCheckpointsCallback(
    HyperbandRemoveCheckpointsCommon,
    _reference.Callback,  # type: ignore[misc, unused-ignore]
):
    """Removes first what costs least to train again in expectation.

    The cost of a paused trial's checkpoint is its rung level times the probability that
    the trial is resumed. That depends on its rank, on the length of the rung, on how
    much of the run is left, and on the probability p that a new arrival ranks better,
    which is estimated for each rung from the reports.
    """

    def __init__(
        self,
        max_num_checkpoints: int,
        max_wallclock_time: float | None,
        metric: str,
        resource_attr: str,
        mode: str,
        approx_steps: int = 25,
        prior_beta_mean: float = 0.33,
        prior_beta_size: float = 2,
        min_data_at_rung: int = 5,
        *,
        policy: Literal["speculative", "rank_aware"] = "speculative",
    ) -> None:
        """A callback for a run that has not begun.

        Args:
            max_num_checkpoints: Most trials that hold a checkpoint after a turn of the
                tuner's loop, running ones included.
            max_wallclock_time: Seconds after which the run ends, or None.
            metric: Name of the metric in results.
            resource_attr: Name of the resource in results.
            mode: "min" or "max".
            approx_steps: Most better arrivals that the score follows.
            prior_beta_mean: Mean of the estimators' prior, in (0, 1).
            prior_beta_size: Size of the estimators' prior.
            min_data_at_rung: Values below which a rung uses the overall estimator.
            policy: "speculative" is Syne Tune's; "rank_aware" tells from the ranks
                alone how likely a trial is resumed, and estimates nothing.

        Raises:
            TypeError: A name that is no text, or a number that is none; a subclass
                overrides an estimate that "rank_aware" does not ask for.
            ValueError: An argument outside its range.
        """
        self._approx_steps = approx_steps
        self._prior_beta_mean = prior_beta_mean
        self._prior_beta_size = prior_beta_size
        self._min_data_at_rung = min_data_at_rung
        self._policy_name = one_of("policy", policy, ("speculative", "rank_aware"))
        self._live: dict[int, BetaBinomialEstimator] | None = None
        super().__init__(
            max_num_checkpoints, max_wallclock_time, metric, resource_attr, mode
        )
        self._refuse_unused()

    def _refuse_unused(self) -> None:
        unused = [name for name in self._overridden() if name in _ESTIMATES]
        if unused and self._policy_name == "rank_aware":
            raise TypeError(
                f"{type(self).__name__} overrides {unused[0]}, but the policy "
                "'rank_aware' estimates nothing: use policy='speculative', or "
                "override _compute_scores"
            )

    def _look_at_overrides(self) -> None:
        self._refuse_unused()
        super()._look_at_overrides()

    def _policy(self) -> dict[str, Any]:
        settings = {
            "policy": self._policy_name,
            "approx_steps": self._approx_steps,
            "prior_beta_mean": self._prior_beta_mean,
            "prior_beta_size": self._prior_beta_size,
            "min_data_at_rung": self._min_data_at_rung,
        }
        if self._policy_name == "rank_aware":
            settings["promotion_rule"] = "linear_quantile"  # that of the scheduler
        return settings

    # Estimates: the core's, until the methods decide.

    def _new_estimator(self) -> BetaBinomialEstimator:
        return BetaBinomialEstimator(self._prior_beta_mean, self._prior_beta_size)

    def estimator_for_rung(self, level: int) -> rungkeeper.BetaBinomialEstimator:
        """A rung's estimator, by its level.

        It is a copy, unless a subclass overrides one of the deciding methods, or
        metrics are no finite numbers: then it is the one that counts.
        """
        if self._live is None:
            return self._copy_of_estimator(level)
        if level not in self._live:
            self._live[level] = self._new_estimator()
        return self._live[level]

    def _copy_of_estimator(self, level: int) -> BetaBinomialEstimator:
        found = None if self._core is None else self._core.estimator_for_rung(level)
        return (
            self._new_estimator() if found is None else BetaBinomialEstimator.of(found)
        )

    @property
    def _estimator_for_rung(self) -> dict[int, BetaBinomialEstimator]:
        if self._live is not None:
            return self._live
        return {level: self._copy_of_estimator(level) for level in self._levels}

    @property
    def _estimator_overall(self) -> BetaBinomialEstimator:
        """All values of all rungs."""
        if self._live is not None:
            return self._overall
        overall = self._new_estimator()
        for estimator in self._estimator_for_rung.values():
            overall.update_counts(estimator.num_one, estimator.num_total)
        return overall

    def _begin(self, tuner: Any) -> None:
        self._live = None
        super()._begin(tuner)

    def _decide_by_methods(self) -> None:
        if self._live is None:
            self._overall, self._live = (
                self._estimator_overall,
                self._estimator_for_rung,
            )
        super()._decide_by_methods()

    def _reported(self, trial_id: str, result: dict[str, Any]) -> None:
        super()._reported(trial_id, result)
        if self._by_methods and self._policy_name == "speculative":
            self._update_estimators(trial_id, result)

    # What decides, where the methods do.

    def _prepare_score_inputs(self, trials_to_score: list[Paused]) -> tuple[Any, ...]:
        """Trials, and arrays of levels, ranks, rung lengths, quantiles and p.

        Ranks count from 1.
        """
        rungs = self._scheduler.terminator.information_for_rungs()
        quantiles = {level: quantile for level, _, quantile in rungs}
        chances = dict.fromkeys(quantiles, 0.5)
        if self._policy_name == "speculative":
            chances = {level: self._probability_for_rung(level) for level in quantiles}
        levels = [level for *_, level in trials_to_score]
        return (
            tuple(trial for trial, *_ in trials_to_score),
            np.array(levels),
            np.array([rank + 1 for _, rank, _, _ in trials_to_score]),
            np.array(self._rung_lens(trials_to_score)),
            np.array([quantiles[level] for level in levels]),
            np.array([chances[level] for level in levels]),
        )

    def _compute_scores(
        self, trials_to_score: list[Paused], time_ratio: float
    ) -> list[Any]:
        """The paused trials, each with its expected cost as `score_val`."""
        _, levels, ranks, lengths, quantiles, chances = self._prepare_score_inputs(
            trials_to_score
        )
        if self._policy_name == "rank_aware":
            resumed = rank_aware_probabilities(
                ranks,
                lengths,
                quantiles,
                min(time_ratio, 1e9),
                promotion_rule="linear_quantile",
            )
        else:
            resumed = compute_probabilities_of_getting_resumed(
                ranks, lengths, quantiles, chances, time_ratio, self._approx_steps
            )
        return self._as_information(trials_to_score, (resumed * levels).tolist())

    def _trials_to_be_removed(
        self, paused_trials_with_checkpoints: list[Paused], num_to_remove: int
    ) -> list[Any]:
        """Those with the smallest scores.

        Of equal ones, where a subclass has its say, go first as in the core the lowest
        level, and there the worst rank. What Syne Tune decides in place of the core
        keeps its order, which is by the score alone.
        """
        scored = self._compute_scores(
            paused_trials_with_checkpoints, self._get_time_ratio()
        )
        if self._overridden():
            scored.sort(key=lambda trial: (trial.level, -trial.rank))
        return sorted(scored, key=lambda trial: trial.score_val)[:num_to_remove]


class HyperbandRemoveCheckpointsBaselineCallback(
    HyperbandRemoveCheckpointsCommon,
    _reference.BaselineCallback,  # type: ignore[misc, unused-ignore]
):
    """Removes checkpoints by a simple rule, to compare with.

    "by_level" takes the lowest rung level first, and there the worst rank. "random"
    takes any; it draws from a stream of its own with a fixed seed, so that it does not
    change what the scheduler draws.
    """

    def __init__(
        self,
        max_num_checkpoints: int,
        max_wallclock_time: float | None,
        metric: str,
        resource_attr: str,
        mode: str,
        baseline: str | None = None,
    ) -> None:
        """A callback for a run that has not begun.

        Args:
            max_num_checkpoints: Most trials that hold a checkpoint after a turn of the
                tuner's loop, running ones included.
            max_wallclock_time: Seconds after which the run ends, or None.
            metric: Name of the metric in results.
            resource_attr: Name of the resource in results.
            mode: "min" or "max".
            baseline: "by_level" (also for None) or "random".

        Raises:
            TypeError: A name that is no text, or a number that is none.
            ValueError: An argument outside its range.
        """
        self._baseline = "by_level" if baseline is None else baseline
        if self._baseline not in ("by_level", "random"):
            raise ValueError(
                f"baseline is {baseline!r}, but must be 'by_level', 'random' or None; "
                "'speculative' and 'rank_aware' are what "
                "HyperbandRemoveCheckpointsCallback takes as its policy"
            )
        self._draws = random.Random(0)
        super().__init__(
            max_num_checkpoints, max_wallclock_time, metric, resource_attr, mode
        )

    def _policy(self) -> dict[str, Any]:
        return {"policy": self._baseline}

    def _trials_to_be_removed(
        self, paused_trials_with_checkpoints: list[Paused], num_to_remove: int
    ) -> list[Any]:
        """The lowest levels first, there the worst ranks; or any."""
        paused = paused_trials_with_checkpoints
        if self._baseline == "random":
            chosen = self._draws.sample(paused, num_to_remove)
        else:
            chosen = sorted(paused, key=lambda entry: (entry[3], -entry[1]))
        return self._as_information(chosen[:num_to_remove])
