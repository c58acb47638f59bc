"""What the callback does where things go another way than planned."""

import logging
import random
import shutil

import dill
import pytest
from rungkeeper import BetaBinomialEstimator, TrialStatus
from rungkeeper.syne_tune import (
    HyperbandRemoveCheckpointsBaselineCallback,
    HyperbandRemoveCheckpointsCallback,
)
from syne_tune import StoppingCriterion
from syne_tune.backend import LocalBackend
from syne_tune.backend.simulator_backend.simulator_backend import SimulatorBackend

from .driver import METRIC, RESOURCE, Run, make_scheduler, stopped_clock
from .tuning import SCRIPT


def speculative(**settings):
    arguments = {
        "max_num_checkpoints": 4,
        "max_wallclock_time": 600,
        "metric": METRIC,
        "resource_attr": RESOURCE,
        "mode": "min",
    }
    return HyperbandRemoveCheckpointsCallback(**(arguments | settings))


def pause_at_once(run, metrics):
    """Starts a trial for each metric; then all report it at the first rung."""
    trials = [run.next_task() for _ in metrics]
    for (what, trial), metric in zip(trials, metrics, strict=True):
        assert what == "start"
        assert run.report(trial, 1, metric) == "PAUSE"


def grow(run, turns, seed):
    """Trains trials with random metrics: what was deleted at each turn."""
    draw, deleted = random.Random(seed), []
    for _ in range(turns):
        run.train(lambda trial, level: draw.random())
        deleted.append(run.loop_end()["own"])
    return deleted


def test_before_tuning_nothing_has_happened():
    callback = speculative(prior_beta_mean=0.25, prior_beta_size=4)
    assert callback.num_checkpoints_removed == 0
    assert callback.trials_resumed_without_checkpoint() == []
    assert callback.extra_results() == {
        "num_checkpoints_removed": 0,
        "num_trials_resumed": 0,
        "cost_resources": 0,
    }
    assert callback.estimator_for_rung(1) == BetaBinomialEstimator(0.25, 4)
    with pytest.raises(RuntimeError, match="on_tuning_start"):
        callback.on_loop_end()


@pytest.mark.parametrize(
    ("settings", "error", "text"),
    [
        ({"mode": "best"}, ValueError, "mode is 'best'"),
        ({"max_num_checkpoints": 0}, ValueError, "max_num_checkpoints is 0"),
        ({"max_num_checkpoints": 2.5}, TypeError, "max_num_checkpoints .* not float"),
        ({"max_num_checkpoints": True}, TypeError, "max_num_checkpoints .* not bool"),
        ({"max_wallclock_time": 0}, ValueError, "max_wallclock_time is 0"),
        ({"metric": None}, TypeError, "metric must be a str, not NoneType"),
        ({"resource_attr": 3}, TypeError, "resource_attr must be a str, not int"),
        ({"approx_steps": 0}, ValueError, "approx_steps 0: must be at least 1"),
        ({"prior_beta_mean": 1}, ValueError, "(?i)mean"),
        ({"prior_beta_size": 0}, ValueError, "(?i)size"),
        ({"min_data_at_rung": -1}, ValueError, "min_data_at_rung is -1"),
    ],
)
def test_bad_arguments_are_refused_before_the_run(settings, error, text):
    with pytest.raises(error, match=text):
        speculative(**settings)


def test_an_unknown_baseline_is_refused():
    arguments = (4, 600, METRIC, RESOURCE, "min")
    with pytest.raises(ValueError, match="baseline is 'best', but must be"):
        HyperbandRemoveCheckpointsBaselineCallback(*arguments, baseline="best")
    with pytest.raises(ValueError, match=r"'rank_aware' are what .* takes"):
        HyperbandRemoveCheckpointsBaselineCallback(*arguments, baseline="rank_aware")
    with pytest.raises(ValueError, match="policy is 'by_level', but must be"):
        speculative(policy="by_level")


def test_a_scheduler_or_backend_without_checkpoints_is_refused():
    with pytest.raises(TypeError, match="must be a HyperbandScheduler, not object"):
        Run(object(), own=speculative())
    run = Run(make_scheduler(), own=speculative())
    run.backends["own"] = SimulatorBackend.__new__(SimulatorBackend)
    with pytest.raises(TypeError, match="SimulatorBackend"):
        run.start()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"mode": "max"}, "mode of the .*Callback is 'max', but that of the scheduler"),
        ({"metric": "accuracy"}, "metric of .* is 'accuracy', but .* is 'loss': give"),
        ({"resource_attr": "step"}, "resource_attr of .* is 'step', but .* is 'epoch'"),
    ],
)
def test_another_order_than_the_scheduler_has_is_refused(settings, told):
    with pytest.raises(ValueError, match=told):
        Run(make_scheduler(), own=speculative(**settings))


def test_a_scheduler_that_pauses_nothing_is_told(caplog):
    Run(make_scheduler(type="stopping"), own=speculative()).start()
    assert "the scheduler tells of no paused trials" in caplog.text


def test_a_budget_below_the_workers_is_told(caplog):
    run = Run(make_scheduler(), {"n_workers": 4}, own=speculative())
    assert "workers" not in caplog.text
    run.tuner["n_workers"] = 5
    run.start()
    assert "less than the number of workers, 5" in caplog.text


def test_another_budget_counts_from_the_next_turn():
    callback = speculative(max_num_checkpoints=6)
    run = Run(make_scheduler(), own=callback)
    pause_at_once(run, [0.1, 0.2, 0.3])
    assert run.loop_end() == {"own": []}
    callback.max_num_checkpoints = 1
    assert callback.max_num_checkpoints == 1
    assert run.loop_end() == {"own": [2, 1]}
    with pytest.raises(ValueError, match="max_num_checkpoints is 0"):
        callback.max_num_checkpoints = 0


def test_crashed_trials_hold_no_checkpoint():
    callback = speculative(max_num_checkpoints=3)
    run = Run(make_scheduler(), own=callback)
    crashed = [run.next_task()[1] for _ in range(4)]
    assert run.loop_end() == {"own": []}  # running ones cannot be removed
    for trial in crashed:
        run.crash(trial)
    assert run.loop_end() == {"own": crashed}  # their files go
    pause_at_once(run, [0.5, 0.6, 0.7])
    assert run.loop_end() == {"own": []}  # there is room for three
    assert callback.extra_results()["num_checkpoints_removed"] == 0


def test_a_crash_behind_the_rung_leaves_the_checkpoint():
    callback = speculative()
    run = Run(make_scheduler(), own=callback)
    _, trial = run.next_task()
    run.crash(trial)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run.scheduler, "on_trial_result", lambda *_: "PAUSE")
        run.report(trial, 1, 0.5)  # it came in with the news of the crash
    assert run.loop_end() == {"own": []}
    assert callback._core.status(trial) == TrialStatus.PAUSED_WITH_CHECKPOINT


def test_programs_that_ignore_their_checkpoint_train_again():
    callback = speculative(max_num_checkpoints=20)
    run = Run(make_scheduler(), own=callback)
    pause_at_once(run, [0.1, 0.2])
    assert run.next_task() == ("resume", 0)
    for level in (2, 1, 2):
        assert run.report(0, level, 0.1) == "CONTINUE"
    assert run.report(0, 3, 0.1) == "PAUSE"
    assert callback._core.trial_information(0).level == 3
    assert callback.trials_resumed_without_checkpoint() == []


def test_a_report_of_a_paused_trial_does_not_count(caplog):
    callback = speculative()
    run = Run(make_scheduler(), own=callback)
    pause_at_once(run, [0.5])
    assert run.report(0, 2, 0.1) == "PAUSE"
    assert "a report does not count" in caplog.text
    assert callback._core.trial_information(0).level == 1


def test_deletions_that_fail_are_tried_again(caplog):
    run = Run(make_scheduler(), own=speculative(max_num_checkpoints=2))
    pause_at_once(run, [0.1, 0.2, 0.3])
    tries = []

    def refuse(trial_id):
        tries.append(trial_id)
        raise OSError("device or resource busy")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run.backends["own"], "delete_checkpoint", refuse)
        for _ in range(3):
            assert run.loop_end() == {"own": []}
    assert tries == [2, 2, 2]
    assert caplog.text.count("not deleted yet: device or resource busy") == 1
    assert run.loop_end() == {"own": [2]}
    assert run.loop_end() == {"own": []}


def test_a_deletion_that_failed_spares_a_trial_that_runs_again():
    run = Run(make_scheduler(), own=speculative(max_num_checkpoints=1))
    pause_at_once(run, [0.1, 0.2])
    run.callbacks["own"].max_num_checkpoints = 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run.backends["own"], "delete_checkpoint", lambda _: 1 / 0)
        run.loop_end()
        assert run.next_task() == ("resume", 0)
    run.loop_end()
    assert 0 not in run.backends["own"].deleted


@pytest.mark.parametrize("baseline", [None, "by_level", "random"])
def test_a_copy_made_by_dill_goes_on_alike(baseline):
    arguments = (5, 600, METRIC, RESOURCE, "min")
    callback = (
        HyperbandRemoveCheckpointsBaselineCallback(*arguments, baseline=baseline)
        if baseline
        else HyperbandRemoveCheckpointsCallback(*arguments)
    )
    with stopped_clock() as clock:
        run = Run(make_scheduler(), own=callback)
        clock.now = 100.0
        assert sum(map(len, grow(run, 60, seed=1))) > 20
        copy = dill.loads(dill.dumps(run))
        again = copy.callbacks["own"]
        assert again.extra_results() == callback.extra_results()
        assert again._clock.seconds() == 100.0
        assert again._scheduler is copy.scheduler
        copy.start()  # with the scheduler it was saved with: it goes on
        assert again.extra_results() == callback.extra_results()
        assert grow(copy, 60, seed=2) == grow(run, 60, seed=2)
    assert again.extra_results() == callback.extra_results()


@pytest.mark.parametrize("baseline", [None, "random"])
def test_what_0_1_0_pickled_goes_on(baseline):
    arguments = (5, 600, METRIC, RESOURCE, "min")
    callback = (
        HyperbandRemoveCheckpointsBaselineCallback(*arguments, baseline=baseline)
        if baseline
        else HyperbandRemoveCheckpointsCallback(*arguments, approx_steps=7)
    )
    run = Run(make_scheduler(), own=callback)
    assert sum(map(len, grow(run, 40, seed=1))) > 10
    was = {
        "_settings": {"mode": "min", "max_wallclock_time": 600},
        **{
            name: value
            for name, value in vars(callback).items()
            if name
            in {
                "_baseline",
                "_clock",
                "_core",
                "_deletions",
                "_ended",
                "_max_num_checkpoints",
                "_metric",
                "_num_brackets",
                "_resource_attr",
                "_scheduler",
                "_without_rungs",
            }
        },
    }
    if baseline is None:
        was["_score_settings"] = {
            "approx_steps": 7,
            "prior_beta_mean": 0.33,
            "prior_beta_size": 2,
            "min_data_at_rung": 5,
        }
    loaded = type(callback).__new__(type(callback))
    loaded.__setstate__(dill.loads(dill.dumps(was)))
    assert set(vars(loaded)) == set(vars(callback))
    assert loaded.extra_results() == callback.extra_results()
    copy = dill.loads(dill.dumps(run))
    loaded._scheduler = copy.scheduler
    copy.callbacks["own"] = loaded
    copy.start()
    assert grow(copy, 40, seed=2) == grow(run, 40, seed=2)


def test_trials_that_ran_when_the_tuner_was_saved_are_lost():
    run = Run(make_scheduler(), own=speculative())
    pause_at_once(run, [0.5])
    _, running = run.next_task()
    copy = dill.loads(dill.dumps(run))
    copy.start()
    assert copy.backends["own"].deleted == [running]
    core = copy.callbacks["own"]._core
    assert core.trials() == [
        ("0", TrialStatus.PAUSED_WITH_CHECKPOINT),
        (str(running), TrialStatus.STOPPED_OR_COMPLETED),
    ]


def test_files_that_came_or_went_behind_a_save(tmp_path):
    backend = LocalBackend(str(SCRIPT), delete_checkpoints=True)
    backend.set_path(str(tmp_path))
    callback = speculative(max_num_checkpoints=2)
    run = Run(make_scheduler(), own=callback)
    run.backends["own"] = backend
    run.start()
    folders = [backend.checkpoint_trial_path(trial) for trial in range(3)]
    pause_at_once(run, [0.1, 0.2, 0.3])
    for folder in folders:
        folder.mkdir(parents=True)
    callback.on_loop_end()
    assert [folder.exists() for folder in folders] == [True, True, False]
    folders[1].rmdir()
    folders[2].mkdir()
    run.start()
    assert [folder.exists() for folder in folders] == [True, False, False]
    assert [status for _, status in callback._core.trials()] == [
        TrialStatus.PAUSED_WITH_CHECKPOINT,
        TrialStatus.PAUSED_NO_CHECKPOINT,
        TrialStatus.PAUSED_NO_CHECKPOINT,
    ]
    assert callback.num_checkpoints_removed == 1
    late = speculative()
    run.callbacks = {"own": late}
    run.start()
    assert late._core.num_with_checkpoint == 1


def test_a_folder_that_stays_is_tried_again(tmp_path, caplog, monkeypatch):
    backend = LocalBackend(str(SCRIPT), delete_checkpoints=True)
    backend.set_path(str(tmp_path))
    callback = speculative(max_num_checkpoints=1)
    run = Run(make_scheduler(), own=callback)
    run.backends["own"] = backend
    run.start()
    pause_at_once(run, [0.1, 0.2])
    folder = backend.checkpoint_trial_path(1)
    folder.mkdir(parents=True)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda path, ignore_errors: None)
        callback.on_loop_end()
        callback.on_loop_end()
    assert folder.exists()
    assert caplog.text.count("not deleted yet: its folder is still there") == 1
    callback.on_loop_end()
    assert not folder.exists()


def test_another_scheduler_is_another_run():
    callback = speculative(max_num_checkpoints=2)
    run = Run(make_scheduler(), own=callback)
    grow(run, 20, seed=1)
    assert callback.num_checkpoints_removed > 5
    run = Run(make_scheduler(), own=callback)
    assert callback.num_checkpoints_removed == 0
    assert callback._core.trials() == []


def test_switched_on_late():
    scheduler = make_scheduler()
    run = Run(scheduler, own=speculative(max_num_checkpoints=1000))
    assert sum(map(len, grow(run, 100, seed=3))) == 0
    before = run.callbacks["own"]._core
    late = speculative(max_num_checkpoints=10)
    run.callbacks = {"own": late}
    run.start()
    # It knows all that stands in rungs, and removes all that is too much at once.
    assert late._core.candidates() != []
    places = [
        [(c.trial_id, c.level, c.rank, c.rung_len) for c in core.candidates()]
        for core in (late._core, before)
    ]
    assert places[0] == places[1]
    assert len(run.loop_end()["own"]) == len(places[0]) - 10
    assert late.extra_results()["num_trials_resumed"] == 0
    grow(run, 50, seed=4)
    assert late.num_checkpoints_removed > len(places[0]) - 10


@pytest.mark.parametrize("own_rungs", [False, True])
def test_several_brackets(own_rungs, caplog):
    # 4 brackets over 3 rungs: the trials of the last one run to the end at a stretch.
    scheduler = make_scheduler(brackets=4, rung_system_per_bracket=own_rungs)
    callback = speculative(max_num_checkpoints=8)
    run = Run(scheduler, own=callback)
    assert sum(map(len, grow(run, 300, seed=5))) > 50
    terminator = scheduler.terminator
    kept = {(c.trial_id, c.level, c.rank - 1) for c in callback._core.candidates()}
    paused = {
        (trial, level, rank) for trial, rank, _, level in terminator.paused_trials()
    }
    assert kept
    assert kept <= paused
    assert callback._without_rungs
    late = speculative(max_num_checkpoints=1000)
    run.callbacks = {"own": late}
    run.start()
    places = {(c.trial_id, c.level, c.rank - 1) for c in late._core.candidates()}
    assert places == paused
    assert not [record for record in caplog.records if "rungkeeper" in record.name]


@pytest.mark.parametrize("kind", ["promotion", "pasha", "rush_promotion", "stopping"])
def test_types_of_the_scheduler(kind):
    callback = speculative(max_num_checkpoints=6)
    run = Run(make_scheduler(type=kind), own=callback)
    deleted = sum(map(len, grow(run, 100, seed=6)))
    assert (deleted == 0) == (kind == "stopping")  # which pauses none
    assert callback._core.num_with_checkpoint <= 6


@pytest.mark.parametrize(
    ("criterion", "ratio"),
    [
        (StoppingCriterion(max_num_trials_started=40), 3.0),
        (StoppingCriterion(max_num_evaluations=20), 1.0),
        (lambda status: False, 1.0),
    ],
)
def test_stopped_by_count(criterion, ratio):
    callback = speculative(max_wallclock_time=None, max_num_checkpoints=2)
    run = Run(make_scheduler(), {"stop_criterion": criterion}, own=callback)
    pause_at_once(run, [0.5] * 10)
    assert len(run.loop_end()["own"]) == 8
    assert callback._core.time_ratio == pytest.approx(ratio)


def test_each_removal_is_logged(caplog):
    caplog.set_level(logging.INFO, logger="rungkeeper")
    callback = speculative(max_num_checkpoints=2)
    run = Run(make_scheduler(), own=callback)
    removed = sum(map(len, grow(run, 20, seed=7)))
    assert caplog.text.count("is removed") == removed > 5
