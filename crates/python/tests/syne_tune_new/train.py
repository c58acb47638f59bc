"""Trains nothing: counts epochs, writes checkpoints, and reports as Syne Tune reads it.

It notes every start, and says in each report which process made it.
"""

import argparse
import json
import os
import random
import time
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
parser.add_argument("--seed", type=int)
parser.add_argument("--epochs", type=int, default=27)
parser.add_argument("--epoch_seconds", type=float, default=0.005)
parser.add_argument("--records", type=Path)
parser.add_argument("--fails_at", type=int, default=0)
parser.add_argument("--without_checkpoints", type=int, default=0)
parser.add_argument("--st_checkpoint_dir", type=Path)
arguments, _ = parser.parse_known_args()
folder = arguments.st_checkpoint_dir
checkpoint = folder / "epoch.json"


def load() -> int:
    if not checkpoint.exists():
        return 0
    saved = json.loads(checkpoint.read_text())
    assert saved["seed"] == arguments.seed, "the checkpoint of another trial"
    return int(saved["epoch"])


def save(epoch: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / "epoch.json.new"
    new.write_text(json.dumps({"epoch": epoch, "seed": arguments.seed}))
    new.replace(checkpoint)


def report(**values: object) -> None:
    values["st_worker_timestamp"] = time.time()
    print(f"[tune-metric]: {json.dumps(values)}", flush=True)


def loss(epoch: int) -> float:
    noise = random.Random(arguments.seed * 100 + epoch).random()
    return float(arguments.x) + 1 / (1 + epoch) + 0.05 * noise


start = load()
with (arguments.records / "starts.jsonl").open("a") as file:
    note = {"trial": int(folder.parent.name), "pid": os.getpid(), "epoch": start}
    file.write(json.dumps(note) + "\n")
for epoch in range(start + 1, arguments.epochs + 1):
    time.sleep(arguments.epoch_seconds)
    if epoch == arguments.fails_at and arguments.seed % 5 == 0:
        raise SystemExit("this trial fails")
    if not arguments.without_checkpoints:
        save(epoch)
    report(loss=loss(epoch), epoch=epoch, process=os.getpid())
