"""Subclasses of the callbacks decide as they do with Syne Tune's own classes."""

import random

import dill
import pytest
import rungkeeper.syne_tune as own_module
from rungkeeper import TrialStatus
from rungkeeper.syne_tune import (
    BetaBinomialEstimator,
    HyperbandRemoveCheckpointsBaselineCallback,
    HyperbandRemoveCheckpointsCallback,
    HyperbandRemoveCheckpointsCommon,
    TrialInformation,
    _reference,
)

from .driver import METRIC, RESOURCE, Run, make_scheduler, stopped_clock

ARGUMENTS = {
    "max_num_checkpoints": 5,
    "max_wallclock_time": 500,
    "metric": METRIC,
    "resource_attr": RESOURCE,
    "mode": "min",
}


def newest_first(base):
    class NewestFirst(base):
        """Removes the newest trials; asks no score."""

        def _trials_to_be_removed(self, paused_trials_with_checkpoints, num_to_remove):
            paused = sorted(paused_trials_with_checkpoints, key=lambda p: -int(p[0]))
            return [
                TrialInformation(trial, level, rank + 1, 0)
                for trial, rank, _, level in paused[:num_to_remove]
            ]

    return NewestFirst


def halves_high_levels(base):
    class Halves(base):
        """Halves the cost of a checkpoint from level 8 on."""

        def _compute_scores(self, trials_to_score, time_ratio):
            scores = super()._compute_scores(trials_to_score, time_ratio)
            for trial in scores:
                trial.score_val /= 2 if trial.level >= 8 else 1
            return scores

    return Halves


def near_the_end(base):
    class NearTheEnd(base):
        """Takes the run to be nearly over."""

        def _get_time_ratio(self):
            assert super()._get_time_ratio() > 0
            return 0.01

    return NearTheEnd


def certain(base):
    class Certain(base):
        """Takes p for known at the first rung."""

        def estimator_for_rung(self, level):
            if level == 1:
                known = own_module.BetaBinomialEstimator(0.2, 50)
                known.update([True] * 10)
                return known
            return super().estimator_for_rung(level)

    return Certain


def counts_twice(base):
    class CountsTwice(base):
        """Each value counts twice."""

        def _update_estimators(self, trial_id, result):
            super()._update_estimators(trial_id, result)
            super()._update_estimators(trial_id, result)

    return CountsTwice


def keeps_trial_three(base):
    class KeepsThree(base):
        """Never removes trial 3."""

        def _filter_paused_trials(self, paused_trials):
            held = super()._filter_paused_trials(paused_trials)
            return [entry for entry in held if entry[0] != "3"]

    return KeepsThree


SUBCLASSES = [
    newest_first,
    halves_high_levels,
    near_the_end,
    certain,
    counts_twice,
    keeps_trial_three,
]


@pytest.mark.parametrize("subclass", SUBCLASSES, ids=lambda made: made.__name__)
def test_a_subclass_removes_what_it_removes_with_syne_tune(subclass):
    own = subclass(HyperbandRemoveCheckpointsCallback)(**ARGUMENTS)
    theirs = subclass(_reference.Callback)(**ARGUMENTS)
    plain = HyperbandRemoveCheckpointsCallback(**ARGUMENTS)
    with stopped_clock() as clock:
        # With this reduction factor Syne Tune's score does not round.
        scheduler = make_scheduler(reduction_factor=2, max_t=64)
        run = Run(scheduler, own=own, theirs=theirs, plain=plain)
        draw, others = random.Random(4), 0
        for _ in range(250):
            clock.now += 1.0
            run.train(lambda trial, level: draw.random())
            deleted = run.loop_end()
            assert sorted(deleted["own"]) == sorted(deleted["theirs"])
            others += sorted(deleted["own"]) != sorted(deleted["plain"])
    assert others > 5  # it is asked
    assert own.extra_results() == theirs.extra_results()
    assert own.num_checkpoints_removed > 50
    assert own._trial_status == theirs._trial_status
    assert own._trials_with_checkpoints_removed == (
        theirs._trials_with_checkpoints_removed
    )
    resumed = theirs._trials_resumed_without_checkpoint
    assert own._trials_resumed_without_checkpoint == resumed
    overall = own._estimator_overall
    assert overall.num_total == theirs._estimator_overall.num_total > 0
    assert overall.num_one == theirs._estimator_overall.num_one


@pytest.mark.parametrize("answer", [None, 3, ["3"], [("3", 1)]])
def test_what_chooses_must_return_trials(answer):
    class Odd(HyperbandRemoveCheckpointsCallback):
        def _trials_to_be_removed(self, paused_trials_with_checkpoints, num_to_remove):
            return answer

    run = Run(make_scheduler(), own=Odd(**ARGUMENTS))
    for _ in range(6):
        run.next_task()
    for trial in range(6):
        run.report(trial, 1, 0.5)
    message = "_trials_to_be_removed of Odd returned .*, but must return a list of Tri"
    with pytest.raises(TypeError, match=message):
        run.loop_end()


def test_the_common_class_is_for_subclasses():
    bare = HyperbandRemoveCheckpointsCommon(**ARGUMENTS)
    assert bare.extra_results()["num_checkpoints_removed"] == 0
    run = Run(make_scheduler(), own=bare)
    for _ in range(6):
        run.next_task()
    for trial in range(6):
        run.report(trial, 1, 0.5)
    with pytest.raises(NotImplementedError, match="no _trials_to_be_removed"):
        run.loop_end()
    own = newest_first(HyperbandRemoveCheckpointsCommon)(**ARGUMENTS)
    run = Run(make_scheduler(), own=own)
    for _ in range(8):
        run.next_task()
    for trial in range(8):
        run.report(trial, 1, 0.5)
    assert run.loop_end()["own"] == [7, 6, 5]
    assert own._trial_status["7"] == TrialStatus.PAUSED_NO_CHECKPOINT


def test_a_subclass_of_the_baseline_is_asked():
    own = newest_first(HyperbandRemoveCheckpointsBaselineCallback)(**ARGUMENTS)
    theirs = newest_first(_reference.BaselineCallback)(**ARGUMENTS)
    run = Run(make_scheduler(), own=own, theirs=theirs)
    draw, removed = random.Random(1), 0
    for _ in range(60):
        run.train(lambda trial, level: draw.random())
        deleted = run.loop_end()
        assert deleted["own"] == deleted["theirs"]
        removed += len(deleted["own"])
    assert removed > 20


def test_a_method_that_an_object_was_given_is_asked():
    own = HyperbandRemoveCheckpointsCallback(**ARGUMENTS)
    asked = []
    own._get_time_ratio = lambda: asked.append(1) or 1.0
    run = Run(make_scheduler(), own=own)
    draw = random.Random(1)
    for _ in range(30):
        run.train(lambda trial, level: draw.random())
        run.loop_end()
    assert len(asked) == own.num_checkpoints_removed > 5


def test_a_method_that_an_object_is_given_while_the_run_goes_on_is_asked():
    own = HyperbandRemoveCheckpointsCallback(**ARGUMENTS)
    asked = []
    run = Run(make_scheduler(), own=own)
    draw = random.Random(1)
    for turn in range(30):
        run.train(lambda trial, level: draw.random())
        if turn == 15:
            before = own.num_checkpoints_removed
            own._get_time_ratio = lambda: asked.append(1) or 1.0
        run.loop_end()
    assert len(asked) == own.num_checkpoints_removed - before > 5
    own = HyperbandRemoveCheckpointsCallback(**ARGUMENTS, policy="rank_aware")
    run = Run(make_scheduler(), own=own)
    own._update_estimators = lambda trial_id, result: None
    with pytest.raises(TypeError, match="'rank_aware' estimates nothing"):
        run.loop_end()


def test_a_setting_that_is_changed_while_the_run_goes_on_counts():
    def settle(callback):
        callback._min_data_at_rung = 10**6
        callback._approx_steps = 2

    late = HyperbandRemoveCheckpointsCallback(**ARGUMENTS)
    changed = _reference.Callback(**ARGUMENTS)
    plain = HyperbandRemoveCheckpointsCallback(**ARGUMENTS)
    with stopped_clock() as clock:
        scheduler = make_scheduler(reduction_factor=2, max_t=64)
        run = Run(scheduler, late=late, changed=changed, plain=plain)
        draw, others = random.Random(4), 0
        for turn in range(200):
            clock.now += 1.0
            if turn == 20:
                settle(late)
                settle(changed)
            run.train(lambda trial, level: draw.random())
            deleted = run.loop_end()
            assert sorted(deleted["late"]) == sorted(deleted["changed"])
            others += sorted(deleted["late"]) != sorted(deleted["plain"])
    assert others > 0


def test_what_removes_a_checkpoint_can_be_overridden():
    def spares_trial_three(base):
        class SparesThree(base):
            def _remove_checkpoint_of(self, trial_id, level):
                if trial_id != "3":
                    super()._remove_checkpoint_of(trial_id, level)

        return SparesThree

    own = spares_trial_three(HyperbandRemoveCheckpointsCallback)(**ARGUMENTS)
    theirs = spares_trial_three(_reference.Callback)(**ARGUMENTS)
    with stopped_clock() as clock:
        scheduler = make_scheduler(reduction_factor=2, max_t=64)
        run = Run(scheduler, own=own, theirs=theirs)
        draw = random.Random(4)
        for _ in range(100):
            clock.now += 1.0
            run.train(lambda trial, level: draw.random())
            deleted = run.loop_end()
            assert sorted(deleted["own"]) == sorted(deleted["theirs"])
            assert 3 not in deleted["own"]
    assert own.num_checkpoints_removed == theirs.num_checkpoints_removed > 20


def test_what_is_derived_from_the_events_cannot_be_written():
    own = HyperbandRemoveCheckpointsCallback(**ARGUMENTS)
    Run(make_scheduler(), own=own)
    with pytest.raises(TypeError, match=r"_trial_status is read only.*super\(\)"):
        own._trial_status["0"] = "RUNNING"
    with pytest.raises(
        TypeError, match="_trials_with_checkpoints_removed is read only"
    ):
        own._trials_with_checkpoints_removed.update({"0": 1})
    with pytest.raises(AttributeError, match="_num_checkpoints_removed is read only"):
        own._num_checkpoints_removed += 1
    with pytest.raises(AttributeError, match="_trial_status is read only"):
        own._trial_status = {}
    assert own._trial_status == {}


def test_figures_come_from_what_a_subclass_tells():
    class Weighed(HyperbandRemoveCheckpointsCallback):
        def trials_resumed_without_checkpoint(self):
            return [("7", 8), ("9", 4)]

        @property
        def num_checkpoints_removed(self):
            return 5

    own = Weighed(**ARGUMENTS)
    Run(make_scheduler(), own=own)
    assert own.extra_results() == {
        "num_checkpoints_removed": 5,
        "num_trials_resumed": 0,
        "cost_resources": 12,
    }


def test_a_budget_can_be_set_before_the_object_is_made():
    class Early(HyperbandRemoveCheckpointsCallback):
        def __init__(self, **settings):
            self.max_num_checkpoints = 3
            super().__init__(**settings)

    assert Early(**ARGUMENTS).max_num_checkpoints == 5


def test_of_equal_scores_the_lowest_level_and_the_worst_rank_go_first():
    class Equal(HyperbandRemoveCheckpointsCallback):
        def _compute_scores(self, trials_to_score, time_ratio):
            return self._as_information(trials_to_score)

    run = Run(make_scheduler(), own=Equal(**{**ARGUMENTS, "max_num_checkpoints": 1}))
    for _ in range(6):
        run.next_task()
    for trial, metric in enumerate((0.3, 0.1, 0.2, 0.6, 0.5, 0.4)):
        run.report(trial, 1, metric)
    for trial in (1, 2):
        assert run.next_task() == ("resume", trial)
        run.report(trial, 3, trial)
    assert run.loop_end()["own"] == [3, 4, 5, 0, 2]


def test_what_rank_aware_does_not_ask_is_refused():
    for subclass in (certain, counts_twice):
        with pytest.raises(TypeError, match="'rank_aware' estimates nothing"):
            subclass(HyperbandRemoveCheckpointsCallback)(
                **ARGUMENTS, policy="rank_aware"
            )
    kind = near_the_end(HyperbandRemoveCheckpointsCallback)
    own = kind(**ARGUMENTS, policy="rank_aware")
    run = Run(make_scheduler(), own=own)
    draw = random.Random(1)
    for _ in range(40):
        run.train(lambda trial, level: draw.random())
        run.loop_end()
    assert own.num_checkpoints_removed > 10
    assert own._core.num_with_checkpoint <= 5


class Remembers(HyperbandRemoveCheckpointsCallback):
    """Has something of its own, and settings that it changes itself."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self._approx_steps = 3
        self.asked = 0

    def _get_time_ratio(self):
        self.asked += 1
        return super()._get_time_ratio()


def test_a_copy_of_a_subclass_goes_on_alike():
    with stopped_clock() as clock:
        run = Run(make_scheduler(), own=Remembers(**ARGUMENTS))
        draw = random.Random(2)
        for _ in range(50):
            clock.now += 1.0
            run.train(lambda trial, level: draw.random())
            run.loop_end()
        copy = dill.loads(dill.dumps(run))
        copy.start()
        results = []
        for each in (run, copy):
            metrics = random.Random(3)
            for _ in range(50):
                each.train(lambda trial, level, draw=metrics: draw.random())
                results.append(each.loop_end()["own"])
    assert results[:50] == results[50:]
    own, again = run.callbacks["own"], copy.callbacks["own"]
    assert own.extra_results() == again.extra_results()
    assert own.asked == again.asked > 20
    assert own._live[1] == again._live[1]


def test_the_time_of_the_run_can_be_changed_while_it_goes_on():
    own = HyperbandRemoveCheckpointsCallback(**ARGUMENTS)
    with stopped_clock() as clock:
        run = Run(make_scheduler(), own=own)
        clock.now = 100.0
        run.loop_end()
        assert own._get_time_ratio() == 4.0
        own._max_wallclock_time = 1100
        run.loop_end()
        assert own._get_time_ratio() == 10.0
        assert own._start_time == 0.0


@pytest.mark.parametrize(
    "kind", [BetaBinomialEstimator, _reference.BetaBinomialEstimator]
)
def test_estimators_are_instances_of_both(kind):
    own = HyperbandRemoveCheckpointsCallback(**ARGUMENTS)
    assert isinstance(own.estimator_for_rung(1), kind)
    run = Run(make_scheduler(), own=own)
    run.train(lambda trial, level: 0.5)
    assert isinstance(own.estimator_for_rung(1), kind)
    assert isinstance(dill.loads(dill.dumps(own)).estimator_for_rung(1), kind)
