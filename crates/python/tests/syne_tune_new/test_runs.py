"""Whole runs with processes."""

import json
import logging
from pathlib import Path

import pandas as pd
import pytest
from rungkeeper import RemovalCallback
from rungkeeper.syne_tune import PromotionExtraResults
from syne_tune import StoppingCriterion
from syne_tune.optimizer.schedulers.searchers.random_searcher import RandomSearcher
from syne_tune.results_callback import StoreResultsCallback

from tests.syne_tune_new.running import (
    BUDGET,
    MAX_T,
    judge,
    saved_epoch,
    scheduler,
    space,
    tuner,
)


def test_budget_is_kept_and_nobody_starts_wrongly(folder: Path) -> None:
    asha = scheduler(space(folder))
    results = StoreResultsCallback(extra_results_composer=PromotionExtraResults())
    run, audit = tuner(asha, "budget", callbacks=[results])
    run.run()
    judge(asha, audit)
    assert audit.most_on_disk == BUDGET
    figures = asha.extra_results()
    assert figures["num_checkpoints_removed"] > 10
    assert figures["num_trials_resumed"] >= 13
    log = (run.tuner_path / "rungkeeper.jsonl").read_text()
    replayed = RemovalCallback.from_log(log)
    assert replayed.extra_results() == figures
    first, *_, last = map(json.loads, log.splitlines())
    assert (first["workers"], first["seed"]) == (2, 3)
    assert last["event"] == "end"
    assert last["extra_results"] == figures
    assert last["estimators"] is None
    assert len(replayed.trials()) == 40
    best = asha.best_checkpoint
    assert best is not None
    assert saved_epoch(best) == MAX_T
    assert run.n_workers == 2
    stored = pd.read_csv(run.tuner_path / "results.csv.zip")
    assert stored["num_trials_resumed"].max() == figures["num_trials_resumed"]
    written = json.loads((run.tuner_path / "metadata.json").read_text())
    assert written["scheduler_kwargs"]["max_checkpoints"] == BUDGET


def test_small_budget_makes_trials_train_again(folder: Path) -> None:
    asha = scheduler(
        space(folder), max_checkpoints=2, policy="random", max_num_trials=24
    )
    run, audit = tuner(asha, "small")
    run.run()
    judge(asha, audit)
    assert audit.most_on_disk == 2
    assert asha.extra_results()["cost_resources"] > 3
    end = json.loads((run.tuner_path / "rungkeeper.jsonl").read_text().splitlines()[-1])
    resumed = end["trials_resumed_without_checkpoint"]
    assert len(resumed) > 2
    assert all(level in (1, 3, 9) for _, level in resumed)


def test_bytes_are_kept(folder: Path) -> None:
    most = 110  # four checkpoints or five
    asha = scheduler(
        space(folder), max_checkpoints=None, max_bytes=most, max_num_trials=24
    )
    run, audit = tuner(asha, "bytes")
    run.run()
    judge(asha, audit)
    assert 0 < audit.most_bytes <= most
    assert asha.extra_results()["num_checkpoints_removed"] > 10


def test_brackets_and_large_metrics(folder: Path) -> None:
    asha = scheduler(space(folder), brackets=3, do_minimize=False, max_num_trials=24)
    run, audit = tuner(asha, "brackets")
    run.run()
    judge(asha, audit)
    assert audit.most_on_disk <= BUDGET
    assert asha.metric_mode() == "max"


def test_without_checkpoints_all_resumes_count_as_from_scratch(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asha = scheduler(space(folder, without_checkpoints=1), max_num_trials=12)
    run, _ = tuner(asha, "without")
    run.run()
    figures = asha.extra_results()
    assert figures["num_checkpoints_removed"] == 0
    assert figures["cost_resources"] >= figures["num_trials_resumed"] > 0
    assert asha.best_checkpoint is None
    (told,) = warnings(caplog)
    assert "wrote no checkpoint to st_checkpoint_dir" in told
    levels = {
        event["level"]
        for event in map(json.loads, asha.log().splitlines()[1:])
        if event["event"] == "result" and event["decision"] != "CONTINUE"
    }
    assert levels >= {1, 3, 9}


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What this package warned of."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("rungkeeper.") and record.levelno == logging.WARNING
    ]


def test_crashed_trials_leave_nothing(folder: Path) -> None:
    asha = scheduler(space(folder, fails_at=2), max_num_trials=24)
    run, audit = tuner(asha, "crashes", max_failures=40)
    run.run()
    judge(asha, audit)
    assert run.tuning_status.num_trials_failed > 2
    failed = [line for line in asha.log().splitlines() if '"failed"' in line]
    assert len(failed) >= run.tuning_status.num_trials_failed


@pytest.mark.parametrize("saves", [True, False])
def test_too_many_crashes_end_the_run_as_ever(
    folder: Path, saves: bool, caplog: pytest.LogCaptureFixture
) -> None:
    asha = scheduler(space(folder, fails_at=1, seed=5))
    run, _ = tuner(asha, "crash", max_failures=1, save_tuner=saves)
    with pytest.raises(ValueError, match=r"Trial - \d failed"):
        run.run()
    # Nobody can go on with a tuner that is not saved.
    assert ("are kept" in caplog.text) == saves
    assert run.trial_backend.delete_checkpoints != saves


def test_best_of_an_unfinished_run_is_kept(folder: Path) -> None:
    asha = scheduler(space(folder), max_num_trials=None)
    run, audit = tuner(
        asha, "unfinished", stop_criterion=StoppingCriterion(max_num_trials_started=7)
    )
    run.run()
    judge(asha, audit)
    best = asha.best_checkpoint
    assert best is not None
    assert saved_epoch(best) >= 3
    header = json.loads(asha.log().splitlines()[0])
    assert header["max_num_trials"] == 8


def test_programs_that_end_early(folder: Path) -> None:
    asha = scheduler(space(folder, epochs=11), max_num_trials=25)
    run, audit = tuner(asha, "early")
    run.run()
    judge(asha, audit)
    assert run.tuning_status.num_trials_completed > 0


def test_searchers(folder: Path) -> None:
    config_space = space(folder)
    point = {"x": 0.25, "seed": 77}
    for number, settings in enumerate(
        [
            {"searcher": "kde", "searcher_kwargs": {"points_to_evaluate": [point]}},
            {"searcher": RandomSearcher(config_space, points_to_evaluate=[point])},
        ]
    ):
        asha = scheduler(config_space, max_num_trials=10, **settings)
        run, _ = tuner(asha, f"searcher-{number}")
        run.run()
        first = json.loads((run.tuner_path / "0" / "config.json").read_text())
        assert first == {**point, "records": str(folder)}
        (folder / "starts.jsonl").unlink()


def test_one_worker_after_the_other(folder: Path) -> None:
    asha = scheduler(space(folder), max_num_trials=20)
    run, audit = tuner(asha, "synchronous", asynchronous_scheduling=False)
    run.run()
    judge(asha, audit)
    assert len(RemovalCallback.from_log(asha.log()).trials()) == 20
