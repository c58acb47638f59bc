"""Promotion-type ASHA of Syne Tune 0.13 with its local backend, on `program.py`."""

import os
from pathlib import Path

from program import LEVELS, of_a_tuner

given = of_a_tuner()
os.environ["SYNETUNE_FOLDER"] = str(given.folder)  # read when it is imported

from syne_tune import StoppingCriterion, Tuner  # noqa: E402
from syne_tune.backend import LocalBackend  # noqa: E402
from syne_tune.config_space import uniform  # noqa: E402
from syne_tune.optimizer.baselines import ASHA  # noqa: E402

SLEEP = 0.02
"""Seconds between two looks at the programs: its default is 5."""

program = Path(__file__).with_name("program.py")
space = {"protocol": "syne_tune", "times": given.times, "x": uniform(0, 1)}
scheduler = ASHA(
    space,
    metric="loss",
    mode="min",
    resource_attr="epoch",
    max_t=LEVELS[-1],
    grace_period=LEVELS[0],
    reduction_factor=3,
    type="promotion",
    random_seed=0,
)
tuner = Tuner(
    trial_backend=LocalBackend(entry_point=str(program)),
    scheduler=scheduler,
    stop_criterion=StoppingCriterion(max_num_trials_started=given.trials),
    n_workers=given.workers,
    sleep_time=SLEEP,
    print_update_interval=1e9,
    wait_trial_completion_when_stopping=True,
    tuner_name="peers",
)
tuner.run()
