"""The callbacks in Syne Tune's real tuner, with real processes."""

import gc
import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from rungkeeper.syne_tune import (
    HyperbandRemoveCheckpointsBaselineCallback,
    HyperbandRemoveCheckpointsCallback,
)
from syne_tune import StoppingCriterion, Tuner
from syne_tune.tuner_callback import TunerCallback
from syne_tune.util import experiment_path

from .tuning import BUDGET, LONGEST, NAME, Audit, make_tuner

PACKAGE = Path(__file__).parents[2]
PAGE = PACKAGE.parents[1] / "docs" / "syne-tune.md"
SECTION = re.compile(r"^## Syne Tune 0\.13 and 0\.14\n(.*?)(?=^## |\Z)", re.M | re.S)
PROGRAM = re.compile(r"^```python\n# tune\.py\n(.*?)^```", re.M | re.S)

# The backend forgets the process of a paused trial when that is resumed.
pytestmark = pytest.mark.filterwarnings(
    "ignore:subprocess .* is still running:ResourceWarning"
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SYNETUNE_FOLDER", str(tmp_path / "syne-tune"))
    yield tmp_path
    gc.collect()  # the warnings come here


def run(tuner):
    """Runs a tuner and waits for the processes that it leaves."""
    try:
        tuner.run()
    finally:
        for process in tuner.trial_backend.trial_subprocess.values():
            process.wait(LONGEST)


def assert_trials_began_where_they_should(records, callback, lost=()):
    """From scratch after a resume: just those whose checkpoint was removed."""
    starts = defaultdict(list)
    for line in (records / "starts.jsonl").read_text().splitlines():
        start = json.loads(line)
        starts[start["trial"]].append(start["epoch"])
    assert len(starts) > 10
    given_up = [int(t) for t, _ in callback.trials_resumed_without_checkpoint()]
    for trial, epochs in starts.items():
        if trial not in lost:
            assert epochs[0] == 0
            # A trial that was killed at the end of the run may not have begun.
            assert given_up.count(trial) - epochs[1:].count(0) in (0, 1)


@pytest.mark.parametrize(
    ("removal", "kind"),
    [
        ({}, HyperbandRemoveCheckpointsCallback),
        ({"baseline": "by_level"}, HyperbandRemoveCheckpointsBaselineCallback),
    ],
)
def test_the_budget_is_kept(folder, removal, kind):
    audit = Audit()
    tuner = make_tuner(folder, removal, audit)
    callback = tuner.callbacks[0]
    assert type(callback) is kind
    run(tuner)
    assert 2 <= audit.most_on_disk <= BUDGET
    assert tuner.tuning_status.num_trials_failed == 0
    results = callback.extra_results()
    assert results["num_checkpoints_removed"] > 5
    assert results["num_trials_resumed"] > 0
    assert_trials_began_where_they_should(folder, callback)


def test_crashed_trials_leave_room_and_no_files(folder):
    audit = Audit()
    tuner = make_tuner(folder, {}, audit, space={"fails_at": 2}, max_num_trials=15)
    run(tuner)
    failed = tuner.tuning_status.num_trials_failed
    assert failed > 0
    assert audit.most_on_disk <= BUDGET
    core = tuner.callbacks[0]._core
    assert core.num_running <= 2
    assert sum(status == "STOPPED-COMPLETED" for _, status in core.trials()) >= failed


def test_a_tuner_that_was_killed_goes_on(folder):
    killed = subprocess.run(
        [sys.executable, "-m", "tests.syne_tune_013.tuning", str(folder)],
        cwd=PACKAGE,
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    assert killed.returncode < 0, killed.stderr[-2000:]
    before = json.loads(killed.stdout.splitlines()[-1])
    tuner = Tuner.load(str(experiment_path(NAME)))
    callback, audit = tuner.callbacks
    assert callback.extra_results() == before
    assert before["num_checkpoints_removed"] >= 5
    running = {
        int(trial) for trial, status in callback._core.trials() if status == "RUNNING"
    }
    assert running
    before_seconds = callback._clock.seconds()
    tuner.stop_criterion = StoppingCriterion(
        max_wallclock_time=10 * LONGEST, max_num_trials_started=30
    )
    audit.most_on_disk = audit.loop_ends = 0
    run(tuner)
    assert audit.loop_ends > 10
    assert callback._clock.seconds() > before_seconds
    assert callback.extra_results()["num_checkpoints_removed"] > 10
    assert_trials_began_where_they_should(folder, callback, lost=running)
    # What ran when the tuner was killed may have written once more.
    assert audit.most_on_disk <= BUDGET + len(running)


class Breaks(TunerCallback):
    """Ends a run in its middle, once."""

    def __init__(self, removal, error):
        self.removal, self.error = removal, error

    def on_loop_end(self):
        if self.error is not None and self.removal.num_checkpoints_removed >= 5:
            error, self.error = self.error, None
            raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_a_run_that_an_error_ended_goes_on_with_its_checkpoints(folder, caplog, error):
    tuner = make_tuner(folder, {}, Audit())
    callback = tuner.callbacks[0]
    tuner.callbacks.append(Breaks(callback, error))
    with pytest.raises(error):
        run(tuner)
    assert "Tuner.load(" in caplog.text
    kept = [t for t, s in callback._core.trials() if s == "PAUSED-WITH-CP"]
    assert kept
    running = {int(t) for t, s in callback._core.trials() if s == "RUNNING"}
    again = Tuner.load(str(experiment_path(NAME)))
    callback = again.callbacks[0]
    run(again)
    assert "are gone" not in caplog.text
    assert again.trial_backend.delete_checkpoints
    assert callback.extra_results()["num_checkpoints_removed"] > 5
    assert_trials_began_where_they_should(folder, callback, lost=running)


def test_what_is_deleted_at_an_end_is_told_at_the_next_start(folder, caplog):
    tuner = make_tuner(folder, {}, Audit(), max_num_trials=8)
    run(tuner)
    assert "are kept" not in caplog.text
    again = Tuner.load(str(experiment_path(NAME)))
    again.stop_criterion = StoppingCriterion(max_num_trials_started=10)
    run(again)
    assert caplog.text.count("checkpoints that this run had when it was saved") == 1


def test_what_is_wrong_is_not_hidden_by_a_folder_that_is_missing(folder):
    tuner = make_tuner(folder, {}, Audit())
    tuner.callbacks.append(
        HyperbandRemoveCheckpointsCallback(3, None, "loss", "epoch", "min")
    )
    with pytest.raises(ValueError, match="two callbacks of one tuner"):
        tuner.run()


def test_program_of_the_page(folder):
    section = SECTION.search(PAGE.read_text(encoding="utf-8"))
    assert section
    programs = PROGRAM.findall(section[1])
    assert len(programs) == 1
    (folder / "tune.py").write_text(programs[0], encoding="utf-8")
    (folder / "train.py").write_text(page_train(), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "tune.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = re.search(r"'num_checkpoints_removed': (\d+)", done.stdout)
    assert found
    assert int(found[1]) > 0


def page_train():
    """The page's training program, without the import of Syne Tune in each process."""
    program = re.search(
        r"^```python\n# train\.py\n(.*?)^```",
        PAGE.read_text(encoding="utf-8"),
        re.M | re.S,
    )
    assert program
    quick = (
        "import time\n"
        "def Reporter():\n"
        "    def report(**values):\n"
        "        values['st_worker_timestamp'] = time.time()\n"
        "        print(f'[tune-metric]: {json.dumps(values)}', flush=True)\n"
        "    return report\n"
    )
    line = "from syne_tune import Reporter\n"
    assert line in program[1]
    return program[1].replace(line, quick)
