"""Watches a run from a callback, and judges it afterwards."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.fs
from ray.tune import Callback
from ray.tune.experiment import Trial
from rungkeeper.ray._checkpoints import ASIDE, CHECKPOINT

from tests.ray.trainables import record


class Audit(Callback):
    """Records starts with where they should begin, and looks at the disk each step."""

    def __init__(self, records: Path, budget: int) -> None:
        self.records, self.budget = str(records), budget
        self.before: Any = None

    def on_trial_start(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        latest = trial.run_metadata.checkpoint_manager.latest_checkpoint_result
        level = 0 if latest is None else latest.metrics["epoch"]
        started = len(trials)
        record(
            self.records,
            event="start",
            trial=trial.trial_id,
            first=level + 1,
            trials=started,
        )

    def on_trial_recover(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        record(self.records, event="recover", trial=trial.trial_id)

    def on_step_end(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        now = {trial.trial_id: trial.status for trial in trials}
        if now == self.before:
            return
        for trial in trials:
            was = (self.before or {}).get(trial.trial_id)
            if trial.status == Trial.PAUSED and was != Trial.PAUSED:
                level = trial.last_result["epoch"]
                name = trial.trial_id
                record(self.records, event="pause", trial=name, level=level)
        self.before = now
        folders = checkpoint_folders(trials)
        paused = [t for t in trials if t.status == Trial.PAUSED]
        held = [t for t in paused if folders[t.trial_id]]
        wrong = [t for t in paused if bool(folders[t.trial_id]) != t.has_checkpoint()]
        active = [t for t in trials if t.status in (Trial.RUNNING, Trial.PENDING)]
        record(
            self.records,
            event="step",
            held=len(held),
            wrong=[t.trial_id for t in wrong],
            active=len(active),
            paused=len(paused),
        )


def checkpoint_folders(trials: list[Trial]) -> dict[str, list[str]]:
    """The checkpoints of each trial that are there."""
    if not trials:
        return {}
    storage = trials[0].storage
    names: dict[str, list[str]] = {trial.trial_id: [] for trial in trials}
    owners = {t.storage.trial_dir_name: t.trial_id for t in trials}
    for path in folders_below(storage.storage_filesystem, storage.experiment_fs_path):
        owner = owners.get(path.split("/")[-2])
        if owner is not None:
            names[owner].append(path)
    return names


def folders_below(filesystem: pyarrow.fs.FileSystem, path: str) -> set[str]:
    """All folders of checkpoints below an experiment, moved aside or not."""
    selector = pyarrow.fs.FileSelector(path, recursive=True, allow_not_found=True)
    folders = set()
    for found in filesystem.get_file_info(selector):
        parts = found.path.split("/")
        for place, part in enumerate(parts):
            if CHECKPOINT.fullmatch(part.removeprefix(ASIDE)):
                folders.add("/".join(parts[: place + 1]))
    return folders


def events(records: Path) -> list[dict[str, Any]]:
    lines = (records / "records.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def judge(records: Path, budget: int) -> Counter[str]:
    """No wrong start, no paused checkpoint above the budget; returns what happened."""
    expected: dict[str, int] = {}
    paused: dict[str, int] = {}
    counts: Counter[str] = Counter()
    for event in events(records):
        kind, trial = event["event"], event.get("trial")
        if kind == "start":
            expected[trial] = event["first"]
            if trial in paused:
                level = paused.pop(trial)
                assert event["first"] in (1, level + 1), event
                kind = "from_scratch" if event["first"] == 1 else "from_checkpoint"
                counts[kind] += 1
                if counts["from_scratch"] + counts["from_checkpoint"] == 1:
                    counts["trials_at_first_promotion"] = event["trials"]
        elif kind == "run":
            assert event["first"] == expected.pop(trial), event
            counts["runs"] += 1
        elif kind == "restored":  # the snapshot may be older than what is recorded
            expected, paused = {}, {}
        elif kind == "pause":
            paused[trial] = event["level"]
        elif kind == "step":
            assert event["held"] <= budget, event
            assert event["held"] + event["active"] <= budget, event
            assert not event["wrong"], event
            counts["most_held"] = max(counts["most_held"], event["held"])
        counts[kind] += 1
    return counts


def judge_files(results: Any) -> None:
    """What is left of checkpoints is what the trials still have."""
    folders = folders_below(results.filesystem, results.experiment_path)
    known = {r.checkpoint.path for r in results if r.checkpoint is not None}
    assert folders == known
    failed = [r.path for r in results if r.error]
    assert not [path for path in folders if path.rpartition("/")[0] in failed]
