"""Runs the same experiment with each of the tuners named, and prints a table.

`cargo xtask compare-peers` calls it with the Python that has Syne Tune.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil

BETWEEN = 0.2
"""Seconds between two looks at the processes of a run."""
HERE = Path(__file__).parent
HEAD = """\
| tuner | whole run | programs started | trials a minute | pause to next start: median \
| 99 % | processor time of the tuner | memory | left on the disk |
|---|---|---|---|---|---|---|---|---|"""


def is_training(process: psutil.Process) -> bool:
    """Whether it is none of the tuner's processes. Ray's carry their names in front."""
    line = " ".join(process.cmdline())
    return "program.py" in line or line.startswith("ray::")


def of_the_tuner(process: psutil.Process) -> Iterator[psutil.Process]:
    """A process and those that it started, without those that train."""
    try:
        if not is_training(process):
            yield process
            for child in process.children():
                yield from of_the_tuner(child)
    except psutil.NoSuchProcess:
        pass  # it has ended


def watch(command: list[str], folder: Path) -> tuple[float, float]:
    """Runs a tuner: its seconds of processor time, and most MB of memory at a time."""
    seconds: dict[psutil.Process, float] = {}
    most = 0
    with (folder / "said").open("w") as said:
        tuner = psutil.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        while tuner.poll() is None:
            memory = 0
            for process in of_the_tuner(psutil.Process(tuner.pid)):
                try:
                    times = process.cpu_times()
                    seconds[process] = times.user + times.system
                    # Of a page that several share its part.
                    memory += process.memory_full_info().pss
                except psutil.NoSuchProcess:
                    pass
            most = max(most, memory)
            time.sleep(BETWEEN)
    if tuner.returncode:
        sys.exit(f"{command} failed; it said:\n{(folder / 'said').read_text()}")
    return sum(seconds.values()), most / 1e6


def waits(begins: list[float], ends: list[float]) -> list[float]:
    """Seconds from the end of a program to the beginning of the one in its place."""
    free: deque[float] = deque()
    coming = deque(sorted(ends))
    found = []
    for begin in sorted(begins):
        while coming and coming[0] <= begin:
            free.append(coming.popleft())
        if free:  # those that begin first are in nobody's place
            found.append(begin - free.popleft())
    return found


def experiment(times: Path, trials: int, workers: int) -> str:
    """The experiment of the peers, for this project's runner."""
    program = [sys.executable, str(HERE / "program.py"), "--protocol", "answered"]
    program += ["--times", str(times), "--x", "{x}"]
    program += ["--st_checkpoint_dir", "{checkpoint_dir}"]
    return f"""
name = "peers"
metric = "loss"
resource = "epoch"
command = {json.dumps(program)}
workers = {workers}
stop = {{ trials = {trials} }}
space = {{ x = {{ type = "uniform", low = 0.0, high = 1.0 }} }}
scheduler = {{ max_resource = 9, grace_period = 1 }}
"""


def measure(peer: str, given: argparse.Namespace, folder: Path) -> str:
    """A whole run, as a row of the table."""
    run, times = folder / "run", folder / "times"
    run.mkdir(parents=True)
    if peer == "rungkeeper":
        file = folder / "experiment.toml"
        file.write_text(experiment(times, given.trials, given.workers))
        # The folder is there, and empty.
        command = [given.runner, "run", str(file), "--dir", str(run)]
    else:
        python = given.ray if peer == "ray" else sys.executable
        command = [python, str(HERE / f"with_{peer}.py")]
        command += ["--folder", str(run), "--times", str(times)]
        command += ["--trials", str(given.trials), "--workers", str(given.workers)]
    start = time.perf_counter()
    processor, memory = watch(command, folder)
    whole = time.perf_counter() - start
    lines = [line.split() for line in times.read_text().splitlines()]
    begins = [float(when) for _, what, when in lines if what == "begin"]
    # The last report of each program.
    ends = {program: float(when) for program, what, when in lines if what == "report"}
    a_minute = 60 * given.trials / (max(ends.values()) - min(begins))
    median, most = 1e3 * np.quantile(
        waits(begins, list(ends.values())), [0.5, 0.99], method="inverted_cdf"
    )
    files = [
        path for path in run.rglob("*") if path.is_file() and not path.is_symlink()
    ]
    size = sum(path.stat().st_size for path in files) / 1e6
    return (
        f"| {peer} | {whole:.1f} s | {len(begins)} | {a_minute:.0f} | {median:.0f} ms "
        f"| {most:.0f} ms | {processor:.2f} s | {memory:.0f} MB "
        f"| {len(files)} files, {size:.2f} MB |"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runner")
    parser.add_argument("--ray", help="the Python with Ray")
    parser.add_argument("--trials", type=int)
    parser.add_argument("--workers", type=int)
    parser.add_argument("peers", nargs="+")
    given = parser.parse_args()
    print(HEAD)
    # Ray's sockets need a short path.
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        for peer in given.peers:
            print(measure(peer, given, Path(folder) / peer), flush=True)


if __name__ == "__main__":
    main()
