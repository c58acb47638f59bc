"""Searchers that limit their own live trials. No actor runs here."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from ray.tune.search import BasicVariantGenerator, ConcurrencyLimiter, Repeater
from ray.tune.search.optuna import OptunaSearch
from rungkeeper.ray import _gate

from tests.ray.loops import looped
from tests.ray.running import scheduler
from tests.ray.searchers import Live, Stuck, bohb

optuna.logging.set_verbosity(optuna.logging.WARNING)


def limited(number: int) -> ConcurrencyLimiter:
    return ConcurrencyLimiter(OptunaSearch(seed=0), max_concurrent=number)


SEARCHES: dict[str, Callable[[], Any]] = {
    "limited": lambda: limited(2),
    "limited in pairs": lambda: Repeater(limited(2), repeat=2),
    "limited in fours": lambda: Repeater(limited(1), repeat=4),
    "pairs limited": lambda: ConcurrencyLimiter(
        Repeater(OptunaSearch(seed=0), repeat=2), max_concurrent=4
    ),
    "batch": lambda: ConcurrencyLimiter(
        OptunaSearch(seed=0), max_concurrent=2, batch=True
    ),
    "limited batch": lambda: ConcurrencyLimiter(
        limited(3), max_concurrent=2, batch=True
    ),
    "as HEBO": lambda: Live(8),
    "one": lambda: Live(1),
    "as HEBO, limited": lambda: ConcurrencyLimiter(Live(8), max_concurrent=2),
    "random": lambda: BasicVariantGenerator(max_concurrent=2),
    "points": lambda: BasicVariantGenerator([{"x": 0.1, "y": 0.2}], max_concurrent=1),
}


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
@pytest.mark.parametrize("brackets", [1, 2])
def test_the_run_ends_with_all_its_trials(
    search: Callable[[], Any], brackets: int, tmp_path: Path
) -> None:
    asha = scheduler(max_concurrent=2, brackets=brackets)
    loop = looped(search(), tmp_path, 40, asha=asha)
    assert len(loop.trials) == 40
    assert max(t.last_result["epoch"] for t in loop.trials) == 27


@pytest.mark.parametrize("most", [1, 2])
def test_bohb_hears_of_pauses_and_learns_from_each_rung(
    most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = bohb(monkeypatch, max_concurrent=most)
    loop = looped(search, tmp_path, 40, objective=False, asha=with_objective())
    assert len(loop.trials) == 40
    assert search.running == search.paused == set()
    last = [trial.last_result["epoch"] for trial in loop.trials]
    for rung in (1, 3, 9, 27):
        told = [loss for budget, loss in search.bohber.told if budget == rung]
        assert len(told) == sum(epoch >= rung for epoch in last)
    final = [t.last_result["loss"] for t in loop.trials if t.last_result["epoch"] == 27]
    assert sorted(final) == sorted(x for b, x in search.bohber.told if b == 27)


def with_objective() -> Any:
    return scheduler(max_concurrent=2, metric="loss", mode="min")


def test_a_searcher_hears_of_each_end_once_and_of_what_is_promoted(
    tmp_path: Path,
) -> None:
    search = Live(8)
    loop = looped(search, tmp_path, 30)
    assert search.live == {}
    assert len(search.ends) == 30
    expected = [
        (trial.trial_id, epoch)
        for trial in loop.trials
        for epoch in range(1, min(trial.last_result["epoch"], 26) + 1)
    ]
    assert sorted(search.results) == sorted(expected)


def test_trials_that_crash_or_report_no_number_free_their_place(tmp_path: Path) -> None:
    def train(config: dict[str, Any], epoch: int) -> dict[str, Any]:
        bad = {0.2: float("nan"), 0.4: "text"}.get(config["kind"])
        return {"loss": config["x"] if bad is None else bad, "epoch": epoch}

    class Kinds(Live):
        def suggest(self, trial_id: str) -> dict[str, Any] | None:
            suggestion = super().suggest(trial_id)
            if suggestion is None:
                return None
            kind = (self.suggested % 5) / 5
            return {**suggestion, "kind": kind, "fail": 1 if kind == 0.6 else 0}

    search = Kinds(2)
    loop = looped(search, tmp_path, 30, train=train)
    assert len(loop.trials) == 30
    assert search.live == {}
    failed = [t.trial_id for t in loop.trials if t.config["kind"] in (0.2, 0.4, 0.6)]
    assert sorted(failed) == sorted(n for n, r in search.ends.items() if r == "error")


def test_a_searcher_without_suggestions_ends_the_run_and_a_warning_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(_gate, "PATIENCE", 0)
    search = Stuck(5)
    loop = looped(search, tmp_path, 40)
    assert len(loop.trials) == 5
    assert len(search.ends) == 5
    [warning] = [r.getMessage() for r in caplog.records if "suggests no" in r.message]
    assert warning.startswith("Stuck suggests no trial although none runs")
    assert "before its 40 trials" in warning


def test_a_searcher_that_never_suggests_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(_gate, "PATIENCE", 0)
    assert looped(Stuck(0), tmp_path, 40).trials == []
    assert "Stuck suggests no trial" in caplog.text


def test_a_batch_is_told_as_a_batch(tmp_path: Path) -> None:
    told: list[int] = []

    class Counting(Live):
        def suggest(self, trial_id: str) -> dict[str, Any] | None:
            told.append(len(self.ends))
            return super().suggest(trial_id)

    search = ConcurrencyLimiter(Counting(100), max_concurrent=2, batch=True)
    asha = scheduler(grace_period=3, max_t=30, reduction_factor=9, max_concurrent=2)
    looped(search, tmp_path, 8, asha=asha)  # too few for a promotion
    assert sorted({*told}) == [0, 2, 4, 6]
