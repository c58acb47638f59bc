"""Which files are deleted, and how many trials fit. Nothing is trained here."""

from pathlib import Path
from types import SimpleNamespace

import pyarrow.fs
import pytest
from ray.tune import PlacementGroupFactory
from rungkeeper.ray import _checkpoints
from rungkeeper.ray._checkpoints import ASIDE, Undeleted
from rungkeeper.ray._slots import Slots, fitting

LOCAL = pyarrow.fs.LocalFileSystem()


def fill(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "weights").write_text("1234")


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def test_only_what_ray_names_a_checkpoint_is_deleted(tmp_path: Path) -> None:
    fill(tmp_path, "checkpoint_000001", "checkpoint_000002", "checkpoint_best", "data")
    fill(tmp_path, f"{ASIDE}checkpoint_000003")
    (tmp_path / "checkpoint_000004").write_text("a file")
    keep, undeleted = {str(tmp_path / "checkpoint_000002")}, Undeleted()
    _checkpoints.sweep_folder(LOCAL, str(tmp_path), keep, undeleted)
    left = {"checkpoint_000002", "checkpoint_000004", "checkpoint_best", "data"}
    assert names(tmp_path) == left
    assert len(undeleted) == 0


def test_trials_of_other_runs_are_left_alone(tmp_path: Path) -> None:
    storage = SimpleNamespace(
        storage_filesystem=LOCAL, experiment_fs_path=str(tmp_path)
    )
    for trial in ("known", "forgotten", "other", "unmarked"):
        fill(tmp_path / trial, "checkpoint_000000")
        owner = "theirs" if trial == "other" else "ours"
        folder = SimpleNamespace(storage=storage, path=str(tmp_path / trial))
        if trial != "unmarked":
            _checkpoints.mark(folder, owner)
    _checkpoints.sweep_strangers(storage, {"known"}, "ours", Undeleted())
    left = {entry.parent.name for entry in tmp_path.glob("*/checkpoint_*")}
    assert left == {"known", "other", "unmarked"}


class Stubborn:
    """A file system where nothing can be deleted at first."""

    def __init__(self) -> None:
        self.is_locked = True
        self.deleted: list[str] = []

    def get_file_info(self, path: str) -> pyarrow.fs.FileInfo:
        return pyarrow.fs.FileInfo(path, pyarrow.fs.FileType.Directory)

    def delete_dir(self, path: str) -> None:
        if self.is_locked:
            raise PermissionError("locked")
        self.deleted.append(path)


def test_what_cannot_be_deleted_is_tried_again() -> None:
    disk, undeleted = Stubborn(), Undeleted()
    undeleted.delete(disk, "run/checkpoint_000001")
    undeleted.retry()
    assert len(undeleted) == 1
    disk.is_locked = False
    undeleted.retry()
    assert len(undeleted) == 0
    assert disk.deleted == ["run/checkpoint_000001"]


def test_what_is_gone_counts_as_deleted(tmp_path: Path) -> None:
    undeleted = Undeleted()
    undeleted.delete(LOCAL, str(tmp_path / "checkpoint_000001"))
    assert len(undeleted) == 0


@pytest.mark.parametrize(
    ("bundles", "nodes", "slots"),
    [
        ([{"CPU": 1}], [{"CPU": 2}, {"CPU": 3}], 5),
        ([{"CPU": 2}], [{"CPU": 3}, {"CPU": 3}], 2),  # a trial sits on one node
        ([{"CPU": 1, "GPU": 0.5}], [{"CPU": 8, "GPU": 1}], 2),
        ([{"CPU": 1, "GPU": 1}], [{"CPU": 8}], 0),
        ([{"CPU": 0.1}], [{"CPU": 1}], 10),
        ([{}, {"CPU": 1}, {"CPU": 1}], [{"CPU": 3}, {"CPU": 2}], 2),
        ([{}], [{"CPU": 4}], 4),
    ],
)
def test_how_many_trials_fit(
    bundles: list[dict[str, float]], nodes: list[dict[str, float]], slots: int
) -> None:
    assert fitting(bundles, nodes) == slots


def test_a_number_that_is_given_is_not_looked_up() -> None:
    assert Slots(3, None).number(PlacementGroupFactory([{"CPU": 1}]), 0) == 3


@pytest.mark.parametrize(
    ("budget", "pinned", "slots"), [(4, 0, 3), (4, 1, 3), (3, 1, 2), (3, 0, 3)]
)
def test_what_is_pinned_takes_a_place_of_the_budget(
    budget: int, pinned: int, slots: int
) -> None:
    place = PlacementGroupFactory([{"CPU": 1}])
    assert Slots(3, budget).number(place, pinned) == slots
