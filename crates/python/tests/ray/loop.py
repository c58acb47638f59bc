"""Ray's loop without actors, files or threads, for tests of many runs.

It calls scheduler and search algorithm as `ray.tune.execution.tune_controller` does, in
its order, and trains by calling a function of the configuration and the epoch. All
trials that run report in turn, so the same seeds give the same run.
"""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.fs
from ray.tune.experiment import Experiment, Trial
from ray.tune.utils.util import flatten_dict
from rungkeeper.ray import PromotionASHA

Train = Callable[[dict[str, Any], int], dict[str, Any]]


def nothing(config: dict[str, Any]) -> None:
    """Stands for the trainable: Ray wants one by name."""


class Loop:
    """One experiment.

    A trial whose configuration has `fail` crashes at that epoch.
    """

    saves = True  # reports carry a checkpoint
    resumed = False
    _reuse_actors = False
    _max_pending_trials = 1

    def __init__(
        self,
        scheduler: PromotionASHA,
        tune_config: Any,
        space: dict[str, Any],
        train: Train,
        num_samples: int,
        folder: Path,
    ) -> None:
        self.scheduler, self.search_alg = scheduler, tune_config.search_alg
        self.train = train
        self.trials: list[Trial] = []
        self._epochs: dict[str, int] = {}
        self._storage = SimpleNamespace(syncer=Syncer())
        self._checkpoint_manager = SimpleNamespace()
        self._cached_trial_decisions: dict[str, str] = {}
        metric, mode = tune_config.metric, tune_config.mode
        self.search_alg.set_search_properties(metric, mode, space)
        assert scheduler.set_search_properties(metric, mode)
        experiment = Experiment(
            "loop",
            nothing,
            config=space,
            num_samples=num_samples,
            storage_path=str(folder),
        )
        self.search_alg.add_configurations([experiment])

    def get_trials(self) -> list[Trial]:
        return self.trials

    def get_trial(self, name: str) -> Trial | None:
        return next((t for t in self.trials if t.trial_id == name), None)

    def update_max_pending_trials(self, most: int) -> None:
        self._max_pending_trials = most

    def _mark_trial_to_checkpoint(self, trial: Trial) -> None:
        pass

    def stop_trial(self, trial: Trial) -> None:
        if trial.status == Trial.RUNNING:
            result = flatten_dict(trial.last_result)
            self.scheduler.on_trial_complete(self, trial, result)
            self.search_alg.on_trial_complete(trial.trial_id, result=result)
        else:
            self.scheduler.on_trial_remove(self, trial)
            self.search_alg.on_trial_complete(trial.trial_id)
        trial.set_status(Trial.TERMINATED)

    def run(self, steps: int = 10_000) -> None:
        """Runs to the end; `steps` is against hanging."""
        for _ in range(steps):
            if self.search_alg.is_finished() and self._all_ended():
                return
            self._step()
        raise AssertionError("it does not end")

    def _all_ended(self) -> bool:
        return all(trial.is_finished() for trial in self.trials)

    def _step(self) -> None:
        def pending() -> int:
            return sum(trial.status == Trial.PENDING for trial in self.trials)

        while not self.search_alg.is_finished():
            full = pending() >= self._max_pending_trials
            trial = None if full else self.search_alg.next_trial()
            if trial is None:
                break
            trial.run_metadata.checkpoint_manager = Manager(None)
            self.trials.append(trial)
            self.scheduler.on_trial_add(self, trial)
        chosen = self.scheduler.choose_trial_to_run(self)
        for trial in self.trials:
            if trial is chosen or trial.status == Trial.PENDING:
                self._start(trial)
        for trial in list(self.trials):
            if trial.status == Trial.RUNNING:
                self._report(trial)
        self.scheduler.step_ended()

    def _start(self, trial: Trial) -> None:
        """It trains from its checkpoint, or from scratch."""
        checkpoint = trial.run_metadata.checkpoint_manager.latest_checkpoint_result
        done = 0 if checkpoint is None else checkpoint.metrics["epoch"]
        self._epochs[trial.trial_id] = done
        trial.set_status(Trial.RUNNING)

    def _report(self, trial: Trial) -> None:
        name = trial.trial_id
        epoch = self._epochs[name] = self._epochs[name] + 1
        if trial.config.get("fail") == epoch:
            self.scheduler.on_trial_error(self, trial)
            self.search_alg.on_trial_complete(name, error=True)
            trial.set_status(Trial.ERROR)
            return
        result = {**self.train(trial.config, epoch), "training_iteration": epoch}
        flat = flatten_dict(result)
        decision = self.scheduler.on_trial_result(self, trial, flat)
        if decision != "STOP":
            self.search_alg.on_trial_result(name, flat)
        trial.run_metadata.last_result = result
        if self.saves:
            trial.run_metadata.checkpoint_manager.latest_checkpoint_result = (
                SimpleNamespace(metrics=result, checkpoint=SOMEWHERE)
            )
        if decision == "PAUSE":
            trial.set_status(Trial.PAUSED)
        elif decision == "STOP":
            self.stop_trial(trial)


class Manager:
    """Knows the latest checkpoint of a trial, which is nowhere."""

    def __init__(self, checkpoint_config: Any) -> None:
        self.checkpoint_config = checkpoint_config
        self.latest_checkpoint_result: Any = None
        self.best_checkpoint_results: list[Any] = []


SOMEWHERE = SimpleNamespace(filesystem=pyarrow.fs.LocalFileSystem(), path="/")


class Syncer:
    """What `WholeSyncer` takes the place of."""

    storage_filesystem = None
    sync_period = sync_timeout = 1.0
