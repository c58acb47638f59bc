"""Results of trials that an Optuna study took as complete before.

Optuna has no public call that changes a complete trial. A study in memory, which is what
`OptunaSearch` makes unless it is given a storage, can be changed all the same, and then
each trial of Ray stays one trial of the study. Elsewhere the later result becomes a trial
of its own (`OptunaSearch.add_evaluated_point`).
"""

import copy
import datetime as dt
from typing import Any

from ray.tune.search.optuna import OptunaSearch


def is_one(searcher: Any) -> bool:
    """Whether a searcher is Ray's for Optuna."""
    return isinstance(searcher, OptunaSearch)


def has_ended(searcher: Any, trial_id: str) -> bool:
    """Whether a searcher is Ray's for Optuna, and takes the trial as complete."""
    return is_one(searcher) and trial_id in searcher._completed_trials


def tell_again(
    searcher: Any, trial_id: str, values: list[float], later: dict[int, float]
) -> bool:
    """Gives a complete trial of a study in memory another value.

    Args:
        searcher: The `OptunaSearch`.
        trial_id: Ray's name of the trial.
        values: What it is worth now.
        later: What it reported since, by training iteration.

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
