"""Times of repeated measurements, and how they are shown."""

from collections.abc import Callable, Sequence
from statistics import median
from time import process_time_ns

# Both sides run on one core; processor time is not disturbed by what else runs there.
nanoseconds: Callable[[], int] = process_time_ns


def timed(work: Callable[[], object]) -> float:
    """Microseconds of processor time."""
    begin = nanoseconds()
    work()
    return (nanoseconds() - begin) / 1000


def spread(times: Sequence[float]) -> str:
    """Median and range of microseconds."""
    return f"{median(times):10,.1f} us  ({min(times):,.1f} to {max(times):,.1f})"


def ratio(reference: Sequence[float], own: Sequence[float]) -> str:
    """How many times as fast; the range sets the best of each against the worst."""
    least, most = min(reference) / max(own), max(reference) / min(own)
    return f"{median(reference) / median(own):,.0f} times ({least:,.0f} to {most:,.0f})"
