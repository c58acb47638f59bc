"""Recorded runs of the reference, and feeding them to a callback."""

import json
from pathlib import Path
from typing import Any

from rungkeeper import RemovalCallback

ORACLE = Path(__file__).parents[4] / "tests" / "oracle"
TRACES = sorted((ORACLE / "traces").glob("*.jsonl"))

Event = dict[str, Any]


def read(path: Path) -> tuple[Event, list[Event]]:
    """The header of a trace and its events."""
    events = [json.loads(line) for line in path.read_text().splitlines()]
    return events[0], events[1:]


def callback_for(header: Event, **settings: Any) -> RemovalCallback:
    """A callback with the settings of a trace, and the conventions of the reference."""
    rungs = [(rung["level"], rung["promotion_quantile"]) for rung in header["rungs"]]
    as_recorded = {
        "rungs": rungs,
        "max_resource": header["max_resource"],
        "mode": header["mode"],
        "policy": header["policy"],
        "max_checkpoints": header["max_num_checkpoints"],
        "max_wallclock_time": header["max_wallclock_time"],
        "approx_steps": header["approx_steps"],
        "prior_beta_mean": header["prior_beta_mean"],
        "prior_beta_size": header["prior_beta_size"],
        "min_data_at_rung": header["min_data_at_rung"],
        "repeated_reports_are_data": True,
        "promoted_behind_equals": True,
        "retraining_is_counted": False,
        "checkpoints": "assumed",
    }
    return RemovalCallback(**(as_recorded | settings))


def feed(callback: RemovalCallback, event: Event) -> None:
    """Tells a callback of what is no decision of its own."""
    what = event["event"]
    if what == "start":
        callback.start(event["trial"])
    elif what == "resume":
        callback.resume(event["trial"])
    elif what == "result":
        callback.result(
            event["trial"], event["level"], event["metric"], event["decision"]
        )
