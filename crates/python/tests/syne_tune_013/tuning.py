"""Real runs: Syne Tune's tuner with processes and checkpoints on disk.

`python -m tests.syne_tune_013.tuning RECORDS` is a run that kills itself after a save.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from rungkeeper.syne_tune import HyperbandScheduler
from syne_tune import StoppingCriterion, Tuner
from syne_tune.backend import LocalBackend
from syne_tune.config_space import randint, uniform
from syne_tune.tuner_callback import TunerCallback

SCRIPT = Path(__file__).parents[1] / "syne_tune_new" / "train.py"
BUDGET = 4
MAX_EPOCHS = 9
LONGEST = 300  # seconds, against hanging
NAME = "removal"


class Audit(TunerCallback):
    """Counts what lies on disk after each turn. It stands behind the callback."""

    def __init__(self, kill_after: int | None = None) -> None:
        self.kill_after = kill_after
        self.most_on_disk = self.loop_ends = 0

    def on_tuning_start(self, tuner: Any) -> None:
        self.tuner = tuner
        self.removal = tuner.callbacks[0]

    def on_loop_end(self) -> None:
        self.loop_ends += 1
        backend = self.tuner.trial_backend
        epochs = [epoch_on_disk(backend, trial) for trial in backend.trial_ids]
        # A trial that ran to the end by itself is no longer in the budget.
        on_disk = sum(epoch not in (None, MAX_EPOCHS) for epoch in epochs)
        self.most_on_disk = max(self.most_on_disk, on_disk)
        removed = self.removal.num_checkpoints_removed
        if self.kill_after is not None and removed >= self.kill_after:
            self.kill_after = None
            self.tuner.save()
            print(json.dumps(self.removal.extra_results()), flush=True)
            os.kill(os.getpid(), signal.SIGKILL)


def epoch_on_disk(backend: LocalBackend, trial: int) -> int | None:
    """What a trial's checkpoint holds."""
    path = Path(backend.checkpoint_trial_path(trial)) / "epoch.json"
    try:
        return int(json.loads(path.read_text())["epoch"])
    except FileNotFoundError:
        return None


def make_tuner(
    records: Path,
    removal: dict[str, Any],
    audit: Audit,
    space: dict[str, Any] | None = None,
    max_num_trials: int = 20,
) -> Tuner:
    """A tuner whose scheduler makes the callback, as `tuner.callbacks[0]`."""
    scheduler = HyperbandScheduler(
        {
            "x": uniform(0, 1),
            "seed": randint(0, 10**6),
            "records": str(records),
            "epochs": MAX_EPOCHS,
            **(space or {}),
        },
        searcher="random",
        search_options={"debug_log": False},
        metric="loss",
        resource_attr="epoch",
        max_resource_attr="epochs",
        type="promotion",
        grace_period=1,
        reduction_factor=3,
        random_seed=3,
        early_checkpoint_removal_kwargs={"max_num_checkpoints": BUDGET, **removal},
    )
    tuner = Tuner(
        trial_backend=LocalBackend(entry_point=str(SCRIPT), delete_checkpoints=True),
        scheduler=scheduler,
        stop_criterion=StoppingCriterion(
            max_wallclock_time=LONGEST, max_num_trials_started=max_num_trials
        ),
        n_workers=2,
        sleep_time=0.05,
        print_update_interval=1e6,
        results_update_interval=1e6,
        max_failures=100,
        tuner_name=NAME,
        suffix_tuner_name=False,
        callbacks=[],
    )
    tuner.callbacks.append(audit)
    return tuner


if __name__ == "__main__":
    # Imported by its name, so that a saved tuner finds the class of its callback.
    from tests.syne_tune_013 import tuning

    tuning.make_tuner(Path(sys.argv[1]), {}, tuning.Audit(kill_after=5)).run()
