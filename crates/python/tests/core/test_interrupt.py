"""Ctrl-C: a real SIGINT is answered within 0.2 seconds by whatever takes longer."""

import copy
import itertools
import math
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path
from subprocess import PIPE

import numpy as np
import pytest
from rungkeeper import (
    BetaBinomialEstimator,
    PromotionRungs,
    RemovalCallback,
    compute_probabilities_of_getting_resumed,
    rank_aware_probabilities,
    simulate,
)

ANSWERED = 0.2
SENDER = """
import os, signal, sys, time
print(flush=True)
sys.stdin.readline()
time.sleep(0.2)
stat = f"/proc/{sys.argv[1]}/schedstat"
queued = int(open(stat).read().split()[1]) if os.path.exists(stat) else 0
print(time.monotonic() - queued / 1e9, flush=True)
os.kill(int(sys.argv[1]), signal.SIGINT)
"""


@pytest.fixture(autouse=True, scope="module")
def interrupts_are_heard():
    """Whoever starts a program in the background of a shell has it ignore them."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt(work, *arguments, **keywords):
    """Has a SIGINT sent to this process as it works, and checks how soon it answers.

    Time in which it waits for a processor, on a machine where others work, does not
    count; and of six tries the best.
    """
    waited = [waits(work, arguments, keywords)]
    while waited[-1] > ANSWERED and len(waited) < 6:
        waited.append(waits(work, arguments, keywords))
    assert waited[-1] < ANSWERED, waited


def waits(work, arguments, keywords):
    """Seconds from the signal to its exception; infinite if the work was done."""
    command = [sys.executable, "-S", "-c", SENDER, str(os.getpid())]
    done = []
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True) as sender:
        sender.stdout.readline()  # it is ready
        try:
            sender.stdin.write("go\n")
            sender.stdin.flush()
            work(*arguments, **keywords)
            done.append(True)
            time.sleep(60)  # the signal comes at last
        except KeyboardInterrupt:
            answered = time.monotonic() - queued()
        sent = float(sender.stdout.readline())
    return math.inf if done else answered - sent


def queued():
    """Seconds that the main thread has waited for a processor, where that is known."""
    stat = Path("/proc/self/schedstat")
    return int(stat.read_text().split()[1]) / 1e9 if stat.exists() else 0.0


def forever(work, *arguments):
    """Works again and again, for so long that an interrupt must have come."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        work(*arguments)


def long_history(events=1_500_000):
    callback = RemovalCallback.geometric(1, 3, 27, checkpoints="assumed")
    start, result, loop_end = callback.start, callback.result, callback.loop_end
    for trial in range(events // 3):
        start(trial)
        result(trial, 1, trial * 0.7 % 1, "PAUSE")
        loop_end(trial)
    return callback


@pytest.fixture(scope="module")
def history():
    return long_history()


@pytest.fixture(scope="module")
def log(history):
    return history.log()


def test_scores_of_many():
    ranks = np.tile(np.arange(201, 401), 100_000)
    interrupt(compute_probabilities_of_getting_resumed, ranks, 600, 1 / 3, 0.4, 1.0)
    interrupt(rank_aware_probabilities, ranks, 600, 1 / 3, 1.0)


def test_scores_of_one():
    interrupt(rank_aware_probabilities, 2**29, 2**30, 2 / 5, 1.0)
    interrupt(
        compute_probabilities_of_getting_resumed,
        90_000,
        100_000,
        2 / 5,
        0.3,
        100.0,
        None,
    )


def test_updates_of_an_estimator():
    estimator = BetaBinomialEstimator(0.33, 2)
    for endless in (True, 1, np.True_, np.int64(1), np.float32(1)):
        interrupt(estimator.update, itertools.repeat(endless))
    assert estimator.num_total == 0
    for many in (np.ones(3_000_000, dtype=bool), np.ones(3_000_000)):
        interrupt(forever, estimator.update, many)
    assert estimator.num_one == estimator.num_total
    assert estimator.num_total % 3_000_000 == 0


def curves(trials=20_000):
    numbers = np.repeat(np.arange(trials), 4)
    return {
        "trial": numbers,
        "resource": np.tile([1, 4, 16, 64], trials),
        "loss": numbers * 0.7 % 1,
    }


def test_simulations():
    few = curves(300)
    interrupt(simulate, few, seeds=4_000)


def test_a_single_simulated_run():
    table = {name: column.tolist() for name, column in curves(200_000).items()}
    interrupt(simulate, table, policies="rank_aware", budgets=8, seeds=1, workers=1)


def test_a_large_file(tmp_path):
    path = tmp_path / "curves.csv"
    line = "".join(f"{trial},1,{trial * 7 % 10}\n" for trial in range(1_000_000))
    path.write_text(f"trial,resource,loss\n{line}")
    interrupt(simulate, path, seeds=1, budgets=8)


def test_writing_a_history():
    callback = long_history()
    interrupt(callback.log)
    interrupt(pickle.dumps, long_history())
    assert callback.log().count("\n") == 2 * 500_000 + 1
    assert len(callback.trials()) == 500_000


def test_replays(log, tmp_path):
    interrupt(RemovalCallback.from_log, log)
    path = tmp_path / "log.jsonl"
    path.write_text(log)
    interrupt(RemovalCallback.from_log, path)


def test_copies(history):
    interrupt(copy.deepcopy, history)


def test_the_choice_among_many():
    callback = RemovalCallback.geometric(
        1, 3, 27, policy="speculative", approx_steps=None, checkpoints="assumed"
    )
    for trial in range(60_000):
        callback.start(trial)
        callback.result(trial, 1, trial * 0.7 % 1, "PAUSE")
    callback.set_budget(max_bytes=0, max_checkpoints=0)
    log = callback.log()
    interrupt(forever, callback.candidates)
    assert callback.log() == log
    assert len(callback.loop_end(1.0)) == 60_000


def test_rungs_are_read_back():
    rungs = PromotionRungs(grace_period=1, reduction_factor=3, max_resource=27)
    for trial in range(300_000):
        rungs.start(trial)
        rungs.report(trial, 1, trial * 0.7 % 1)
    state = rungs.__reduce__()[2]
    interrupt(forever, rungs.__setstate__, state)
    assert len(rungs) == 300_000
    interrupt(forever, rungs.__reduce__)


def never():
    """Numbers that never come."""
    yield from (number for number in itertools.count() if number < 0)


@pytest.mark.parametrize("policy", [lambda _: time.sleep(5), lambda _: never()])
def test_a_policy_of_ones_own(policy):
    callback = RemovalCallback.geometric(1, 3, 27, policy=policy, max_checkpoints=0)
    callback.start(0)
    callback.result(0, 1, 0.5, "PAUSE")
    callback.checkpoint_committed(0, 1)
    log = callback.log()
    interrupt(callback.loop_end, 1.0)
    assert callback.num_with_checkpoint == 1
    assert callback.log() == log
