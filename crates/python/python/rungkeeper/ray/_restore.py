"""What becomes of the trials of a run that goes on after its driver ended."""

from rungkeeper.ray import _checkpoints
from rungkeeper.ray._run import Run
from rungkeeper.ray._trials import ERROR, PAUSED, TERMINATED, Trial
from rungkeeper.ray._unfinished import Unfinished


def add_finished(run: Run, trial: Trial) -> None:
    """A trial that ended: perhaps after the run's state was saved."""
    if run.status(trial.trial_id) is None or run.has_ended(trial.trial_id):
        return
    if trial.status == ERROR:
        run.failed(trial.trial_id)
    else:
        run.complete(trial.trial_id, _checkpoints.latest(trial) is not None)


def add_unfinished(run: Run, trials: Unfinished, trial: Trial) -> None:
    """Ray restores every unfinished trial as waiting to start: paused ones too."""
    name = trial.trial_id
    # A pause that was decided on but not complete when the driver ended: the report it
    # was about comes again, and Ray would pause the trial at another one before.
    trials.controller._cached_trial_decisions.pop(name, None)
    if run.has_ended(name) and not _failed(run, trial):
        # A snapshot of an earlier version, in which trials that ended while they were
        # paused are paused for ever.
        trial.set_status(TERMINATED)
        return
    trials.check_files(trial)
    level = trials.level(trial)
    arrival = run.arrivals.get(name)
    if run.has_ended(name):  # it failed, and is to be tried again
        run.crashed.discard(name)
        run.begin(name)
    elif arrival is not None and level is not None and level >= arrival.resource:
        if arrival.resource < run.max_resource:  # its pause was complete
            trial.set_status(PAUSED)
    elif arrival is not None:
        run.interrupted(name)
    elif run.is_paused(name):
        trial.set_status(PAUSED)
        trials.paused[name] = trial
        if run.holds_checkpoint(name) and level is None:
            run.lost(name)
        elif level is not None and not run.holds_checkpoint(name):
            trials.drop(trial)
        return
    trials.running[name] = trial


def _failed(run: Run, trial: Trial) -> bool:
    """Whether a trial that ended did so by a crash; Ray asks for it to be tried again.

    One that is to begin anew has no result.
    """
    return (
        trial.trial_id in run.crashed
        or trial.run_metadata.num_failures > 0
        or not trial.last_result
    )


def end_forgotten(run: Run, trials: Unfinished, run_id: str) -> None:
    """What Ray's snapshot does not know any more is over; its checkpoints go."""
    for name in run.unfinished():
        if name not in trials.running and name not in trials.paused:
            run.failed(name)
    known = {trial.storage.trial_dir_name for trial in trials.controller.get_trials()}
    storage = trials.controller._storage
    _checkpoints.sweep_strangers(storage, known, run_id, trials.undeleted)
