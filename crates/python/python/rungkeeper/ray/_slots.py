"""How many trials can run at once."""

import time
from typing import Any

import ray

REFRESH = 1.0  # seconds


class Slots:
    """Trials that may run at once: those that fit into cluster and budget.

    The cluster is looked up every second at most.
    """

    def __init__(self, most: int | None, budget: int | None = None) -> None:
        """None is taken yet.

        Args:
            most: The number itself where it is given, otherwise the cluster tells.
            budget: Most trials that hold a checkpoint, running ones included.

        Raises:
            ValueError: Running trials alone would exceed the budget.
        """
        if most is not None and budget is not None and budget < most:
            raise ValueError(
                f"max_checkpoints is {budget}, but {most} trials that run at once hold "
                f"a checkpoint each: the smallest that works is {most}"
            )
        self.most = most
        self._budget = budget
        self._found = 1
        self._looked = -REFRESH

    def __repr__(self) -> str:
        return f"Slots({self.most}, {self._budget})"

    def __reduce__(self) -> tuple[type["Slots"], tuple[int | None, int | None]]:
        return Slots, (self.most, self._budget)

    def number(self, resources: Any, pinned: int) -> int:
        """How many trials of a `PlacementGroupFactory` may run, at least 1.

        Args:
            resources: What each needs.
            pinned: Checkpoints of paused trials that stay: each takes a place of the
                budget.
        """
        slots = self._fitting(resources) if self.most is None else self.most
        if self._budget is None:
            return slots
        return max(1, min(slots, self._budget - pinned))

    def _fitting(self, resources: Any) -> int:
        now = time.monotonic()
        if now - self._looked >= REFRESH:
            self._looked = now
            nodes = [n["Resources"] for n in _nodes() if n["Alive"]]
            self._found = max(1, fitting(resources.bundles, nodes))
        return self._found


def _nodes() -> list[dict[str, Any]]:
    return list(ray.nodes())  # type: ignore[no-untyped-call]


def fitting(bundles: list[dict[str, float]], nodes: list[dict[str, float]]) -> int:
    """How many trials fit.

    A trial of one bundle sits on one node. Of several bundles only the sums are looked
    at: where they go is up to Ray.
    """
    needs = [{k: v for k, v in bundle.items() if v > 0} for bundle in bundles]
    if len(needs) == 1 and needs[0]:
        return sum(_times(needs[0], node) for node in nodes)
    need = _sum(needs) or {"CPU": 1.0}
    return _times(need, _sum(nodes))


def _times(need: dict[str, float], supply: dict[str, float]) -> int:
    return min(int(supply.get(k, 0.0) / v + 1e-9) for k, v in need.items())


def _sum(parts: list[dict[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for part in parts:
        for key, value in part.items():
            total[key] = total.get(key, 0.0) + value
    return total
