"""Curves to train, in a function and in a class, that write down where they start."""

import json
import os
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import ray
from ray import tune

MAX_T = 27


def record(folder: str, **event: Any) -> None:
    """Appends a line to the records of a run; lines of several processes do not mix."""
    line = json.dumps(event) + "\n"
    file = os.open(f"{folder}/records.jsonl", os.O_APPEND | os.O_CREAT | os.O_WRONLY)
    os.write(file, line.encode())
    os.close(file)


def record_run(config: dict[str, Any], trial: str, first: int) -> None:
    """Writes down which epoch a trial trains first, and where."""
    node, pid = ray.get_runtime_context().get_node_id(), os.getpid()
    folder = config["records"]
    record(folder, event="run", trial=trial, first=first, pid=pid, node=node)
    wait_for_nodes(folder, config.get("nodes", 1))


def wait_for_nodes(folder: str, number: int) -> None:
    """Lets a trial begin once trials have been on this many nodes."""
    end = time.monotonic() + 120  # against hanging
    while len(nodes(folder)) < number:
        assert time.monotonic() < end
        time.sleep(0.1)


def nodes(folder: str) -> set[str]:
    lines = Path(folder, "records.jsonl").read_text().splitlines()
    return {event["node"] for event in map(json.loads, lines) if "node" in event}


def loss(config: dict[str, Any], epoch: int) -> float:
    noise = random.Random(config["seed"] * 1000 + epoch).random()
    return float(config["x"] + 1 / (1 + epoch) + 0.05 * noise)


def maybe_fail(config: dict[str, Any], trial: str, epoch: int) -> None:
    """Every fifth trial crashes, in its first epoch or, if promoted, its second."""
    kind = config.get("fail")
    if kind is None:
        return
    number = int(trial.rpartition("_")[2])
    if number % 5:
        return
    at = 1 if number % 10 else 2
    done = Path(config["records"], f"failed_{trial}_{epoch}")
    if epoch == at and (kind == "always" or not done.exists()):
        done.touch()
        raise RuntimeError("a crash that the test asked for")


def read(config: dict[str, Any], folder: str) -> int:
    state = json.loads(Path(folder, "state.json").read_text())
    assert state["seed"] == config["seed"], "the checkpoint of another trial"
    return int(state["epoch"])


def write(config: dict[str, Any], folder: str, epoch: int) -> None:
    state = {"epoch": epoch, "seed": config["seed"]}
    Path(folder, "state.json").write_text(json.dumps(state))


def train(config: dict[str, Any]) -> None:
    """A function."""
    trial, epoch = tune.get_context().get_trial_id(), 0
    checkpoint = tune.get_checkpoint()
    if checkpoint is not None:
        with checkpoint.as_directory() as folder:
            epoch = read(config, folder)
    record_run(config, trial, epoch + 1)
    while epoch < MAX_T:
        epoch += 1
        maybe_fail(config, trial, epoch)
        with tempfile.TemporaryDirectory() as folder:
            write(config, folder, epoch)
            tune.report(
                {"loss": loss(config, epoch), "epoch": epoch},
                checkpoint=tune.Checkpoint.from_directory(folder),
            )


class NoReset(tune.Trainable):
    """A class whose actors cannot be used again."""

    def setup(self, config: dict[str, Any]) -> None:
        self.config, self.epoch, self.is_new = config, 0, True

    def step(self) -> dict[str, Any]:
        if self.is_new:
            record_run(self.config, self.trial_id, self.epoch + 1)
            self.is_new = False
        self.epoch += 1
        maybe_fail(self.config, self.trial_id, self.epoch)
        return {"loss": loss(self.config, self.epoch), "epoch": self.epoch}

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        write(self.config, checkpoint_dir, self.epoch)

    def load_checkpoint(self, checkpoint: Any) -> None:
        self.epoch = read(self.config, checkpoint)


class Train(NoReset):
    """A class."""

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self.setup(new_config)
        return True
