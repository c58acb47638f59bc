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


def row(what: str, reference: Sequence[float], own: Sequence[float]) -> str:
    """A row of a table: both times, and how many times as fast."""
    cells = [what, spread(reference), spread(own), ratio(reference, own)]
    return f"| {' | '.join(cells)} |"


def spread(times: Sequence[float]) -> str:
    """Median of microseconds, and in brackets the range, in the unit of the median."""
    middle = median(times)
    size, unit = (1000, "ms") if middle >= 1000 else (1, "µs")
    figures = [f"{time / size:.3g}" for time in (middle, min(times), max(times))]
    return "{0} {unit} ({1} to {2})".format(*figures, unit=unit)


def ratio(reference: Sequence[float], own: Sequence[float]) -> str:
    """The ratio of the medians; the range sets the best of each against the worst."""
    least, most = min(reference) / max(own), max(reference) / min(own)
    return f"{median(reference) / median(own):,.0f} ({least:,.0f} to {most:,.0f})"
