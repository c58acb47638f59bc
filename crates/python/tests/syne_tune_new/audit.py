"""Watches a run from a callback, and judges it by its log and its processes."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

from rungkeeper.syne_tune import PromotionASHA
from syne_tune.backend.trial_status import Trial
from syne_tune.tuner_callback import TunerCallback


class Point(NamedTuple):
    """Where a tuner began or went on: what was noted up to there.

    Attributes:
        log: Lines of the event log.
        starts: Processes that were started.
        deciders: Decisions other than to go on.
    """

    log: int = 0
    starts: int = 0
    deciders: int = 0


class Audit(TunerCallback):
    """Notes decisions, and looks at the disk at each loop end.

    It belongs behind the callback of the scheduler.
    """

    def __init__(self, scheduler: PromotionASHA, records: Path) -> None:
        self.scheduler = scheduler
        self.records = records
        self.paused: set[int] = set()
        self.running: set[int] = set()
        self.deciders: list[tuple[int, int, str]] = []
        self.most_on_disk = 0
        self.most_bytes = 0

    def on_tuning_start(self, tuner: Any) -> None:
        self.tuner = tuner
        self.running.clear()
        self.most_on_disk = 0
        self.since = Point(
            log=len(self.scheduler.log().splitlines()),
            starts=len(start_lines(self.records)),
            deciders=len(self.deciders),
        )

    def on_start_trial(self, trial: Trial) -> None:
        self.running.add(trial.trial_id)

    def on_resume_trial(self, trial: Trial) -> None:
        self.paused.discard(trial.trial_id)
        self.running.add(trial.trial_id)

    def on_trial_result(
        self, trial: Trial, status: str, result: dict[str, Any], decision: str
    ) -> None:
        if decision == "CONTINUE":
            return
        self.deciders.append((trial.trial_id, result["process"], decision))
        self.running.discard(trial.trial_id)
        if decision == "PAUSE":
            self.paused.add(trial.trial_id)

    def on_trial_complete(self, trial: Trial, result: dict[str, Any]) -> None:
        self.running.discard(trial.trial_id)

    def on_loop_end(self) -> None:
        folders = [
            self.tuner.trial_backend.checkpoint_trial_path(trial)
            for trial in self.paused
        ]
        held = [folder for folder in folders if folder.exists()]
        self.most_on_disk = max(self.most_on_disk, len(held) + len(self.running))
        paused = sum(file.stat().st_size for d in held for file in d.rglob("*"))
        self.most_bytes = max(self.most_bytes, paused)


def starts(records: Path, since: int = 0) -> dict[int, list[dict[str, int]]]:
    """The processes of each trial: their ids and the epochs that they began at."""
    found: dict[int, list[dict[str, int]]] = defaultdict(list)
    for line in start_lines(records)[since:]:
        start = json.loads(line)
        found[start["trial"]].append(start)
    return found


def start_lines(records: Path) -> list[str]:
    file = records / "starts.jsonl"
    return file.read_text().splitlines() if file.exists() else []


class Lives:
    """What the event log says of each process of each trial.

    Attributes:
        expected: Of each trial, the least epoch that each of its processes must begin
            at; 0 means from scratch, exactly, and None that the log does not say.
        counted: Of each trial, the epochs that each of its processes reported and that
            counted.
    """

    def __init__(self, log: str, since: int = 0) -> None:
        self.expected: dict[int, list[int | None]] = defaultdict(list)
        self.counted: dict[int, list[list[int]]] = defaultdict(list)
        self.level: dict[str, int] = {}
        for number, event in enumerate(map(json.loads, log.splitlines())):
            self._take(event, number >= since)

    def _take(self, event: dict[str, Any], is_judged: bool) -> None:
        kind, trial = event["event"], event.get("trial")
        if kind == "checkpoint":
            self.level[trial] = event["level"]
        elif kind in ("remove", "lose"):
            self.level.pop(trial, None)
        elif kind in ("start", "resume", "restart") and is_judged:
            least = None if kind == "restart" else self.level.get(trial, 0)
            self.expected[int(trial)].append(least)
            self.counted[int(trial)].append([])
        elif kind == "result" and is_judged:
            self.counted[int(trial)][-1].append(event["level"])


def wrong_starts(log: str, records: Path, since: Point) -> list[Any]:
    """Processes that did not begin at their checkpoint, or not from scratch."""
    lives, found = Lives(log, since.log), starts(records, since.starts)
    wrong: list[Any] = []
    for trial, expected in lives.expected.items():
        for least, start in zip(expected, found[trial], strict=False):
            began = start["epoch"]
            if least is not None and (began < least or (least == 0 and began > 0)):
                wrong.append((trial, least, began))
        # The last process may have been ended before it wrote that it began.
        if not 0 <= len(expected) - len(found[trial]) <= 1:
            wrong.append((trial, len(expected), len(found[trial])))
    return wrong


def old_results(
    log: str, records: Path, deciders: list[tuple[int, int, str]], since: Point
) -> list[Any]:
    """Results that counted though the process that printed them was an old one."""
    lives, found = Lives(log, since.log), starts(records, since.starts)
    wrong: list[Any] = []
    for trial, counted in lives.counted.items():
        for epochs, start in zip(counted, found[trial], strict=False):
            first = start["epoch"] + 1
            if epochs != list(range(first, first + len(epochs))):
                wrong.append((trial, start, epochs))
    past: dict[int, int] = defaultdict(int)
    for trial, process, _ in deciders[since.deciders :]:
        if found[trial][past[trial]]["pid"] != process:
            wrong.append((trial, process))
        past[trial] += 1
    return wrong
