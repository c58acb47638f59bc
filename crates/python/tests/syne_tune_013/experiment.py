"""A launcher of `syne_tune.experiments`, with one method and one benchmark of its own.

`python -m tests.syne_tune_013.experiment RECORDS SECONDS`, and then options of Syne
Tune's launchers, runs it and prints what removed checkpoints.
"""

import json
import sys
from pathlib import Path
from types import ModuleType

import rungkeeper.syne_tune.install  # noqa: F401


class Missing(ModuleType):
    """What cannot be imported here, and is not needed."""

    def __getattr__(self, name):
        return {}


# The first reads a file which the published package of 0.13.0 lacks, the others want
# the clients of a cloud.
for missing in (
    "syne_tune.experiments.benchmark_definitions.yahpo",
    "syne_tune.backend.sagemaker_backend.sagemaker_utils",
    "syne_tune.remote.remote_metrics_callback",
):
    sys.modules[missing] = Missing(missing)

from syne_tune.config_space import randint, uniform  # noqa: E402
from syne_tune.experiments.benchmark_definitions import RealBenchmarkDefinition  # noqa: E402
from syne_tune.experiments.default_baselines import ASHA  # noqa: E402
from syne_tune.experiments.launchers.hpo_main_local import main  # noqa: E402
from syne_tune.results_callback import ExtraResultsComposer  # noqa: E402

from .tuning import SCRIPT  # noqa: E402

seen: dict[str, object] = {}


class Removal(ExtraResultsComposer):
    """Notes who removes checkpoints, and appends the figures to the results."""

    def __call__(self, tuner):
        callback = tuner.callbacks[-1]
        seen["class"] = f"{type(callback).__module__}.{type(callback).__name__}"
        seen["figures"] = callback.extra_results()
        return seen["figures"]

    def keys(self):
        return ["num_checkpoints_removed", "num_trials_resumed", "cost_resources"]


def benchmarks(**settings):
    records, seconds = sys.argv[1:3]
    space = {"x": uniform(0, 1), "seed": randint(0, 10**6), "records": records}
    return {
        "counting": RealBenchmarkDefinition(
            script=Path(SCRIPT),
            config_space={**space, "epochs": 9},
            max_wallclock_time=float(seconds),
            n_workers=8,  # their tuner sleeps for five seconds
            instance_type="local",
            framework="none",
            metric="loss",
            mode="min",
            max_resource_attr="epochs",
            resource_attr="epoch",
        )
    }


def method(arguments):
    removal = {"max_num_checkpoints": 4}
    return ASHA(arguments, type="promotion", early_checkpoint_removal_kwargs=removal)


if __name__ == "__main__":
    options = ["--experiment_tag", "removal", "--num_seeds", "1"]
    options += ["--delete_checkpoints", "1", "--remote_tuning_metrics", "0"]
    command, sys.argv[3:] = list(sys.argv), []
    definitions = benchmarks()
    sys.argv = [command[0], *options, "--random_seed", "1"]
    main({"ASHA": method}, lambda **_: definitions, extra_results=Removal())
    print(json.dumps(seen))
