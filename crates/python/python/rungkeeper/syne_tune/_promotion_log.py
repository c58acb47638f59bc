"""The event log of a run, with what the host knows and the core does not."""

import json
from typing import Any

from rungkeeper import RemovalCallback


def text(
    removal: RemovalCallback, *, workers: int, seed: int, ended: float | None = None
) -> str:
    """The lines of the log.

    Args:
        removal: Who has noted the events.
        workers: Of the tuner, for the header.
        seed: Of the scheduler, likewise.
        ended: Seconds of the run at its end; None for one that is not finished.
    """
    first, _, others = removal.log().partition("\n")
    header = json.loads(first) | {"workers": workers, "seed": seed}
    lines = f"{_line(header)}\n{others}"
    return lines if ended is None else f"{lines}{_line(_end(removal, header, ended))}\n"


def _end(
    removal: RemovalCallback, header: dict[str, Any], ended: float
) -> dict[str, Any]:
    counts = []
    for level in (rung["level"] for rung in header["rungs"]):
        estimator = removal.estimator_for_rung(level)
        if estimator is not None:
            one, total = estimator.num_one, estimator.num_total
            counts.append({"level": level, "num_one": one, "num_total": total})
    return {
        "event": "end",
        "extra_results": removal.extra_results(),
        "trials_resumed_without_checkpoint": (
            removal.trials_resumed_without_checkpoint()
        ),
        "estimators": counts or None,
        "elapsed": ended,
    }


def _line(event: dict[str, Any]) -> str:
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False)
