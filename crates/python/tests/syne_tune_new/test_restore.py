"""Tuners that go on after they were killed, or after their end."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from rungkeeper._clock import Clock
from rungkeeper.syne_tune import _promotion_processes
from rungkeeper.syne_tune._promotion_restore import set_clock
from syne_tune import StoppingCriterion, Tuner
from syne_tune.tuner_callback import TunerCallback

from tests.syne_tune_new.audit import Audit
from tests.syne_tune_new.killing import RESUMES, KillTuner
from tests.syne_tune_new.running import BUDGET, LONGEST, judge, scheduler, space, tuner

PACKAGE = Path(__file__).parents[2]

# Processes that are no longer its children end without the tuner's knowledge.
pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* still running")


def load(path: Path) -> tuple[Tuner, Audit]:
    run = Tuner.load(str(path))
    run.callbacks = [c for c in run.callbacks if not isinstance(c, KillTuner)]
    return run, next(c for c in run.callbacks if isinstance(c, Audit))


@pytest.mark.parametrize("epoch_seconds", [0.005, 0.05])
def test_killed_run_goes_on(folder: Path, epoch_seconds: float) -> None:
    killed = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.syne_tune_new.interrupted",
            folder,
            str(epoch_seconds),
        ],
        cwd=PACKAGE,
        timeout=LONGEST,
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
    run, audit = load(folder / "syne-tune" / "interrupted")
    asha = run.scheduler
    before = asha.extra_results()["num_trials_resumed"]
    running = [trial for trial, status in asha._run.trials() if status == "RUNNING"]
    used = json.loads(asha.log().splitlines()[-1])["elapsed"]
    assert used > 0
    run.run()
    judge(asha, audit)
    assert audit.most_on_disk <= BUDGET
    assert asha.extra_results()["num_trials_resumed"] > before
    events = [json.loads(line) for line in asha.log().splitlines()]
    assert events[audit.since.log]["elapsed"] >= used
    assert sum(e["event"] == "start" for e in events) == 40
    restarted = [int(e["trial"]) for e in events if e["event"] == "restart"]
    assert restarted == running


def test_ended_run_goes_on_with_another_criterion(folder: Path) -> None:
    asha = scheduler(space(folder), max_num_trials=None)
    run, audit = tuner(
        asha, "ended", stop_criterion=StoppingCriterion(max_num_trials_started=10)
    )
    run.run()
    judge(asha, audit)
    kept = asha.best_checkpoint
    assert kept is not None
    run, audit = load(run.tuner_path)
    run.stop_criterion = StoppingCriterion(max_num_trials_started=20)
    run.run()
    judge(run.scheduler, audit)
    assert audit.most_on_disk <= BUDGET


class Breaks(TunerCallback):
    """Ends a run in its middle, once."""

    def __init__(self, audit: Audit, error: type[BaseException]) -> None:
        self.audit, self.error = audit, error

    def on_loop_end(self) -> None:
        if self.audit.scheduler.extra_results()["num_trials_resumed"] >= RESUMES:
            raise self.error


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_a_run_that_an_error_ended_goes_on_with_its_checkpoints(
    folder: Path, error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    asha = scheduler(space(folder))
    run, audit = tuner(asha, "broken")
    run.callbacks.append(Breaks(audit, error))
    with pytest.raises(error):
        run.run()
    assert "Tuner.load(" in caplog.text
    assert '"end"' not in (run.tuner_path / "rungkeeper.jsonl").read_text()
    before = asha.extra_results()
    again, audit = load(run.tuner_path)
    again.callbacks = [c for c in again.callbacks if not isinstance(c, Breaks)]
    again.run()
    judge(again.scheduler, audit)
    assert "are gone" not in caplog.text
    assert again.trial_backend.delete_checkpoints
    after = again.scheduler.extra_results()
    assert after["num_trials_resumed"] > before["num_trials_resumed"]


def test_what_is_deleted_at_an_end_is_told_at_the_next_start(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asha = scheduler(space(folder), max_num_trials=None)
    criterion = StoppingCriterion(max_num_trials_started=8)
    run, _ = tuner(asha, "normal", stop_criterion=criterion)
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        run.run()  # what is being handled outside does not count
    assert "are kept" not in caplog.text
    run, _ = load(run.tuner_path)
    run.stop_criterion = StoppingCriterion(max_num_trials_started=12)
    run.run()
    assert caplog.text.count("checkpoints that this run had when it was saved") == 1
    assert "ignores its checkpoint" not in caplog.text


def test_time_goes_on_where_it_stood() -> None:
    clock = Clock()
    clock.__setstate__(1000.0)
    status = SimpleNamespace(start_time=-1e6)  # of another boot
    set_clock(status, clock)
    assert time.perf_counter() - status.start_time == pytest.approx(1000, abs=LONGEST)
    set_clock(None, clock)


@pytest.mark.parametrize("has_psutil", [True, False])
def test_processes_that_outlived_their_tuner_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_psutil: bool
) -> None:
    if not has_psutil:
        monkeypatch.setattr(_promotion_processes, "psutil", None)

    def sleeper(folder: Path) -> subprocess.Popen[bytes]:
        code = "import time; time.sleep(600)"
        command = [sys.executable, "-c", code, "--st_checkpoint_dir", str(folder)]
        return subprocess.Popen(command)

    ours = sleeper(tmp_path / "run" / "3" / "checkpoints")
    other = sleeper(tmp_path / "run-2" / "3" / "checkpoints")
    try:
        _promotion_processes.end_left_over(tmp_path / "run")
        # It has no arguments any longer, but may not have been reaped yet.
        assert ours.wait(LONGEST) == -signal.SIGKILL
        assert other.poll() is None
    finally:
        for process in (ours, other):
            process.kill()
            process.wait(LONGEST)
