"""Training processes of the local backend: they end before their files are touched."""

import logging
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

try:
    import psutil  # type: ignore[import-untyped, import-not-found, unused-ignore]
except ImportError:  # Syne Tune 0.15 does not need it
    psutil = None

logger = logging.getLogger(__name__)

PATIENCE = 30.0  # seconds; a killed process ends at once unless its disk hangs
PROCESSES = Path("/proc")


def end(process: subprocess.Popen[Any]) -> bool:
    """Kills a process and those that it started, and waits until they have ended.

    Those that it started are only known where psutil is installed.

    Returns:
        Whether they have. What hangs in the kernel can still write later.
    """
    others = _children(process)
    for other in others:
        _kill(other.pid)
    process.kill()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        return False
    return not others or not psutil.wait_procs(others, PATIENCE)[1]


def end_left_over(folder: Path) -> None:
    """Ends training processes that outlived the tuner which started them.

    They are told by the checkpoint folder among their arguments.
    """
    if psutil is None and not PROCESSES.is_dir():
        logger.warning(
            "processes that the interrupted tuner left are not looked for, which "
            "needs psutil here; end those that train in %s",
            folder,
        )
        return
    mark = f"--st_checkpoint_dir {folder}{os.sep}"
    deadline = time.monotonic() + PATIENCE
    while left := [pid for pid, line in _command_lines() if mark in line]:
        if time.monotonic() > deadline:
            logger.warning("processes that do not end train in %s: %s", folder, left)
            return
        for pid in left:
            _kill(pid)
        time.sleep(0.02)


def _command_lines() -> Iterator[tuple[int, str]]:
    """All processes with their arguments; those that have ended have none."""
    if psutil is not None:
        for process in psutil.process_iter(["cmdline"]):
            yield process.pid, " ".join(process.info["cmdline"] or [])
        return
    for file in PROCESSES.glob("[0-9]*/cmdline"):
        try:
            arguments = file.read_bytes()
        except OSError:  # it has just ended
            continue
        yield int(file.parent.name), os.fsdecode(arguments).replace("\0", " ")


def _children(process: subprocess.Popen[Any]) -> list[Any]:
    if psutil is None or process.poll() is not None:
        return []
    try:
        return list(psutil.Process(process.pid).children(recursive=True))
    except psutil.Error:
        return []


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        logger.debug("process %s has ended already", pid)
    except PermissionError:
        logger.warning("process %s is another user's and is not ended", pid)
