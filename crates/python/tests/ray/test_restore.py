"""A driver that is killed at random moments, and restored in a new process."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import ray
from ray import tune

from tests.ray.audit import events, judge, judge_files
from tests.ray.driver import TRAINABLES
from tests.ray.running import BUDGET

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


def records(folder: Path) -> list[dict[str, object]]:
    file = folder / "records" / "records.jsonl"
    return events(folder / "records") if file.exists() else []


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def kill_after(driver: subprocess.Popen[bytes], folder: Path, pauses: int) -> None:
    """Kills the driver after so many more pauses, and waits until its actors end."""

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
    while any(is_alive(int(str(pid))) for pid in pids):
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("kind", "num_samples", "kills"), [("function", 60, 3), ("class", 60, 1)]
)
def test_a_killed_driver_is_restored(
    kind: str, num_samples: int, kills: int, tmp_path: Path
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(kills):
        driver = drive(kind, tmp_path, num_samples)
        kill_after(driver, tmp_path, chance.randrange(3, 25))
    assert drive(kind, tmp_path, num_samples).wait(PATIENCE) == 0, (
        tmp_path / "driver.txt"
    ).read_text()
    counts = judge(tmp_path / "records", BUDGET)
    assert counts["restored"] == kills
    tuner = tune.Tuner.restore(
        str(tmp_path / "storage" / "run"), trainable=TRAINABLES[kind]
    )
    results = tuner.get_results()
    judge_files(results)
    # One that was being added when the driver was killed may be lost.
    assert num_samples - kills <= len(results) <= num_samples
    assert max(result.metrics["epoch"] for result in results) == 27
