"""A driver that is killed at random moments, and restored in a new process."""

import json
import pickle
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import ray
from ray import tune
from rungkeeper.ray._snapshot import is_enclosed

from tests.ray.audit import events, judge, judge_files
from tests.ray.driver import TRAINABLES
from tests.ray.running import BUDGET, samples

PATIENCE = 300  # seconds, against hanging


def drive(kind: str, folder: Path, num_samples: int) -> subprocess.Popen[bytes]:
    address = ray.get_runtime_context().gcs_address
    command = [sys.executable, "-m", "tests.ray.driver"]
    arguments = [kind, str(folder), address, str(num_samples)]
    with (folder / "driver.txt").open("ab") as output:
        return subprocess.Popen(
            [*command, *arguments],
            stdout=output,
            stderr=output,
        )


def records(folder: Path) -> list[dict[str, Any]]:
    file = folder / "records" / "records.jsonl"
    return events(folder / "records") if file.exists() else []


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def kill_after(driver: subprocess.Popen[bytes], folder: Path, pauses: int) -> None:
    """Kills the driver after this many more pauses, and waits until its actors end."""

    def paused() -> int:
        return sum(event["event"] == "pause" for event in records(folder))

    until, end = paused() + pauses, time.monotonic() + PATIENCE
    while paused() < until:
        assert driver.poll() is None, (folder / "driver.txt").read_text()
        assert time.monotonic() < end
        time.sleep(0.01)
    driver.send_signal(signal.SIGKILL)
    assert driver.wait() == -signal.SIGKILL
    pids = {event["pid"] for event in records(folder) if event["event"] == "run"}
    while any(is_alive(pid) for pid in pids):
        assert time.monotonic() < end
        time.sleep(0.05)


def finish(kind: str, folder: Path, num_samples: int) -> tune.ResultGrid:
    """Restores the run in a new process; what it left is judged."""
    driver = drive(kind, folder, num_samples)
    try:
        code = driver.wait(PATIENCE)
    finally:
        driver.kill()  # one that hangs must not hold up the tests after this
        driver.wait()
    assert code == 0, (folder / "driver.txt").read_text()
    run = str(folder / "storage" / "run")
    assert is_enclosed(run)
    results = tune.Tuner.restore(run, trainable=TRAINABLES[kind]).get_results()
    judge_files(results)
    assert max(result.metrics["epoch"] for result in results) > 1
    return results


@pytest.mark.parametrize(
    ("kind", "num_samples", "kills"),
    [("function", samples(60, 30), samples(3, 2)), ("class", samples(60, 20), 1)],
)
def test_a_driver_that_is_killed_at_random_moments(
    kind: str, num_samples: int, kills: int, tmp_path: Path
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(kills):
        driver = drive(kind, tmp_path, num_samples)
        kill_after(driver, tmp_path, chance.randrange(3, 25))
    results = finish(kind, tmp_path, num_samples)
    counts = judge(tmp_path / "records", BUDGET)
    assert counts["restored"] == kills
    assert len(results) == num_samples


def test_a_searcher_knows_each_trial_as_it_is_after_a_kill(tmp_path: Path) -> None:
    for pauses in (4, 6):
        kill_after(drive("searcher", tmp_path, 16), tmp_path, pauses)
    results = finish("searcher", tmp_path, 16)
    judge(tmp_path / "records", BUDGET)
    saved = max((tmp_path / "storage" / "run").glob("searcher-state-*.pkl"))
    study = pickle.loads(saved.read_bytes())["_ot_study"]
    known = {trial.params["x"]: trial.value for trial in study.trials}
    assert len(study.trials) == len(results) == 16
    assert known == {r.config["x"]: r.metrics["loss"] for r in results}


def test_a_snapshot_that_lags_lists_checkpoints_that_are_gone(tmp_path: Path) -> None:
    kill_after(drive("class", tmp_path, 12), tmp_path, 6)
    folders = sorted((tmp_path / "storage" / "run").glob("*/checkpoint_*"))
    assert folders
    for folder in folders:
        folder.rename(folder.with_name("checkpoint_000777"))  # known to nobody
    finish("class", tmp_path, 12)
    text = (tmp_path / "driver.txt").read_text()
    assert "is gone" in text
    judge(tmp_path / "records", BUDGET)


def test_a_pause_that_was_not_complete_is_decided_on_anew(tmp_path: Path) -> None:
    kill_after(drive("function", tmp_path, 12), tmp_path, 6)
    snapshot = max((tmp_path / "storage" / "run").glob("experiment_state-*.json"))
    state = json.loads(snapshot.read_text())
    trials = [json.loads(trial) for trial, _ in state["trial_data"]]
    # As Ray keeps it while the checkpoint of a pause is being written.
    decisions = {trial["trial_id"]: "PAUSE" for trial in trials}
    state["runner_data"]["_cached_trial_decisions"] = decisions
    snapshot.write_text(json.dumps(state))
    finish("function", tmp_path, 12)
    judge(tmp_path / "records", BUDGET)
    assert records(tmp_path)[-1]["active"] == 0


def test_restored_trials_that_were_paused_do_not_start_by_themselves(
    tmp_path: Path,
) -> None:
    kill_after(drive("class", tmp_path, 12), tmp_path, 6)
    finish("class", tmp_path, 12)
    happened = records(tmp_path)
    at = [event["event"] for event in happened].index("restored")
    before = next(e for e in reversed(happened[:at]) if e["event"] == "step")
    after = next(event for event in happened[at:] if event["event"] == "step")
    assert before["paused"] >= 4
    assert after["paused"] >= before["paused"] - 2  # what the snapshot knows, promoted
    assert after["active"] <= 2
