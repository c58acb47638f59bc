"""A function as the training program: Syne Tune's `PythonBackend`."""

from pathlib import Path
from typing import Any

from rungkeeper.syne_tune import PromotionASHA
from syne_tune import StoppingCriterion, Tuner
from syne_tune.backend import PythonBackend
from syne_tune.config_space import uniform

from tests.syne_tune_new.running import LONGEST, left_on_disk

SPACE = {"x": uniform(0, 1), "records": ""}


def train(x: float, records: str, st_checkpoint_dir: str) -> None:
    """Counts epochs; it has only what it imports itself."""
    import json
    import time
    from pathlib import Path

    checkpoint = Path(st_checkpoint_dir) / "epoch.txt"
    epoch = int(checkpoint.read_text()) if checkpoint.exists() else 0
    with Path(records).open("a") as file:
        file.write(f"{checkpoint.parent.parent.name} {epoch}\n")
    while epoch < 9:
        time.sleep(0.3)  # longer than a turn of the tuner
        epoch += 1
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
        new = checkpoint.with_name("new.txt")
        new.write_text(str(epoch))
        new.replace(checkpoint)
        result = {"loss": x + 1 / epoch, "epoch": epoch}
        result["st_worker_timestamp"] = time.time()
        print(f"[tune-metric]: {json.dumps(result)}", flush=True)


def test_the_folder_is_an_argument_that_the_space_of_the_backend_names(
    folder: Path,
) -> None:
    space: dict[str, Any] = {**SPACE, "records": str(folder / "starts.txt")}
    scheduler = PromotionASHA(
        space,
        "loss",
        time_attr="epoch",
        max_t=9,
        max_num_trials=9,
        max_checkpoints=3,
        random_seed=1,
    )
    tuner = Tuner(
        trial_backend=PythonBackend(
            train,
            # As the page says; Syne Tune puts the folder there.
            config_space={**space, "st_checkpoint_dir": ""},
            delete_checkpoints=True,
        ),
        scheduler=scheduler,
        stop_criterion=StoppingCriterion(max_wallclock_time=LONGEST),
        n_workers=2,
        sleep_time=0.1,
        tuner_name="function",
        suffix_tuner_name=False,
    )
    tuner.run()
    starts = [
        (int(trial), int(epoch))
        for trial, epoch in (
            line.split() for line in (folder / "starts.txt").read_text().splitlines()
        )
    ]
    assert {trial for trial, _ in starts} == set(range(9))
    assert [epoch for _, epoch in starts if epoch >= 1]  # some went on
    best = scheduler.best_checkpoint
    assert best is not None
    assert (best / "epoch.txt").read_text() == "9"
    root = Path(tuner.tuner_path)
    assert left_on_disk(root) == [str(best.relative_to(root))]
