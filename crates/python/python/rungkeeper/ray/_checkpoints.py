"""Checkpoints of Ray's trials: whether they are there, and how they go.

Ray has no public call that forgets a checkpoint, so this is where its own bookkeeping
is touched. Only folders that Ray itself names `checkpoint_NNNNNN`, in the folder of a
trial of this run, are ever deleted.
"""

import logging
import re
from typing import Any

import pyarrow.fs  # type: ignore[import-untyped]

from rungkeeper.ray._trials import Trial

logger = logging.getLogger(__name__)

CHECKPOINT = re.compile(r"checkpoint_\d{6,}")
ASIDE = "removed_by_rungkeeper_"
MARKER = "rungkeeper_run"


class Undeleted:
    """Folders that could not be deleted yet, and are tried again."""

    def __init__(self) -> None:
        self._left: dict[str, pyarrow.fs.FileSystem] = {}

    def __repr__(self) -> str:
        return f"Undeleted({sorted(self._left)})"

    def __len__(self) -> int:
        return len(self._left)

    def delete(self, filesystem: pyarrow.fs.FileSystem, path: str) -> None:
        """Deletes a folder now or later. One that is not there is as good as deleted.

        On a local disk it is moved aside first: a crash in between leaves no half of a
        checkpoint that something could be restored from.
        """
        aside = path
        parent, _, name = path.rpartition("/")
        try:
            if isinstance(filesystem, pyarrow.fs.LocalFileSystem) and (
                not name.startswith(ASIDE)
            ):
                aside = f"{parent}/{ASIDE}{name}"
                filesystem.move(path, aside)
            filesystem.delete_dir(aside)
        except FileNotFoundError:
            pass
        except OSError as error:
            left = aside if _there(filesystem, aside) else path
            if left not in self._left:
                logger.warning("%s is not deleted yet: %s", left, error)
            self._left[left] = filesystem

    def retry(self) -> None:
        """Tries again to delete what is left."""
        left, self._left = self._left, {}
        for path, filesystem in left.items():
            self.delete(filesystem, path)

    def __reduce__(self) -> tuple[type["Undeleted"], tuple[()]]:
        return Undeleted, ()  # a restore sweeps the folders of all trials


def _there(filesystem: pyarrow.fs.FileSystem, path: str) -> bool:
    """Whether something is at a path."""
    found = filesystem.get_file_info(path)
    return bool(found.type != pyarrow.fs.FileType.NotFound)


def latest(trial: Trial) -> Any | None:
    """The trial's latest checkpoint with the metrics it was reported with."""
    return trial.run_metadata.checkpoint_manager.latest_checkpoint_result


def is_there(trial: Trial) -> bool:
    """Whether the trial has a checkpoint and it is where Ray expects it."""
    result = latest(trial)
    if result is None:
        return False
    return _there(result.checkpoint.filesystem, result.checkpoint.path)


def size(trial: Trial) -> int:
    """Bytes of the trial's latest checkpoint."""
    result = latest(trial)
    if result is None:
        return 0
    path = result.checkpoint.path
    everything = pyarrow.fs.FileSelector(path, recursive=True, allow_not_found=True)
    files = result.checkpoint.filesystem.get_file_info(everything)
    return sum(file.size or 0 for file in files)


def forget(trial: Trial, controller: Any) -> None:
    """Makes Ray believe that the trial never had a checkpoint.

    The attribute is set anew because that is what makes the metadata write itself again
    into the next snapshot of the experiment.
    """
    manager = trial.run_metadata.checkpoint_manager
    trial.run_metadata.checkpoint_manager = type(manager)(manager.checkpoint_config)
    controller._mark_trial_to_checkpoint(trial)


def sweep(trial: Trial, undeleted: Undeleted) -> None:
    """Deletes all checkpoints in the trial's folder that Ray does not know of.

    After `forget` these are all of them. Otherwise they are what a process that was
    killed wrote last.
    """
    if trial.storage is None or not trial.storage.trial_dir_name:
        return  # it never started
    manager = trial.run_metadata.checkpoint_manager
    known = [*manager.best_checkpoint_results, manager.latest_checkpoint_result]
    paths = {result.checkpoint.path for result in known if result is not None}
    sweep_folder(trial.storage.storage_filesystem, trial.path, paths, undeleted)


def sweep_folder(
    filesystem: pyarrow.fs.FileSystem, path: str, keep: set[str], undeleted: Undeleted
) -> None:
    """Deletes the checkpoints in a trial's folder, except for some."""
    for found in filesystem.get_file_info(
        pyarrow.fs.FileSelector(path, allow_not_found=True)
    ):
        name = found.base_name.removeprefix(ASIDE)
        if (
            found.type == pyarrow.fs.FileType.Directory
            and CHECKPOINT.fullmatch(name)
            and found.path not in keep
        ):
            undeleted.delete(filesystem, found.path)


def mark(trial: Trial, run: str) -> None:
    """Writes down that the trial's folder belongs to this run."""
    filesystem = trial.storage.storage_filesystem
    filesystem.create_dir(trial.path)
    with filesystem.open_output_stream(f"{trial.path}/{MARKER}") as stream:
        stream.write(run.encode())


def sweep_strangers(
    storage: Any, known: set[str], run: str, undeleted: Undeleted
) -> None:
    """Deletes the checkpoints of trials of this run that Ray has forgotten.

    A snapshot that lags knows nothing of the trials that started after it.
    """
    filesystem = storage.storage_filesystem
    folders = pyarrow.fs.FileSelector(storage.experiment_fs_path, allow_not_found=True)
    for found in filesystem.get_file_info(folders):
        if found.type != pyarrow.fs.FileType.Directory or found.base_name in known:
            continue
        try:
            with filesystem.open_input_stream(f"{found.path}/{MARKER}") as stream:
                owner = stream.readall().decode(errors="replace")
        except FileNotFoundError:
            continue  # not of this run
        if owner == run:
            sweep_folder(filesystem, found.path, set(), undeleted)
