"""What the module gives with this version of Syne Tune, and what it says otherwise."""

import inspect
import subprocess
import sys

import pytest
import rungkeeper.syne_tune
from syne_tune import StoppingCriterion
from syne_tune.config_space import uniform


def make_scheduler(**settings):
    return rungkeeper.syne_tune.HyperbandScheduler(
        {"x": uniform(0, 1)},
        searcher="random",
        metric="loss",
        resource_attr="epoch",
        mode="min",
        max_t=9,
        **{"type": "promotion", **settings},
    )


@pytest.mark.parametrize("name", ["PromotionASHA", "PromotionExtraResults"])
def test_what_newer_versions_have(name):
    with pytest.raises(
        ImportError, match=f"{name} is for Syne Tune 0.15 and newer"
    ) as error:
        getattr(rungkeeper.syne_tune, name)
    assert "use HyperbandRemoveCheckpointsCallback" in str(error.value)
    assert name not in rungkeeper.syne_tune.__all__


def test_what_no_version_has():
    with pytest.raises(AttributeError, match="has no attribute 'Callback'"):
        rungkeeper.syne_tune.Callback  # noqa: B018


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ({}, ValueError, "early_checkpoint_removal_kwargs has no max_num_checkpoints"),
        (3, TypeError, "early_checkpoint_removal_kwargs must be a dict, not int"),
        (
            {"max_num_checkpoints": 3, "max_wallclock_time": -1},
            ValueError,
            "max_wallclock_time is -1, but must be positive and finite",
        ),
        ({"max_num_checkpoints": 0}, ValueError, "is 0, but must be at least 1"),
        ({"max_num_checkpoints": 3, "most": 1}, TypeError, "has no argument most: it"),
        ({"max_checkpoints": 3}, TypeError, "did you mean max_num_checkpoints?"),
        (
            {"max_num_checkpoints": 3, "baseline": "best"},
            ValueError,
            "baseline is 'best', but must be",
        ),
    ],
)
def test_what_cannot_be_asked_for_is_refused_at_once(asked, error, message):
    with pytest.raises(error, match=message):
        make_scheduler(early_checkpoint_removal_kwargs=asked)


def test_a_budget_of_a_scheduler_that_pauses_nothing_is_told(caplog):
    scheduler = make_scheduler(
        type="stopping", early_checkpoint_removal_kwargs={"max_num_checkpoints": 3}
    )
    assert scheduler.callback_for_checkpoint_removal(StoppingCriterion(9)) is None
    assert "does nothing with a scheduler of the type 'stopping'" in caplog.text


def test_a_stopping_criterion_that_cannot_be_is_named():
    scheduler = make_scheduler(
        early_checkpoint_removal_kwargs={"max_num_checkpoints": 3}
    )
    criterion = StoppingCriterion(max_wallclock_time=-1)
    message = "max_wallclock_time of the stopping criterion is -1, but must be positive"
    with pytest.raises(ValueError, match=message):
        scheduler.callback_for_checkpoint_removal(criterion)
    for name in ("metric", "resource_attr"):
        settings = {"metric": "loss", "resource_attr": "epoch"} | {name: ""}
        with pytest.raises(ValueError, match=f"{name} is '', but must be the name of"):
            rungkeeper.syne_tune.HyperbandRemoveCheckpointsCallback(
                3, None, mode="min", **settings
            )


def test_without_syne_tune():
    program = """
import importlib.metadata as metadata
def version(name):
    raise metadata.PackageNotFoundError(name)
metadata.version = version
import rungkeeper.syne_tune
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "ImportError: rungkeeper.syne_tune needs Syne Tune: install" in done.stderr


def test_everything_public_has_a_docstring():
    for name in rungkeeper.syne_tune.__all__:
        member = getattr(rungkeeper.syne_tune, name)
        if not member.__module__.startswith("rungkeeper"):
            continue  # Syne Tune's own
        assert inspect.getdoc(member), name
        for attribute, value in vars(member).items():
            if not attribute.startswith("_") and callable(value):
                assert inspect.getdoc(value), f"{name}.{attribute}"
