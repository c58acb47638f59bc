"""What a person should know: log records, and notes that can be taken."""

import logging
import math
import pickle

import pytest
from rungkeeper import RemovalCallback

from .pickling import COPIES


def paused(trials=1, **settings):
    callback = RemovalCallback.geometric(1, 3, 27, **settings)
    for trial in range(trials):
        callback.start(trial)
        callback.result(trial, 1, 0.5, "PAUSE")
    return callback


def test_notes_are_logged_when_they_come_up(caplog):
    callback = RemovalCallback.geometric(1, 3, 27)
    callback.start(0)
    assert caplog.records == []
    callback.result(0, 1, math.nan, "PAUSE")
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("rungkeeper", logging.WARNING)
    assert [record.getMessage()] == callback.take_notes()
    callback.loop_end(1.0)
    callback.take_notes()
    caplog.clear()
    callback.pin(0)
    callback.log()
    assert caplog.records == []


def test_who_logs_notes_themselves(caplog):
    callback = paused(log_notes=False)
    callback.loop_end(1.0)
    callback.loop_end(1.0)
    copied = pickle.loads(pickle.dumps(callback))
    copied.start("new")
    copied.result("new", 1, math.nan, "PAUSE")
    assert caplog.records == []
    assert len(callback.take_notes()) == 1
    assert len(copied.take_notes()) == 2


@pytest.mark.parametrize("copy", COPIES)
def test_what_was_logged_is_not_logged_again(copy, caplog):
    callback = paused()
    callback.loop_end(1.0)
    callback.loop_end(1.0)
    caplog.clear()
    copied = copy(callback)
    copied.start("new")
    assert caplog.records == []
    assert copied.take_notes() == callback.take_notes() != []


def test_a_handler_that_fails_changes_nothing(monkeypatch):
    def fail(*_):
        raise OSError("disk full")

    told = []
    monkeypatch.setattr("sys.unraisablehook", told.append)
    monkeypatch.setattr(logging.getLogger("rungkeeper"), "warning", fail)
    callback = RemovalCallback.geometric(1, 3, 27)
    callback.start(0)
    callback.result(0, 1, math.nan, "PAUSE")
    assert str(told[0].exc_value) == "disk full"
    assert callback.status(0) == "PAUSED-WITH-CP"


def test_a_forgotten_commit_is_told_once(caplog):
    callback = paused(3, max_checkpoints=1)
    assert callback.loop_end(1.0) == []
    assert caplog.records == []  # it may come until the next turn ends
    callback.loop_end(2.0)
    (note,) = callback.take_notes()
    assert note == caplog.records[0].getMessage()
    assert note.startswith(
        'trial "0" was paused at level 1, and by the end of the next turn'
    )
    assert "checkpoint_committed" in note
    assert "resume says False" in note
    assert "checkpoints='assumed'" in note
    callback.start("more")
    callback.result("more", 1, 0.5, "PAUSE")
    callback.loop_end(3.0)
    callback.loop_end(4.0)
    assert callback.take_notes() == []
    assert callback.num_with_checkpoint == 4  # as they may hold one
    assert not callback.resume(0)
    callback.result(0, 1, 0.5, "CONTINUE")
    callback.result(0, 3, 0.5, "PAUSE")
    assert callback.extra_results()["cost_resources"] == 1
    assert callback.take_notes() == []  # it does not ignore what it never had
    callback.checkpoint_committed(0, 3)
    assert callback.resume(0)


def test_a_forgotten_commit_of_a_later_pause_is_told():
    callback = paused(9, max_checkpoints=2)
    for trial in range(9):
        callback.checkpoint_committed(trial, 1)
    for trial in range(5):
        assert callback.resume(trial)
        callback.result(trial, 3, 0.1 * trial, "PAUSE")
    assert len(callback.loop_end(1.0)) == 4
    assert callback.take_notes() == []
    assert callback.loop_end(2.0) == []
    (note,) = callback.take_notes()
    assert note.startswith('trial "0" was paused at level 3, and by the end of the')
    assert "a resume goes on from that of level 1." in note
    assert callback.num_with_checkpoint == 5
    assert callback.candidates() == []
    assert callback.resume(0)
    assert callback.take_notes() == []
    # What was committed before its pause needs no other commit, unless lower.
    callback = paused(2)
    for trial, saved in ((0, 3), (1, 2)):
        callback.checkpoint_committed(trial, 1)
        callback.resume(trial)
        callback.checkpoint_committed(trial, saved)
        callback.result(trial, 3, 0.5, "PAUSE")
    assert callback.resume(0)
    assert callback.take_notes() == []
    assert callback.resume(1)
    (note,) = callback.take_notes()
    assert "goes on from that of level 2." in note


def test_a_commit_that_comes_a_turn_later_is_not_told():
    callback = paused(max_checkpoints=1)
    callback.loop_end(1.0)
    callback.checkpoint_committed(0, 1)
    callback.loop_end(2.0)
    assert callback.take_notes() == []
    # And no note is spent by it.
    callback.start("a")
    callback.result("a", 1, 0.5, "PAUSE")
    callback.loop_end(3.0)
    callback.loop_end(4.0)
    assert callback.take_notes()[0].startswith('trial "a" was paused')


@pytest.mark.parametrize("copy", [lambda callback: callback, *COPIES])
def test_a_forgotten_commit_is_told_anew_after_all_were_committed(copy):
    def forget(callback, trial):
        callback.start(trial)
        callback.result(trial, 1, 0.5, "PAUSE")
        callback.loop_end(1.0)
        again = copy(callback)
        again.loop_end(1.0)
        return again, [note.split()[1] for note in again.take_notes()]

    callback = paused(2)
    callback.loop_end(1.0)
    callback.loop_end(1.0)
    assert len(callback.take_notes()) == 1
    callback.checkpoint_committed(0, 1)
    callback, told = forget(callback, "a")
    assert told == []  # trial 1 still waits
    callback.checkpoint_committed(1, 1)
    callback.checkpoint_committed("a", 1)
    callback.loop_end(1.0)
    callback, told = forget(copy(callback), "b")
    assert told == ['"b"']
    # Without a commit it is the same one that forgets.
    callback.resume("b")
    callback.loop_end(1.0)
    callback, told = forget(callback, "c")
    assert told == []


def test_a_forgotten_commit_is_told_at_a_resume(caplog):
    callback = paused(2)
    callback.loop_end(0.5)
    assert not callback.resume(1)
    (note,) = callback.take_notes()
    assert note == caplog.records[0].getMessage()
    assert note.startswith('trial "1" was paused at level 1, and by its resume check')
    callback.loop_end(1.0)
    assert callback.take_notes() == []  # it was said
    # Neither where the commit came, nor where the checkpoint was lost.
    callback = paused(2)
    callback.checkpoint_committed(0, 1)
    assert callback.resume(0)
    callback.lose(1)
    assert not callback.resume(1)
    callback.loop_end(1.0)
    assert callback.take_notes() == []


def test_a_refused_resume_is_no_resume():
    callback = paused()
    callback.checkpoint_committed(0, 1)
    callback.resume(0)
    with pytest.raises(ValueError, match="is RUNNING"):
        callback.resume(0)
    assert callback.take_notes() == []


@pytest.mark.parametrize("copy", COPIES)
def test_a_forgotten_commit_is_told_once_by_copies_too(copy):
    def forget(callback, trial, elapsed):
        callback.start(trial)
        callback.result(trial, 1, 0.5, "PAUSE")
        callback.loop_end(elapsed)
        callback.loop_end(elapsed)
        return callback.take_notes()

    callback = paused()
    turn_is_open = copy(callback)
    callback.loop_end(1.0)
    turn_is_over = copy(callback)
    callback.loop_end(1.0)
    assert len(copy(callback).take_notes()) == 1  # nobody took it yet
    callback.take_notes()
    assert forget(copy(callback), "a", 2.0) == []
    turn_is_open.loop_end(1.0)
    assert turn_is_open.take_notes() == []
    turn_is_open.loop_end(1.0)
    assert len(turn_is_open.take_notes()) == 1
    turn_is_over.loop_end(1.0)
    assert len(turn_is_over.take_notes()) == 1
    again = RemovalCallback.from_log(callback.log())
    assert len(forget(again, "a", 2.0)) == 1  # that turn may still have been open
    assert forget(again, "b", 3.0) == []
    assert forget(RemovalCallback.from_log(again.log()), "c", 4.0) == []
    resumed = paused()
    resumed.resume(0)
    resumed.loop_end(1.0)
    assert forget(RemovalCallback.from_log(resumed.log()), "a", 2.0) == []


def test_a_trial_that_was_resumed_without_a_known_checkpoint_costs_its_level():
    callback = paused()
    assert callback.status(0) == "PAUSED-WITH-CP"  # there may be one
    assert not callback.resume(0)
    assert callback.trials_resumed_without_checkpoint() == [("0", 1)]
    assert callback.extra_results()["cost_resources"] == 1
    # Whatever it reports first: the training up to its pause is counted, and once.
    callback.result(0, 1, 0.5, "CONTINUE")
    callback.result(0, 3, 0.4, "PAUSE")
    assert callback.extra_results()["cost_resources"] == 1
    callback.checkpoint_committed(0, 3)
    assert callback.resume(0)
    assert callback.trials_resumed_without_checkpoint() == [("0", 1)]
    again = RemovalCallback.from_log(callback.log())
    assert again.extra_results() == callback.extra_results()
    assumed = paused(checkpoints="assumed")
    assert assumed.resume(0)
    assert assumed.extra_results()["cost_resources"] == 0


def test_commits_in_time_are_not_told():
    callback = paused(2, max_checkpoints=2)
    callback.checkpoint_committed(1, 1)
    callback.checkpoint_committed(0, 1)
    callback.loop_end(1.0)
    callback.start("lost")
    callback.result("lost", 1, 0.5, "PAUSE")
    callback.lose("lost")
    callback.start("ended")
    callback.result("ended", 1, 0.5, "PAUSE")
    callback.complete("ended")
    callback.loop_end(2.0)
    assert callback.take_notes() == []
    assert callback.resume(0)


def test_one_that_was_forgotten_among_others():
    callback = paused(2)
    callback.checkpoint_committed(0, 1)
    callback.loop_end(1.0)
    callback.loop_end(2.0)
    assert callback.take_notes()[0].startswith('trial "1" was paused')


def test_assumed_checkpoints_need_no_commit():
    callback = paused(3, max_checkpoints=2, checkpoints="assumed")
    assert len(callback.loop_end(1.0)) == 1
    assert callback.take_notes() == []
    assert callback.resume(0)
    again = RemovalCallback.from_log(callback.log())
    assert again.trials() == callback.trials()


def test_states_of_earlier_releases():
    callback = paused()
    callback.loop_end(1.0)
    callback.loop_end(1.0)
    build, arguments, (elapsed, open_events, notes, *_) = callback.__reduce__()
    least = (elapsed, open_events, notes)
    for state in [least, (*least, True), (*least, True, (True, [("0", 1)]))]:
        again = build(*arguments)
        again.__setstate__(state)
        assert again.take_notes() == notes
        assert again.log() == callback.log()
