"""Results of trials that a searcher took as complete before.

Ray has no call for them, so each library is told in its own way: where it can be, the
trial gets its new value; elsewhere the value is that of one more trial with the same
configuration (`add_evaluated_point`), or is not told.
"""

import copy
import datetime as dt
from typing import Any

from ray.tune.search import Searcher
from ray.tune.search.hyperopt import HyperOptSearch
from ray.tune.search.nevergrad import NevergradSearch
from ray.tune.search.optuna import OptunaSearch

from rungkeeper.ray._told import Told
from rungkeeper.ray._trials import Trial


def handle(searcher: Any, trial_id: str) -> Any:
    """What finds a trial again in a searcher that forgets it once it is complete.

    It is pickled with the run, so it is no part of the searcher that changes.
    """
    entry = getattr(searcher, "_live_trial_mapping", {}).get(trial_id)
    if entry is not None and isinstance(searcher, HyperOptSearch):
        return entry[0]  # the number of the trial
    return entry if isinstance(searcher, NevergradSearch) else None


def looks_complete(searcher: Any, trial_id: str) -> bool:
    """Whether a searcher warns of reports of a trial because it is complete."""
    return isinstance(searcher, OptunaSearch) and trial_id in searcher._completed_trials


def tell(
    searcher: Any,
    told: Told,
    trial: Trial,
    values: list[float],
    result: dict[str, Any],
) -> bool:
    """Tells a searcher what a trial that was complete is worth by now.

    Args:
        searcher: Ray's searcher, without limits around it.
        told: What it was told before.
        trial: The trial.
        values: What the searcher looks at, as numbers.
        result: All that the trial reported last, flat.

    Returns:
        False if it does not take the trial as complete yet: a batch is under way.
    """
    name = trial.trial_id
    later = told.later.get(name, {})
    if isinstance(searcher, OptunaSearch):
        if not looks_complete(searcher, name):
            return False
        if _change_in_study(searcher, name, values, later):
            return True
    entry = _entry(searcher, told.handles.get(name))
    if entry is not None:
        searcher._live_trial_mapping[name] = entry
        searcher.on_trial_complete(name, result=result)
    elif not _takes_points(searcher) or len(values) != 1:
        pass
    elif isinstance(searcher, OptunaSearch):
        _add_to_study(searcher, trial, values[0], later)
    else:
        searcher.add_evaluated_point(
            dict(trial.evaluated_params),
            values[0],
            intermediate_values=list(later.values()),
        )
    return True


def _add_to_study(
    searcher: Any, trial: Trial, value: float, later: dict[int, float]
) -> None:
    """Adds a trial to an Optuna study, with the iterations of its values.

    `add_evaluated_point` would number them from 0.
    """
    from optuna.trial import create_trial

    searcher._ot_study.add_trial(
        create_trial(
            value=value,
            params=dict(trial.evaluated_params),
            distributions=searcher._space,
            intermediate_values=later,
        )
    )


def _entry(searcher: Any, found: Any) -> Any:
    """What a searcher that forgets complete trials knows a living one by."""
    if found is None or not isinstance(searcher, HyperOptSearch):
        return found
    trials = searcher._hpopt_trials.trials
    documents = (document for document in trials if document["tid"] == found)
    return next(((found, document) for document in documents), None)


def _takes_points(searcher: Any) -> bool:
    """Whether a searcher can be told of a configuration that it did not suggest."""
    if isinstance(searcher, OptunaSearch) and callable(searcher._space):
        return False
    method = getattr(type(searcher), "add_evaluated_point", None)
    return method not in (None, Searcher.add_evaluated_point)


def _change_in_study(
    searcher: Any, trial_id: str, values: list[float], later: dict[int, float]
) -> bool:
    """Gives a complete trial of an Optuna study another value.

    Optuna has no public call for that. A study in memory, which is what `OptunaSearch`
    makes unless it is given a storage, can be changed all the same, and then each trial
    of Ray stays one trial of the study.

    Returns:
        Whether that was possible.
    """
    from optuna.storages import InMemoryStorage
    from optuna.trial import TrialState

    study, trial = searcher._ot_study, searcher._ot_trials.get(trial_id)
    storage = study._storage
    if not isinstance(storage, InMemoryStorage) or trial is None:
        return False
    with storage._lock:
        frozen = copy.copy(storage._get_trial(trial._trial_id))
        frozen.state, frozen.values = TrialState.COMPLETE, values
        frozen.intermediate_values = {**frozen.intermediate_values, **later}
        frozen.datetime_complete = dt.datetime.now()
        storage._set_trial(trial._trial_id, frozen)
        # The study remembers its best trial, which this may no longer be.
        storage._studies[study._study_id].best_trial_id = None
        for other in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
            storage._update_cache(other._trial_id, study._study_id)
    return True
