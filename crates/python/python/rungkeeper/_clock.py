"""Seconds of a run."""

from __future__ import annotations

import time


class Clock:
    """Counts the seconds of a run, interruptions left out.

    A copy that is pickled goes on from where the original stood.
    """

    def __init__(self) -> None:
        self._before = 0.0
        self._since = time.perf_counter()

    def seconds(self) -> float:
        """Seconds since the first start."""
        return self._before + time.perf_counter() - self._since

    def __repr__(self) -> str:
        return f"Clock(seconds={self.seconds():.1f})"

    def __getstate__(self) -> float:
        return self.seconds()

    def __setstate__(self, seconds: float) -> None:
        self._before = seconds
        self._since = time.perf_counter()
