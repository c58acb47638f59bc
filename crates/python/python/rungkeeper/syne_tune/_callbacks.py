"""The callbacks for Syne Tune 0.13 and 0.14, under the names they have there."""

from __future__ import annotations

from typing import Any

from rungkeeper import BetaBinomialEstimator
from rungkeeper.syne_tune._removal import HyperbandRemoveCheckpointsCommon


class HyperbandRemoveCheckpointsCallback(HyperbandRemoveCheckpointsCommon):
    """Gives up first what costs least to train again in expectation.

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
    ) -> None:
        """A callback for a run that has not begun.

        Args:
            max_num_checkpoints: As in `HyperbandRemoveCheckpointsCommon`.
            max_wallclock_time: As there.
            metric: As there.
            resource_attr: As there.
            mode: As there.
            approx_steps: Most better arrivals that the score follows.
            prior_beta_mean: Mean of the estimators' prior, in (0, 1).
            prior_beta_size: Size of the estimators' prior.
            min_data_at_rung: Values below which a rung uses the overall estimator.

        Raises:
            TypeError: A name that is no text, or a number that is none.
            ValueError: An argument outside its range.
        """
        self._score_settings = {
            "approx_steps": approx_steps,
            "prior_beta_mean": prior_beta_mean,
            "prior_beta_size": prior_beta_size,
            "min_data_at_rung": min_data_at_rung,
        }
        super().__init__(
            max_num_checkpoints, max_wallclock_time, metric, resource_attr, mode
        )

    def estimator_for_rung(self, level: int) -> BetaBinomialEstimator:
        """A copy of a rung's estimator, by its level."""
        found = None if self._core is None else self._core.estimator_for_rung(level)
        if found is not None:
            return found
        prior = self._score_settings
        return BetaBinomialEstimator(prior["prior_beta_mean"], prior["prior_beta_size"])

    def _policy(self) -> dict[str, Any]:
        return {"policy": "speculative", **self._score_settings}


class HyperbandRemoveCheckpointsBaselineCallback(HyperbandRemoveCheckpointsCommon):
    """Gives up checkpoints by a simple rule, to compare with.

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
            max_num_checkpoints: As in `HyperbandRemoveCheckpointsCommon`.
            max_wallclock_time: As there.
            metric: As there.
            resource_attr: As there.
            mode: As there.
            baseline: "by_level" (also for None) or "random".

        Raises:
            TypeError: A name that is no text, or a number that is none.
            ValueError: An argument outside its range.
        """
        self._baseline = "by_level" if baseline is None else baseline
        if self._baseline not in ("by_level", "random"):
            raise ValueError(
                f"baseline is {baseline!r}, but must be 'by_level', 'random' or None"
            )
        super().__init__(
            max_num_checkpoints, max_wallclock_time, metric, resource_attr, mode
        )

    def _policy(self) -> dict[str, Any]:
        return {"policy": self._baseline}
