"""Other threads get on while the core works."""

import functools
import sys
import threading

import numpy as np
import pytest
from rungkeeper import (
    RemovalCallback,
    compute_probabilities_of_getting_resumed,
    rank_aware_probabilities,
    simulate,
)


@pytest.fixture
def no_switching():
    """Threads run only when the one that runs lets go."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(60)
    yield
    sys.setswitchinterval(interval)


def runs_beside(work):
    """Whether another thread got to run while this one worked."""
    ran = []
    gate = threading.Event()

    def wait_and_run():
        gate.wait()
        ran.append(True)

    thread = threading.Thread(target=wait_and_run)
    thread.start()
    gate.set()
    assert not ran
    work()
    beside = bool(ran)
    thread.join()
    return beside


def many_positions(compute, *more):
    ranks = np.tile(np.arange(201, 401), 2000)
    return lambda: compute(ranks, 600, 1 / 3, *more, 1.0)


def many_candidates():
    callback = RemovalCallback.geometric(
        1, 3, 27, max_checkpoints=0, checkpoints="assumed"
    )
    for trial in range(30_000):
        callback.start(trial)
        callback.result(trial, 1, trial * 0.7 % 1, "PAUSE")
    return callback


def curves():
    trials = np.repeat(np.arange(300), 4)
    return {
        "trial": trials,
        "resource": np.tile([1, 4, 16, 64], 300),
        "loss": trials * 0.7 % 1,
    }


def test_without_letting_go_no_other_thread_runs(no_switching):
    assert not runs_beside(lambda: sum(range(2_000_000)))


@pytest.mark.parametrize(
    "compute",
    [
        compute_probabilities_of_getting_resumed,
        functools.partial(compute_probabilities_of_getting_resumed, log=True),
    ],
)
def test_scores(no_switching, compute):
    assert runs_beside(many_positions(compute, 0.4))


@pytest.mark.parametrize(
    "compute",
    [rank_aware_probabilities, functools.partial(rank_aware_probabilities, log=True)],
)
def test_rank_aware_scores(no_switching, compute):
    assert runs_beside(many_positions(compute))


def test_callbacks(no_switching):
    callback = many_candidates()
    log = callback.log()
    assert runs_beside(lambda: RemovalCallback.from_log(log))
    assert runs_beside(lambda: callback.loop_end(1.0))


def test_simulations(no_switching):
    table = curves()
    assert runs_beside(lambda: simulate(table, budgets=[8, 16], seeds=5))


def test_threads_can_share_a_callback():
    callback = RemovalCallback.geometric(1, 3, 27, max_checkpoints=10)

    def run(worker):
        for trial in range(200):
            callback.start(f"{worker}-{trial}")
            callback.result(f"{worker}-{trial}", 1, trial, "PAUSE")
            callback.checkpoint_committed(f"{worker}-{trial}", 1)
            callback.loop_end(1.0)

    threads = [threading.Thread(target=run, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    callback.loop_end(2.0)
    assert len(callback.trials()) == 800
    assert callback.num_with_checkpoint == 10
    again = RemovalCallback.from_log(callback.log())
    assert again.candidates() == callback.candidates()
