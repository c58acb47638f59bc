"""Compares the speed with Syne Tune 0.13, the reference, and the results as well.

Prints a table in Markdown, and how far the results agree. Needs an environment with
both, see `requirements/syne_tune_013.txt`:

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
from figures import row
from run import WORKERS, Subject
from subjects import BUDGET

NUDGE = 1e-12
"""Undoes the rounding of the reference, and changes no barrier."""
TOLERANCE = 1e-9
"""Of probabilities, once the rounding is undone."""
AGREEMENT = 0.95
"""Share of the removals: the rounding of the reference turns some."""

HEAD = "| what | Syne Tune 0.13 | rungkeeper | times as fast |\n|---|---|---|---|"


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


def measure_scores(repetitions: int) -> None:
    reference, own = scores.of_both(scores.positions(), repetitions)
    what = f"score of {scores.CANDIDATES} candidates, {scores.STEPS} steps, alpha 1/3"
    print(row(what, reference, own))


def measure_reports(
    trials: int, rounds: int, number: int, *, together: bool
) -> list[Subject]:
    subjects, (reference, *others) = reports.of_all(
        trials, rounds, number, together=together
    )
    what = (
        f"report and loop end after {trials:,} trials, budget {BUDGET}, "
        f"{WORKERS} workers"
    )
    for subject, own in zip(subjects[1:], others, strict=True):
        print(row(f"{what}: `{subject.name}`", reference, own))
        what = "the same"
    return subjects


def compare_probabilities() -> bool:
    arrays = scores.positions()
    rounded = scores.largest_difference(arrays, 0)
    exact = scores.largest_difference(arrays, NUDGE)
    print(
        f"Largest difference of the probabilities: {rounded:.2g}; {exact:.1e} with the "
        f"reference's\nquantiles larger by {NUDGE:g} of themselves, which undoes its "
        f"rounding (at most {TOLERANCE:g})."
    )
    return exact <= TOLERANCE


def compare_removals(subjects: list[Subject]) -> bool:
    reference, alike = subjects[0].removed, True
    for subject in subjects[1:]:
        if subject.policy != subjects[0].policy:
            continue  # it chooses otherwise
        own = subject.removed
        common = len(set(reference) & set(own))
        print(f"{subject.name}: {common} removals as the reference's {len(reference)}.")
        alike &= common / max(len(reference), len(own)) >= AGREEMENT
    return alike


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--trials", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--reports", type=int, default=200, help="in each round")
    parser.add_argument(
        "--together",
        action="store_true",
        help="tell all callbacks in one run, the reference first, which empties caches",
    )
    arguments = parser.parse_args()
    print(f"{machine()}.\n\n{HEAD}")
    measure_scores(arguments.repetitions)
    subjects = measure_reports(
        arguments.trials,
        arguments.rounds,
        arguments.reports,
        together=arguments.together,
    )
    print(
        f"\nProcessor time, median and range: of {arguments.repetitions} calls of the "
        f"reference and {scores.MORE} times as\nmany of rungkeeper; of "
        f"{arguments.rounds} means of {arguments.reports} reports each.\n"
    )
    alike = compare_probabilities()
    alike &= compare_removals(subjects)
    if not alike:
        print("the results differ more than they may", file=sys.stderr)
    return 0 if alike else 1


if __name__ == "__main__":
    sys.exit(main())
