"""What the example of Syne Tune 0.13 for early removal does, told again.

Its launcher `launch_fashionmnist_checkpoint_removal`: MOBSTER makes the removal
callback, a composer finds it by its class and stores its figures with the results,
and at the end both are read. Here as there; but the training program counts instead of
training on Fashion-MNIST, and the time is shorter.

`python -m tests.syne_tune_013.launcher RECORDS SECONDS` is that run with the one line
more that replaces Syne Tune's callbacks.
"""

import json
import sys

import rungkeeper.syne_tune.install  # noqa: F401 (the one line)
from syne_tune import StoppingCriterion, Tuner
from syne_tune.backend import LocalBackend
from syne_tune.callbacks.hyperband_remove_checkpoints_callback import (
    HyperbandRemoveCheckpointsCommon,
)
from syne_tune.config_space import randint, uniform
from syne_tune.constants import ST_TUNER_TIME
from syne_tune.experiments import load_experiment
from syne_tune.optimizer.baselines import MOBSTER
from syne_tune.results_callback import ExtraResultsComposer, StoreResultsCallback
from syne_tune.util import find_first_of_type

from .tuning import SCRIPT

MAX_NUM_CHECKPOINTS = 6
COLUMNS = HyperbandRemoveCheckpointsCommon.extra_results_keys()


class RemovalResults(ExtraResultsComposer):
    """The callback's figures, as columns of the results."""

    def __call__(self, tuner):
        callback = find_first_of_type(tuner.callbacks, HyperbandRemoveCheckpointsCommon)
        return None if callback is None else callback.extra_results()

    def keys(self):
        return COLUMNS


def main(records: str, seconds: float) -> None:
    scheduler = MOBSTER(
        {
            "x": uniform(0, 1),
            "seed": randint(0, 10**6),
            "records": records,
            "epochs": 27,
        },
        type="promotion",
        max_resource_attr="epochs",
        resource_attr="epoch",
        mode="min",
        metric="loss",
        random_seed=31415927,
        search_options={"num_init_random": 40, "debug_log": False},
        early_checkpoint_removal_kwargs={"max_num_checkpoints": MAX_NUM_CHECKPOINTS},
    )
    composer = RemovalResults()
    tuner = Tuner(
        trial_backend=LocalBackend(entry_point=str(SCRIPT), delete_checkpoints=True),
        scheduler=scheduler,
        stop_criterion=StoppingCriterion(max_wallclock_time=seconds),
        n_workers=4,
        sleep_time=0.05,
        print_update_interval=1e6,
        callbacks=[StoreResultsCallback(extra_results_composer=composer)],
    )
    tuner.run()
    results = load_experiment(tuner.name).results
    last = dict(results.loc[results.loc[:, ST_TUNER_TIME].argmax()])
    callback = find_first_of_type(tuner.callbacks, HyperbandRemoveCheckpointsCommon)
    print(
        json.dumps(
            {
                "class": f"{type(callback).__module__}.{type(callback).__name__}",
                "callbacks": len(tuner.callbacks),
                "stored": {name: int(last[name]) for name in COLUMNS},
                "at the end": callback.extra_results(),
                "resumed": callback.trials_resumed_without_checkpoint(),
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
