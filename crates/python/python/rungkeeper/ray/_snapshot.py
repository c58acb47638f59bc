"""Snapshots of the experiment that a kill cannot tear.

Ray writes its snapshot over the one before, file by file, and while it is copied to the
storage the next one may be written already: a driver that is killed in between leaves
half a file, from which nothing can be restored.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.fs  # type: ignore[import-untyped]
from ray.train._internal.storage import _FilesystemSyncer, _upload_to_fs_path

STATE = "experiment_state-"


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
            "snapshot": snapshot,
            "folder": local_path,
            "filesystem": self.storage_filesystem,
            "path": uri,
        }


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
