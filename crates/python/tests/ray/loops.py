"""Short forms of loops without Ray."""

from pathlib import Path
from typing import Any

from ray import tune
from rungkeeper.ray import PromotionASHA, setup

from tests.ray.loop import Loop, Train
from tests.ray.running import scheduler

SPACE = {"x": tune.uniform(0, 1), "y": tune.uniform(0, 1)}


def smooth(config: dict[str, Any], epoch: int) -> dict[str, Any]:
    """A bowl; the more epochs, the better."""
    loss = (config["x"] - 0.3) ** 2 + (config["y"] - 0.7) ** 2 + 0.1 / epoch
    return {"loss": loss, "epoch": epoch}


def looped(
    search: Any,
    folder: Path,
    num_samples: int = 40,
    train: Train = smooth,
    asha: PromotionASHA | None = None,
    objective: bool = True,
    space: dict[str, Any] = SPACE,
    kind: type[Loop] = Loop,
) -> Loop:
    """A run to its end."""
    asha = asha or scheduler(max_concurrent=2)
    aim = {"metric": "loss", "mode": "min"} if objective else {}
    tune_config, _ = setup(asha, tune.TuneConfig(search_alg=search, **aim))
    loop = kind(asha, tune_config, space, train, num_samples, folder)
    loop.run()
    return loop
