"""Answers to the questions of a run, from an Optuna study."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import optuna
from optuna.samplers import BaseSampler
from optuna.storages import InMemoryStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from rungkeeper.optuna import _samplers
from rungkeeper.optuna._space import Space


class Proposer:
    """Proposes configurations, and learns from what it is told of trials.

    The sampler is made at the first question: by then the whole history of a run that
    was resumed is told.
    """

    def __init__(
        self,
        greeting: Mapping[str, Any],
        sampler: type[BaseSampler] = optuna.samplers.TPESampler,
        arguments: Mapping[str, Any] | None = None,
    ) -> None:
        """Nothing is asked yet.

        Args:
            greeting: The first line of the run: what is searched.
            sampler: The class of the sampler.
            arguments: Arguments of the sampler. Its seed is by default that of the run.

        Raises:
            SpaceError: Optuna has no distribution for a parameter.
        """
        self._greeting = greeting
        self._space = Space(greeting["space"])
        self._class = sampler
        self._arguments = dict(arguments or {})
        names = {base.__name__ for base in sampler.__mro__}
        self._from_trials = bool(names.intersection(_samplers.FROM_TRIALS))
        learns = names.intersection(_samplers.PRUNED)
        self._paused = TrialState.PRUNED if learns else TrialState.COMPLETE
        self._history: list[Mapping[str, Any]] = []
        self._study: _Study | None = None

    def tell(self, told: Mapping[str, Any]) -> None:
        """Hears how a trial stands.

        Args:
            told: `tell`, `status`, `resource`, `metric` and `parameters` of the trial.
        """
        if self._study is None:
            self._history.append(told)
        else:
            self._hear(self._study, told)

    def ask(self, number: int) -> dict[str, Any]:
        """The answer to the question for a trial.

        Raises:
            SamplerError: The sampler does not take its arguments.
        """
        study = self._study = self._study or self._begin()
        if study.is_over:
            return {"trial": number, "end": True}
        return {"trial": number, "parameters": study.propose(number)}

    def _begin(self) -> _Study:
        arguments, known = self._arguments, {told["tell"] for told in self._history}
        seed = int(arguments.pop("seed", self._greeting["seed"]))
        if self._from_trials:
            # It is not asked for the trials of the history again, and would draw for
            # the next one what it drew for the first.
            seed += len(known)
        sampler = _samplers.make(
            self._class,
            arguments,
            seed=seed % 2**32,
            workers=self._greeting["workers"],
        )
        study = _Study(sampler, self._greeting["mode"], self._space)
        for told in self._history:
            self._hear(study, told)
        self._history.clear()
        return study

    def _hear(self, study: _Study, told: Mapping[str, Any]) -> None:
        number, status = told["tell"], told["status"]
        if number not in study:
            study.add(number, told["parameters"], ask=not self._from_trials)
        if status == "running":
            return
        metric = told["metric"]
        value = math.nan if metric is None else float(metric)
        if told["resource"] == 0 or (status == "failed" and not study.is_told(number)):
            study.fail(number)
        elif status != "failed":
            state = TrialState.COMPLETE if status == "complete" else self._paused
            study.tell(number, told["resource"], value, state)


class _Storage(InMemoryStorage):
    """A study in memory whose trials can be told more once they were told as finished.

    A trial that is paused is finished for the sampler, and may be promoted.
    """

    def check_trial_is_updatable(self, trial_id: int, trial_state: TrialState) -> None:
        """All are."""


class _Study:
    """A study of Optuna whose trials go by the numbers of the run."""

    def __init__(self, sampler: BaseSampler, mode: str, space: Space) -> None:
        minimized = mode == "min"
        direction = StudyDirection.MINIMIZE if minimized else StudyDirection.MAXIMIZE
        self._storage = _Storage()
        self._study = optuna.create_study(
            storage=self._storage, sampler=sampler, direction=direction
        )
        self._space = space
        self._trials: dict[int, int] = {}  # the run's numbers: the study's
        self.is_over = False
        # A sampler that has no more says so by this call, which is refused where no
        # function is optimized.
        self._study.stop = self._stop  # type: ignore[method-assign]

    def _stop(self) -> None:
        self.is_over = True

    def __contains__(self, number: int) -> bool:
        return number in self._trials

    def propose(self, number: int) -> dict[str, Any]:
        """Parameters for a trial. If it was proposed before, that came to nothing."""
        if number in self._trials:
            self.fail(number)
        trial = self._study.ask()
        self._trials[number] = trial.number
        return self._space.suggest(trial)

    def add(self, number: int, parameters: Mapping[str, Any], *, ask: bool) -> None:
        """Adds a trial that begins.

        Args:
            number: Its number in the run.
            parameters: Its parameters.
            ask: Whether the sampler is asked for it, for the sake of its state.
        """
        own = self._space.sampled(parameters)
        space = self._space.distributions(parameters)
        self._trials[number] = len(self._study.get_trials(deepcopy=False))
        if ask:
            # The sampler comes to where it was: it draws again what it drew then. What
            # the trial has counts, if that is something else.
            trial = self._study.ask()
            self._space.suggest(trial)
            for name, value in own.items():
                inner = space[name].to_internal_repr(value)
                identity = trial._trial_id
                self._storage.set_trial_param(identity, name, inner, space[name])
        else:
            running = create_trial(
                state=TrialState.RUNNING, params=own, distributions=space
            )
            self._study.add_trial(running)

    def is_told(self, number: int) -> bool:
        """Whether a trial got to a rung."""
        return self._frozen(number).state.is_finished()

    def tell(self, number: int, resource: int, value: float, state: TrialState) -> None:
        """A trial got to a rung, or to its end."""
        frozen = self._frozen(number)
        if not math.isnan(value):
            identity = frozen._trial_id
            self._storage.set_trial_intermediate_value(identity, resource, value)
        elif state == TrialState.COMPLETE:
            return self.fail(number)
        if not frozen.state.is_finished():
            values = value if state == TrialState.COMPLETE else None
            self._study.tell(frozen.number, values, state=state)
        elif not math.isnan(value):
            self._storage.set_trial_state_values(frozen._trial_id, state, [value])
        return None

    def fail(self, number: int) -> None:
        """A trial came to nothing."""
        frozen = self._frozen(number)
        if frozen.state.is_finished():
            self._storage.set_trial_state_values(frozen._trial_id, TrialState.FAIL)
        else:
            self._study.tell(frozen.number, state=TrialState.FAIL)

    def _frozen(self, number: int) -> FrozenTrial:
        return self._study.get_trials(deepcopy=False)[self._trials[number]]
