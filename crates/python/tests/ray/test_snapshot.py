"""Snapshots of the experiment, and kills while they are written. No trial runs here."""

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import pyarrow.fs
import pytest
from ray.train._internal.storage import _FilesystemSyncer
from rungkeeper.ray._snapshot import (
    STATE,
    WholeSyncer,
    is_enclosed,
    unpack,
    upload,
)

LOCAL = pyarrow.fs.LocalFileSystem()
OTHERS = ("callback-states-", "searcher-state-")


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def test_a_snapshot_is_copied_as_it_is_when_it_is_made(tmp_path: Path) -> None:
    staging, storage = tmp_path / "staging", tmp_path / "storage"
    (staging / "trial").mkdir(parents=True)
    (staging / "trial" / "result.json").write_text("{}")
    (staging / "nothing").mkdir()
    storage.mkdir()
    state = staging / "experiment_state-1.json"
    state.write_text("[1]")
    (staging / "searcher-1.pkl").write_text("searcher")
    plain = _FilesystemSyncer(LOCAL, sync_period=5, sync_timeout=7)
    syncer = WholeSyncer(plain)
    command, arguments = syncer._sync_up_command(str(staging), str(storage))
    state.write_text("[2]")
    assert list(arguments["snapshot"])[-1] == state.name  # makes it the newest
    command(**arguments)
    assert (storage / state.name).read_text() == "[1]"
    assert (storage / "trial" / "result.json").read_text() == "{}"
    assert names(storage) == {state.name, "searcher-1.pkl", "trial"}


def test_a_kill_leaves_the_file_of_the_snapshot_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "state").write_text("before")

    def killed(self: Any, source: str, destination: str) -> None:
        raise KeyboardInterrupt

    class Killed:
        """A local disk whose process dies before the move."""

        open_output_stream = staticmethod(LOCAL.open_output_stream)
        move = killed

    monkeypatch.setattr(pyarrow.fs, "LocalFileSystem", Killed)
    with pytest.raises(KeyboardInterrupt):
        upload({"state": b"after"}, str(tmp_path), Killed(), str(tmp_path))
    assert (tmp_path / "state").read_text() == "before"


def test_trials_take_rays_own_syncer_with_them() -> None:
    syncer = WholeSyncer(_FilesystemSyncer(LOCAL, sync_period=5, sync_timeout=7))
    syncer._current_cmd = (upload, {"snapshot": {"state": b"x" * 1000}})
    text = pickle.dumps(syncer)
    copy = pickle.loads(text)
    assert type(copy) is _FilesystemSyncer
    assert (copy.sync_period, copy.sync_timeout) == (5, 7)
    assert len(text) < 1000


def save(staging: Path, session: str, content: str) -> None:
    """Writes the files of a snapshot as Ray does."""
    state = {"trial_data": content, "runner_data": {}}
    (staging / f"{STATE}{session}.json").write_text(json.dumps(state))
    for kind in OTHERS:
        (staging / f"{kind}{session}.pkl").write_text(content)


def copy(staging: Path, storage: Path, most: int = 3) -> None:
    """Copies the snapshot; a kill comes after this many changed files."""
    syncer = WholeSyncer(_FilesystemSyncer(LOCAL, sync_period=5, sync_timeout=7))
    _, arguments = syncer._sync_up_command(str(staging), str(storage))
    for name, content in arguments["snapshot"].items():
        file = storage / name
        if not file.exists() or file.read_bytes() != content:
            if most == 0:
                return
            file.write_bytes(content)
            most -= 1


def restored(storage: Path, staging: Path) -> list[str]:
    """What Ray restores: trials from the storage, others from where it put a copy."""
    for file in storage.iterdir():
        shutil.copy(file, staging)
    state = max(storage.glob(f"{STATE}*"))
    assert is_enclosed(str(staging))
    unpack(str(staging))
    others = [max(staging.glob(f"{kind}*")).read_text() for kind in OTHERS]
    return [json.loads(state.read_text())["trial_data"], *others]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    staging, storage = tmp_path / "staging", tmp_path / "storage"
    staging.mkdir()
    storage.mkdir()
    return staging, storage


@pytest.mark.parametrize("copied", [0, 1, 2, 3])
def test_trials_and_searcher_are_of_one_snapshot_wherever_a_kill_comes(
    folders: tuple[Path, Path], copied: int
) -> None:
    staging, storage = folders
    save(staging, "1", "first")
    copy(staging, storage)
    save(staging, "1", "second")
    copy(staging, storage, copied)
    expected = "second" if copied == 3 else "first"
    assert restored(storage, staging) == [expected] * 3


@pytest.mark.parametrize("moved", [False, True], ids=["same machine", "other machine"])
@pytest.mark.parametrize("copied", [0, 1, 2, 3])
def test_so_they_are_when_the_run_was_restored_before(
    folders: tuple[Path, Path], copied: int, moved: bool
) -> None:
    staging, storage = folders
    save(staging, "1", "first")
    copy(staging, storage)
    save(staging, "1", "lost")
    assert restored(storage, staging) == ["first"] * 3
    save(staging, "2", "second")
    copy(staging, storage, copied)
    if moved:
        shutil.rmtree(staging)
        staging.mkdir()
    expected = "second" if copied == 3 else "first"
    assert restored(storage, staging) == [expected] * 3
    copy(staging, storage)  # nothing was saved in between
    assert restored(storage, staging) == [expected] * 3


def test_a_folder_without_such_a_snapshot_stays_as_it_is(tmp_path: Path) -> None:
    save(tmp_path, "1", "first")
    assert not is_enclosed(str(tmp_path))
    unpack(str(tmp_path))
    other = tmp_path / "other"
    other.mkdir()
    save(other, "1", "first")
    assert names(tmp_path) - {"other"} == names(other)
