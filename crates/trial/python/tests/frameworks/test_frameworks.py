"""The documented programs, with the real frameworks: paused, resumed, and tuned."""

import pytest

from ..training import EXAMPLES, train, tune


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        ("pytorch", "loss"),
        ("lightning", "loss"),
        ("transformers", "eval_loss"),
        ("keras", "val_loss"),
    ],
)
def test_a_paused_trial_goes_on_as_if_it_had_not_been(tmp_path, name, metric):
    program, four = EXAMPLES / f"with_{name}.py", ["--epochs", "4"]
    through = train(program, *four, folder=tmp_path / "a", pause_after=None)
    assert [report["epoch"] for report in through] == [1, 2, 3, 4]
    assert all(report["checkpoint"] for report in through)
    assert through[3][metric] < through[0][metric]
    run = {"folder": tmp_path / "b"}
    curve = train(program, *four, **run, pause_after=2)
    assert [report["epoch"] for report in curve] == [1, 2]
    assert [path.name for path in (tmp_path / "b" / "trial").iterdir()] == ["level-2"]
    curve += train(program, *four, **run, pause_after=None)
    assert [report["epoch"] for report in curve] == [1, 2, 3, 4]
    expected = pytest.approx([report[metric] for report in through], rel=1e-6)
    assert [report[metric] for report in curve] == expected


def test_a_script_of_pytorch_is_tuned(tmp_path):
    said = tune("with_pytorch", tmp_path, {"trials = 30": "trials = 6"})
    assert "6 trials; " in said
