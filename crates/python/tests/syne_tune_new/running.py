"""Runs that the tests share."""

import json
from pathlib import Path
from typing import Any

from rungkeeper.syne_tune import PromotionASHA
from syne_tune import StoppingCriterion, Tuner
from syne_tune.backend import LocalBackend
from syne_tune.config_space import randint, uniform
from syne_tune.util import experiment_path

from tests.syne_tune_new.audit import Audit, old_results, wrong_starts

BUDGET = 4
MAX_T = 27
SCRIPT = Path(__file__).with_name("train.py")
LONGEST = 300  # seconds, against hanging


def space(records: Path, **more: Any) -> dict[str, Any]:
    return {
        "x": uniform(0, 1),
        "seed": randint(0, 10**6),
        "records": str(records),
        **more,
    }


def scheduler(config_space: dict[str, Any], **settings: Any) -> PromotionASHA:
    defaults = {
        "time_attr": "epoch",
        "max_t": MAX_T,
        "max_num_trials": 40,
        "max_checkpoints": BUDGET,
        "random_seed": 3,
    }
    return PromotionASHA(config_space, "loss", **{**defaults, **settings})


def tuner(
    asha: PromotionASHA,
    name: str,
    *,
    delete_checkpoints: bool = True,
    stop_criterion: Any = None,
    **settings: Any,
) -> tuple[Tuner, Audit]:
    """A tuner, with an audit behind the callback of the scheduler.

    It runs in the folder of the fixture `folder`.
    """
    backend = LocalBackend(
        entry_point=str(SCRIPT), delete_checkpoints=delete_checkpoints
    )
    defaults = {
        "n_workers": 2,
        "sleep_time": 0.05,
        "save_tuner": True,
        "results_update_interval": 0,
        "tuner_name": name,
        "suffix_tuner_name": False,
    }
    made = Tuner(
        trial_backend=backend,
        scheduler=asha,
        stop_criterion=stop_criterion or StoppingCriterion(max_wallclock_time=LONGEST),
        **{**defaults, **settings},
    )
    audit = Audit(asha, experiment_path().parent)
    made.callbacks.append(audit)
    return made, audit


def left_on_disk(folder: Path) -> list[str]:
    """Checkpoint folders, moved ones included, by their paths from the tuner's."""
    names = ("checkpoints", "removed_checkpoint", "best_checkpoint")
    found = [path for name in names for path in folder.glob(f"*/{name}")]
    return sorted(str(path.relative_to(folder)) for path in found)


def saved_epoch(checkpoint: Path) -> int:
    return int(json.loads((checkpoint / "epoch.json").read_text())["epoch"])


def judge(asha: PromotionASHA, audit: Audit) -> None:
    """What must hold after any run, since it began or went on."""
    log, records, since = asha.log(), audit.records, audit.since
    assert wrong_starts(log, records, since) == []
    assert old_results(log, records, audit.deciders, since) == []
    best = asha.best_checkpoint
    assert best is not None
    folder = Path(audit.tuner.tuner_path)
    assert left_on_disk(folder) == [str(best.relative_to(folder))]
