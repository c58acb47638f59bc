"""The callback as a tuner sees it."""

import json
import math
import weakref
from fractions import Fraction

import numpy as np
import pytest
from rungkeeper import Removal, RemovalCallback, TrialInformation, TrialStatus
from rungkeeper._promotion import POLICIES

from .pickling import COPIES


def paused(*metrics, level=1, commit=True, **settings):
    """A callback with a paused trial per metric, with checkpoints of 10 bytes."""
    callback = RemovalCallback.geometric(1, 3, 27, **settings)
    for trial, metric in enumerate(metrics):
        callback.start(trial)
        callback.result(trial, level, metric, "PAUSE")
        if commit:
            callback.checkpoint_committed(trial, level, 10)
    return callback


def trials(removals):
    return [removal.trial for removal in removals]


def test_the_least_costly_goes_first():
    callback = paused(0.3, 0.5, 0.4, max_checkpoints=2, max_wallclock_time=60)
    (removal,) = callback.loop_end(1.0)
    assert isinstance(removal, Removal)
    assert (removal.trial, removal.level, removal.rank) == ("1", 1, 3)
    assert (removal.rung_len, removal.bytes) == (3, 10)
    assert removal.reason == "max_checkpoints"
    assert removal.ln_expected_cost == pytest.approx(math.log(removal.expected_cost))
    assert callback.time_ratio == 59.0
    assert callback.loop_end(2.0) == []
    assert callback.num_checkpoints_removed == 1
    assert callback.num_with_checkpoint == 2
    assert callback.checkpoint_bytes == 20
    assert callback.status("1") == TrialStatus.PAUSED_NO_CHECKPOINT
    assert not callback.resume("1")
    assert callback.resume(0)
    assert callback.num_running == 2
    assert callback.trials_resumed_without_checkpoint() == [("1", 1)]
    expected = {
        "num_checkpoints_removed": 1,
        "num_trials_resumed": 2,
        "cost_resources": 1,
    }
    assert callback.extra_results() == expected
    assert RemovalCallback.extra_results_keys() == list(expected)


def test_bytes_are_a_budget_too():
    callback = paused(0.3, 0.5, 0.4, max_bytes=20)
    assert [r.reason for r in callback.loop_end(1)] == ["max_bytes"]
    callback.set_budget(max_bytes=10, max_checkpoints=None)
    assert len(callback.loop_end(2)) == 1
    callback.set_budget(max_checkpoints=0)
    assert len(callback.loop_end(3)) == 1
    assert callback.loop_end(4) == []
    callback.set_budget()
    again = RemovalCallback.from_log(callback.log())
    assert again.log() == callback.log()


def test_policies_differ_as_they_should():
    metrics = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    gone = {}
    for policy in POLICIES:
        callback = paused(*metrics, policy=policy, max_checkpoints=3)
        gone[policy] = trials(callback.loop_end(1.0))
        costs = [c.score_val for c in callback.candidates()]
        estimator = callback.estimator_for_rung(1)
        has_costs = policy in ("rank_aware", "speculative")
        assert all((cost is not None) == has_costs for cost in costs)
        assert (estimator is not None) == (policy == "speculative")
    for policy in ("rank_aware", "speculative", "by_level"):
        assert gone[policy] == ["5", "4", "3"]
    assert sorted(gone["random"]) != ["3", "4", "5"]
    again = paused(*metrics, policy="random", policy_seed=0, max_checkpoints=3)
    assert trials(again.loop_end(1.0)) == gone["random"]


def test_all_policies_of_the_core_are_known():
    with pytest.raises(ValueError, match="must be one of") as refused:
        RemovalCallback.geometric(1, 3, 27, policy="clever")
    names = str(refused.value).rpartition("must be one of ")[2].split(", ")
    assert names == list(POLICIES)


def test_information_is_that_of_the_rung():
    callback = paused(0.3, 0.5, 0.4)
    information = callback.trial_information("2")
    assert information == TrialInformation("2", level=1, rank=2, rung_len=3)
    assert callback.trial_information("unknown") is None
    assert callback.status("unknown") is None
    candidates = callback.candidates()
    assert [c.trial_id for c in candidates] == ["0", "2", "1"]
    assert candidates[0].score_val == 1.0
    assert candidates[1].score_val > candidates[2].score_val
    assert callback.trials() == [(str(i), "PAUSED-WITH-CP") for i in range(3)]


def test_uncommitted_checkpoints_are_kept_unless_assumed():
    callback = paused(0.3, 0.5, commit=False, max_checkpoints=0)
    assert callback.loop_end(1.0) == []
    callback = paused(0.3, 0.5, commit=False, max_checkpoints=0, checkpoints="assumed")
    assert len(callback.loop_end(1.0)) == 2


def test_pins_losses_and_requests():
    callback = paused(0.3, 0.5, 0.4, max_checkpoints=0)
    callback.pin("0")
    lost = callback.lose("1")
    assert (lost.reason, lost.rank, lost.bytes) == ("lost", 3, 10)
    asked = callback.give_up("2")
    assert (asked.reason, asked.expected_cost) == ("asked", None)
    assert callback.loop_end(1.0) == []
    with pytest.raises(ValueError, match='trial "0" is pinned'):
        callback.give_up("0")
    callback.unpin("0")
    assert trials(callback.loop_end(2.0)) == ["0"]
    assert callback.num_checkpoints_removed == 2  # the lost one was not removed
    again = RemovalCallback.from_log(callback.log())
    assert again.num_checkpoints_removed == 2
    assert again.log() == callback.log()


def test_ends_and_restarts():
    callback = RemovalCallback.geometric(1, 3, 27, max_checkpoints=0)
    for trial in range(3):
        callback.start(trial)
        callback.result(trial, 1, 0.5, "CONTINUE")
    callback.complete(0)
    callback.failed(1)
    callback.result(2, 2, 0.5, "CONTINUE")
    with pytest.raises(ValueError, match="after 2: refused"):
        callback.result(2, 1, 0.5, "CONTINUE")
    callback.restart(2)
    callback.result(2, 1, 0.5, "CONTINUE")
    callback.result(2, 27, 0.5, "STOP")
    assert {status for _, status in callback.trials()} == {"STOPPED-COMPLETED"}
    assert callback.num_running == 0


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, None, "0.3", 10**400])
@pytest.mark.parametrize("mode", ["min", "max"])
def test_bad_metrics_rank_last_and_are_noted_once(bad, mode):
    callback = paused(bad, 0.5, 0.4, mode=mode, max_checkpoints=2)
    assert len(callback.take_notes()) == 1
    assert callback.take_notes() == []
    assert trials(callback.loop_end(1.0)) == ["0"]
    assert '"metric":null' in callback.log()


@pytest.mark.parametrize("copy", COPIES)
def test_copies_keep_time_and_notes(copy):
    callback = paused(math.nan, 0.5, max_wallclock_time=100, max_checkpoints=5)
    assert callback.loop_end(1.0) == []
    assert callback.loop_end(20.0) == []
    copied = copy(callback)
    assert copied.time_ratio == callback.time_ratio == 4.0
    assert copied.take_notes() == callback.take_notes() != []
    assert copied.log() == callback.log()
    copied.start("only here")
    assert callback.status("only here") is None


def test_copies_can_be_made_within_a_turn():
    callback = paused(0.3, 0.5, 0.4, max_checkpoints=1)
    copied = COPIES[0].values[0](callback)
    assert copied.loop_end(3.0) == callback.loop_end(3.0)
    assert copied.checkpoint_bytes == callback.checkpoint_bytes == 10


def test_results_can_be_copied_and_compared():
    callback = paused(0.3, 0.5, max_checkpoints=1)
    information = callback.trial_information(0)
    (removal,) = callback.loop_end(1.0)
    for param in COPIES:
        (copy,) = param.values
        assert copy(removal) == removal
        assert copy(information) == information
    assert repr(removal).startswith("Removal(trial='1', level=1, rank=2, rung_len=2")


def test_repr_tells_settings_and_state():
    callback = paused(0.3, 0.5, max_checkpoints=1, max_bytes=100, mode="max")
    callback.loop_end(1.0)
    assert repr(callback) == (
        "RemovalCallback(policy='rank_aware', mode='max', rungs=[1, 3, 9], "
        "max_checkpoints=1, max_bytes=100): 2 trials, 0 running, 1 with checkpoint, "
        "1 removed"
    )


def test_weak_references_are_possible():
    callback = paused(0.3)
    assert weakref.ref(callback)() is callback


def test_trials_are_text_or_whole_numbers():
    callback = RemovalCallback.geometric(1, 3, 27)
    ids = [7, "0007", "a/b", "..", 2**70, -1, np.int64(5), "", "\N{SNOWMAN}"]
    for trial in ids:
        callback.start(trial)
    expected = ["7", "0007", "a/b", "..", str(2**70), "-1", "5", "", "\N{SNOWMAN}"]
    assert [trial for trial, _ in callback.trials()] == expected
    with pytest.raises(ValueError, match='trial "7" was started before'):
        callback.start("7")
    for trial in [None, 1.5, True, b"7", ("7",)]:
        with pytest.raises(TypeError, match="trial must be a str or an int, not"):
            callback.start(trial)
    with pytest.raises(ValueError, match=r"trial is .* but must be text"):
        callback.start("\ud800")


def rungs_of(callback):
    header = json.loads(callback.log().splitlines()[0])
    rungs = [(r["level"], tuple(r["promotion_quantile"])) for r in header["rungs"]]
    return rungs, header["max_resource"]


def test_rungs_of_all_kinds():
    thirds = [(1, (1, 3)), (3, (3, 9)), (9, (9, 27))]
    assert rungs_of(RemovalCallback.geometric(1, 3, 27)) == (thirds, 27)
    for factor in (3.0, np.float32(3), np.int8(3), Fraction(3)):
        assert rungs_of(RemovalCallback.geometric(1, factor, 27)) == (thirds, 27)
    assert rungs_of(RemovalCallback(rungs=[1, 3, 9], max_resource=27)) == (thirds, 27)
    assert rungs_of(RemovalCallback(rungs=thirds)) == (thirds, 27)
    found = rungs_of(RemovalCallback(rungs=((1, 1 / 3), (np.int32(5), 0.5))))
    assert found == ([(1, (1, 3)), (5, (1, 2))], 10)
    found = rungs_of(RemovalCallback(rungs=np.array([2, 4]), max_resource=5))
    assert found == ([(2, (2, 4)), (4, (4, 5))], 5)
    assert rungs_of(RemovalCallback(rungs=[(1, Fraction(2, 7))]))[0] == [(1, (2, 7))]


def test_brackets_start_at_their_level():
    callback = RemovalCallback.geometric(1, 3, 27, brackets=2, own_rungs=True)
    callback.start("a", bracket=1)
    callback.result("a", 1, 0.5, "CONTINUE")
    assert callback.trial_information("a") is None
    with pytest.raises(ValueError, match="bracket 2, but there are only brackets 0 to"):
        callback.start("b", 2)
    with pytest.raises(ValueError, match="bracket 1, but there is only bracket 0"):
        RemovalCallback.geometric(1, 3, 27).start("b", 1)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"rungs": []}, ValueError, "at least one rung level is needed"),
        ({"rungs": [0]}, ValueError, "a rung level is 0"),
        ({"rungs": [3, 1]}, ValueError, "rung levels must ascend, but 1 follows 3"),
        ({"rungs": [1, 27]}, ValueError, "max_resource is 27, but must be above"),
        ({"rungs": [1.5]}, TypeError, r"rungs\[0\] must be an int, not float"),
        ({"rungs": [-1]}, ValueError, r"rungs\[0\] is -1, but must be an int from"),
        ({"rungs": "abc"}, TypeError, "rungs must be a list of levels"),
        ({"rungs": 3}, TypeError, "rungs must be a list of levels"),
        ({"rungs": [1], "max_resource": None}, TypeError, r"need .* max_resource"),
        ({"rungs": [(1, (2, 1))]}, ValueError, r"rungs\[0\] is \(2, 1\), but must be"),
        ({"rungs": [(1, 2, 3)]}, ValueError, r"rungs\[0\] is \(1, 2, 3\), but"),
        ({"rungs": [(1, 0.0)]}, ValueError, r"rungs\[0\] is 0.0, but must be a pair"),
        ({"rungs": [(1, "x")]}, TypeError, r"rungs\[0\] must be a number, not str"),
        ({"mode": "best"}, ValueError, "mode is 'best', but must be 'min' or 'max'"),
        ({"mode": None}, TypeError, "mode must be a str, not NoneType"),
        ({"policy": "clever"}, ValueError, 'policy is "clever", but must be'),
        ({"policy_seed": -1}, ValueError, "policy_seed is -1, but must be an int"),
        ({"max_checkpoints": -1}, ValueError, "max_checkpoints is -1, but must be"),
        ({"max_checkpoints": 2.0}, TypeError, "max_checkpoints must be an int"),
        ({"max_bytes": 2**60}, ValueError, "max_bytes is 1152921504606846976, but"),
        ({"max_wallclock_time": 0}, ValueError, "max_wallclock_time is 0, but must"),
        ({"max_wallclock_time": math.nan}, ValueError, "max_wallclock_time is nan"),
        ({"max_num_trials": 0}, ValueError, "max_num_trials is 0, but must be an"),
        ({"max_num_reports": "9"}, TypeError, "max_num_reports must be an int, not"),
        ({"max_total_resource": 0}, ValueError, "max_total_resource is 0, but must"),
        ({"approx_steps": 0}, ValueError, "approx_steps"),
        ({"prior_beta_mean": 1.0}, ValueError, "prior_beta_mean is 1, but must lie"),
        ({"prior_beta_size": 0}, ValueError, "prior_beta_size is 0, but must be"),
        ({"min_data_at_rung": -1}, ValueError, "min_data_at_rung is -1, but must be"),
        ({"promotion_rule": "x"}, ValueError, "promotion_rule is 'x', but must be"),
        ({"horizon": "x"}, ValueError, "horizon is 'x', but must be"),
        ({"brackets": 0}, ValueError, "brackets is 0, but must be an int from 1"),
        ({"brackets": 4}, ValueError, "the number of brackets is 4, but must be 1"),
        ({"own_rungs": "no"}, TypeError, "own_rungs must be a bool, not str"),
        ({"checkpoints": "some"}, ValueError, "checkpoints is 'some', but must be"),
        ({"budget": 3}, TypeError, "RemovalCallback has no keyword argument budget"),
    ],
)
def test_bad_settings_are_named(settings, error, message):
    with pytest.raises(error, match=message):
        RemovalCallback(**({"rungs": [1, 3, 9], "max_resource": 27} | settings))


def test_settings_that_a_policy_ignores_are_checked_too():
    for policy in POLICIES:
        with pytest.raises(ValueError, match="prior_beta_mean is 2, but must lie"):
            RemovalCallback.geometric(1, 3, 27, policy=policy, prior_beta_mean=2)


def test_bad_constructors():
    with pytest.raises(TypeError, match="needs the keyword argument rungs"):
        RemovalCallback()
    with pytest.raises(TypeError, match="positional"):
        RemovalCallback([1, 3, 9])
    for arguments, message in [
        ((0, 3, 27), "grace_period is 0, but must be an int from 1"),
        ((1, 1, 27), "reduction_factor is 1, but must be at least 2"),
        ((27, 3, 27), "max_resource is 27, but must be above"),
        ((1, -3, 27), "reduction_factor is -3, but must be"),
    ]:
        with pytest.raises(ValueError, match=message):
            RemovalCallback.geometric(*arguments)
    with pytest.raises(TypeError, match="grace_period must be an int, not str"):
        RemovalCallback.geometric("1", 3, 27)
    with pytest.raises(TypeError, match="geometric has no keyword argument rungs"):
        RemovalCallback.geometric(1, 3, 27, rungs=[1])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("0", 0, 0.5, "PAUSE"), ValueError, "reported resource 0"),
        (("0", 4.5, 0.5, "PAUSE"), TypeError, "level must be an int, not float"),
        (("0", -1, 0.5, "PAUSE"), ValueError, "level is -1, but must be an int"),
        (("0", 2**54, 0.5, "PAUSE"), ValueError, "level is 18014398509481984, but"),
        (("0", True, 0.5, "PAUSE"), TypeError, "level must be an int, not bool"),
        (("0", 1, [0.5], "PAUSE"), TypeError, "metric must be a number, not list"),
        (("0", 1, 1j, "PAUSE"), TypeError, "metric must be a number, not complex"),
        (("0", 1, 0.5, "pause"), ValueError, "decision is 'pause', but must be"),
        (("0", 1, 0.5, None), TypeError, "decision must be a str, not NoneType"),
        (("9", 1, 0.5, "PAUSE"), ValueError, 'trial "9" was never started'),
    ],
)
def test_refused_reports_change_nothing(arguments, error, message):
    callback = RemovalCallback.geometric(1, 3, 27)
    callback.start("0")
    before = callback.log()
    with pytest.raises(error, match=message):
        callback.result(*arguments)
    assert callback.log() == before
    callback.result("0", 1, 0.5, "PAUSE")


def test_other_refused_events():
    callback = paused(0.5)
    for elapsed in (-1, math.nan, math.inf, 1e13):
        with pytest.raises(ValueError, match=r"elapsed is .* must be finite and not"):
            callback.loop_end(elapsed)
    with pytest.raises(TypeError, match="elapsed must be a number, not str"):
        callback.loop_end("1")
    with pytest.raises(ValueError, match="bytes is -1, but must be an int"):
        callback.checkpoint_committed(0, 1, -1)
    with pytest.raises(ValueError, match="level is 0, but must be an int from 1"):
        callback.checkpoint_committed(0, 0)
    with pytest.raises(ValueError, match="bracket is -1, but must be an int"):
        callback.start("new", -1)
    with pytest.raises(ValueError, match="max_bytes is -1, but must be an int"):
        callback.set_budget(max_bytes=-1)
    with pytest.raises(ValueError, match="max_num_trials is 0, but must be an int"):
        callback.set_limits(max_num_trials=0)
    with pytest.raises(ValueError, match='trial "0" is PAUSED-WITH-CP: only a trial'):
        callback.retry(0)
    named = ("resume", "restart", "complete", "failed", "retry", "lose", "pin", "unpin")
    for event in named:
        with pytest.raises(ValueError, match='trial "x" was never started'):
            getattr(callback, event)("x")


def test_a_program_that_ignores_its_checkpoint():
    callback = RemovalCallback.geometric(1, 3, 27)
    callback.start("7")
    callback.result("7", 1, 0.5, "CONTINUE")
    callback.result("7", 3, 0.5, "PAUSE")
    callback.checkpoint_committed("7", 3)
    assert callback.resume("7")
    callback.result("7", 1, 0.5, "CONTINUE")
    assert callback.extra_results()["cost_resources"] == 3
    assert callback.take_notes() == [
        'trial "7" was resumed from level 3 but reports 1: it ignores its checkpoint; '
        "3 units are trained again and counted"
    ]
    assert callback.trials_resumed_without_checkpoint() == []
    again = RemovalCallback.from_log(callback.log())
    assert again.extra_results() == callback.extra_results()


def test_a_checkpoint_that_was_saved_before_the_pause():
    callback = RemovalCallback.geometric(1, 3, 27)
    callback.start("7")
    callback.result("7", 1, 0.5, "CONTINUE")
    callback.result("7", 3, 0.5, "PAUSE")
    callback.checkpoint_committed("7", 2)
    assert [candidate.trial_id for candidate in callback.candidates()] == ["7"]
    assert callback.resume("7")
    callback.result("7", 3, 0.5, "CONTINUE")
    assert callback.extra_results()["cost_resources"] == 1
    assert callback.take_notes() == [
        'the checkpoint of trial "7" was saved at 2, but the trial was paused at 3: '
        "1 unit is trained again and counted"
    ]


def test_a_deletion_that_fails_takes_room_once():
    callback = RemovalCallback.geometric(1, 3, 27, max_checkpoints=3)
    for trial, loss in enumerate([0.1, 0.2, 0.3, 0.4]):
        callback.start(trial)
        callback.result(trial, 1, loss, "PAUSE")
        callback.checkpoint_committed(trial, 1, 10)
    assert [removal.trial for removal in callback.loop_end(1.0)] == ["3"]
    callback.deletion_failed("3", 10)
    assert [removal.trial for removal in callback.loop_end(2.0)] == ["2"]
    callback.deletion_failed("2", 10)
    assert callback.loop_end(3.0) == []
    again = RemovalCallback.from_log(callback.log())
    for one in (callback, again):
        one.deleted("2")
        one.deleted("3")
        one.set_budget(max_checkpoints=2)
        assert one.loop_end(4.0) == []
    assert again.log() == callback.log()


def test_a_failed_trial_runs_again():
    callback = RemovalCallback.geometric(1, 3, 27)
    callback.start("0")
    callback.failed("0")
    callback.retry("0")
    assert callback.num_running == 1
    assert RemovalCallback.from_log(callback.log()).num_running == 1


def test_other_limits_from_here_on():
    callback = RemovalCallback.geometric(1, 3, 27, max_checkpoints=1, max_num_trials=2)
    for trial in ("0", "1"):
        callback.start(trial)
    callback.loop_end(1.0)
    assert callback.time_ratio == 0.001 / 2
    callback.set_limits(max_num_trials=6, max_wallclock_time=None)
    assert callback.time_ratio == 2.0
    assert RemovalCallback.from_log(callback.log()).time_ratio == 2.0


def test_events_of_later_releases_are_passed_over():
    log = paused(0.3, 0.5).log()
    unknown = '{"event": "sing", "trial": 7, "elapsed": "late"}\n'
    callback = RemovalCallback.from_log(log + unknown)
    assert callback.trials() == RemovalCallback.from_log(log).trials()
    with pytest.raises(ValueError, match="line 8: elapsed is 1e308, but must be"):
        RemovalCallback.from_log(log + '{"event": "limits", "elapsed": 1e308}\n')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the log is empty"),
        ("\n\n", "the log is empty"),
        ("nonsense\n", "line 1: "),
        ('{"event": "start", "trial": "0", "elapsed": 0}\n', "begins with a header"),
        ('{"event": "header", "version": 2}\n', "version 2 of the event log"),
    ],
)
def test_what_is_no_log_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        RemovalCallback.from_log(text)


def test_a_byte_order_mark_is_passed_over(tmp_path):
    log = paused(0.3, 0.5).log()
    file = tmp_path / "log.jsonl"
    file.write_text(log, encoding="utf-8-sig")
    for text in ("\ufeff" + log, file):
        assert RemovalCallback.from_log(text).log() == log


def test_the_policy_of_a_log_can_be_named():
    log = paused(0.3).log()
    assert RemovalCallback.from_log(log, policy="rank_aware").log() == log
    with pytest.raises(
        ValueError, match='policy is "random", but the log is of a run with the policy'
    ):
        RemovalCallback.from_log(log, policy="random")
    with pytest.raises(TypeError, match="policy must be a str or a callable, not int"):
        RemovalCallback.from_log(log, policy=3)


@pytest.mark.parametrize("path", ["/tmp/log.jsonl", "log.jsonl", "C:\\run\\{3}"])
def test_a_path_as_text_is_told(path):
    with pytest.raises(ValueError, match=r"the path of a file is a pathlib\.Path"):
        RemovalCallback.from_log(path)


def test_broken_logs_name_the_line():
    log = paused(0.3, 0.5).log()
    with pytest.raises(ValueError, match="line 8: a second header"):
        RemovalCallback.from_log(log + log)
    with pytest.raises(ValueError, match="line 7 is cut off after"):
        RemovalCallback.from_log(log[:-5])
    started = log.splitlines(keepends=True)[1]
    with pytest.raises(ValueError, match='line 8: trial "0" was started before'):
        RemovalCallback.from_log(log + started)
    with pytest.raises(
        TypeError, match="text must be a str, or the path of a file, not b"
    ):
        RemovalCallback.from_log(log.encode())
    assert RemovalCallback.from_log(log.rstrip()).log() == log
