"""Checkpoints on disk."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from rungkeeper.syne_tune._promotion_files import Checkpoints
from rungkeeper.syne_tune._promotion_processes import end

from tests.syne_tune_new.folders import backend, write
from tests.syne_tune_new.running import LONGEST


@pytest.fixture
def files(tmp_path: Path) -> Checkpoints:
    made = Checkpoints(backend(tmp_path, 2))
    (tmp_path / "0" / "checkpoints" / "deep").mkdir(parents=True)
    return made


def test_a_folder_without_files_is_no_checkpoint(files: Checkpoints) -> None:
    assert files.size(0) is None
    assert files.size(7) is None
    write(files.root, 0, "12345")
    assert files.size(0) == 5
    files.delete(0)
    assert files.size(0) is None
    assert not (files.root / "0" / "checkpoints").exists()
    files.delete(0)


def test_the_best_is_out_of_reach_and_comes_back(files: Checkpoints) -> None:
    assert not files.keep_as_best(0)
    write(files.root, 0, "old")
    assert files.keep_as_best(0)
    write(files.root, 0, "new")
    assert files.keep_as_best(0)
    files.delete(0)
    assert (files.best(0) / "deep" / "state").read_text() == "new"
    files.take_back(0)
    assert files.size(0) == 3
    assert not files.best(0).exists()


def test_what_cannot_be_deleted_is_tried_again(
    files: Checkpoints,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    write(files.root, 0, "text")

    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError("not today")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refuse)
        files.delete(0)
        files.retry()
    assert files.size(0) == 4
    warnings = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert [r.getMessage() for r in warnings] == [
        "the checkpoint of trial 0 is not deleted yet: not today"
    ]
    files.retry()
    assert files.size(0) is None
    write(files.root, 0, "of the next process")
    files.retry()
    assert files.size(0) is not None


def test_output_ends_with_a_line(files: Checkpoints) -> None:
    output = files.root / "0" / "std.out"
    for before, after in [(b"", b""), (b"a\nb", b"a\nb\n"), (b"a\n", b"a\n")]:
        output.write_bytes(before)
        files.end_output_line(0)
        assert output.read_bytes() == after
    files.end_output_line(1)


WRITER = """
import pathlib, sys
folder = pathlib.Path(sys.argv[1])
while not (folder / "stop").exists():
    (folder / "written").touch()
"""


def test_nothing_writes_once_a_process_has_ended(tmp_path: Path) -> None:
    starter = "import subprocess, sys; subprocess.run([sys.executable, *sys.argv[1:]])"
    command = [sys.executable, "-c", starter, "-c", WRITER, str(tmp_path)]
    process = subprocess.Popen(command)
    written = tmp_path / "written"
    try:
        while not written.exists():
            assert process.poll() is None
        assert end(process)
        written.unlink()
        # What the process started would write again at once.
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        assert not written.exists()
    finally:
        (tmp_path / "stop").touch()
        process.kill()
        process.wait(LONGEST)
