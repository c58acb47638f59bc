"""Recorded runs of the reference, with Syne Tune's real scheduler and the callback."""

from itertools import groupby
from operator import itemgetter

import pytest
from rungkeeper import RemovalCallback
from rungkeeper.syne_tune import (
    HyperbandRemoveCheckpointsBaselineCallback,
    HyperbandRemoveCheckpointsCallback,
)

from ..core.traces import TRACES, callback_for, feed, read
from .driver import METRIC, RESOURCE, Run, make_scheduler, stopped_clock

SCORE = ("approx_steps", "prior_beta_mean", "prior_beta_size", "min_data_at_rung")

# Loop ends at which the reference removed others, because of its rounding.
DIFFERING = {
    "asha_by_level": 0,
    "asha_eta2_deep": 0,
    "asha_eta3_max": 4,
    "asha_eta3_min": 3,
    "asha_steps5": 3,
    "asha_tight_budget": 0,
    "asha_uneven_rungs": 0,
}


def drop_in(header):
    arguments = {
        "max_num_checkpoints": header["max_num_checkpoints"],
        "max_wallclock_time": header["max_wallclock_time"],
        "metric": METRIC,
        "resource_attr": RESOURCE,
        "mode": header["mode"],
    }
    if header["policy"] == "speculative":
        arguments |= {name: header[name] for name in SCORE}
        return HyperbandRemoveCheckpointsCallback(**arguments)
    return HyperbandRemoveCheckpointsBaselineCallback(
        **arguments, baseline=header["policy"]
    )


def run_for(header, callback):
    levels = [rung["level"] for rung in header["rungs"]]
    scheduler = make_scheduler(
        mode=header["mode"],
        max_t=header["max_resource"],
        grace_period=levels[0],
        rung_levels=levels,
    )
    return Run(scheduler, own=callback)


def let_happen(run, event):
    """Has the real scheduler do what the trace tells of it."""
    what = event["event"]
    if what in ("start", "resume"):
        assert run.next_task() == (what, int(event["trial"]))
    elif what == "result":
        trial, level, metric = (event[key] for key in ("trial", "level", "metric"))
        assert run.report(int(trial), level, metric) == event["decision"]


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_removes_what_the_core_removes(path, caplog):
    header, events = read(path)
    lines = path.read_text().splitlines(keepends=True)
    callback, core = drop_in(header), callback_for(header)
    # Resumed trials of the reference report from 1 on, and it does not count that.
    callback._settings["retraining_is_counted"] = False
    loop_ends = differing = seen = 0
    with stopped_clock() as clock:
        run = run_for(header, callback)
        for elapsed, turn in groupby(events[:-1], itemgetter("elapsed")):
            clock.now, recorded = elapsed, None
            for event in turn:
                seen += 1
                if event["event"] == "loop_end":
                    recorded = [int(removed["trial"]) for removed in event["removed"]]
                    continue
                let_happen(run, event)
                feed(core, event)
            removed = run.loop_end()["own"]
            assert removed == [int(r.trial) for r in core.loop_end(elapsed)]
            if recorded is None:
                assert removed == []
                continue
            loop_ends += 1
            if set(removed) != set(recorded):
                differing += 1
                # From here on as the reference did, to meet it at the end.
                core = RemovalCallback.from_log("".join(lines[: seen + 1]))
                callback._core = RemovalCallback.from_log("".join(lines[: seen + 1]))
    assert loop_ends > 50
    assert differing == DIFFERING[path.stem]
    assert_as_the_reference_ended(callback, events[-1])
    assert not [record for record in caplog.records if "rungkeeper" in record.name]


def assert_as_the_reference_ended(callback, end):
    assert callback.extra_results() == end["extra_results"]
    resumed = [tuple(pair) for pair in end["trials_resumed_without_checkpoint"]]
    assert callback.trials_resumed_without_checkpoint() == resumed
    for counts in end["estimators"] or []:
        estimator = callback.estimator_for_rung(counts["level"])
        found = (estimator.num_one, estimator.num_total)
        assert found == (counts["num_one"], counts["num_total"])
