"""What the module says when asked for what other versions of Syne Tune have."""

import pytest
import rungkeeper.syne_tune


@pytest.mark.parametrize(
    "name",
    [
        "HyperbandRemoveCheckpointsBaselineCallback",
        "HyperbandRemoveCheckpointsCallback",
        "HyperbandRemoveCheckpointsCommon",
        "HyperbandScheduler",
        "LegacyHyperbandScheduler",
    ],
)
def test_what_older_versions_have(name: str) -> None:
    with pytest.raises(
        ImportError, match=f"{name} is for Syne Tune 0.13 and 0.14"
    ) as error:
        getattr(rungkeeper.syne_tune, name)
    assert "use PromotionASHA" in str(error.value)
    assert name not in rungkeeper.syne_tune.__all__
