"""Experiments that are over: restored, looked at, or begun a second time."""

from pathlib import Path
from typing import Any

import optuna
import pytest
from ray import tune
from ray.tune.search.optuna import OptunaSearch

from tests.ray.audit import events
from tests.ray.running import scheduler, tuner
from tests.ray.trainables import Train, train

REUSE = {"reuse_actors": True}


def runs(folder: Path) -> int:
    return sum(event["event"] == "run" for event in events(folder / "records"))


def restored(folder: Path, trainable: Any) -> tune.ResultGrid:
    path = str(folder / "storage" / "run")
    return tune.Tuner.restore(path, trainable=trainable).fit()


def shown(results: tune.ResultGrid) -> list[tuple[Any, ...]]:
    return sorted(
        (r.path, r.metrics.get("epoch", 0), r.checkpoint and r.checkpoint.path)
        for r in results
    )


@pytest.mark.parametrize(
    ("trainable", "tuning"),
    [
        (train, {}),
        (Train, {}),
        (train, {"search_alg": OptunaSearch(seed=0)}),
        (train, {"time_budget_s": 3}),
    ],
    ids=["function", "class", "searcher", "cut off"],
)
def test_nothing_is_left_to_do(
    trainable: Any, tuning: dict[str, Any], tmp_path: Path
) -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    asha = scheduler(max_concurrent=2)
    results = tuner(
        trainable, tmp_path, num_samples=14, asha=asha, tuning={**REUSE, **tuning}
    ).fit()
    log = (tmp_path / "storage" / "run" / "rungkeeper.jsonl").read_text()
    before, known = runs(tmp_path), shown(results)
    for _ in range(2):
        assert shown(restored(tmp_path, trainable)) == known
        assert runs(tmp_path) == before
        after = tmp_path / "storage" / "run" / "rungkeeper.jsonl"
        assert after.read_text() == log


def test_what_crashed_alone_is_tried_again_where_that_is_asked_for(
    tmp_path: Path,
) -> None:
    more = {"fail": "once"}
    results = tuner(train, tmp_path, num_samples=20, tuning=REUSE, more=more).fit()
    assert results.num_errors > 0
    happened = events(tmp_path / "records")
    path = str(tmp_path / "storage" / "run")
    tuned = tune.Tuner.restore(path, trainable=train, resume_errored=True)
    again = tuned.fit()
    assert again.num_errors == 0
    new = events(tmp_path / "records")[len(happened) :]
    begun = {event["trial"] for event in new if event["event"] == "run"}
    assert len(begun) == results.num_errors
    assert not begun & {r.metrics["trial_id"] for r in results if not r.error}


def test_a_scheduler_serves_one_tuner(tmp_path: Path) -> None:
    asha = scheduler()
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    tuners = [
        tuner(train, folder, num_samples=2, asha=asha, tuning=REUSE)
        for folder in folders
    ]
    tuners[0].fit()
    message = "each Tuner needs a PromotionASHA"
    with pytest.raises(RuntimeError, match=message):
        tuners[1].fit()
    with pytest.raises(ValueError, match=message):
        tuner(train, tmp_path, num_samples=2, asha=asha)


def rising(config: dict[str, Any]) -> None:
    """Gets worse with each epoch."""
    epoch = 0
    checkpoint = tune.get_checkpoint()
    if checkpoint is not None:
        epoch = int(Path(checkpoint.path, "epoch").read_text())
    while epoch < 27:
        epoch += 1
        folder = Path(config["records"]) / "epochs" / str(epoch)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "epoch").write_text(str(epoch))
        tune.report(
            {"loss": config["x"] + 0.1 * epoch, "epoch": epoch},
            checkpoint=tune.Checkpoint.from_directory(folder),
        )


def test_the_best_result_has_its_checkpoint(tmp_path: Path) -> None:
    asha = scheduler(policy="by_level", max_checkpoints=2, max_concurrent=2)
    results = tuner(rising, tmp_path, num_samples=14, asha=asha, tuning=REUSE).fit()
    assert asha.extra_results()["num_checkpoints_removed"] > 0
    best = results.get_best_result()
    assert best.checkpoint is not None
    epoch = int(Path(best.checkpoint.path, "epoch").read_text())
    assert epoch == best.metrics["epoch"]
