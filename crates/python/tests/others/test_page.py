"""SMAC3 runs its program of docs/choose.md."""

from ..pages import run_program_of


def test_program(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = run_program_of("smac", "docs/choose.md")
    highest = {}
    for key, _ in names["tuner"].runhistory.items():
        highest[key.config_id] = max(key.budget, highest.get(key.config_id, 0))
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    printed = [line for line in lines if line[-1].startswith("checkpoints/")]
    held = [trial for trial, budget in highest.items() if budget < 27]
    assert len(printed) == len(held) - 10 > 10
    for trial, level, path in printed:
        assert highest[int(trial)] == int(level) < 27
        assert path == f"checkpoints/{trial}.pt"
