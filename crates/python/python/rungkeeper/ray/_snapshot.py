"""Snapshots of the experiment that a kill cannot tear.

Ray writes its snapshot over the one before, file by file, and while it is copied to the
storage the next one may be written already: a driver that is killed in between leaves
half a file, from which nothing can be restored, or the state of the searcher with an
older one of the trials, from which a trial is missing that the searcher counts.

So each file is written as a whole, and the state of the trials takes all others of its
snapshot with it, for Ray's own reader unseen.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.fs  # type: ignore[import-untyped]
from ray.train._internal.storage import _FilesystemSyncer, _upload_to_fs_path

STATE = "experiment_state-"
KEY = "rungkeeper_enclosed"
ENCLOSED = f'{{"{KEY}": '.encode()


class WholeSyncer(_FilesystemSyncer):
    """Ray's syncer, but every file of a snapshot is there as a whole or not at all."""

    def __init__(self, syncer: _FilesystemSyncer) -> None:
        """In the place of another syncer."""
        super().__init__(
            storage_filesystem=syncer.storage_filesystem,
            sync_period=syncer.sync_period,
            sync_timeout=syncer.sync_timeout,
        )

    def __reduce__(self) -> tuple[Callable[[], _FilesystemSyncer], tuple[()]]:
        # Trials take their storage with them, to workers and into the snapshot: there
        # Ray's own will do, and the last snapshot must not be inside the next.
        plain = partial(
            _FilesystemSyncer,
            self.storage_filesystem,
            sync_period=self.sync_period,
            sync_timeout=self.sync_timeout,
        )
        return plain, ()

    def _sync_up_command(
        self, local_path: str, uri: str, exclude: list[str] | None = None
    ) -> tuple[Callable[..., None], dict[str, Any]]:
        """What is copied, and how: the files of the snapshot as they are now.

        The state of the trials comes last: it is what makes a snapshot the newest.
        """
        files = [entry for entry in Path(local_path).iterdir() if entry.is_file()]
        files.sort(key=lambda file: (file.name.startswith(STATE), file.name))
        snapshot = {file.name: file.read_bytes() for file in files}
        return upload, {
            "snapshot": enclose(snapshot),
            "folder": local_path,
            "filesystem": self.storage_filesystem,
            "path": uri,
        }


def enclose(snapshot: dict[str, bytes]) -> dict[str, bytes]:
    """Puts all other files of its session into the newest state of the trials."""
    state = max((name for name in snapshot if name.startswith(STATE)), default="")
    session = Path(state).stem.removeprefix(STATE)
    if not session or not snapshot[state].startswith(b"{"):
        return snapshot
    if snapshot[state].startswith(ENCLOSED):
        return snapshot  # nothing was saved since the restore
    others = {
        name: b64encode(content).decode()
        for name, content in snapshot.items()
        if name != state and Path(name).stem.endswith(session)
    }
    head = ENCLOSED + json.dumps(others).encode() + b", "
    return {**snapshot, state: head + snapshot[state][1:]}


def is_enclosed(folder: str) -> bool:
    """Whether a folder holds a state of the trials with others in it."""
    return _newest(Path(folder)) is not None


def unpack(folder: str) -> None:
    """Puts in place what the newest state of the trials took with it.

    Files of the same kinds that are from other snapshots go: Ray would take them where
    they are newer.
    """
    state = _newest(Path(folder))
    if state is None:
        return
    session = state.stem.removeprefix(STATE)
    enclosed = json.loads(state.read_bytes())[KEY]
    for name in [state.name, *enclosed]:
        for file in Path(folder).glob(name.replace(session, "*")):
            if file != state:
                file.unlink()
    for name, content in enclosed.items():
        (Path(folder) / name).write_bytes(b64decode(content))


def _newest(folder: Path) -> Path | None:
    """The newest state of the trials that came from the storage.

    A driver on the same machine may have left newer ones that never got there.
    """
    states = sorted(folder.glob(f"{STATE}*.json"), reverse=True)
    for state in states:
        with state.open("rb") as stream:
            if stream.read(len(ENCLOSED)) == ENCLOSED:
                return state
    return None


def upload(
    snapshot: dict[str, bytes],
    folder: str,
    filesystem: pyarrow.fs.FileSystem,
    path: str,
) -> None:
    """Writes a snapshot, and what loggers wrote into the folders of trials."""
    for entry in Path(folder).iterdir():
        if entry.is_dir() and any(entry.iterdir()):
            _upload_to_fs_path(str(entry), filesystem, f"{path}/{entry.name}")
    for name, content in snapshot.items():
        write_whole(filesystem, f"{path}/{name}", content)


def write_whole(filesystem: pyarrow.fs.FileSystem, path: str, content: bytes) -> None:
    """Writes a file; on a local disk beside its place first.

    Object stores show an object only when all of it has arrived.
    """
    is_local = isinstance(filesystem, pyarrow.fs.LocalFileSystem)
    beside = f"{path}.new" if is_local else path
    with filesystem.open_output_stream(beside) as stream:
        stream.write(content)
    if is_local:
        filesystem.move(beside, path)
