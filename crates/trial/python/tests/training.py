"""Programs are run as the runner does it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
EXAMPLES = PACKAGE / "examples"


def environment(folder=None, protocol=None, resource=None):
    """Variables of a program; without a protocol it runs by itself."""
    own = {k: v for k, v in os.environ.items() if not k.startswith("RUNGKEEPER_")}
    own["PYTHONPATH"] = str(PACKAGE)
    said = {"CHECKPOINT_DIR": folder, "PROTOCOL": protocol, "RESOURCE": resource}
    named = {f"RUNGKEEPER_{k}": str(v) for k, v in said.items() if v is not None}
    return {**own, **named}


def start(program, *arguments, folder, **said):
    """A program in its own folder; checkpoints are in a folder below."""
    folder.mkdir(exist_ok=True)
    kept = folder / "trial" if said.get("protocol") else None
    return subprocess.Popen(
        [sys.executable, str(program), *arguments],
        cwd=folder,
        env=environment(kept, **said),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def train(program, *arguments, folder, pause_after, key="epoch"):
    """Trains until the program ends, told to pause after an epoch; its reports."""
    process = start(program, *arguments, folder=folder, protocol="answered")
    reports = []
    for line in process.stdout:
        begin = line.find('{"' + key)
        if begin < 0:
            continue
        reports.append(json.loads(line[begin:]))
        answer = "pause" if reports[-1][key] == pause_after else "continue"
        process.stdin.write(f"{answer}\n")
        process.stdin.flush()
    process.communicate()
    assert process.returncode == 0
    return reports


def tune(name, folder, changes):
    """Runs an experiment of the examples, changed; what `rungkeeper run` has printed.

    With the program that `cargo xtask python` has built.
    """
    text = (EXAMPLES / f"{name}.toml").read_text()
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    (folder / "experiment.toml").write_text(text)
    (folder / f"{name}.py").write_text((EXAMPLES / f"{name}.py").read_text())
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [os.environ["RUNGKEEPER_PROGRAM"], "run", "experiment.toml"],
        cwd=folder,
        env={**environment(), "PATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    notes = [line for line in done.stderr.splitlines() if line.startswith("note: ")]
    # A one-way program goes on until the signal comes: its checkpoint may be further.
    assert [line for line in notes if ": recorded at rung " not in line] == []
    assert done.stdout.startswith("finished after ")
    return done.stdout
