"""A training program that does next to nothing, as each of the tuners starts it.

It notes when it begins and when it makes the report that pauses it, in a file that
all programs of a run append to: `cargo xtask compare-peers` reads there how long it
is from a pause to the next start.
"""

import time

BEGIN = time.time()  # before anything else is imported

import argparse  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
from pathlib import Path  # noqa: E402

LEVELS = (1, 3, 9)
"""Rungs, and the max resource."""
EPOCH = 0.02
"""Seconds of an epoch."""


def note(times: str, program: str, what: str, when: float) -> None:
    """Appends a line in one piece: lines of several programs do not mix."""
    file = os.open(times, os.O_APPEND | os.O_CREAT | os.O_WRONLY)
    os.write(file, f"{program} {what} {when:.6f}\n".encode())
    os.close(file)


def loss(x: float, epoch: int) -> float:
    return x + 1 / (1 + epoch)


def saved(folder: Path) -> int:
    """The epoch of the checkpoint; 0 without one."""
    file = folder / "epoch"
    return int(file.read_text()) if file.exists() else 0


def save(folder: Path, epoch: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / "epoch.new"
    new.write_text(str(epoch))
    new.replace(folder / "epoch")


def of_a_tuner() -> argparse.Namespace:
    """What `cargo xtask compare-peers` gives a tuner."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--times")
    parser.add_argument("--trials", type=int)
    parser.add_argument("--workers", type=int)
    return parser.parse_args()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--protocol", choices=["answered", "syne_tune"])
    parser.add_argument("--times")
    parser.add_argument("--x", type=float)
    parser.add_argument("--st_checkpoint_dir", type=Path)
    given, _ = parser.parse_known_args()
    program = str(os.getpid())
    note(given.times, program, "begin", BEGIN)
    folder = given.st_checkpoint_dir
    first = saved(folder) + 1
    # Where it is killed and not told, it may come beyond the rung.
    pause = min(level for level in LEVELS if level >= first)
    for epoch in range(first, LEVELS[-1] + 1):
        time.sleep(EPOCH)
        save(folder, epoch)
        report = {"epoch": epoch, "loss": loss(given.x, epoch)}
        if epoch == pause:
            note(given.times, program, "report", time.time())
        if given.protocol == "syne_tune":
            report["st_worker_timestamp"] = time.time()
            print(f"[tune-metric]: {json.dumps(report)}", flush=True)
            continue
        print(json.dumps({**report, "checkpoint": True}), flush=True)
        if input() == "pause":
            return


if __name__ == "__main__":
    main()
