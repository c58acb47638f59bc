"""The estimator, as Syne Tune 0.13 and 0.14 have it."""

import rungkeeper
from rungkeeper.syne_tune import _reference


class BetaBinomialEstimator(
    rungkeeper.BetaBinomialEstimator,
    _reference.BetaBinomialEstimator,  # type: ignore[misc, unused-ignore]
):
    """`rungkeeper.BetaBinomialEstimator`, which is also an instance of Syne Tune's."""

    @classmethod
    def of(cls, counted: rungkeeper.BetaBinomialEstimator) -> "BetaBinomialEstimator":
        """One that has seen what another one has."""
        estimator = cls(counted.beta_mean, counted.beta_size)
        estimator.update_counts(counted.num_one, counted.num_total)
        return estimator
