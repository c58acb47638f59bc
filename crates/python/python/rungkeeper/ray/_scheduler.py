"""Promotion-type ASHA as a scheduler of Ray Tune."""

import logging
import uuid
from typing import Any, Literal, SupportsIndex

from ray.tune import Trainable
from ray.tune.result import DEFAULT_METRIC
from ray.tune.schedulers import TrialScheduler
from ray.tune.trainable import FunctionTrainable

from rungkeeper._arguments import of_type, one_of, optional_whole, whole
from rungkeeper._promotion import Mode, Policy, PromotionSettings
from rungkeeper.ray import _checkpoints
from rungkeeper.ray._checkpoints import Undeleted
from rungkeeper.ray._run import Run
from rungkeeper.ray._slots import Slots
from rungkeeper.ray._snapshot import WholeSyncer
from rungkeeper.ray._trials import ERROR, PAUSED, PENDING, RUNNING, TERMINATED, Trial

logger = logging.getLogger(__name__)

LARGEST = 2**53


class PromotionASHA(TrialScheduler):
    """Asynchronous successive halving that pauses, with checkpoints within a budget.

    A trial that gets to a rung (`grace_period * reduction_factor ** i`) is paused. The
    best of each rung, one in `reduction_factor`, are promoted: they go on to the next
    rung from their checkpoint, or from scratch where it was given up. Ray's own
    `ASHAScheduler` never pauses: it stops what is not among the best at the time.

    It needs a gate and a callback beside it: `rungkeeper.ray.setup` makes both. The
    report at a rung must carry a checkpoint.

    When nothing runs, nothing can be promoted and no trial is left to start, the paused
    trials end; their checkpoints stay.
    """

    _supports_buffered_results = False

    def __init__(
        self,
        *,
        time_attr: str = "training_iteration",
        metric: str | None = None,
        mode: Literal["min", "max"] | None = None,
        max_t: SupportsIndex = 100,
        grace_period: SupportsIndex = 1,
        reduction_factor: SupportsIndex = 4,
        brackets: SupportsIndex = 1,
        max_checkpoints: SupportsIndex | None = None,
        max_bytes: SupportsIndex | None = None,
        policy: Policy = "rank_aware",
        max_concurrent: SupportsIndex | None = None,
        seed: SupportsIndex = 0,
    ) -> None:
        """A scheduler for a run that has not begun.

        Args:
            time_attr: The reported value that counts the resource, from 1. A fraction
                counts as the whole number below it.
            metric: What is compared; by default what `TuneConfig` says. A value that is
                no finite number is the worst and never promoted.
            mode: Whether small or large metrics are good; likewise.
            max_t: Resource at which a trial stops.
            grace_period: The first rung.
            reduction_factor: One in so many is promoted.
            brackets: Number of brackets; trials of bracket s are paused first at the
                s-th rung.
            max_checkpoints: Most trials that hold a checkpoint: paused ones and running
                ones. Ended trials keep theirs beside that.
            max_bytes: Most bytes of the checkpoints of those.
            policy: Which go first: "rank_aware" (what costs least in expectation, as
                the ranks of the trials tell it), "speculative" (likewise, from
                estimates, as in Syne Tune 0.13), "by_level" or "random".
            max_concurrent: Most trials that run at once; by default as many as fit into
                the cluster. Give it where the cluster grows with its load, or is
                shared.
            seed: Seed of the brackets and of the random policy.

        Raises:
            ValueError: An argument outside its range.
            TypeError: An argument of another type.
        """
        super().__init__()  # type: ignore[no-untyped-call]
        self._metric = metric
        self._mode = None if mode is None else one_of("mode", mode, ("min", "max"))
        of_type("time_attr", time_attr, str)
        self._time_attr = time_attr
        self._settings = PromotionSettings.checked(
            max_t=max_t,
            grace_period=grace_period,
            reduction_factor=reduction_factor,
            brackets=brackets,
            max_checkpoints=max_checkpoints,
            max_bytes=max_bytes,
            policy=policy,
        )
        self._seed = whole("seed", seed, 0)
        self._slots = Slots(None)
        self.limit_concurrent(optional_whole("max_concurrent", max_concurrent, 1))
        self._settings.rungs(
            "min", self._seed
        )  # refuses what it must before anything starts
        self._time_budget: float | None = None
        self._id = uuid.uuid4().hex
        self._run: Run | None = None
        self._running: dict[str, Trial] = {}
        self._paused: dict[str, Trial] = {}
        self._cut_off: dict[str, Trial] = {}  # stopped by Ray while they ran
        self._marked: set[str] = set()
        self._repeats: set[str] = set()
        self._warned: set[str] = set()
        self._undeleted = Undeleted()
        self._controller: Any = None
        self._is_settled = False

    # Settings.

    def limit_concurrent(self, most: int | None) -> None:
        """Lets at most so many trials run at once.

        Raises:
            ValueError: Running trials alone would exceed the budget.
        """
        budget = self._settings.max_checkpoints
        if most is not None and budget is not None and budget < most:
            raise ValueError(
                f"max_checkpoints is {budget}, but {most} trials that run at once hold "
                f"a checkpoint each: the smallest that works is {most}"
            )
        self._slots = Slots(most)

    def limit_seconds(self, seconds: float | None) -> None:
        """Tells when the run ends, for the time that is left."""
        self._time_budget = seconds

    @property
    def max_concurrent(self) -> int | None:
        """Most trials that run at once, where it was given."""
        return self._slots.most

    def set_search_properties(
        self, metric: str | None, mode: str | None, **spec: Any
    ) -> bool:
        """Takes metric and mode from `TuneConfig`, unless it has its own."""
        if (self._metric and metric) or (self._mode and mode):
            return False
        if mode:
            self._mode = one_of("mode", mode, ("min", "max"))
        self._metric = metric or self._metric or DEFAULT_METRIC
        if self._mode is None:
            raise ValueError("mode is None, but must be 'min' or 'max'")
        return True

    def _new_run(self, num_trials: int) -> Run:
        mode: Mode = "max" if self._mode == "max" else "min"
        removal = self._settings.removal(
            mode,
            self._seed,
            "ray",
            max_wallclock_time=self._time_budget,
            max_num_trials=num_trials if 0 < num_trials <= LARGEST else None,
        )
        rungs = self._settings.rungs(mode, self._seed)
        return Run(rungs, removal, self._settings.max_t)

    # State.

    def get_state(self) -> dict[str, Any] | None:
        """What a restore needs; None before the first trial."""
        return None if self._run is None else {"run": self._run}

    def set_state(self, state: dict[str, Any]) -> None:
        """Goes on from a state."""
        self._run = state["run"]
        self._is_settled = False

    def __getstate__(self) -> dict[str, Any]:
        # Trials and controller belong to the process.
        return {
            **self.__dict__,
            "_controller": None,
            "_running": {},
            "_paused": {},
            "_cut_off": {},
            "_marked": set(),
            "_repeats": set(),
        }

    def __repr__(self) -> str:
        shown = {k: v for k, v in vars(self._settings).items() if k != "brackets"}
        given = (f"{k}={v!r}" for k, v in shown.items() if v is not None)
        return f"PromotionASHA({', '.join(given)})"

    def debug_string(self) -> str:
        """A line for the console."""
        figures = ", ".join(f"{k}: {v}" for k, v in self.extra_results().items())
        running, paused = len(self._running), len(self._paused)
        return f"{self!r}: {running} running, {paused} paused; {figures or 'not begun'}"

    def extra_results(self) -> dict[str, int]:
        """Checkpoints given up, trials resumed, resource units trained again."""
        return {} if self._run is None else self._run.removal.extra_results()

    def log(self) -> str:
        """The event log, as `rungkeeper replay` reads it; empty before the first trial.

        It is also written to `rungkeeper.jsonl` in the folder of the experiment when
        that ends.
        """
        return "" if self._run is None else self._run.removal.log()

    # What Ray's loop asks.

    def on_trial_add(self, tune_controller: Any, trial: Trial) -> None:
        """A trial is there: new, tried again after a crash, or restored."""
        run = self._attach(tune_controller, trial)
        name = trial.trial_id
        if trial.is_finished():
            self._add_finished(run, trial)
        elif name in self._running:  # tried again
            self._check_files(trial)
        elif run.status(name) is None:
            run.begin(name)
            self._running[name] = trial
            self._check_files(trial)
        else:
            self._add_restored(run, trial)

    def on_trial_result(
        self, tune_controller: Any, trial: Trial, result: dict[str, Any]
    ) -> str:
        """A trial reports."""
        run, name = self._begun(), trial.trial_id
        if self._time_attr not in result:
            self._warn(
                f"{name}-time",
                f"trial {name} reports no {self._time_attr!r}: it is not paused",
            )
            return str(TrialScheduler.CONTINUE)
        if name not in run.milestones:
            return str(TrialScheduler.STOP)  # it has ended already
        resource = int(result[self._time_attr])
        if resource <= run.furthest.get(name, 0):
            self._repeats.add(name)
        else:
            self._repeats.discard(name)
        return run.reported(name, resource, result.get(self._metric or DEFAULT_METRIC))

    def choose_trial_to_run(self, tune_controller: Any) -> Trial | None:
        """The trial that is promoted, if a slot is free and any can be."""
        if not self._is_settled:
            self._settle_restore()
        self._settle()
        chosen = self._promote()
        self._keep_budget()
        if chosen is not None:
            return chosen
        for trial in self._running.values():
            if trial.status == PENDING:
                return trial
        if self._is_over():
            for trial in list(self._paused.values()):
                self._controller.stop_trial(trial)
        return None

    def on_trial_error(self, tune_controller: Any, trial: Trial) -> None:
        """A trial crashed; Ray may try again."""
        if trial.status == RUNNING and trial.should_recover():
            self._begun().interrupted(trial.trial_id)
        else:
            self._fail(trial)

    def on_trial_complete(
        self, tune_controller: Any, trial: Trial, result: dict[str, Any]
    ) -> None:
        """A trial ended; its checkpoint stays."""
        self._complete(trial)

    def on_trial_remove(self, tune_controller: Any, trial: Trial) -> None:
        """A trial that was paused or waiting ended; its checkpoint stays."""
        self._complete(trial)

    # What the gate asks.

    def may_start(self) -> bool:
        """Whether a new trial may start: a slot is free, and none can be promoted."""
        if self._run is None:
            return True
        return self._has_slot() and self._run.promotable() is None

    def repeats(self, trial_id: str) -> bool:
        """Whether the trial's last report was about a resource it reported before."""
        return trial_id in self._repeats

    # What the callback tells.

    def started(self, trial: Trial) -> None:
        """The trial's actor is there."""
        if trial.trial_id not in self._marked:
            _checkpoints.mark(trial, self._id)
            self._marked.add(trial.trial_id)

    def saved(self, trial: Trial) -> None:
        """A checkpoint of the trial is complete."""
        if self._settings.max_bytes is None or trial.trial_id not in self._running:
            return
        level, size = self._level(trial), _checkpoints.size(trial)
        if level is not None and size <= self._settings.max_bytes:
            self._begun().committed(trial.trial_id, level, size)

    def step_ended(self) -> None:
        """A turn of Ray's loop ends."""
        if self._run is not None and self._controller is not None:
            self._settle()
            self._keep_budget()

    def experiment_ended(self, trials: list[Trial]) -> None:
        """The run is over, for whatever reason: nothing may be left behind."""
        if self._run is None or not trials:
            return
        for trial in [*self._running.values(), *self._cut_off.values()]:
            # Its actor may have been stopped between writing and telling.
            _checkpoints.sweep(trial, self._undeleted)
        self._undeleted.retry()
        if len(self._undeleted):
            logger.warning("could not be deleted: %r", self._undeleted)
        self._write_log(trials)

    # How it is done.

    def _begun(self) -> Run:
        if self._run is None:
            raise RuntimeError("no trial was added yet")
        return self._run

    def _warn(self, about: str, message: str) -> None:
        if about not in self._warned:
            self._warned.add(about)
            logger.warning(message)

    def _attach(self, controller: Any, trial: Trial) -> Run:
        """Takes the controller behind Ray's wrapper; checks it the first time."""
        if self._controller is None:
            self._controller = getattr(controller, "_tune_controller", controller)
            self._check_surroundings(trial)
            storage = self._controller._storage
            storage.syncer = WholeSyncer(storage.syncer)
        if self._run is None:
            self._run = self._new_run(self._controller.search_alg.total_samples)
        return self._run

    def _check_surroundings(self, trial: Trial) -> None:
        if getattr(self._controller.search_alg, "scheduler", None) is not self:
            raise RuntimeError(
                "PromotionASHA needs its gate and its state beside it: make "
                "tune_config and run_config with rungkeeper.ray.setup"
            )
        trainable = trial.get_trainable_cls()
        if (
            self._controller._reuse_actors
            and not issubclass(trainable, FunctionTrainable)
            and trainable.reset_config is Trainable.reset_config
        ):
            raise ValueError(
                f"reuse_actors is True, but {trainable.__name__} has no reset_config: "
                "without one Ray fails every trial that gets a used actor"
            )

    def _has_slot(self) -> bool:
        if not self._running and not self._paused:
            return True
        some = next(iter((self._running or self._paused).values()))
        slots = self._slots.number(some.placement_group_factory)
        if self._settings.max_checkpoints is not None:
            slots = min(slots, self._settings.max_checkpoints)
        if self._controller._max_pending_trials != slots:
            self._controller.update_max_pending_trials(slots)
        return len(self._running) < slots

    def _level(self, trial: Trial) -> int | None:
        """Resource at which the trial's latest checkpoint was written."""
        result = _checkpoints.latest(trial)
        return None if result is None else int(result.metrics.get(self._time_attr, 0))

    def _settle(self) -> None:
        """Records trials whose pause is complete, and those that ended unannounced."""
        run = self._begun()
        for name, trial in list(self._running.items()):
            if trial.status == PAUSED and name in run.arrivals:
                self._pause(run, trial)
            elif trial.status == ERROR:
                self._fail(trial)  # Ray says nothing where an actor cannot be reused
            elif trial.status == TERMINATED:
                self._complete(trial)
                self._cut_off[name] = trial

    def _pause(self, run: Run, trial: Trial) -> None:
        name, level, size = trial.trial_id, self._level(trial), 0
        resource = run.arrivals[name].resource
        if level is None or level < resource:
            self._warn(
                "no-checkpoint",
                f"trial {name} reported {self._time_attr} {resource} without a "
                "checkpoint: reports at rungs should carry one",
            )
        if level is not None and self._settings.max_bytes is not None:
            size = _checkpoints.size(trial)
            if size > self._settings.max_bytes:
                self._warn(
                    "too-large",
                    f"a checkpoint of {size} bytes does not fit into max_bytes, which "
                    f"is {self._settings.max_bytes}: it is given up at once",
                )
                self._drop(trial)
                level = None
        run.paused(name, level, size)
        self._paused[name] = self._running.pop(name)

    def _promote(self) -> Trial | None:
        run = self._begun()
        name = run.promotable() if self._has_slot() else None
        if name is None:
            return None
        trial = self._paused[name]
        if run.holds_checkpoint(name) and not _checkpoints.is_there(trial):
            logger.warning("the checkpoint of trial %s is gone", name)
            self._drop(trial)
            run.lost(name)
        run.promote()
        self._running[name] = self._paused.pop(name)
        return trial

    def _keep_budget(self) -> None:
        for removal in self._begun().over_budget():
            logger.info("given up: %s", removal)
            self._drop(self._paused[removal.trial])
        for note in self._begun().removal.take_notes():
            logger.warning(note)
        if len(self._undeleted):
            self._undeleted.retry()

    def _drop(self, trial: Trial) -> None:
        """The trial's checkpoints go: it trains from scratch, should it go on."""
        _checkpoints.forget(trial, self._controller)
        _checkpoints.sweep(trial, self._undeleted)

    def _check_files(self, trial: Trial) -> None:
        """Ray's word on the trial's checkpoint against what is there."""
        if _checkpoints.latest(trial) is not None and not _checkpoints.is_there(trial):
            logger.warning("the checkpoint of trial %s is gone", trial.trial_id)
            _checkpoints.forget(trial, self._controller)
        _checkpoints.sweep(trial, self._undeleted)

    def _is_over(self) -> bool:
        search = self._controller.search_alg
        return bool(not self._running and self._paused and search.is_finished())

    def _leave(self, trial: Trial) -> None:
        self._running.pop(trial.trial_id, None)
        self._paused.pop(trial.trial_id, None)

    def _write_log(self, trials: list[Trial]) -> None:
        storage = trials[0].storage
        path = f"{storage.experiment_fs_path}/rungkeeper.jsonl"
        with storage.storage_filesystem.open_output_stream(path) as stream:
            stream.write(self.log().encode())

    def _complete(self, trial: Trial) -> None:
        self._begun().complete(trial.trial_id)
        self._leave(trial)

    def _fail(self, trial: Trial) -> None:
        self._begun().failed(trial.trial_id)
        self._drop(trial)
        self._leave(trial)

    # After a restore.

    def _add_finished(self, run: Run, trial: Trial) -> None:
        if run.status(trial.trial_id) is None or run.has_ended(trial.trial_id):
            return
        end = run.failed if trial.status == ERROR else run.complete
        end(trial.trial_id)

    def _add_restored(self, run: Run, trial: Trial) -> None:
        """Ray restores every unfinished trial as waiting to start: paused ones too."""
        name = trial.trial_id
        self._check_files(trial)
        level = self._level(trial)
        arrival = run.arrivals.get(name)
        if run.has_ended(name):  # it failed, and is to be tried again
            run.begin(name)
        elif arrival is not None and level is not None and level >= arrival.resource:
            if arrival.resource < self._settings.max_t:  # its pause was complete
                trial.set_status(PAUSED)
        elif arrival is not None:
            run.interrupted(name)
        elif run.is_paused(name):
            trial.set_status(PAUSED)
            self._paused[name] = trial
            if run.holds_checkpoint(name) and level is None:
                run.lost(name)
            elif level is not None and not run.holds_checkpoint(name):
                self._drop(trial)
            return
        self._running[name] = trial

    def _settle_restore(self) -> None:
        """What Ray's snapshot does not know any more is over."""
        self._is_settled = True
        if not self._controller.resumed:
            return
        run = self._begun()
        for name in run.unfinished():
            if name not in self._running and name not in self._paused:
                run.failed(name)
        trials = self._controller.get_trials()
        known = {trial.storage.trial_dir_name for trial in trials}
        storage = self._controller._storage
        _checkpoints.sweep_strangers(storage, known, self._id, self._undeleted)
