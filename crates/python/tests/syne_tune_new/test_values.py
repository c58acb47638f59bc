"""Numbers of all kinds in results and arguments; configurations that come first."""

import math
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from rungkeeper import RemovalCallback
from rungkeeper.syne_tune import PromotionASHA
from rungkeeper.syne_tune._promotion_notes import Notes
from syne_tune.backend.trial_status import Trial
from syne_tune.config_space import (
    choice,
    finrange,
    logfinrange,
    logordinal,
    lograndint,
    ordinal,
    randint,
)

from tests.syne_tune_new.test_scheduler import SPACE, Noting, asha


class Tensor:
    """What holds one number, as tensors of other libraries do."""

    def __init__(self, value: float) -> None:
        self.value = value

    def item(self) -> float:
        return self.value


@pytest.mark.parametrize(
    "number",
    [
        int,
        float,
        np.int64,
        np.int32,
        np.float32,
        np.float64,
        np.array,
        Decimal,
        Fraction,
        Tensor,
        lambda value: np.array([value]),
    ],
)
def test_numbers_of_all_kinds_count(number: Any) -> None:
    searcher = Noting(most=9)
    scheduler = asha(reduction_factor=2, max_t=4, searcher=searcher)
    trials = []
    for name in range(4):
        suggestion = scheduler.suggest()
        assert suggestion is not None
        trials.append(Trial(name, suggestion.config, datetime(2024, 1, 1)))
        scheduler.on_trial_add(trials[name])
    for name in range(4):
        result = {"loss": number(name + 2), "epoch": number(1)}
        assert scheduler.on_trial_result(trials[name], result) == "PAUSE"
    suggestion = scheduler.suggest()
    assert suggestion is not None
    assert suggestion.checkpoint_trial_id == 0
    assert [event[2] for event in searcher.told if event[0] == "result"] == [2, 3, 4, 5]
    result = {"loss": number(1), "epoch": number(4)}
    assert scheduler.on_trial_result(trials[0], result) == "STOP"
    assert scheduler._run.standings[0].merit == -1


@pytest.mark.parametrize(
    "value", ["0.1", b"1", None, [0.1], np.array([1, 2]), np.str_("1"), {}, 1j]
)
def test_what_is_no_number_does_not(
    value: Any, caplog: pytest.LogCaptureFixture
) -> None:
    scheduler = asha(reduction_factor=2)
    trials = [Trial(name, {"x": 0.5}, datetime(2024, 1, 1)) for name in range(2)]
    for trial in trials:
        scheduler.on_trial_add(trial)
        assert scheduler.on_trial_result(trial, {"loss": 1, "epoch": value}) == (
            "CONTINUE"
        )
        assert scheduler.on_trial_result(trial, {"loss": value, "epoch": 1}) == "PAUSE"
    assert "as 'loss', which is no number: it is never promoted" in caplog.text
    suggestion = scheduler.suggest()
    assert suggestion is not None
    assert suggestion.spawn_new_trial_id


def test_a_whole_float_is_a_reduction_factor() -> None:
    made = asha(reduction_factor=3.0)
    assert "reduction_factor=3," in repr(made)
    assert made.log().splitlines()[0] == asha().log().splitlines()[0]
    assert (
        asha(reduction_factor=np.float64(4)).metadata()["scheduler_kwargs"][
            "reduction_factor"
        ]
        == 4
    )


@pytest.mark.parametrize("searcher", [None, "random_search", "kde", "object"])
def test_points_to_evaluate_come_first(searcher: Any) -> None:
    points = [
        {"x": 0.25, "depth": 3, "kind": "b", "c": 7},
        {"depth": np.int64(5), "x": 1},
        {},
    ]
    searcher = Noting() if searcher == "object" else searcher
    scheduler = asha(searcher=searcher, points_to_evaluate=points)
    drawn = []
    for _ in range(5):
        suggestion = scheduler.suggest()
        assert suggestion is not None
        drawn.append(suggestion.config)
    assert drawn[0] == points[0]
    assert drawn[1]["x"] == 1.0
    assert type(drawn[1]["depth"]) is int
    assert drawn[1]["depth"] == 5
    for configuration in drawn:
        assert configuration.keys() == SPACE.keys()
        assert configuration["kind"] in ("a", "b")
    assert len(points) == 3  # they are the user's
    few = asha(points_to_evaluate=points[:1])
    first = few.suggest()
    assert first is not None
    assert first.config == points[0]


@pytest.mark.parametrize(
    ("domain", "given", "taken"),
    [
        (finrange(0.0, 1.0, 5), 0.5, 0.5),
        (finrange(0.0, 1.0, 5), 0.3, 0.25),
        (finrange(1, 9, 5, cast_int=True), 3, 3),
        (logfinrange(1.0, 100.0, 3), np.float32(10.0), 10.0),
        (logordinal([1, 10, 100]), 10, 10),
        (ordinal(["a", "b"]), "b", "b"),
        (lograndint(1, 9), 3.0, 3),
    ],
)
def test_points_of_all_domains(domain: Any, given: Any, taken: Any) -> None:
    scheduler = PromotionASHA({"i": domain}, "loss", points_to_evaluate=[{"i": given}])
    suggestion = scheduler.suggest()
    assert suggestion is not None
    assert suggestion.config == {"i": pytest.approx(taken)}


@pytest.mark.parametrize(
    ("domain", "given"),
    [
        (finrange(0.0, 1.0, 5), 1.5),
        (finrange(0.0, 1.0, 5), math.nan),
        (finrange(0.0, 1.0, 5), "a"),
        (logfinrange(1.0, 100.0, 3), 0),
        (randint(1, 8), 2.5),
        (lograndint(1, 8), 2.5),
        (choice([1, 2]), 1.5),
    ],
)
def test_points_outside_are_refused(domain: Any, given: Any) -> None:
    with pytest.raises(ValueError, match="as 'i', which is not in"):
        PromotionASHA({"i": domain}, "loss", points_to_evaluate=[{"i": given}])


def test_what_is_wrong_is_warned_of_once_a_trial(
    caplog: pytest.LogCaptureFixture,
) -> None:
    scheduler = asha(reduction_factor=2)
    trials = [Trial(name, {"x": 0.5}, datetime(2024, 1, 1)) for name in range(2)]
    for trial in trials:
        scheduler.on_trial_add(trial)
        for number in range(5):
            result = {"loss": f"text {number}", "epoch": f"text {number}"}
            scheduler.on_trial_result(trial, result)
            scheduler.on_trial_result(trial, {**result, "epoch": 0.5 * number})
    told = [record.getMessage() for record in caplog.records]
    for name in range(2):
        own = [note for note in told if note.startswith(f"trial {name} reports ")]
        assert len(own) == 2
        assert "as 'epoch', which must be a number" in own[0]
        assert "as 'loss', which is no number" in own[1]


def test_wrong_names_are_told_once_with_those_that_there_are(
    caplog: pytest.LogCaptureFixture,
) -> None:
    scheduler = PromotionASHA(SPACE, "los", max_t=27)
    scheduler.callback_for_checkpoint_removal(lambda status: False)
    result = {"loss": 0.5, "epoch": 1, "st_worker_timestamp": 1.0}
    trials = [Trial(name, {"x": 0.5}, datetime(2024, 1, 1)) for name in range(3)]
    for trial in trials:
        scheduler.on_trial_add(trial)
        scheduler.on_trial_result(trial, result)
        more = {**result, "training_iteration": 1}
        assert scheduler.on_trial_result(trial, more) == "PAUSE"
    scheduler._run.notes.of(scheduler._run.removal)
    resource, metric = caplog.messages
    assert "no 'training_iteration', which is PromotionASHA's time_attr" in resource
    assert "It reports 'loss', 'epoch'. " in resource
    assert "no result has 'los' up to now" in metric
    assert "trial 0 reports 'loss', 'epoch', 'training_iteration'. " in metric


def test_a_metric_that_is_missing_at_times_is_told_once_a_trial(
    caplog: pytest.LogCaptureFixture,
) -> None:
    scheduler = asha()
    scheduler.callback_for_checkpoint_removal(lambda status: False)
    trials = [Trial(name, {"x": 0.5}, datetime(2024, 1, 1)) for name in range(3)]
    for trial in trials:
        scheduler.on_trial_add(trial)
    scheduler.on_trial_result(trials[0], {"loss": 0.5, "epoch": 1})
    scheduler.on_trial_result(trials[1], {"epoch": 1})
    scheduler.on_trial_result(trials[2], {"loss": math.nan, "epoch": 1})
    scheduler._run.notes.of(scheduler._run.removal)
    first, second = caplog.messages
    assert first.startswith("trial 1 reports None as 'loss'")
    assert second.startswith('trial "2" reported no finite metric')


def test_notes_are_warnings_and_one_that_is_true_of_the_script_comes_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    removal = RemovalCallback.geometric(1, 3, 27, log_notes=False)
    for trial in range(3):
        removal.start(trial)
        removal.result(trial, 1, math.nan, "PAUSE")
        removal.checkpoint_committed(trial, 1)
        removal.resume(trial)
        removal.result(trial, 1, 0.5, "CONTINUE")
    Notes().of(removal)
    told = [record.getMessage() for record in caplog.records]
    assert {record.levelname for record in caplog.records} == {"WARNING"}
    assert sum("reported no finite metric" in note for note in told) == 3
    (ignored,) = (note for note in told if "ignores its checkpoint" in note)
    assert "st_checkpoint_dir" in ignored
