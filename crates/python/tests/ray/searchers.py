"""Searchers that behave as some of Ray's do whose libraries cannot be had here.

HpBandSter asks for versions of its libraries that do not go with the NumPy of this
environment, though later ones do where pip is told not to look (`--no-deps`), so the
real `TuneBOHB` of Ray gets a stand-in. HEBO needs PyTorch, so its way of limiting live
trials is written down here.
"""

import sys
from types import ModuleType
from typing import Any

import pytest
from ray.tune.search import Searcher
from ray.tune.search.bohb import TuneBOHB, bohb_search


class Live(Searcher):
    """Suggests nothing while this many of its trials live; as `HEBOSearch` at 8.

    Like HEBO, Nevergrad and Ax it fails if a trial ends twice.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most, self.suggested = most, 0
        self.live: dict[str, None] = {}
        self.results: list[tuple[str, int]] = []
        self.ends: dict[str, Any] = {}

    def set_search_properties(
        self, metric: Any, mode: Any, config: Any, **spec: Any
    ) -> bool:
        self._metric, self._mode = metric, mode
        return True

    def suggest(self, trial_id: str) -> dict[str, Any] | None:
        if len(self.live) >= self.most:
            return None
        self.live[trial_id] = None
        self.suggested += 1
        return {"x": (self.suggested * 0.37) % 1, "y": 0.0}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        self.results.append((trial_id, result["epoch"]))

    def on_trial_complete(
        self, trial_id: str, result: Any = None, error: bool = False
    ) -> None:
        del self.live[trial_id]
        self.ends[trial_id] = "error" if error else result

    def save(self, checkpoint_path: str) -> None:
        pass


class Stuck(Live):
    """Has nothing after its first suggestions, and never says that it has finished."""

    def suggest(self, trial_id: str) -> dict[str, Any] | None:
        return None if self.suggested >= self.most else super().suggest(trial_id)

    def on_trial_complete(
        self, trial_id: str, result: Any = None, error: bool = False
    ) -> None:
        self.ends[trial_id] = result


class Space:
    """Stands for a ConfigurationSpace."""

    def seed(self, seed: int) -> None:
        pass


class Config:
    """Stands for HpBandSter's BOHB: counts up, and keeps what it is told."""

    def __init__(self, space: Space) -> None:
        self.given = 0
        self.told: list[tuple[float, float]] = []

    def get_config(self, budget: Any) -> tuple[dict[str, float], dict[str, Any]]:
        self.given += 1
        return {"x": (self.given * 0.37) % 1, "y": 0.0}, {}

    def new_result(self, job: Any) -> None:
        self.told.append((job.kwargs["budget"], job.result["loss"]))


def bohb(monkeypatch: pytest.MonkeyPatch, **settings: Any) -> TuneBOHB:
    """Ray's `TuneBOHB` on top of the stand-ins."""
    name = "hpbandster.optimizers.config_generators.bohb"
    module = ModuleType(name)
    module.BOHB = Config  # type: ignore[attr-defined]
    for depth in range(1, 4):
        part = ".".join(name.split(".")[:depth])
        monkeypatch.setitem(sys.modules, part, ModuleType(part))
    monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(bohb_search, "BOHB", Config)
    return TuneBOHB(Space(), metric="loss", mode="min", **settings)
