"""Compares the speed with Syne Tune 0.13, the reference, and the results as well.

Needs an environment with both, see `requirements/syne_tune_013.txt`. Times are those
of the processor, in one process, with the medians and ranges of repetitions:

    python crates/python/benchmarks/against_reference.py
"""

import argparse
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import reports
import scores
from figures import ratio, spread
from run import WORKERS
from subjects import BUDGET

NUDGE = 1e-12
"""Undoes the rounding of the reference, and changes no barrier."""
TOLERANCE = 1e-9
"""Of probabilities, once the rounding is undone."""
AGREEMENT = 0.95
"""Share of the removals: the rounding of the reference turns some."""


def machine() -> str:
    """What this runs on."""
    processor = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        models = [
            line.partition(":")[2].strip()
            for line in information.read_text().splitlines()
            if line.startswith("model name")
        ]
        processor = models[0] if models else processor
    versions = ", ".join(
        f"{name} {version(name)}" for name in ("numpy", "syne-tune", "rungkeeper")
    )
    return (
        f"{processor}, {os.cpu_count()} cores; "
        f"Python {platform.python_version()}, {versions}"
    )


def compare_scores(repetitions: int) -> bool:
    arrays = scores.positions()
    print(
        f"Score of {scores.CANDIDATES} candidates, {scores.STEPS} steps, alpha 1/3: "
        f"{repetitions} repetitions"
    )
    reference, own = scores.of_both(arrays, repetitions)
    print(f"  the reference  {spread(reference)}")
    print(f"  rungkeeper     {spread(own)}")
    print(f"  ratio          {ratio(reference, own)}")
    rounded = scores.largest_difference(arrays, 0)
    exact = scores.largest_difference(arrays, NUDGE)
    print(
        f"  largest difference of the probabilities: {rounded:.2g} on these arrays;\n"
        f"  {exact:.1e} with the reference's quantiles larger by {NUDGE:g} of "
        f"themselves,\n  which undoes its rounding (at most {TOLERANCE:g} is allowed)"
    )
    return exact <= TOLERANCE


def compare_reports(trials: int, rounds: int, number: int) -> bool:
    print(
        f"\nA report and the loop end after {trials:,} trials, budget "
        f"{BUDGET}, {WORKERS} workers:\n"
        f"means of {number} reports each, {rounds} rounds"
    )
    subjects, times = reports.of_all(trials, rounds, number)
    for subject, spent in zip(subjects, times, strict=True):
        print(f"  {subject.name:27}{spread(spent)}")
    alike = True
    reference = subjects[0].removed
    for subject, spent in zip(subjects[1:], times[1:], strict=True):
        common = len(set(reference) & set(subject.removed))
        share = common / max(len(reference), len(subject.removed))
        print(
            f"  {subject.name}: ratio {ratio(times[0], spent)};\n"
            f"    {common} removals as the reference's {len(reference)}"
        )
        alike = alike and share >= AGREEMENT
    return alike


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--trials", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--reports", type=int, default=200, help="in each round")
    arguments = parser.parse_args()
    print(machine())
    alike = compare_scores(arguments.repetitions)
    alike &= compare_reports(arguments.trials, arguments.rounds, arguments.reports)
    if not alike:
        print("the results differ more than they may", file=sys.stderr)
    return 0 if alike else 1


if __name__ == "__main__":
    sys.exit(main())
