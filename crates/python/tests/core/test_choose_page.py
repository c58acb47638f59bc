"""The programs of docs/choose.md that import no tuner, on tables of other tools."""

import csv

import pytest

from ..pages import imports, programs, run

PAGE = "docs/choose.md"

# What they need is in the environments of these: tests/others, tests/neps.
TUNERS = {"ConfigSpace", "dehb", "neps", "orion", "smac"}

# A chart of Weights & Biases: of each run the value, the least and the largest.
RUNS = ["calm-sun-3", "old - bay-4", "dry-sea-5"]
WANDB = {1: [0.9, 0.5, 0.7], 2: ["", 0.4, ""], 3: ["", 0.3, ""]}

# A curve of TensorBoard: the file is named after run and tag.
TENSORBOARD = {
    "run-trial_a-tag-loss.csv": [0.9],
    "run-trial-b-tag-loss.csv": [0.5, 0.4, 0.3],
    "run-trial_c-tag-loss.csv": [0.7],
    "run-trial_c-tag-accuracy.csv": [0.1],
}


def write_wandb(path):
    ends = ("", "__MIN", "__MAX")
    header = ["epoch", *(f"{name} - loss{end}" for name in RUNS for end in ends)]
    rows = [
        [epoch, *(loss for loss in losses for _ in ends)]
        for epoch, losses in WANDB.items()
    ]
    with path.open("w", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([header, *rows])


def test_programs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_wandb(tmp_path / "wandb.csv")
    for place, (name, losses) in enumerate(TENSORBOARD.items()):
        rows = [
            f"{1.7e9 + 100 * place + step},{step},{loss}\n"
            for step, loss in enumerate(losses, 1)
        ]
        (tmp_path / name).write_text("Wall time,Step,Value\n" + "".join(rows))
    printed = []
    for program, expected in programs(PAGE):
        if not imports(program) & TUNERS:
            run(PAGE, program)
            printed.append(capsys.readouterr().out)
            assert not expected or printed[-1] == expected
    assert printed == ["d 1 4 2.5e-05\n", "['calm-sun-3']\n", "['trial_a']\n"]


@pytest.mark.parametrize("tuner", ["neps", "orion", "dehb", "smac"])
def test_a_program_for_each_tuner(tuner):
    (found,) = [it for it, _ in programs(PAGE) if tuner in imports(it)]
    assert len(found.splitlines()) < 25
    assert "choose(" in found
