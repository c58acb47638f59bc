"""Runs that the tests share."""

import os
from pathlib import Path
from typing import Any

from ray import tune
from rungkeeper.ray import PromotionASHA, setup

from tests.ray.audit import Audit
from tests.ray.trainables import MAX_T

BUDGET = 4
IS_LONG = "RUNGKEEPER_LONG" in os.environ
"""Whether runs have as many trials as they should; an actor takes seconds to start."""


def samples(most: int, short: int) -> int:
    """Trials of a run: fewer in the short form of the tests."""
    return most if IS_LONG else short


def scheduler(**settings: Any) -> PromotionASHA:
    defaults = {
        "time_attr": "epoch",
        "max_t": MAX_T,
        "reduction_factor": 3,
        "max_checkpoints": BUDGET,
    }
    return PromotionASHA(**{**defaults, **settings})


def space(records: Path, **more: Any) -> dict[str, Any]:
    return {
        "x": tune.uniform(0, 1),
        "seed": tune.randint(0, 10**6),
        "records": str(records),
        **more,
    }


def tuner(
    trainable: Any,
    folder: Path,
    *,
    num_samples: int = 60,
    asha: PromotionASHA | None = None,
    tuning: dict[str, Any] | None = None,
    callbacks: list[Any] | None = None,
    max_failures: int = 0,
    storage: str | None = None,
    filesystem: Any = None,
    more: dict[str, Any] | None = None,
) -> tune.Tuner:
    records = folder / "records"
    records.mkdir()
    tune_config, run_config = setup(
        asha or scheduler(),
        tune.TuneConfig(
            **{"metric": "loss", "mode": "min", **(tuning or {})},
            num_samples=num_samples,
        ),
        tune.RunConfig(
            name="run",
            storage_path=storage or str(folder / "storage"),
            storage_filesystem=filesystem,
            verbose=0,
            callbacks=[Audit(records, BUDGET), *(callbacks or [])],
            failure_config=tune.FailureConfig(max_failures=max_failures),
        ),
    )
    return tune.Tuner(
        trainable,
        param_space=space(records, **(more or {})),
        tune_config=tune_config,
        run_config=run_config,
    )
