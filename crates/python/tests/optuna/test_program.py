"""`python -m rungkeeper.optuna` as a run starts it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.optuna.runs import Run, greeting

NOISY = """
from optuna.samplers import RandomSampler

class Noisy(RandomSampler):
    def sample_relative(self, *args, **kwargs):
        print("this is no answer")
        return super().sample_relative(*args, **kwargs)
"""


class Program:
    """The program, asked and told through its pipes."""

    def __init__(self, arguments: tuple[str, ...], folder: Path, **changed: Any):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rungkeeper.optuna", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
        )
        self.write(greeting(**changed))

    def write(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def tell(self, told: dict[str, Any]) -> None:
        self.write(told)

    def ask(self, number: int) -> dict[str, Any]:
        self.write({"ask": number, "more": "is passed over"})
        assert self.process.stdout is not None
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def ends(self) -> tuple[int, str]:
        """Closes its input, and waits; its status, and what it printed as errors."""
        out, errors = self.process.communicate()
        assert out == ""
        return self.process.returncode, errors


@pytest.mark.parametrize("sampler", ["TPESampler", "CmaEsSampler", "QMCSampler"])
def test_a_run(sampler: str, tmp_path: Path) -> None:
    program, run = Program(("--sampler", sampler), tmp_path), Run()
    program.write({"news": "of a later version"})
    run.go_on(program, 12)
    status, errors = program.ends()
    assert status == 0, errors
    assert len(run.parameters) == 12


def test_what_a_library_prints_is_no_answer(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(NOISY)
    program, run = Program(("--sampler", "own.Noisy"), tmp_path), Run()
    run.go_on(program, 3)
    status, errors = program.ends()
    assert status == 0
    assert "this is no answer" in errors


def test_an_end(tmp_path: Path) -> None:
    grid = json.dumps({"search_space": {"x": [0.5], "y": [0.1, 0.2]}})
    arguments = ("--sampler", "GridSampler", "--arguments", grid)
    program, run = Program(arguments, tmp_path), Run()
    run.go_on(program, 9)
    assert len(run.parameters) == 2
    assert program.ends()[0] == 0


@pytest.mark.parametrize(
    ("arguments", "changed", "told"),
    [
        (("--sampler", "TPE"), {}, "there is no sampler TPE"),
        (("--arguments", "{"), {}, "--arguments is no JSON"),
        (("--arguments", "[]"), {}, "--arguments is no object"),
        (("--arguments", '{"a": 1}'), {}, "TPESampler: "),
        ((), {"version": 2}, "the run speaks version 2, and this is for 1"),
        ((), {"space": {"x": {"type": "cauchy"}}}, "x has the type cauchy"),
    ],
)
def test_what_cannot_be_used_is_told(
    arguments: tuple[str, ...], changed: dict[str, Any], told: str, tmp_path: Path
) -> None:
    program = Program(arguments, tmp_path, **changed)
    _, errors = program.process.communicate('{"ask": 0}\n')
    assert program.process.returncode == 1
    assert told in errors
    assert "Traceback" not in errors
    assert len(errors) < 320
