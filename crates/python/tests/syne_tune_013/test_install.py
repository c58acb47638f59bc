"""One import line puts this package's callbacks in place of Syne Tune's."""

import json
import pickle
import random
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from rungkeeper.syne_tune import (
    HyperbandRemoveCheckpointsBaselineCallback,
    HyperbandRemoveCheckpointsCallback,
    HyperbandRemoveCheckpointsCommon,
    HyperbandScheduler,
    _reference,
)
from syne_tune import StoppingCriterion
from syne_tune.config_space import uniform
from syne_tune.util import find_first_of_type

from .driver import METRIC, RESOURCE, Run, make_scheduler
from .tuning import LONGEST

PACKAGE = Path(__file__).parents[2]
ARGUMENTS = (4, 600, METRIC, RESOURCE, "min")
OWN = "rungkeeper.syne_tune._callbacks.HyperbandRemoveCheckpointsCallback"


@pytest.fixture
def installed():
    from rungkeeper.syne_tune import install

    install.install()
    yield
    install.uninstall()


def made_by(scheduler):
    criterion = StoppingCriterion(max_wallclock_time=60)
    return scheduler.callback_for_checkpoint_removal(criterion)


def baseline_schedulers():
    try:
        from syne_tune.optimizer import legacy_baselines as baselines
    except ImportError:
        from syne_tune.optimizer import baselines
    names = ("ASHA", "MOBSTER", "HyperTune", "PASHA")
    return [getattr(baselines, name) for name in names]


@pytest.mark.parametrize("kind", baseline_schedulers(), ids=lambda kind: kind.__name__)
@pytest.mark.usefixtures("installed")
def test_all_schedulers_make_the_callbacks_of_this_package(kind):
    settings = {
        "metric": METRIC,
        "resource_attr": RESOURCE,
        "max_resource_attr": "epochs",
        "search_options": {"debug_log": False},
    }
    if kind.__name__ != "PASHA":
        settings["type"] = "promotion"
    for more, own in [
        ({}, HyperbandRemoveCheckpointsCallback),
        ({"policy": "rank_aware"}, HyperbandRemoveCheckpointsCallback),
        ({"baseline": "by_level"}, HyperbandRemoveCheckpointsBaselineCallback),
    ]:
        asked = {"max_num_checkpoints": 4, **more}
        scheduler = kind(
            {"x": uniform(0, 1), "epochs": 27},
            early_checkpoint_removal_kwargs=asked,
            **settings,
        )
        callback = made_by(scheduler)
        assert type(callback) is own
        assert callback._max_wallclock_time == 60
        found = find_first_of_type([object(), callback], _reference.Common)
        assert found is callback


def test_what_was_imported_before_counts_too(installed):
    # These names were bound before the line was there.
    theirs = _reference.Callback(*ARGUMENTS)
    assert type(theirs) is HyperbandRemoveCheckpointsCallback
    assert type(_reference.BaselineCallback(*ARGUMENTS, baseline="random")) is (
        HyperbandRemoveCheckpointsBaselineCallback
    )
    assert type(_reference.Common(*ARGUMENTS)) is HyperbandRemoveCheckpointsCommon
    assert _reference.callbacks.HyperbandRemoveCheckpointsCallback is (
        HyperbandRemoveCheckpointsCallback
    )


class Early(_reference.Callback):
    """A subclass that was made before the line was there."""


def test_a_subclass_that_was_made_before_is_refused(installed):
    with pytest.raises(TypeError, match=r"Early derives .* import that first"):
        Early(*ARGUMENTS)


def test_it_can_be_undone(installed):
    from rungkeeper.syne_tune import install

    install.uninstall()
    assert type(_reference.Callback(*ARGUMENTS)) is _reference.Callback
    assert type(Early(*ARGUMENTS)) is Early
    scheduler = make_scheduler(
        early_checkpoint_removal_kwargs={"max_num_checkpoints": 4}
    )
    assert type(made_by(scheduler)) is _reference.Callback
    install.install()
    assert type(made_by(scheduler)) is HyperbandRemoveCheckpointsCallback


def test_isinstance_holds_for_all_classes():
    for own, theirs in [
        (HyperbandRemoveCheckpointsCommon, _reference.Common),
        (HyperbandRemoveCheckpointsCallback, _reference.Callback),
        (HyperbandRemoveCheckpointsBaselineCallback, _reference.BaselineCallback),
        (HyperbandScheduler, _reference.HyperbandScheduler),
    ]:
        assert issubclass(own, theirs)


def test_two_removal_callbacks_are_refused():
    for second in (
        HyperbandRemoveCheckpointsCallback(*ARGUMENTS),
        _reference.BaselineCallback(*ARGUMENTS),
    ):
        own = HyperbandRemoveCheckpointsCallback(*ARGUMENTS)
        tuner = {"callbacks": [object(), own, second]}
        with pytest.raises(ValueError, match="two callbacks of one tuner remove"):
            Run(make_scheduler(), tuner, own=own)
    alone = HyperbandRemoveCheckpointsCallback(*ARGUMENTS)
    Run(make_scheduler(), {"callbacks": [object(), alone]}, own=alone)


def test_a_tuner_that_syne_tune_saved_goes_on_with_this_package(installed):
    from rungkeeper.syne_tune import install

    install.uninstall()
    theirs = _reference.Callback(*ARGUMENTS[:-1], "max", approx_steps=7)
    level = _reference.BaselineCallback(*ARGUMENTS, baseline="random")
    saved = pickle.dumps((theirs, level))
    install.install()
    own, other = pickle.loads(saved)
    assert type(own) is HyperbandRemoveCheckpointsCallback
    assert own.max_num_checkpoints == 4
    assert own._approx_steps == 7
    assert own._settings["mode"] == "max"
    assert other._baseline == "random"
    run = Run(make_scheduler(mode="max"), own=own)
    draw = random.Random(1)
    for _ in range(40):
        run.train(lambda trial, level: draw.random())
        run.loop_end()
    assert own.num_checkpoints_removed > 0


def test_with_newer_versions_the_line_says_what_to_do():
    program = """
import importlib.metadata as metadata
metadata.version = lambda name: "0.16.0"
import sys
from types import ModuleType
for name in ("_promotion", "_promotion_results"):
    module = ModuleType("rungkeeper.syne_tune." + name)
    module.PromotionASHA = module.PromotionExtraResults = None
    sys.modules[module.__name__] = module
import rungkeeper.syne_tune.install
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "install is for Syne Tune 0.13 and 0.14, but 0.16.0" in done.stderr
    assert "PromotionASHA" in done.stderr


def launched(module, folder, monkeypatch, seconds):
    """What a launcher printed last."""
    monkeypatch.setenv("SYNETUNE_FOLDER", str(folder / "syne-tune"))
    done = subprocess.run(
        [sys.executable, "-m", module, str(folder), str(seconds)],
        cwd=PACKAGE,
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return SimpleNamespace(**json.loads(done.stdout.splitlines()[-1]))


def test_the_example_of_syne_tune_ends_with_its_figures(tmp_path, monkeypatch):
    ended = launched("tests.syne_tune_013.launcher", tmp_path, monkeypatch, 20)
    assert vars(ended)["class"] == OWN
    assert ended.callbacks == 2
    figures = vars(ended)["at the end"]
    assert figures["num_checkpoints_removed"] > 5
    assert figures["num_trials_resumed"] > 5
    assert figures["cost_resources"] == sum(level for _, level in ended.resumed)
    # The last result is stored before the removals of its turn.
    assert (
        0
        < ended.stored["num_checkpoints_removed"]
        <= figures["num_checkpoints_removed"]
    )


def test_launchers_of_the_experiments_use_it(tmp_path, monkeypatch):
    ended = launched("tests.syne_tune_013.experiment", tmp_path, monkeypatch, 17)
    assert vars(ended)["class"] == OWN
    assert ended.figures["num_checkpoints_removed"] > 0
