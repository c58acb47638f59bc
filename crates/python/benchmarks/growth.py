"""Time and memory of Syne Tune 0.13's callback by the number of trials.

Prints a line: trials, microseconds a report with its loop end, bytes of the callback,
and bytes of the callback with the scheduler's rungs, which it reads. `cargo xtask
growth` calls it for one size after the other.
"""

import argparse
import gc
import tracemalloc
from statistics import median

from reports import means, reference

ROUNDS = 5
REPORTS = 40
"""In each round."""


def microseconds(trials: int) -> float:
    run, late = reference(trials, only_rungs=True)
    return median(means(run, late, REPORTS)[0] for _ in range(ROUNDS))


def memory(trials: int) -> tuple[int, int]:
    """What is freed when the callback goes, and when the rungs go as well."""
    tracemalloc.start()
    run, [late] = reference(trials, only_rungs=True)
    means(run, [late], REPORTS)
    held = traced()
    late.callback = None
    without_callback = traced()
    run.rungs = run.scheduler.terminator = None
    return held - without_callback, held - traced()


def traced() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trials", type=int)
    trials = parser.parse_args().trials
    # Tracing takes time: one run for each.
    figures = [trials, round(microseconds(trials), 1), *memory(trials)]
    print(*figures, sep=",")


if __name__ == "__main__":
    main()
