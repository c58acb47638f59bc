"""Promotion-type ASHA as a scheduler of Ray Tune."""

import uuid
from typing import Any, Literal, SupportsIndex

from ray.tune.result import DEFAULT_METRIC
from ray.tune.schedulers import TrialScheduler

from rungkeeper._arguments import (
    flag,
    named,
    one_of,
    optional_whole,
    whole,
)
from rungkeeper._promotion import Mode, Policy, PromotionSettings
from rungkeeper.ray import _checkpoints, _restore, _surroundings
from rungkeeper.ray._run import Run
from rungkeeper.ray._slots import Slots
from rungkeeper.ray._trials import LARGEST, RUNNING, Trial, is_end, reported
from rungkeeper.ray._unfinished import Unfinished

SERVED = (
    "this PromotionASHA has served a run before, and holds its rungs and checkpoints: "
    "each Tuner needs a PromotionASHA and a setup of its own"
)


class PromotionASHA(TrialScheduler):
    """Asynchronous successive halving that pauses, with checkpoints within a budget.

    A trial that gets to a rung (`grace_period * reduction_factor ** i`) is paused. The
    best of each rung, one in `reduction_factor`, are promoted: they go on to the next
    rung from their checkpoint, or from scratch where it was removed. Ray's own
    `ASHAScheduler` never pauses: it stops what is not among the best at the time.

    It needs a gate and a callback beside it: `rungkeeper.ray.setup` makes both. The
    report at a rung must carry a checkpoint.

    When nothing runs, nothing can be promoted and no trial is left to start, the paused
    trials end; their checkpoints stay.

    It serves one run: another `Tuner` needs another one.
    """

    _supports_buffered_results = False

    def __init__(
        self,
        time_attr: str = "training_iteration",
        metric: str | None = None,
        mode: Literal["min", "max"] | None = None,
        max_t: SupportsIndex = 100,
        grace_period: SupportsIndex = 1,
        reduction_factor: SupportsIndex | float = 4,
        brackets: SupportsIndex = 1,
        stop_last_trials: bool = True,
        *,
        max_checkpoints: SupportsIndex | None = None,
        max_bytes: SupportsIndex | None = None,
        policy: Policy = "rank_aware",
        pin_best: bool = True,
        max_concurrent: SupportsIndex | None = None,
        seed: SupportsIndex = 0,
    ) -> None:
        """A scheduler for a run that has not begun.

        The first eight arguments are those of Ray's `ASHAScheduler`, in its order.

        Args:
            time_attr: The reported value that counts the resource, from 1; a path such
                as "info/steps" where it is nested. A fraction counts as the whole
                number below it. A trial that reports no number there is not paused.
            metric: What is compared; by default what `TuneConfig` says. A value that is
                no finite number is the worst and never promoted.
            mode: Whether small or large metrics are good; likewise.
            max_t: Resource at which a trial stops.
            grace_period: The first rung.
            reduction_factor: One in this many is promoted: a whole number, also as 4.0.
            brackets: Number of brackets; trials of bracket s are paused first at the
                s-th rung.
            stop_last_trials: Whether trials end at `max_t`; otherwise they go on to
                their own end.
            max_checkpoints: Most trials that hold a checkpoint: paused ones and running
                ones. Ended trials keep theirs beside that.
            max_bytes: Most bytes of the checkpoints of those.
            policy: Which go first: "rank_aware" (what costs least in expectation, as
                the ranks of the trials tell it), "speculative" (likewise, from
                estimates, as in Syne Tune 0.13), "by_level" or "random".
            pin_best: Whether the checkpoint of the trial that is the best by its last
                metric is kept, within `max_checkpoints`: while that trial is paused,
                one trial less can run. Not possible where `max_checkpoints` is 1.
            max_concurrent: Most trials that run at once; by default as many as fit into
                the cluster. Give it where the cluster grows with its load, or is
                shared.
            seed: Seed of the brackets and of the random policy.

        Raises:
            ValueError: An argument outside its range.
            TypeError: An argument of another type.
        """
        super().__init__()  # type: ignore[no-untyped-call]
        if metric is not None:
            named("metric", metric)
        self._metric = metric
        self._mode = None if mode is None else one_of("mode", mode, ("min", "max"))
        named("time_attr", time_attr)
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
        self._stops_last = flag("stop_last_trials", stop_last_trials)
        self._pin_best = flag("pin_best", pin_best)
        self._seed = whole("seed", seed, 0)
        most = optional_whole("max_concurrent", max_concurrent, 1)
        self._slots = Slots(most, self._settings.max_checkpoints)
        self._settings.rungs("min", self._seed)  # refuses what it must, at once
        self._time_budget: float | None = None
        self._id = uuid.uuid4().hex
        self._run: Run | None = None
        self._trials: Unfinished | None = None  # from the first one on
        self._marked: set[str] = set()
        self._repeats: set[str] = set()
        self._is_settled = False

    # Settings.

    def limit_concurrent(self, most: int | None) -> None:
        """Lets at most this many trials run at once; as the argument `max_concurrent`.

        Raises:
            TypeError: It is no whole number.
            ValueError: It is below 1.
        """
        most = optional_whole("max_concurrent", most, 1)
        self._slots = Slots(most, self._settings.max_checkpoints)

    def limit_seconds(self, seconds: float | None) -> None:
        """Tells when the run ends."""
        self._time_budget = seconds

    @property
    def max_concurrent(self) -> int | None:
        """Most trials that run at once, where it was given."""
        return self._slots.most

    def set_search_properties(
        self, metric: str | None, mode: str | None, **spec: Any
    ) -> bool:
        """Takes metric and mode from `TuneConfig`, unless it has its own.

        Raises:
            RuntimeError: It has served a run before.
        """
        if self._run is not None:
            raise RuntimeError(SERVED)
        if (self._metric and metric) or (self._mode and mode):
            return False
        if mode:
            self._mode = one_of("mode", mode, ("min", "max"))
        if metric is not None:
            named("metric", metric)
        self._metric = metric or self._metric or DEFAULT_METRIC
        if self._mode is None:
            raise ValueError(
                "mode is None, but must be 'min' or 'max': give it to PromotionASHA or "
                "to TuneConfig"
            )
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
        most, stops_last = self._settings.max_t, self._stops_last
        return Run(rungs, removal, most, mode=mode, stops_last=stops_last)

    # State.

    def get_state(self) -> dict[str, Any] | None:
        """What a restore needs; None before the first trial."""
        return None if self._run is None else {"run": self._run}

    def set_state(self, state: dict[str, Any]) -> None:
        """Goes on from a state."""
        self._run, self._trials = state["run"], None
        self._is_settled = False
        if self._run is not None and self._mode is not None:
            self._run.mode = self._mode  # which runs of earlier versions do not have

    def __getstate__(self) -> dict[str, Any]:
        # Trials belong to the process.
        return {
            **self.__dict__,
            "_trials": None,
            "_marked": set(),
            "_repeats": set(),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        # One of an earlier version has fewer attributes, and slots without a budget.
        self.__dict__.update({"_stops_last": True, "_pin_best": True, **state})
        self.limit_concurrent(self._slots.most)

    def __repr__(self) -> str:
        shown = {k: v for k, v in vars(self._settings).items() if k != "brackets"}
        shown["policy"] = self._settings.policy_name
        given = (f"{k}={v!r}" for k, v in shown.items() if v is not None)
        return f"PromotionASHA({', '.join(given)})"

    def debug_string(self) -> str:
        """A line for the console."""
        figures = ", ".join(f"{k}: {v}" for k, v in self.extra_results().items())
        trials = self._trials
        running = 0 if trials is None else len(trials.running)
        paused = 0 if trials is None else len(trials.paused)
        return f"{self!r}: {running} running, {paused} paused; {figures or 'not begun'}"

    def extra_results(self) -> dict[str, int]:
        """Checkpoints removed, trials resumed, resource units trained again."""
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
        run, trials = self._enter(tune_controller, trial)
        name = trial.trial_id
        if trial.is_finished():
            _restore.add_finished(run, trial)
        elif name in trials.running:  # tried again
            trials.check_files(trial)
        elif run.status(name) is None:
            run.begin(name)
            trials.running[name] = trial
            trials.check_files(trial)
        else:
            _restore.add_unfinished(run, trials, trial)

    def on_trial_result(
        self, tune_controller: Any, trial: Trial, result: dict[str, Any]
    ) -> str:
        """A trial reports."""
        run, trials = self._begun()
        name = trial.trial_id
        at = trials.resource(trial, result)
        if at is None:
            return str(TrialScheduler.CONTINUE)
        if name not in run.milestones:
            return str(TrialScheduler.STOP)  # it has ended already
        if at <= run.furthest.get(name, 0):
            self._repeats.add(name)
        else:
            self._repeats.discard(name)
        metric = reported(self._metric or DEFAULT_METRIC, result)
        if not is_end(trial, result):
            trials.check_resumed(trial, at, metric)
        return run.reported(name, at, metric)

    def choose_trial_to_run(self, tune_controller: Any) -> Trial | None:
        """The trial that is promoted, if a slot is free and any can be."""
        if self._run is None or self._trials is None:
            return None  # the search algorithm has suggested nothing yet
        run, trials = self._run, self._trials
        if not self._is_settled:
            self._is_settled = True
            if trials.controller.resumed:
                _restore.end_forgotten(run, trials, self._id)
        trials.settle()
        chosen = trials.promote() if self._has_slot() else None
        trials.keep_budget()
        if chosen is None:
            chosen = trials.waiting()
        if chosen is None and self._is_over(trials):
            chosen = trials.finish()
        return chosen

    def on_trial_error(self, tune_controller: Any, trial: Trial) -> None:
        """A trial crashed; Ray may try again."""
        run, trials = self._begun()
        if trial.status == RUNNING and trial.should_recover():
            run.interrupted(trial.trial_id)
        else:
            trials.fail(trial)

    def on_trial_complete(
        self, tune_controller: Any, trial: Trial, result: dict[str, Any]
    ) -> None:
        """A trial ended; its checkpoint stays."""
        self._begun()[1].complete(trial)

    def on_trial_remove(self, tune_controller: Any, trial: Trial) -> None:
        """A trial that was paused or waiting ended; its checkpoint stays."""
        self._begun()[1].complete(trial)

    # What the gate asks.

    @property
    def run(self) -> Run | None:
        """What is known of the run; None before the first trial."""
        return self._run

    def paused(self) -> list[Trial]:
        """Trials that wait at their rung."""
        return [] if self._trials is None else list(self._trials.paused.values())

    def is_busy(self) -> bool:
        """Whether a trial runs, or is about to."""
        return self._trials is not None and bool(self._trials.running)

    def trial(self, trial_id: str) -> Trial | None:
        """A trial of the run by its name."""
        return None if self._trials is None else self._trials.find(trial_id)

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
        if self._trials is not None:
            self._trials.saved(trial)

    def step_ended(self) -> None:
        """A turn of Ray's loop ends."""
        if self._trials is not None:
            self._trials.settle()
            self._trials.keep_budget()

    def experiment_ended(self, trials: list[Trial]) -> None:
        """The run is over, for whatever reason: nothing may be left behind."""
        if self._run is None or not trials:
            return
        if self._trials is not None:
            self._trials.clean_up()
        _surroundings.write_log(trials[0].storage, self.log())

    # How it is done.

    def _enter(self, controller: Any, trial: Trial) -> tuple[Run, Unfinished]:
        """Looks around the first time; the run begins, unless it was restored."""
        if self._trials is None:
            controller = _surroundings.enter(controller, self, trial)
            if self._run is None:
                self._run = self._new_run(controller.search_alg.total_samples)
            self._trials = Unfinished(
                self._run,
                controller,
                self._time_attr,
                self._settings.max_bytes,
                self._pins_best(),
            )
        return self._begun()

    def _begun(self) -> tuple[Run, Unfinished]:
        if self._run is None or self._trials is None:
            raise RuntimeError("no trial was added yet")
        return self._run, self._trials

    def _has_slot(self) -> bool:
        trials = self._trials
        some = None if trials is None else trials.any()
        if trials is None or some is None:
            return True
        pinned = self._run is not None and self._run.pinned is not None
        slots = self._slots.number(some.placement_group_factory, int(pinned))
        if trials.controller._max_pending_trials != slots:
            trials.controller.update_max_pending_trials(slots)
        return len(trials.running) < slots

    def _pins_best(self) -> bool:
        return self._pin_best and self._settings.max_checkpoints != 1

    def _is_over(self, trials: Unfinished) -> bool:
        search = trials.controller.search_alg
        return bool(not trials.running and trials.paused and search.is_finished())
