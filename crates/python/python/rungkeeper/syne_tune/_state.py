"""What was pickled by others: by 0.1.0, and by the classes of Syne Tune."""

from typing import Any


def as_now(kind: type, state: dict[str, Any]) -> dict[str, Any]:
    """A callback's attributes, as its class has them now.

    Of a callback of Syne Tune the settings are kept. It forgets its run at a restart,
    so what joins the run then is a callback that learns from the rungs.

    Args:
        kind: The class.
        state: The attributes that were pickled.
    """
    if "_settings" not in state:
        return _of_reference(kind, state)
    if "_by_methods" in state:
        return state
    state = dict(state)
    score = state.pop("_score_settings", None)
    if score is not None:
        state |= {f"_{name}": value for name, value in score.items()}
        state |= {"_policy_name": "speculative", "_live": None}
    settings = dict(state["_settings"])
    limit = settings.pop("max_wallclock_time", None)
    core = state["_core"]
    fresh = _fresh(
        kind,
        {
            "max_num_checkpoints": state["_max_num_checkpoints"],
            "max_wallclock_time": limit,
            "metric": state["_metric"],
            "resource_attr": state["_resource_attr"],
            "mode": settings["mode"],
        },
    )
    levels = [] if core is None else _levels(state["_scheduler"])
    known = {"_settings": settings, "_known_limit": limit, "_levels": levels}
    return fresh | state | known


def _of_reference(kind: type, state: dict[str, Any]) -> dict[str, Any]:
    settings = {
        "max_num_checkpoints": state["max_num_checkpoints"],
        "max_wallclock_time": state["_max_wallclock_time"],
        "metric": state["_metric"],
        "resource_attr": state["_resource_attr"],
        "mode": "min" if state["_metric_sign"] == 1 else "max",
    }
    more = (
        "approx_steps",
        "baseline",
        "min_data_at_rung",
        "prior_beta_mean",
        "prior_beta_size",
    )
    given = {name: state[f"_{name}"] for name in more if f"_{name}" in state}
    return _fresh(kind, settings | given)


def _fresh(kind: type, settings: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a callback with these settings that has no run yet."""
    own = next(base for base in kind.__mro__ if base.__module__.startswith(__package__))
    return dict(vars(own(**settings)))


def _levels(scheduler: Any) -> list[int]:
    return sorted(level for level, *_ in scheduler.terminator.information_for_rungs())
