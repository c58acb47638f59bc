"""The examples: what a person has, what they change, and what they find."""

import difflib
import re
import subprocess
import sys

from ..training import EXAMPLES, PACKAGE, environment, train, tune

PROGRAM = re.compile(r"^```python\n(.*?)^```", re.M | re.S)


def test_programs_of_the_readme(tmp_path):
    programs = PROGRAM.findall((PACKAGE / "README.md").read_text())
    assert len(programs) == 2
    for number, program in enumerate(programs):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "program.py").write_text(program)
        call = [sys.executable, "program.py", "--lr", "0.5"]
        out = subprocess.run(
            call, cwd=folder, env=environment(), stdout=subprocess.PIPE, check=True
        )
        lines = out.stdout.splitlines()
        assert (
            lines[1]
            == b'{"epoch": 2, "loss": %s, "checkpoint": true}'
            % ([b"0.25", b"0.0625"][number])
        )
        assert len(lines) == 27


def changed_lines(before, after):
    """Lines of a program that are not in the one before; its first line tells so."""
    texts = [(EXAMPLES / name).read_text().splitlines()[1:] for name in (before, after)]
    lines = difflib.ndiff(*texts)
    return [line for line in lines if line.startswith("+ ") and line[2:].strip()]


def test_four_lines_are_changed():
    assert len(changed_lines("plain.py", "tuned.py")) <= 4


def test_a_paused_trial_has_the_curve_of_one_that_is_trained_through(tmp_path):
    through = train(EXAMPLES / "tuned.py", folder=tmp_path / "a", pause_after=None)
    assert len(through) == 27
    for pause in [1, 9]:
        run = {"folder": tmp_path / str(pause)}
        curve = train(EXAMPLES / "tuned.py", **run, pause_after=pause)
        assert len(curve) == pause
        curve += train(EXAMPLES / "tuned.py", **run, pause_after=None)
        assert curve == through


def test_the_script_is_tuned(tmp_path):
    said = tune("tuned", tmp_path, {'resource = "epoch"': 'resource = "step"'})
    assert "30 trials; " in said
    best = re.search(r"best: trial \d+\D+([0-9.e-]+)", said)
    assert best, said
    # One that is trained with the defaults has 0.0199.
    assert float(best[1]) < 0.0198


def test_the_same_script_is_tuned_one_way(tmp_path):
    there = 'resource = "epoch"'
    here = f'{there}\nprotocol = "one_way"\ngrace = "2 s"'
    said = tune("tuned", tmp_path, {there: here, "trials = 30": "trials = 10"})
    assert "10 trials; " in said
    # Had one started from 1 in spite of its checkpoint, there would be a note.
    promotions = re.search(r"(\d+) promotions?;", said)
    assert promotions, said
    assert int(promotions[1]) > 0
