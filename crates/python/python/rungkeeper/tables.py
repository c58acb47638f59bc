"""Past runs of other tuners as tables that `simulate` and `choose` read.

A table is a dictionary of columns: `trial`, `resource`, the metric, and where they are
known `seconds`, `status` and `path`. No tuner is imported.
"""

from __future__ import annotations

import csv
import io
import json
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Table = dict[str, list[Any]]

__all__ = ["optuna_study", "ray_tune", "syne_tune"]


def ray_tune(
    folder: str | os.PathLike[str], metric: str, resource: str = "training_iteration"
) -> Table:
    """The table of a Ray Tune experiment, from its folder.

    The path of a trial is that of each checkpoint in its folder. Its status is that of
    the experiment's last snapshot, which Ray writes now and then.

    Args:
        folder: The folder of the experiment: it holds one folder a trial.
        metric: Name of the metric.
        resource: Name of what counts the training.

    Raises:
        ValueError: There are no results in the folder, or none has the metric.
    """
    files = sorted(Path(folder).glob("*/result.json"))
    if not files:
        raise ValueError(f"{folder}: no trial in it has a result.json")
    table = _empty(metric, "seconds", "path", "status")
    statuses = _statuses_of_ray_tune(Path(folder))
    for file in files:
        lines = filter(str.strip, file.read_text().splitlines())
        rows = [
            row for row in map(json.loads, lines) if metric in row and resource in row
        ]
        found = file.parent.glob("checkpoint_*")
        paths = sorted(str(path) for path in found if path.is_dir())
        before = 0.0
        for place, row in enumerate(rows):
            trial = row.get("trial_id", file.parent.name)
            total = float(row.get("time_total_s", before))
            seconds = max(0.0, total - before)
            before = total
            # One row a path; what is over stands with the last.
            end = None if place == len(rows) - 1 else place + 1
            for path in paths[place:end] or [""]:
                _add(table, trial, row[resource])
                table[metric].append(row[metric])
                table["seconds"].append(seconds)
                table["path"].append(path)
                table["status"].append(statuses.get(trial, ""))
                seconds = 0.0
    return _checked(table, folder, metric)


def _statuses_of_ray_tune(folder: Path) -> dict[str, str]:
    """What each trial does, as the newest snapshot tells; nothing without one."""
    snapshots = sorted(folder.glob("experiment_state-*.json"))
    if not snapshots:
        return {}
    pairs = json.loads(snapshots[-1].read_text()).get("trial_data", [])
    states = [json.loads(state) for state, *_ in pairs]
    return {state["trial_id"]: state["status"] for state in states}


def syne_tune(
    folder: str | os.PathLike[str], metric: str, resource: str = "epoch"
) -> Table:
    """The table of a Syne Tune experiment, from its folder.

    A trial does what the scheduler decided at its last report.

    Args:
        folder: The folder of the experiment: it holds `results.csv.zip`.
        metric: Name of the metric.
        resource: Name of what counts the training.

    Raises:
        ValueError: There are no results in the folder, or none has the metric.
    """
    file = Path(folder) / "results.csv.zip"
    if not file.exists():
        raise ValueError(f"{folder}: there is no results.csv.zip in it")
    with zipfile.ZipFile(file) as archive:
        text = archive.read(archive.namelist()[0]).decode()
    table = _empty(metric, "seconds")
    before: dict[str, float] = {}
    seen = set()
    statuses: dict[str, str] = {}
    for row in csv.DictReader(io.StringIO(text)):
        trial = row["trial_id"]
        if not row.get(metric) or not row.get(resource):
            continue
        statuses[trial] = _status_of_syne_tune(row)
        total = float(row.get("st_worker_time") or 0.0)
        seconds = total - before.get(trial, 0.0)
        before[trial] = total
        if (trial, row[resource]) in seen:
            continue  # trained again: the first report counts
        seen.add((trial, row[resource]))
        _add(table, trial, row[resource])
        table[metric].append(row[metric])
        # A resumed trial counts from 0 again.
        table["seconds"].append(seconds if seconds >= 0.0 else total)
    table["status"] = [statuses[trial] for trial in table["trial"]]
    if not any(before.values()):
        del table["seconds"]  # the script tells none
    return _checked(table, folder, metric)


def _status_of_syne_tune(row: dict[str, str]) -> str:
    """What a trial does after a report: what the scheduler decided then."""
    decided = {"PAUSE": "paused", "STOP": "stopped", "CONTINUE": "running"}
    status = row.get("st_status") or ""
    if status in ("", "InProgress"):
        return decided.get(row.get("st_decision") or "", "")
    return status


def optuna_study(study: Any, metric: str = "value") -> Table:
    """The table of an Optuna study, from what its trials have reported.

    Steps that count from 0 become resources from 1. Optuna prunes and never resumes:
    for `choose`, all its trials but the running ones have ended.

    Args:
        study: The study, or a list of its trials.
        metric: What the metric is called in the table.

    Raises:
        ValueError: No trial has reported an intermediate value.
    """
    trials: Iterable[Any] = getattr(study, "trials", study)
    reports = [
        (trial.number, step, value, getattr(trial.state, "name", str(trial.state)))
        for trial in trials
        for step, value in sorted(trial.intermediate_values.items())
    ]
    first = int(any(step == 0 for _, step, _, _ in reports))
    table = _empty(metric, "status")
    for number, step, value, state in reports:
        _add(table, number, step + first)
        table[metric].append(value)
        table["status"].append(state)
    return _checked(table, "the study", metric)


def _empty(metric: str, *others: str) -> Table:
    return {name: [] for name in ("trial", "resource", metric, *others)}


def _add(table: Table, trial: Any, resource: Any) -> None:
    table["trial"].append(trial)
    table["resource"].append(resource)


def _checked(table: Table, where: Any, metric: str) -> Table:
    if not table["trial"]:
        raise ValueError(f"{where}: no result has the metric {metric!r} and a resource")
    return table
