"""Pause-and-resume tuning on Ray Tune, with the checkpoints within a budget.

`PromotionASHA` pauses trials at rungs and promotes the best of them later. `setup` puts
it, the gate that holds new trials back, and the state that a restore needs into Ray's
`TuneConfig` and `RunConfig`.
"""

try:
    import ray.tune  # noqa: F401 (asks whether it is there)
except ImportError as error:
    message = 'rungkeeper.ray needs Ray Tune: install "ray[tune]", 2.60 or newer'
    raise ImportError(message) from error

from rungkeeper.ray._callback import PromotionState
from rungkeeper.ray._gate import PromotionGate
from rungkeeper.ray._scheduler import PromotionASHA
from rungkeeper.ray._setup import setup

__all__ = ["PromotionASHA", "PromotionGate", "PromotionState", "setup"]
