"""The comparison with Syne Tune's own ASHA."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rungkeeper.syne_tune import compare

FILE = Path(__file__).parents[4] / "crates" / "cli" / "curves" / "openml_1236.csv"


def test_all_reach_the_target_and_are_counted(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compare.main(["--runs", "2", "--target", "0.05", "--budget", "4"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("1000 curves to 81 units, reduction factor 3, 4 workers")
    rows = {line[:32].strip(): line[32:].split() for line in lines[4:]}
    assert set(rows) == {"ASHA", "PromotionASHA", "PromotionASHA, 4 checkpoints"}
    for numbers in rows.values():
        assert numbers[-3:] == ["2", "of", "2"]
        assert re.fullmatch(r"\d+-\d+", numbers[1])
    assert rows["ASHA"][2] == rows["PromotionASHA"][2] == "0.0"


def test_a_smaller_budget_costs_more(folder: Path) -> None:
    curves = compare.Curves.made(300, 27, seed=1)
    makes = compare.schedulers(curves, eta=3, budgets=[4, 64])
    runs = {
        name: compare.run(make(3), curves, -1.0, workers=4, most=1500)
        for name, make in makes.items()
    }
    assert not any(run.is_reached for run in runs.values())  # the target is beyond all
    assert all(1500 <= run.trained < 1600 for run in runs.values())
    again = [runs[f"PromotionASHA, {budget} checkpoints"].again for budget in (4, 64)]
    assert again[0] > again[1] == runs["PromotionASHA"].again == 0


def test_curves_of_a_file() -> None:
    curves = compare.Curves.read(str(FILE), "accuracy", small_is_good=False)
    assert curves.losses.shape == curves.seconds.shape == (436, 16)
    assert list(curves.resources[:3]) == [1, 2, 4]
    assert np.all(np.diff(curves.seconds, axis=1) >= 0)
    assert curves.losses[0, 0] == -0.9324


def test_what_is_not_installed_is_named_with_the_command() -> None:
    program = (
        "import runpy, sys; sys.modules['huggingface_hub'] = None; "
        "runpy.run_module('rungkeeper.syne_tune.compare', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.endswith("not installed: pip install huggingface_hub\n")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            ["--curves", str(FILE), "--metric", "loss"],
            "has no column 'loss', but trial",
        ),
        (["--curves", "none.csv"], "none.csv"),
        (["--budget", "3"], "must be at least the workers, 4"),
        (["--runs", "0"], "--runs is 0, but must be at least 1"),
        (["--target", "1.5"], "--target is 1.5"),
        (["--eta", "1"], "--eta is 1"),
    ],
)
def test_bad_arguments(
    arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        compare.main(arguments)
    assert text in capsys.readouterr().err
