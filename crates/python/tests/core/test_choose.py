import json
import sys

import numpy as np
import pandas as pd
import pytest
from rungkeeper import BestReport, Choice, Removable, choose, simulate


def run(trials=60):
    """A run of reduction factor 3, with the checkpoint of each trial."""
    losses = np.random.default_rng(2).uniform(size=trials)
    rows = [
        (trial, level, float(loss))
        for trial, loss in enumerate(losses)
        for level in (1, 3, 9)[: 1 + (loss < 0.3) + (loss < 0.1)]
    ]
    return {
        "trial": [str(trial) for trial, _, _ in rows],
        "resource": [level for _, level, _ in rows],
        "loss": [loss / level for _, level, loss in rows],
        "seconds": [2.5] * len(rows),
        "bytes": [1000 + trial for trial, _, _ in rows],
        "path": [f"ck/{trial}.pt" for trial, _, _ in rows],
    }


def trials(choice):
    return [one["trial"] for one in choice["remove"]]


def test_fields_are_those_of_the_types():
    choice = choose(run(), max_checkpoints=50, max_resource=27)
    assert list(choice) == list(Choice.__annotations__)
    assert all(list(one) == list(Removable.__annotations__) for one in choice["remove"])
    assert len(choice["remove"]) == 10 == choice["held"] - 50
    assert json.loads(json.dumps(choice)) == choice
    first = choice["remove"][0]
    assert first["paths"] == [f"ck/{first['trial']}.pt"]
    assert first["expected_cost"] == first["level"] * first["chance"]
    assert first["expected_seconds"] == pytest.approx(2.5 * first["chance"])


def test_tables_of_all_kinds_are_the_same(tmp_path):
    columns = run()
    frame = pd.DataFrame(columns)
    frame.to_csv(tmp_path / "run.csv", index=False)
    frame.to_csv(tmp_path / "run.tsv", index=False, sep="\t")
    settings = {"max_bytes": 30_000, "max_resource": 27, "time_left": 0.5}
    expected = choose(columns, **settings)
    assert len(expected["remove"]) > 10
    missing = frame.astype({"bytes": "Int64"}).assign(status=pd.NA)
    arrays = {name: np.asarray(column) for name, column in columns.items()}
    for table in (
        frame,
        missing,
        arrays,
        tmp_path / "run.csv",
        str(tmp_path / "run.tsv"),
    ):
        assert choose(table, **settings) == expected


class Frame:
    """What all frames have in common."""

    def __init__(self, columns):
        self.columns = list(columns)
        self._columns = columns

    def __getitem__(self, name):
        return iter(self._columns[name])


def test_a_frame_of_anybody():
    settings = {"max_checkpoints": 20, "max_resource": 27}
    assert choose(Frame(run()), **settings) == choose(run(), **settings)


def test_frames_of_polars():
    polars = pytest.importorskip("polars")  # is not for the oldest Python
    settings = {"max_bytes": 30_000, "max_resource": 27}
    columns = run()
    frame = polars.DataFrame(columns)
    expected = choose(columns, **settings)
    assert len(expected["remove"]) > 10
    assert choose(frame, **settings) == expected
    more = frame.with_columns(
        polars.col("trial").cast(polars.Categorical),
        polars.lit(None).alias("status"),
        polars.lit("2026-11-30").str.to_date().alias("day"),
    )
    assert choose(more, **settings) == expected
    with pytest.raises(TypeError, match=r"give what its collect\(\) returns"):
        choose(frame.lazy(), **settings)


class Arrow:
    """What speaks Arrow and nothing else, as the relations of a database do."""

    def __init__(self, frame):
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema=None):
        return self._frame.__arrow_c_stream__(requested_schema)


def test_whatever_speaks_arrow(monkeypatch):
    polars = pytest.importorskip("polars")
    settings = {"max_checkpoints": 20, "max_resource": 27}
    table = Arrow(polars.DataFrame(run()))
    assert choose(table, **settings) == choose(run(), **settings)
    for reader in ("pyarrow", "polars"):
        monkeypatch.setitem(sys.modules, reader, None)  # is not installed
    with pytest.raises(TypeError, match="install one of them, or give a mapping"):
        choose(table, **settings)
    assert choose(pd.DataFrame(run()), **settings) == choose(run(), **settings)


def test_columns_of_one_name():
    frame = pd.DataFrame(run())
    settings = {"max_checkpoints": 20, "max_resource": 27}
    other = pd.concat(
        [frame, frame.rename(columns=str.upper)[["PATH", "PATH"]]], axis=1
    )
    assert choose(other, **settings) == choose(frame, **settings)
    twice = pd.concat([frame, frame[["loss"]]], axis=1)
    with pytest.raises(ValueError, match="column 3 has this name too"):
        choose(twice, metric="loss", **settings)


def test_levels_that_the_table_suggests():
    table = run()
    removed = trials(choose(table, max_checkpoints=30, max_resource=27))
    assert removed == trials(
        choose(table, max_checkpoints=30, levels=[1, 3, 9], max_resource=27)
    )
    assert removed == trials(choose(table, max_checkpoints=30, eta=3, max_resource=27))


@pytest.mark.parametrize("going", [".", "x/../kept", "link", "link/.."])
def test_paths_that_lead_to_a_kept_checkpoint(going, tmp_path, monkeypatch):
    (tmp_path / "kept").mkdir()
    (tmp_path / "x").mkdir()
    (tmp_path / "link").symlink_to("kept")
    monkeypatch.chdir(tmp_path)
    kept = str(tmp_path.resolve() / "kept")
    table = {"trial": "ab", "resource": [1, 1], "loss": [0.9, 0.1]}
    with pytest.raises(ValueError, match="of trial `b` lies there too and stays"):
        choose(table | {"path": [going, kept]}, max_checkpoints=1, max_resource=9)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "choose needs max_checkpoints, max_bytes or both"),
        ({"max_checkpoints": -1}, "max_checkpoints is -1, but must be"),
        (
            {"max_checkpoints": 1, "time_left": -1},
            "time_left is -1, but must be a number",
        ),
        ({"max_checkpoints": 1, "policy": "random"}, "policy is 'random', but must be"),
        ({"max_checkpoints": 1, "bytes_column": "byte"}, "did you mean `bytes`"),
    ],
)
def test_bad_arguments(settings, said):
    with pytest.raises(ValueError, match=said):
        choose(run(), **settings)


def test_no_table():
    with pytest.raises(
        TypeError, match="table must be a path, a DataFrame or a mapping"
    ):
        choose(3, max_checkpoints=1)
    with pytest.raises(ValueError, match=r"nowhere\.csv"):
        choose("nowhere.csv", max_checkpoints=1)


def test_a_hyper_parameter_is_no_metric():
    table = {"trial": "abc", "resource": [1] * 3, "lr": [0.1, 0.01, 0.001]}
    losses = [0.1, 0.4, 0.9]
    settings = {"max_checkpoints": 2, "max_resource": 27}
    found = choose({**table, "val_loss": losses}, **settings)
    assert (found["metric"], found["mode"], trials(found)) == ("val_loss", "min", ["c"])
    table["y"] = losses
    refusal = r"which column is the metric: `lr`, `y`\? .* named: metric=NAME"
    with pytest.raises(ValueError, match=refusal):
        choose(table, **settings)
    with pytest.raises(ValueError, match=refusal):
        simulate(table, budgets=2, seeds=1)
    assert trials(choose(table, metric="y", mode="max", **settings)) == ["a"]


def test_what_was_deleted_is_not_chosen_again(tmp_path):
    table = run()
    table["path"] = [str(tmp_path / trial) for trial in table["trial"]]
    settings = {"max_checkpoints": 50, "max_resource": 27}
    assert choose(table, **settings)["held"] == 60  # none is there: on another machine
    for path in table["path"]:
        (tmp_path / path).touch()
    found = choose(table, **settings)
    for one in found["remove"]:
        (tmp_path / one["paths"][0]).unlink()
    again = choose(table, **settings)
    assert (again["held"], again["without_checkpoint"], again["remove"]) == (50, 10, [])


def test_guessed_levels_are_told():
    table = {"trial": ["a"] * 20, "resource": range(1, 21), "loss": [0.5] * 20}
    found = choose(table, max_checkpoints=1)
    assert (found["levels"], found["levels_guessed"]) == ([1, 4, 16], True)
    assert found["levels_from"] == "steps"
    found = choose(table, max_checkpoints=1, levels=[1, 4, 16])
    assert (found["levels_guessed"], found["levels_from"]) == (False, "asked")


def test_levels_are_where_many_curves_end():
    ends = [9] * 3 + [3] * 6 + [1] * 15
    trained = [trial for trial, end in enumerate(ends) for _ in range(end)]
    table = {
        "trial": trained,
        "resource": [epoch for end in ends for epoch in range(1, end + 1)],
        "loss": [trial / 24 for trial in trained],
    }
    settings = {"max_checkpoints": 5, "max_resource": 27}
    found = choose(table, **settings)
    assert (found["levels"], found["levels_from"]) == ([1, 3, 9], "ends")
    assert (found["running"], found["beyond_levels"], found["waiting"]) == (0, 0, 24)
    wrong = choose(table, eta=4, **settings)
    assert (wrong["running"], wrong["beyond_levels"]) == (9, 9)


def test_the_best_of_a_run_that_is_over():
    table = {"trial": "aabc", "resource": [1, 3, 3, 3], "loss": [0.2, 0.4, 0.2, np.nan]}
    table["path"] = ["a/1", "a/3", "b/3", "c/3"]
    table["status"] = ["COMPLETE"] * 4
    found = choose(table, max_checkpoints=1)
    assert found["remove"] == []
    best = found["best"]
    assert list(best) == list(BestReport.__annotations__)
    told = {"trial": "a", "metric": 0.2, "resource": 1, "path": "a/1", "is_gone": False}
    assert best == told
    assert choose(run(), max_checkpoints=1, max_resource=27)["best"] is None


def test_sizes_and_paths_are_those_of_the_working_directory(tmp_path, monkeypatch):
    table = {"trial": "abcd", "resource": [1] * 4, "loss": [0.1, 0.2, 0.3, 0.4]}
    table["path"] = list("abcd")
    for path in table["path"]:
        (tmp_path / path).write_bytes(bytes(20_000))
    settings = {"max_checkpoints": 3, "max_resource": 27}
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    found = choose(table, **settings)
    assert (found["absent_paths"], found["freed_bytes"]) == (4, None)
    assert found["remove"][0]["bytes"] is None
    with pytest.raises(ValueError, match="none of the 4 paths is there, seen from"):
        choose(table, max_bytes=60_000, max_resource=27)
    monkeypatch.chdir(tmp_path)
    found = choose(table, **settings)
    assert (found["absent_paths"], found["freed_bytes"]) == (0, 20_000)
    assert found["remove"][0]["bytes"] == 20_000
    assert trials(choose(table, max_bytes=60_000, max_resource=27)) == ["d"]
