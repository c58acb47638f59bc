"""What `cargo xtask compare-peers` measures with."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "peers"))
import compare


def test_each_beginning_follows_an_end():
    # Two begin in nobody's place. An end at 2 is followed after 1.25 s, that at 3
    # after 1 s.
    assert compare.waits([1, 1.5, 3.25, 4], [3, 2, 9, 5]) == [1.25, 1]


@pytest.mark.parametrize(
    ("line", "trains"),
    [
        (["python3", "/a/program.py", "--x", "1"], True),
        (["ray::train"], True),
        (["python3", "/a/with_ray.py"], False),
        (["/ray/raylet", "--raylet_socket_name=ray::x"], False),
    ],
)
def test_programs_are_told_from_tuners(monkeypatch, line, trains):
    process = psutil.Process()
    monkeypatch.setattr(process, "cmdline", lambda: line)
    assert compare.is_training(process) == trains


def test_what_was_started_is_found_and_what_trains_left_out():
    wait = [sys.executable, "-c", "input()"]
    with (
        subprocess.Popen([*wait, "program.py"], stdin=subprocess.PIPE) as training,
        subprocess.Popen([*wait, "other"], stdin=subprocess.PIPE) as other,
    ):
        found = {process.pid for process in compare.of_the_tuner(psutil.Process())}
        assert os.getpid() in found
        assert other.pid in found
        assert training.pid not in found
        for program in (training, other):
            program.stdin.close()
            program.kill()
