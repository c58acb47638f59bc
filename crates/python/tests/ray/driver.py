"""A process that tunes, for the tests that kill it: `driver.py KIND FOLDER ADDRESS`."""

import sys
from pathlib import Path

import ray
from ray import tune
from ray.tune.search.optuna import OptunaSearch

from tests.ray.running import tuner
from tests.ray.trainables import Train, record, train

TRAINABLES = {"function": train, "class": Train, "searcher": train}


def main(kind: str, folder: Path, address: str, num_samples: int) -> None:
    """Begins the run in a folder, or goes on with the one that is there."""
    ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    run, trainable = folder / "storage" / "run", TRAINABLES[kind]
    if (run / "tuner.pkl").exists():
        record(str(folder / "records"), event="restored")
        results = tune.Tuner.restore(str(run), trainable=trainable).fit()
    else:
        search = OptunaSearch(seed=0) if kind == "searcher" else None
        tuning = {"reuse_actors": True, "search_alg": search}
        results = tuner(trainable, folder, num_samples=num_samples, tuning=tuning).fit()
    assert results.num_errors == 0


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
