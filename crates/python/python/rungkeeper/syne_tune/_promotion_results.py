"""The figures of `PromotionASHA` as columns of Syne Tune's results."""

from typing import Any

from syne_tune.results_callback import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    ExtraResultsComposer,
)

from rungkeeper import RemovalCallback


class PromotionExtraResults(
    ExtraResultsComposer,  # type: ignore[misc, unused-ignore] # Syne Tune is untyped
):
    """Appends `PromotionASHA.extra_results` to each result that is stored.

    `StoreResultsCallback(extra_results_composer=PromotionExtraResults())`, among the
    callbacks of the tuner.
    """

    def __call__(self, tuner: Any) -> dict[str, Any]:
        """The figures as they are now."""
        return dict(tuner.scheduler.extra_results())

    def keys(self) -> list[str]:
        """The names of the columns."""
        return RemovalCallback.extra_results_keys()
