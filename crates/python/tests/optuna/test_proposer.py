"""What a study knows of a run, and what its samplers make of that."""

from __future__ import annotations

from typing import Any

import optuna
import pytest
from optuna.samplers import (
    BaseSampler,
    CmaEsSampler,
    GridSampler,
    QMCSampler,
    RandomSampler,
    TPESampler,
)
from optuna.trial import FrozenTrial, TrialState
from rungkeeper.optuna import Proposer, SamplerError, sampler_class

from tests.optuna.runs import LEVELS, MAX_RESOURCE, SPACE, Run, greeting, loss

optuna.logging.set_verbosity(optuna.logging.WARNING)
pytestmark = pytest.mark.filterwarnings(
    "ignore::optuna.exceptions.ExperimentalWarning"  # QMC
)


def known(proposer: Proposer) -> dict[int, FrozenTrial]:
    assert proposer._study is not None
    study = proposer._study
    return {number: study._frozen(number) for number in study._trials}


def summary(trials: dict[int, FrozenTrial]) -> dict[int, Any]:
    return {
        number: (trial.state, trial.values, trial.intermediate_values, trial.params)
        for number, trial in trials.items()
    }


def test_each_trial_is_known_with_its_values_at_rungs() -> None:
    proposer, run = Proposer(greeting()), Run()
    run.go_on(proposer, 20)
    states = set()
    for number, trial in known(proposer).items():
        own = run.parameters[number]
        reached = [level for level in LEVELS if number in run.rungs[level]]
        if number in run.promoted[LEVELS[-1]]:
            reached.append(MAX_RESOURCE)
        assert trial.params == own
        assert trial.intermediate_values == {up: loss(own, up) for up in reached}
        assert trial.value == loss(own, reached[-1])
        complete = reached[-1] == MAX_RESOURCE
        assert trial.state == (TrialState.COMPLETE if complete else TrialState.PRUNED)
        states.add(len(reached))
    assert states == {1, 2, 3}


def test_the_larger_metric_is_better_where_the_run_says_so() -> None:
    proposer = Proposer(greeting(mode="max"))
    run = Run(lambda own, resource: -loss(own, resource))
    run.go_on(proposer, 5)
    assert proposer._study is not None
    assert proposer._study._study.direction == optuna.study.StudyDirection.MAXIMIZE


@pytest.mark.parametrize("sampler", [RandomSampler, CmaEsSampler])
def test_samplers_that_learn_from_complete_trials_get_such(
    sampler: type[BaseSampler],
) -> None:
    proposer, run = Proposer(greeting(), sampler), Run()
    run.go_on(proposer, 9)
    assert {trial.state for trial in known(proposer).values()} == {TrialState.COMPLETE}


def test_cma_es_draws_from_its_own_distribution() -> None:
    proposer, run = Proposer(greeting(), CmaEsSampler), Run()
    run.go_on(proposer, 40)
    own = {
        number: {key for key in trial.system_attrs if key.startswith("cma:")}
        for number, trial in known(proposer).items()
    }
    assert [number for number, attributes in own.items() if not attributes] == [0]
    generations = {
        value
        for trial in known(proposer).values()
        for key, value in trial.system_attrs.items()
        if key.endswith("generation")
    }
    assert len(generations) > 1


def test_failures_and_bad_metrics() -> None:
    proposer = Proposer(greeting())
    for number in range(5):
        own = proposer.ask(number)["parameters"]

        def tell(
            status: str,
            resource: int,
            metric: float | None,
            number: int = number,
            own: Any = own,
        ) -> None:
            told = {"tell": number, "status": status, "resource": resource}
            proposer.tell({**told, "metric": metric, "parameters": own})

        tell("running", 0, None)
        if number == 0:
            tell("failed", 0, None)
        elif number == 1:
            tell("paused", 1, None)
        elif number == 2:
            tell("paused", 1, 0.5)
            tell("running", 1, 0.5)
            tell("failed", 2, 0.4)
        elif number == 3:
            tell("complete", 9, None)
        else:
            tell("paused", 1, 0.5)
            tell("complete", 9, None)
    states = [trial.state for trial in known(proposer).values()]
    fail, pruned = TrialState.FAIL, TrialState.PRUNED
    assert states == [fail, pruned, pruned, fail, fail]
    assert known(proposer)[2].value == 0.5
    assert set(proposer.ask(5)["parameters"]) == set(SPACE)


def test_a_proposal_that_came_to_nothing_is_asked_for_again() -> None:
    proposer = Proposer(greeting())
    proposer.ask(0)
    again = proposer.ask(0)["parameters"]
    assert known(proposer)[0].params == again


@pytest.mark.parametrize("sampler", [TPESampler, RandomSampler, CmaEsSampler])
def test_a_later_session_knows_what_the_first_one_knew(
    sampler: type[BaseSampler],
) -> None:
    first, run = Proposer(greeting(workers=2), sampler), Run()
    run.go_on(first, 15)
    second = Proposer(greeting(workers=2), sampler)
    for told in run.told:
        second.tell(told)
    proposed = [second.ask(number)["parameters"] for number in range(15, 18)]
    new = known(second)
    assert summary({number: new[number] for number in range(15)}) == summary(
        known(first)
    )
    own = list(run.parameters.values())
    assert all(parameters not in own for parameters in proposed), "nothing twice"


def test_a_resumed_sequence_goes_on() -> None:
    """Sobol's points, and the state of CMA-ES, follow from what was asked before."""
    for sampler in (QMCSampler, CmaEsSampler):
        whole, run = Proposer(greeting(), sampler), Run()
        run.go_on(whole, 24)
        first, start = Proposer(greeting(), sampler), Run()
        start.go_on(first, 12)
        second = Proposer(greeting(), sampler)
        for told in start.told:
            second.tell(told)
        start.go_on(second, 24)
        assert start.parameters == run.parameters, sampler.__name__


def test_given_configurations_are_learned_from() -> None:
    proposer = Proposer(greeting())
    given = {"x": 0.25, "y": 0.5, "constant": 3}
    for status, resource, metric in [("running", 0, None), ("paused", 1, 0.7)]:
        told = {"tell": 0, "status": status, "resource": resource, "metric": metric}
        proposer.tell({**told, "parameters": given})
    proposer.ask(1)
    assert known(proposer)[0].params == {"x": 0.25, "y": 0.5}
    assert known(proposer)[0].value == 0.7


def test_tpe_finds_better_points_than_chance() -> None:
    better = 0
    for seed in range(10):
        found = []
        for sampler in (TPESampler, RandomSampler):
            run = Run()
            run.go_on(Proposer(greeting(seed=seed), sampler), 60)
            found.append(run.best())
        better += found[0] < found[1]
    assert better >= 8, better


def test_a_grid_ends() -> None:
    arguments = {"search_space": {"x": [0.0, 0.5, 1.0], "y": [0.01, 0.1]}}
    run = Run()
    run.go_on(Proposer(greeting(), GridSampler, arguments), 100)
    points = {tuple(own.values()) for own in run.parameters.values()}
    assert len(points) == len(run.parameters) == 6


def test_the_seed_of_the_run_counts_unless_another_is_given() -> None:
    def first(**changed: Any) -> Any:
        arguments = changed.pop("arguments", {})
        return Proposer(greeting(**changed), TPESampler, arguments).ask(0)

    assert first() == first()
    assert first() != first(seed=1)
    assert first(seed=1) == first(arguments={"seed": 1})


def test_samplers_by_name() -> None:
    assert sampler_class("TPESampler") is TPESampler
    assert sampler_class("optuna.samplers.QMCSampler") is QMCSampler
    for name, told in [
        ("TPESampl", "did you mean TPESampler?"),
        ("xyz", "Optuna has "),
        ("nowhere.Sampler", "No module named 'nowhere'"),
        ("json.dumps", "is no class of samplers"),
    ]:
        with pytest.raises(SamplerError, match=told):
            sampler_class(name)
    with pytest.raises(SamplerError, match=r"TPESampler: .*unexpected keyword"):
        Proposer(greeting(), TPESampler, {"gama": 3}).ask(0)
