"""Parity with the reference, on the runs recorded of it."""

import json
import math

import pytest
from rungkeeper import RemovalCallback
from rungkeeper._promotion import POLICIES

from .pickling import COPIES
from .traces import TRACES, callback_for, feed, read

BY_NAME = pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)


def test_all_traces_are_there():
    assert len(TRACES) == 7


def cost_of(trials, costs):
    return math.fsum(costs[trial] for trial in trials)


@BY_NAME
def test_removes_what_the_reference_removed(path):
    header, events = read(path)
    callback = callback_for(header)
    lines = path.read_text().splitlines(keepends=True)
    differing = loop_ends = 0
    for number, event in enumerate(events, start=2):
        feed(callback, event)
        if event["event"] != "loop_end":
            continue
        loop_ends += 1
        costs = {c.trial_id: c.score_val for c in callback.candidates()}
        recorded = [removed["trial"] for removed in event["removed"]]
        own = callback.loop_end(event["elapsed"])
        assert len(costs) == event["candidates"]
        if "time_ratio" in event:
            assert callback.time_ratio == pytest.approx(event["time_ratio"], rel=1e-9)
        if {removal.trial for removal in own} == set(recorded):
            where = {(r.trial, r.level, r.rank, r.rung_len) for r in own}
            keys = ("trial", "level", "rank", "rung_len")
            assert where == {tuple(r[key] for key in keys) for r in event["removed"]}
            continue
        # The reference's rounding: ours costs no more. Go on from its choice.
        differing += 1
        callback = RemovalCallback.from_log("".join(lines[:number]))
        before = RemovalCallback.from_log("".join(lines[: number - 1]))
        before.set_budget()  # only the clock moves
        assert before.loop_end(event["elapsed"]) == []
        costs = {c.trial_id: c.score_val for c in before.candidates()}
        own = [removal.trial for removal in own]
        assert cost_of(own, costs) <= cost_of(recorded, costs) * (1 + 1e-9)
    assert loop_ends > 50
    assert differing <= 0.02 * loop_ends
    end = events[-1]
    assert end["event"] == "end"
    assert callback.extra_results() == end["extra_results"]
    resumed = [tuple(pair) for pair in end["trials_resumed_without_checkpoint"]]
    assert callback.trials_resumed_without_checkpoint() == resumed
    for counts in end["estimators"] or []:
        estimator = callback.estimator_for_rung(counts["level"])
        assert estimator is not None
        found = (estimator.num_one, estimator.num_total)
        assert found == (counts["num_one"], counts["num_total"])


@BY_NAME
def test_a_recorded_log_is_read_to_its_end(path):
    _, events = read(path)
    callback = RemovalCallback.from_log(path.read_text())
    assert callback.extra_results() == events[-1]["extra_results"]
    assert callback.log() == path.read_text()


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_after_each_event_goes_on_alike(copy, policy):
    header, events = read(TRACES[0].with_name("asha_tight_budget.jsonl"))
    settings = {"policy": policy, "policy_seed": 7}
    one, other = callback_for(header, **settings), callback_for(header, **settings)
    removals = 0
    for event in events[:250]:
        if event["event"] == "end":
            break
        if event["event"] == "loop_end":
            own = one.loop_end(event["elapsed"])
            assert other.loop_end(event["elapsed"]) == own
            removals += len(own)
        else:
            feed(one, event)
            feed(other, event)
        other = copy(other)
        assert other.time_ratio == one.time_ratio
        assert other.candidates() == one.candidates()
    assert removals > 10
    assert other.extra_results() == one.extra_results()
    assert repr(other) == repr(one)


def test_the_log_of_a_run_says_what_happened():
    header, events = read(TRACES[0].with_name("asha_eta3_min.jsonl"))
    callback = callback_for(header, source="test")
    removed = []
    for event in events[:1500]:
        feed(callback, event)
        if event["event"] == "loop_end":
            removed += [r.trial for r in callback.loop_end(event["elapsed"])]
    lines = [json.loads(line) for line in callback.log().splitlines()]
    assert lines[0]["event"] == "header"
    assert lines[0]["source"] == "test"
    assert [line["trial"] for line in lines if line["event"] == "remove"] == removed
    own = [line for line in lines if line["event"] in ("start", "resume", "result")]
    assert len(own) == sum(event["event"] != "loop_end" for event in events[:1500])
    # Events of a turn have the time of its end, so times never go back.
    times = [line["elapsed"] for line in lines[1:]]
    assert times == sorted(times)
    again = RemovalCallback.from_log(callback.log())
    assert again.log() == callback.log()
    assert again.candidates() == callback.candidates()
