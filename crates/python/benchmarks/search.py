"""Random search against samplers of Optuna, on the wine example of the command line.

For each seed every search has a run of its own with the same total resource, one
worker, and the same checkpoint budget, so that a run can be repeated. Prints the best
metric of each as a table in Markdown. It needs an environment with rungkeeper and the
extra `optuna`:

    cargo build --package rungkeeper --bin rungkeeper --example wine
    python crates/python/benchmarks/search.py target/debug
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

EXPERIMENT = Path(__file__).parents[2] / "cli/examples/wine/experiment.toml"
RANDOM = "random"


def experiment(wine: Path, seed: int, sampler: str, resource: int) -> str:
    """The experiment of the example, with another search, seed and end."""
    written = EXPERIMENT.read_text(encoding="utf-8")
    command = tomllib.loads(written)["command"][0]
    program = [sys.executable, "-m", "rungkeeper.optuna", "--sampler", sampler]
    search = RANDOM if sampler == RANDOM else {"command": program}
    changes = [
        (json.dumps(command), json.dumps(str(wine))),
        ("workers = 2", f"workers = 1\nsearch = {inline(search)}"),
        ("[scheduler]\n", f"[scheduler]\nseed = {seed}\n"),
        ("trials = 100", f"total_resource = {resource}"),
    ]
    for old, new in changes:
        assert written.count(old) == 1, old
        written = written.replace(old, new)
    return written


def inline(value: object) -> str:
    """A value as TOML writes it within a line."""
    if isinstance(value, dict):
        pairs = ", ".join(f"{name} = {json.dumps(v)}" for name, v in value.items())
        return f"{{ {pairs} }}"
    return json.dumps(value)


def best(programs: Path, resource: int, seed: int, sampler: str) -> float:
    """The metric of the best trial of a run."""
    rungkeeper = str((programs / "rungkeeper").resolve())
    wine = (programs / "examples/wine").resolve()
    with tempfile.TemporaryDirectory() as folder:
        file, run = Path(folder, "experiment.toml"), str(Path(folder, "run"))
        file.write_text(experiment(wine, seed, sampler, resource), encoding="utf-8")
        command = [rungkeeper, "run", str(file), "--dir", run, "--quiet"]
        subprocess.run(command, check=True)
        told = subprocess.run(
            [rungkeeper, "best", "--json", run], check=True, stdout=subprocess.PIPE
        )
        return float(json.loads(told.stdout)["metric"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("programs", type=Path, help="folder of the built programs")
    parser.add_argument("--sampler", nargs="+", default=["TPESampler"])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--total-resource", type=int, nargs="+", default=[300, 900])
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    options = parser.parse_args()
    searches = [RANDOM, *options.sampler]
    print("| epochs | search | median | quartiles | better than random |")
    print("|---|---|---|---|---|")
    for resource in options.total_resource:
        cells = [(seed, s) for seed in range(options.seeds) for s in searches]
        with ThreadPoolExecutor(options.jobs) as pool:
            of = partial(best, options.programs, resource)
            found = pool.map(of, *zip(*cells, strict=True))
            results = dict(zip(cells, found, strict=True))
        for name in searches:
            own = [results[seed, name] for seed in range(options.seeds)]
            chance = [results[seed, RANDOM] for seed in range(options.seeds)]
            low, median, high = statistics.quantiles(own, n=4)
            pairs = zip(own, chance, strict=True)
            wins = sum(value < other for value, other in pairs)
            better = "" if name == RANDOM else f"{wins} of {options.seeds}"
            spread = f"{low:.4f} to {high:.4f}"
            print(f"| {resource} | {name} | {median:.4f} | {spread} | {better} |")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
