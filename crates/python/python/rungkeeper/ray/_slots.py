"""How many trials can run at once."""

import time
from typing import Any

import ray

REFRESH = 1.0  # seconds


class Slots:
    """Trials that fit into the cluster at once, looked up every second at most."""

    def __init__(self, most: int | None) -> None:
        """`most`: the number itself where it is given, otherwise the cluster tells."""
        self.most = most
        self._found = 1
        self._looked = -REFRESH

    def __repr__(self) -> str:
        return f"Slots({self.most})"

    def __reduce__(self) -> tuple[type["Slots"], tuple[int | None]]:
        return Slots, (self.most,)

    def number(self, resources: Any) -> int:
        """How many trials of a `PlacementGroupFactory` fit, at least 1."""
        if self.most is not None:
            return self.most
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
