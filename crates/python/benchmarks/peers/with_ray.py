"""ASHA of Ray Tune on this machine, on a function that does what `program.py` does.

Ray stops a trial where promotion pauses it, and resumes none.
"""

import os
import tempfile
import time
from pathlib import Path
from typing import Any

from program import EPOCH, LEVELS, loss, note, of_a_tuner, save

given = of_a_tuner()
os.environ["RAY_AIR_NEW_OUTPUT"] = "0"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

import ray  # noqa: E402
from ray import tune  # noqa: E402
from ray.tune.schedulers import ASHAScheduler  # noqa: E402


def train(config: dict[str, Any]) -> None:
    begin = time.time()
    # An actor may serve several trials.
    program = f"{os.getpid()}-{begin:.6f}"
    note(config["times"], program, "begin", begin)
    for epoch in range(1, LEVELS[-1] + 1):
        time.sleep(EPOCH)
        with tempfile.TemporaryDirectory() as folder:
            save(Path(folder), epoch)
            if epoch in LEVELS:
                note(config["times"], program, "report", time.time())
            tune.report(
                {"epoch": epoch, "loss": loss(config["x"], epoch)},
                checkpoint=tune.Checkpoint.from_directory(folder),
            )


ray.init(
    num_cpus=given.workers,
    include_dashboard=False,
    runtime_env={"env_vars": {"PYTHONPATH": str(Path(__file__).parent)}},
    _temp_dir=str(given.folder / "session"),
)
tuner = tune.Tuner(
    tune.with_resources(train, {"cpu": 1}),
    param_space={"x": tune.uniform(0, 1), "times": given.times},
    tune_config=tune.TuneConfig(
        metric="loss",
        mode="min",
        num_samples=given.trials,
        scheduler=ASHAScheduler(
            time_attr="epoch",
            max_t=LEVELS[-1],
            grace_period=LEVELS[0],
            reduction_factor=3,
        ),
    ),
    run_config=tune.RunConfig(
        name="run", storage_path=str(given.folder / "storage"), verbose=0
    ),
)
tuner.fit()
