"""NePS runs its program of docs/choose.md."""

from pathlib import Path

import pytest

from ..pages import run_program_of


@pytest.mark.filterwarnings("ignore")  # those of PyTorch, which NePS imports
def test_program(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = run_program_of("neps", "docs/choose.md")
    highest = {}
    for run, epochs in names["done"]["config.epochs"].items():
        trial = run.split("_")[0]
        highest[trial] = max(epochs, highest.get(trial, 0))
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    printed = [line for line in lines if line[-1].endswith("model.pt")]
    held = [trial for trial, epochs in highest.items() if epochs < 27]
    assert len(printed) == len(held) - 10 > 10
    for trial, level, *paths in printed:
        assert highest[trial] == int(level) < 27
        assert all(Path(path).is_file() for path in paths)
        assert all(f"config_{trial}_rung_" in path for path in paths)
