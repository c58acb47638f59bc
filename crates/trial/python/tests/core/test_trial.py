"""One file, alone: parameters, checkpoints, reports."""

import json
import random
import signal
import subprocess
import sys

import numpy as np
import pytest
import rungkeeper_trial
from rungkeeper_trial import Trial

from ..training import PACKAGE, environment, start


@pytest.fixture
def trial(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["script.py"])
    return Trial(tmp_path / "kept")


def names(trial):
    return sorted(path.name for path in trial.folder.iterdir())


@pytest.mark.parametrize(
    ("line", "default", "value"),
    [
        ("--learning-rate 1e-3", 0.1, 1e-3),
        ("--learning_rate=1", 0.1, 1.0),
        ("--learning-rate -2 --learning-rate -3", 1, -3),
        ("--learning-rate 12", "text", "12"),
        ("--learning-rate 12", None, 12),
        ("--learning-rate fast", None, "fast"),
        ("--learning-rate [1,2]", [], [1, 2]),
        ("--learning-rate", False, True),
        ("--learning-rate false", True, False),
        ("--learning-rate --other", False, True),
        ("--no-learning-rate", True, False),
        ("-- --learning-rate 3", 1, 1),
        ("--learning 3", 1, 1),
    ],
)
def test_arguments_are_read_by_their_default(trial, monkeypatch, line, default, value):
    monkeypatch.setattr(sys, "argv", ["script.py", *line.split()])
    found = trial.get("learning_rate", default)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("line", "default", "message"),
    [
        ("--x 0.5", 3, "--x is '0.5', but must be a whole number, as its default is"),
        ("--x fast", 0.5, "--x is 'fast', but must be a number"),
        ("--x=2", True, "--x is '2', but must be true or false"),
        ("--x", 3, "--x needs a value"),
        ("--x --y", 3, "--x needs a value"),
    ],
)
def test_a_wrong_argument_is_named(trial, monkeypatch, line, default, message):
    monkeypatch.setattr(sys, "argv", ["script.py", *line.split()])
    with pytest.raises(ValueError, match=f"^{message}$"):
        trial.get("x", default)


def test_a_configuration_file_counts_behind_arguments(trial, tmp_path, monkeypatch):
    path = tmp_path / "trial.json"
    path.write_text('{"lr": 1, "width": 3, "act": "relu"}')
    line = ["script.py", "--width", "4", "--config", str(path)]
    monkeypatch.setattr(sys, "argv", line)
    assert repr(trial.get("lr", 0.1)) == "1.0"
    assert trial.get("width", 1) == 4
    assert trial.get("depth", 2) == 2
    monkeypatch.setattr(sys, "argv", ["script.py", "--config", "own.yaml"])
    assert Trial().get("width", 1) == 1
    monkeypatch.setenv("RUNGKEEPER_CONFIG", str(path))
    assert Trial().get("act", "tanh") == "relu"
    path.write_text("[1]")
    with pytest.raises(ValueError, match="holds no JSON object"):
        Trial().get("act", "tanh")
    path.write_text("{")
    with pytest.raises(ValueError, match=r"trial\.json is not JSON: "):
        Trial().get("act", "tanh")


def test_a_runner_of_the_future_is_refused(monkeypatch):
    monkeypatch.setenv("RUNGKEEPER_PROTOCOL", "telepathy")
    with pytest.raises(ValueError, match=r"'telepathy'.*update it"):
        Trial()


class Model:
    """As those of PyTorch."""

    def __init__(self):
        self.weight = 0

    def state_dict(self):
        return {"weight": self.weight}

    def load_state_dict(self, state):
        self.weight = state["weight"]


def kept():
    numbers = np.random.default_rng(1)
    return Model(), {"a": 1}, [1, 2], np.zeros(2), numbers, random.Random(1)


def test_what_is_kept_comes_back_in_place(trial, capsys):
    objects = kept()
    assert trial.keep(*objects) == 0
    model, table, items, array, numbers, plain = objects
    model.weight, table["b"], array[1] = 7, 2, 5.0
    del table["a"]
    items.append(3)
    assert trial.report(2, loss=np.float32(0.5), steps=np.int64(3))
    said = json.loads(capsys.readouterr().out)
    assert said == {"epoch": 2, "loss": 0.5, "steps": 3, "checkpoint": True}
    following = numbers.random(), plain.random()

    again = Trial(trial.folder)
    objects = kept()
    assert again.keep(*objects) == 2
    model, table, items, array, numbers, plain = objects
    assert (model.weight, table, items) == (7, {"b": 2}, [1, 2, 3])
    assert array.tolist() == [0.0, 5.0]
    assert (numbers.random(), plain.random()) == following
    with pytest.raises(ValueError, match="6 kept objects, but 1 are"):
        Trial(trial.folder).keep(model)


class Torch:
    """Gives the state of its global generator away as the module of that name does."""

    def __init__(self):
        self.state = 1

    def get_rng_state(self):
        return self.state

    def set_rng_state(self, state):
        self.state = state


def test_global_generators_are_kept(trial, capsys):
    torch = Torch()
    trial.keep(random, torch)
    random.seed(1)
    torch.state = 3
    trial.report(1, loss=0.5)
    following = random.random()
    torch.state = 4
    assert Trial(trial.folder).keep(random, torch) == 1
    assert (random.random(), torch.state) == (following, 3)


def test_what_cannot_be_kept_is_refused_at_the_start(trial):
    with pytest.raises(TypeError, match="how to keep a int: save it yourself"):
        trial.epochs(3, 7)
    with trial.saving(1) as folder:
        (folder / "own").write_text("1")
    with pytest.raises(ValueError, match="holds nothing that was kept"):
        trial.epochs(3, {})


def test_files_of_a_scripts_own_are_saved_as_a_whole(trial, capsys):
    array = np.arange(3.0)
    assert (trial.level, trial.checkpoint, trial.saved("a.npy")) == (0, None, None)
    for epoch in trial.epochs(3):
        with trial.saving() as folder:
            np.save(folder / "a.npy", array * epoch)
            (folder / "below").mkdir()
            (folder / "below" / "b").write_text("b")
        trial.report(loss=1.0)
    assert names(trial) == ["level-3"]
    assert np.load(trial.saved("a.npy")).tolist() == [0.0, 3.0, 6.0]
    assert trial.saved("other") is None
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert list(Trial(trial.folder).epochs(4)) == [4]
    said = capsys.readouterr().err
    goes_on = f"goes on from {trial.checkpoint}: remove it to train from scratch\n"
    assert said == goes_on
    for last in (3, 2):
        assert list(Trial(trial.folder).epochs(last)) == []
        said = capsys.readouterr().err
        assert said == goes_on + f"all {last} epochs are trained\n"


def interrupted(folder):
    np.save(folder / "a.npy", 2)
    raise KeyboardInterrupt


def test_a_save_that_fails_leaves_the_checkpoint_before(trial):
    with trial.saving(3) as folder:
        np.save(folder / "a.npy", 1)
    with pytest.raises(KeyboardInterrupt), trial.saving(4) as folder:
        interrupted(folder)
    empty = pytest.raises(ValueError, match="the checkpoint at epoch 4 is empty")
    with empty, trial.saving(4):
        pass
    assert names(trial) == ["level-3"]
    # Once more at the same level; and back, as a script that ignores its checkpoint.
    with trial.saving(3) as folder:
        np.save(folder / "a.npy", 3)
    assert np.load(trial.saved("a.npy")) == 3
    with trial.saving(1) as folder:
        np.save(folder / "a.npy", 4)
    assert names(trial) == ["level-1"]


def test_what_a_killed_process_left_goes_with_the_next_save(trial):
    for name in ["level-2", "level-5.new", "level-7.3.new", "level-x", "other"]:
        (trial.folder / name).mkdir(parents=True)
    assert trial.level == 2
    with trial.saving(3) as folder:
        (folder / "a").write_text("1")
    assert names(trial) == ["level-3", "level-x", "other"]


def test_the_resource_is_checked_and_may_be_named(trial, capsys):
    assert trial.report(epoch=3, loss=1.0)
    assert json.loads(capsys.readouterr().out) == {"epoch": 3, "loss": 1.0}
    for wrong in [0, -1, 2.5]:
        with pytest.raises(ValueError, match="positive whole number: count from 1"):
            trial.report(wrong, loss=1.0)
    for _ in trial.epochs(1):
        pass
    with pytest.raises(ValueError, match="at which epoch"):
        trial.report(loss=1.0)


SCRIPT = """
import sys, time
from rungkeeper_trial import trial

state = {"sum": 0}
for epoch in trial.epochs(5, state):
    state["sum"] += epoch
    print("no report", state)
    trial.report(loss=1 / state["sum"], text=object)
print("paused" if trial.paused else "through", file=sys.stderr)
if "--wait" in sys.argv:
    time.sleep(60)
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return path


def said(process, answers=""):
    out, _ = process.communicate(answers, timeout=60)
    assert process.returncode == 0
    return [line for line in out.splitlines() if "loss" in line]


def test_answered(script, tmp_path):
    run = {"folder": tmp_path, "protocol": "answered", "resource": "step"}
    first = said(start(script, **run), "continue\npause\n")
    assert [json.loads(line)["step"] for line in first] == [1, 2]
    rest = [json.loads(line) for line in said(start(script, **run), "continue\n" * 3)]
    assert [(line["step"], line["loss"]) for line in rest] == [
        (3, 1 / 6),
        (4, 1 / 10),
        (5, 1 / 15),
    ]
    assert all(line["checkpoint"] is True for line in rest)


def test_a_runner_that_is_gone_pauses(script, tmp_path):
    lines = said(start(script, folder=tmp_path, protocol="answered"), "continue\n")
    assert len(lines) == 2


def test_one_way_survives_a_kill_at_any_moment(script, tmp_path):
    run = {"folder": tmp_path, "protocol": "one_way"}
    reached = 0
    while reached < 5:
        process = start(script, "--wait", **run)
        process.stdin.close()
        line = ""
        while "loss" not in line:
            line = process.stdout.readline()
        assert line.startswith("[tune-metric]: ")
        report = json.loads(line.partition(": ")[2])
        assert report["epoch"] > reached
        assert report["loss"] == 2 / (report["epoch"] * (report["epoch"] + 1))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        reached = Trial(tmp_path / "trial").level
        assert reached >= report["epoch"]


def test_by_itself(script, tmp_path):
    assert len(said(start(script, folder=tmp_path))) == 5
    assert (tmp_path / "checkpoints" / "level-5").is_dir()
    assert said(start(script, folder=tmp_path)) == []


def test_a_copy_is_enough(script, tmp_path):
    copy = tmp_path / "rungkeeper_trial.py"
    copy.write_text((PACKAGE / "rungkeeper_trial.py").read_text())
    variables = environment()
    del variables["PYTHONPATH"]
    isolated = [sys.executable, "-S", str(script)]
    out = subprocess.run(
        isolated, cwd=tmp_path, env=variables, stdout=subprocess.PIPE, check=True
    )
    assert out.stdout.count(b"loss") == 5


def test_the_version_is_that_of_the_crate():
    manifest = (PACKAGE.parent / "Cargo.toml").read_text()
    assert f'version = "{rungkeeper_trial.__version__}"' in manifest
