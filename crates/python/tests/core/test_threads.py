"""Other threads get on while the core works."""

import functools
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

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


def of_own_policy(ask):
    """A callback with four paused trials, of which the policy keeps two."""
    callback = RemovalCallback.geometric(1, 3, 27, policy=ask, max_checkpoints=2)
    for trial, loss in enumerate((0.3, 0.5, 0.4, 0.6)):
        paused_anew(callback, trial, loss)
    return callback


def paused_anew(callback, trial, loss=0.2):
    callback.start(trial)
    callback.result(trial, 1, loss, "PAUSE")
    callback.checkpoint_committed(trial, 1)


def in_a_thread(work, *arguments):
    """What work returns or raises on a thread of its own, which is waited for."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work, *arguments).result()


def test_a_policy_may_use_threads_that_call_its_callback():
    seen = []

    def ask(candidates):
        seen.append(in_a_thread(callback.trials))
        in_a_thread(callback.start, f"new {len(seen)}")
        return candidates.level * 1.0 / candidates.rank

    callback = of_own_policy(ask)
    assert [c.trial_id for c in callback.candidates()] == ["0", "2", "1", "3"]
    assert [removal.trial for removal in callback.loop_end(1.0)] == ["3", "1", "2", "0"]
    assert [len(trials) for trials in seen] == [4, 5]
    assert callback.status("new 1") == callback.status("new 2") == "RUNNING"
    again = RemovalCallback.from_log(callback.log(), policy=ask)
    assert again.trials() == callback.trials()


def test_what_happens_while_a_policy_is_asked_counts():
    asked = []

    def ask(candidates):
        asked.append(list(candidates.trial))
        if len(asked) == 1:
            in_a_thread(callback.resume, "3")
        if len(asked) == 2:
            in_a_thread(paused_anew, callback, "new")
        return candidates.trial

    callback = of_own_policy(ask)
    # The one that runs again meanwhile keeps its checkpoint.
    assert [removal.trial for removal in callback.loop_end(1.0)] == ["1", "2"]
    assert asked == [["3", "1", "2", "0"]]
    # Of one more candidate the policy must know.
    callback.set_budget(max_checkpoints=1)
    assert [removal.trial for removal in callback.loop_end(2.0)] == ["0", "new"]
    assert asked[1:] == [["0"], ["0", "new"]]


@pytest.mark.parametrize("tells_costs", [True, False])
def test_new_candidates_at_each_question_are_no_reason_to_ask_for_ever(tells_costs):
    asked = []

    def ask(candidates):
        asked.append(set(candidates.trial))
        in_a_thread(paused_anew, callback, f"new {len(asked)}")
        return [1.0] * len(candidates) if tells_costs else candidates.trial

    callback = of_own_policy(ask)
    removed = {removal.trial for removal in callback.loop_end(1.0)}
    assert len(asked) == 3
    assert removed <= asked[2]
    assert len(removed) == 5
    assert callback.status("new 3") == "PAUSED-WITH-CP"


@pytest.mark.parametrize("call", ["candidates", "loop_end"])
def test_a_policy_that_has_itself_asked_again_is_an_error(call):
    raised = []

    def ask(candidates):
        try:
            arguments = [] if call == "candidates" else [2.0]
            in_a_thread(getattr(callback, call), *arguments)
        except RuntimeError as error:
            raised.append(str(error))
        return candidates.level

    callback = of_own_policy(ask)
    callback.loop_end(1.0)
    assert callback.num_with_checkpoint == 2
    assert len(raised) == 1
    assert "64 threads ask the policy at once" in raised[0]
    assert len(callback.candidates()) == 2


def test_threads_can_share_a_callback_with_a_policy_of_ones_own():
    callback = of_own_policy(lambda candidates: candidates.trial)

    def run(worker):
        return [
            removal.trial
            for trial in range(50)
            for removal in (
                paused_anew(callback, f"{worker}-{trial}") or callback.loop_end(1.0)
            )
        ]

    with ThreadPoolExecutor(4) as pool:
        removed = [trial for found in pool.map(run, range(4)) for trial in found]
    removed += [removal.trial for removal in callback.loop_end(2.0)]
    assert len(removed) == len(set(removed)) == 202
    assert callback.num_with_checkpoint == 2
