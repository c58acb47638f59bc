"""A run as a proposer sees it: promotions as a run decides them, without programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

LEVELS = (1, 3)
MAX_RESOURCE = 9
SPACE = {
    "x": {"type": "uniform", "low": 0.0, "high": 1.0},
    "y": {"type": "loguniform", "low": 0.001, "high": 1.0},
}


def greeting(**changed: Any) -> dict[str, Any]:
    """The first line of a run."""
    return {
        "version": 1,
        "name": "test",
        "metric": "loss",
        "mode": "min",
        "resource": "epoch",
        "max_resource": MAX_RESOURCE,
        "levels": list(LEVELS),
        "seed": 0,
        "workers": 1,
        "trials": None,
        "space": SPACE,
        **changed,
    }


def loss(parameters: dict[str, Any], resource: int) -> float:
    """The more is trained, the less is lost, and the best is at x = 0.3, y = 0.1."""
    distance = (parameters["x"] - 0.3) ** 2 + (parameters["y"] - 0.1) ** 2
    return float(distance + 1 / resource)


class Answers(Protocol):
    """What answers a run."""

    def tell(self, told: dict[str, Any]) -> None: ...

    def ask(self, number: int) -> dict[str, Any]: ...


class Run:
    """One worker, rungs at `LEVELS`, a third of each is promoted."""

    def __init__(
        self, value: Callable[[dict[str, Any], int], float | None] = loss
    ) -> None:
        self.value = value
        self.told: list[dict[str, Any]] = []
        self.parameters: dict[int, dict[str, Any]] = {}
        self.rungs: dict[int, dict[int, float]] = {level: {} for level in LEVELS}
        self.promoted: dict[int, set[int]] = {level: set() for level in LEVELS}

    def go_on(self, proposer: Answers, trials: int) -> None:
        """Trains until this many trials have begun and nothing is left to promote."""
        while True:
            promotion = self._promotion()
            if promotion is not None:
                level, trial = promotion
                self.promoted[level].add(trial)
                self._tell(proposer, trial, "running", level)
                self._train(proposer, trial, level)
                continue
            number = len(self.parameters)
            if number >= trials:
                return
            answer = proposer.ask(number)
            if answer.get("end"):
                return
            assert answer["trial"] == number
            self.parameters[number] = answer["parameters"]
            self._tell(proposer, number, "running", 0)
            self._train(proposer, number, 0)

    def best(self) -> float:
        """The least loss after `MAX_RESOURCE`, as if all had been trained."""
        return min(loss(own, MAX_RESOURCE) for own in self.parameters.values())

    def _promotion(self) -> tuple[int, int] | None:
        for level in reversed(LEVELS):
            rung, promoted = self.rungs[level], self.promoted[level]
            top = sorted(rung, key=rung.__getitem__)[: len(rung) // 3]
            for trial in top:
                if trial not in promoted:
                    return level, trial
        return None

    def _train(self, proposer: Answers, trial: int, level: int) -> None:
        reached = next((up for up in LEVELS if up > level), MAX_RESOURCE)
        value = self.value(self.parameters[trial], reached)
        if reached < MAX_RESOURCE:
            self.rungs[reached][trial] = float("inf") if value is None else value
        status = "paused" if reached < MAX_RESOURCE else "complete"
        self._tell(proposer, trial, status, reached)

    def _tell(self, proposer: Answers, trial: int, status: str, resource: int) -> None:
        own = self.parameters[trial]
        told = {
            "tell": trial,
            "status": status,
            "resource": resource,
            "metric": self.value(own, resource) if resource else None,
            "parameters": {**own, "constant": 3},
            "values": {},
        }
        self.told.append(told)
        proposer.tell(told)
