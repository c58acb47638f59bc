"""The callbacks beside those of Syne Tune: the same names, the same decisions."""

import inspect
import random

import pytest
import rungkeeper.syne_tune as own_module
from rungkeeper.syne_tune import (
    HyperbandRemoveCheckpointsBaselineCallback,
    HyperbandRemoveCheckpointsCallback,
    HyperbandRemoveCheckpointsCommon,
)
from syne_tune import callbacks as _  # noqa: F401 (before its modules)
from syne_tune.callbacks import hyperband_remove_checkpoints_callback as reference
from syne_tune.tuner_callback import TunerCallback

from .driver import METRIC, RESOURCE, Run, make_scheduler, stopped_clock

NAMES = [
    "BetaBinomialEstimator",
    "HyperbandRemoveCheckpointsBaselineCallback",
    "HyperbandRemoveCheckpointsCallback",
    "HyperbandRemoveCheckpointsCommon",
    "TrialInformation",
    "TrialStatus",
]
ARGUMENTS = {
    "max_num_checkpoints": 6,
    "max_wallclock_time": 600,
    "metric": METRIC,
    "resource_attr": RESOURCE,
    "mode": "min",
}


def test_all_classes_of_the_reference_are_there():
    classes = [
        name
        for name, member in vars(reference).items()
        if inspect.isclass(member) and member.__module__ == reference.__name__
    ]
    assert sorted(classes) == NAMES
    assert set(NAMES) <= set(own_module.__all__)


def shape(function):
    """Names, kinds and defaults of what a function takes; a method's own object not."""
    parameters = list(inspect.signature(function).parameters.values())
    if parameters and parameters[0].name == "self":
        del parameters[0]
    return [(p.name, p.kind, p.default) for p in parameters]


def public(cls):
    return [name for name in dir(cls) if not name.startswith("_")]


@pytest.mark.parametrize("name", NAMES)
def test_signatures_are_those_of_the_reference(name):
    theirs, own = getattr(reference, name), getattr(own_module, name)
    assert shape(own) == shape(theirs)
    assert public(theirs)
    for member in public(theirs):
        their_member = inspect.getattr_static(theirs, member)
        own_member = inspect.getattr_static(own, member)
        if isinstance(their_member, property):
            assert inspect.isdatadescriptor(own_member), member
        elif isinstance(their_member, str):
            assert own_member == their_member, member
        elif isinstance(their_member, staticmethod):
            assert isinstance(own_member, staticmethod), member
            assert shape(getattr(own, member)) == shape(getattr(theirs, member))
        elif callable(their_member):
            assert shape(own_member) == shape(their_member), member
        else:
            assert own_member == their_member, member


@pytest.mark.parametrize("name", [name for name in NAMES if "Callback" in name])
def test_attributes_are_those_of_the_reference(name):
    theirs = getattr(reference, name)(**ARGUMENTS)
    own = getattr(own_module, name)(**ARGUMENTS)
    for attribute, value in vars(theirs).items():
        if not attribute.startswith("_"):
            assert getattr(own, attribute) == value
    assert isinstance(own, TunerCallback)
    assert isinstance(own, HyperbandRemoveCheckpointsCommon)
    assert own.extra_results_keys() == theirs.extra_results_keys()


@pytest.mark.parametrize("reduction_factor", [2, 4])
@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("baseline", [None, "by_level"])
def test_removes_what_the_reference_removes(reduction_factor, mode, baseline):
    # With these reduction factors the reference's score does not round.
    arguments = ARGUMENTS | {"mode": mode}
    if baseline:
        arguments["baseline"] = baseline
        own = HyperbandRemoveCheckpointsBaselineCallback(**arguments)
        theirs = reference.HyperbandRemoveCheckpointsBaselineCallback(**arguments)
    else:
        own = HyperbandRemoveCheckpointsCallback(**arguments)
        theirs = reference.HyperbandRemoveCheckpointsCallback(**arguments)
    scheduler = make_scheduler(mode=mode, reduction_factor=reduction_factor, max_t=64)
    with stopped_clock() as clock:
        run = Run(scheduler, own=own, theirs=theirs)
        draw = random.Random(reduction_factor)
        quality = [round(draw.random(), 2) for _ in range(500)]  # with ties
        for _ in range(500):
            clock.now += 1.0
            run.train(lambda trial, level: quality[trial] + 1 / level)
            deleted = run.loop_end()
            assert sorted(deleted["own"]) == sorted(deleted["theirs"])
            for trial in deleted["theirs"]:
                run.levels[trial] = 0  # it would train from scratch
    assert own.num_checkpoints_removed == theirs.num_checkpoints_removed > 100
    assert own.extra_results() == theirs.extra_results()
    resumed = theirs.trials_resumed_without_checkpoint()
    assert own.trials_resumed_without_checkpoint() == resumed
    assert resumed
    for level, _, _ in scheduler.terminator.information_for_rungs():
        if not baseline:
            found, expected = (c.estimator_for_rung(level) for c in (own, theirs))
            assert found.num_one == expected.num_one
            assert found.num_total == expected.num_total
            assert found.posterior_mean() == expected.posterior_mean()
