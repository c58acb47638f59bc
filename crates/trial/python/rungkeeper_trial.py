"""A training script's side of rungkeeper: its parameters, checkpoints and reports.

One file without dependencies, for Python 3.8 or newer: install it, or copy it beside
the script. Under both protocols of `rungkeeper run` the script is the same:

    from rungkeeper_trial import trial

    lr = trial.get("lr", 0.1)  # of `--lr 0.3`, or of a configuration file
    for epoch in trial.epochs(27, model, optimizer):  # goes on where it was paused
        ...
        trial.report(loss=loss)  # saves model and optimizer, and asks whether to go on

By itself such a script runs with its defaults, keeps its checkpoint in the folder
`checkpoints`, prints its reports, and goes on to the end.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import pickle
import re
import shutil
import sys
from pathlib import Path
from typing import Any, Callable, Iterator

__version__ = "0.1.0"
__all__ = ["Trial", "trial"]

# A complete checkpoint is a folder of such a name; a save at a level that has one
# already gets a number behind it. Another ending: it is still being written.
_COMPLETE = re.compile(r"level-([0-9]+)(?:\.([0-9]+))?")
_OURS = re.compile(r"level-[0-9]+(\.[0-9a-z]+)*")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
# What an argument must be, and how it is read, by the type of its default.
_KINDS: dict[type, tuple[str, Callable[[str], Any]]] = {
    bool: ("true or false", lambda text: _BOOLEANS[text.lower()]),
    int: ("a whole number, as its default is", int),
    float: ("a number", float),
}


class Trial:
    """A trial, as its training script sees it. A script has one: `trial`."""

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        """Takes what the runner says from the environment, and touches no file.

        A `folder` is where checkpoints are, if not where the runner says.
        """
        self._protocol = os.environ.get("RUNGKEEPER_PROTOCOL")
        if self._protocol not in (None, "answered", "one_way"):
            raise ValueError(
                f"the runner speaks the protocol {self._protocol!r}, but "
                f"rungkeeper_trial {__version__} knows answered and one_way: update it"
            )
        #: Id of the trial; None where the script runs by itself.
        self.id = os.environ.get("RUNGKEEPER_TRIAL")
        #: What the resource is called in reports.
        self.resource = os.environ.get("RUNGKEEPER_RESOURCE") or "epoch"
        given = folder or os.environ.get("RUNGKEEPER_CHECKPOINT_DIR")
        #: Folder of the checkpoint.
        self.folder = Path(given or "checkpoints")
        #: Whether the runner has said to pause: the script should end soon.
        self.paused = False
        self._epoch: int | None = None  # that of the loop
        self._saved: int | None = None  # level of the last save of this process
        self._kept: tuple[Any, ...] = ()
        self._configuration: dict[str, Any] | None = None

    def get(self, name: str, default: Any) -> Any:
        """A parameter: that of the trial, or the default.

        It is looked for among the arguments of the script (`--name VALUE` or
        `--name=VALUE`, with `-` or `_` inside), then in the JSON file that
        `--config FILE.json` or the variable `RUNGKEEPER_CONFIG` names.

        Args:
            name: What it is called in the experiment's `[space]`.
            default: Used where no value is given. What an argument is read as goes
                by its type: a whole number, a number, text, or a boolean, for which
                `--name` alone is true and `--no-name` false.

        Raises:
            ValueError: The argument has no value, or not one of the default's type.
        """
        text = _argument(name, isinstance(default, bool))
        if text is not None:
            return _typed(name, text, default)
        if self._configuration is None:
            self._configuration = _configuration()
        value = self._configuration.get(name, default)
        whole = isinstance(value, int) and not isinstance(value, bool)
        return float(value) if whole and isinstance(default, float) else value

    @property
    def checkpoint(self) -> Path | None:
        """Folder of the newest complete checkpoint; None where there is none."""
        return self._complete()[-1][1] if self._complete() else None

    @property
    def level(self) -> int:
        """The resource of the newest complete checkpoint; 0 where there is none."""
        return self._complete()[-1][0][0] if self._complete() else 0

    def saved(self, name: str) -> str | None:
        """Path of a file in the newest complete checkpoint; None if there is none."""
        checkpoint = self.checkpoint
        path = checkpoint and checkpoint / name
        return str(path) if path and path.exists() else None

    @contextlib.contextmanager
    def saving(self, resource: int | None = None) -> Iterator[Path]:
        """Saves a checkpoint as a whole: `with trial.saving() as folder:`.

        The folder becomes the checkpoint by a rename, once its files are on the disk;
        then the one before is deleted. So at any moment one of the two is complete.

        Args:
            resource: How far it was trained; within `epochs` that of the loop.

        Raises:
            ValueError: Nothing was saved, or the resource is no positive whole number.
        """
        level = self._level(resource)
        times = [at[1] for at, _ in self._complete() if at[0] == level]
        name = f"level-{level}.{max(times) + 1}" if times else f"level-{level}"
        new = self.folder / f"{name}.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        try:
            yield new
            if self._kept:
                _write(new, self._kept)
            if not any(new.iterdir()):
                raise ValueError(f"the checkpoint at {self.resource} {level} is empty")
            _sync(new)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
        new.rename(self.folder / name)
        _sync_folder(self.folder)
        for other in self.folder.iterdir():
            if other.name != name and _OURS.fullmatch(other.name):
                shutil.rmtree(other, ignore_errors=True)
        self._saved = level

    def keep(self, *objects: Any) -> int:
        """Has objects saved with each report, and brings them back if they were.

        Args:
            *objects: All that training changes, in the same order at each start: what
                has `state_dict` and `load_state_dict` (of PyTorch), dictionaries,
                lists, arrays, generators of random numbers; brought back in place.

        Returns:
            The resource that they come from, 0 where there was no checkpoint.

        Raises:
            TypeError: It is not known how to save one of them.
            ValueError: The checkpoint holds other objects.
        """
        for item in objects:
            _state(item)
        self._kept = objects
        checkpoint = self.checkpoint
        if checkpoint is not None:
            _read(checkpoint, objects)
        return self.level

    def epochs(self, last: int, *objects: Any) -> Iterator[int]:
        """The epochs that are left, from behind the checkpoint's until told to pause.

        Args:
            last: The last one, if nobody says to pause before. They count from 1.
            *objects: As in `keep`. Without any the script saves and loads by itself.
        """
        if objects:
            self.keep(*objects)
        begin = self.level
        if begin and self._protocol is None:
            print(
                f"goes on from {self.checkpoint}: remove it to train from scratch",
                file=sys.stderr,
            )
            if begin >= last:
                print(f"all {last} epochs are trained", file=sys.stderr)
        return self._loop(begin + 1, last)

    def _loop(self, first: int, last: int) -> Iterator[int]:
        try:
            for epoch in range(first, last + 1):
                self._epoch = epoch
                yield epoch
                if self.paused:
                    return
        finally:
            self._epoch = None

    def report(self, resource: int | None = None, /, **values: Any) -> bool:
        """Reports a result, after saving what is kept, and hears whether to go on.

        Args:
            resource: How far it was trained; within `epochs` that of the loop. It may
                be named instead, `epoch=3`.
            **values: The metric and whatever else is to be recorded.

        Returns:
            Whether to go on. If not, the script should end: the loop of `epochs` does.

        Raises:
            ValueError: The resource is missing, or no positive whole number.
        """
        named = values.pop(self.resource, None)
        level = self._level(named if resource is None else resource)
        if self._kept and self._saved != level:
            with self.saving(level):
                pass
        line = {self.resource: level, **values}
        if self._saved == level:
            line["checkpoint"] = True
        text = json.dumps(line, default=_number)
        if self._protocol == "one_way":
            text = f"[tune-metric]: {text}"
        print(text, flush=True)
        if self._protocol == "answered":
            # No answer at all: the runner is gone.
            self.paused = sys.stdin.readline().strip() != "continue"
        return not self.paused

    def _level(self, resource: Any) -> int:
        """The resource of a report or save."""
        if resource is None:
            resource = self._epoch
        if resource is None:
            raise ValueError(
                f"at which {self.resource}? Give it as the first argument, or loop "
                "over trial.epochs(...)"
            )
        level = int(resource)
        if level != resource or level < 1:
            raise ValueError(
                f"{self.resource} is {resource}, but must be a positive whole number: "
                "count from 1"
            )
        return level

    def _complete(self) -> list[tuple[tuple[int, int], Path]]:
        """Complete checkpoints with their levels and numbers, the newest at the end."""
        found = []
        with contextlib.suppress(FileNotFoundError):
            for path in self.folder.iterdir():
                match = _COMPLETE.fullmatch(path.name)
                if match and path.is_dir():
                    found.append(((int(match[1]), int(match[2] or 0)), path))
        return sorted(found)


def _argument(name: str, is_boolean: bool) -> str | None:
    """The text of an argument of the script; the last one counts."""
    found, rest, plain = None, sys.argv[1:], name.replace("-", "_")
    for at, argument in enumerate(rest):
        if argument == "--":
            break
        key, equals, value = argument.partition("=")
        key = key[2:].replace("-", "_") if key.startswith("--") else ""
        following = rest[at + 1] if at + 1 < len(rest) else None
        if is_boolean and key == f"no_{plain}" and not equals:
            found = "false"
        elif key == plain and equals:
            found = value
        elif key == plain and is_boolean:
            known = following is not None and following.lower() in _BOOLEANS
            found = following if known else "true"
        elif key == plain:
            if following is None or following.startswith("--"):
                raise ValueError(f"--{name} needs a value")
            found = following
    return found


def _typed(name: str, text: str, default: Any) -> Any:
    """The text of an argument, as what the default is."""
    if isinstance(default, str):
        return text
    kind, read = _KINDS.get(type(default), ("JSON", json.loads))
    try:
        return read(text)
    except (KeyError, ValueError):
        if default is None:
            return text
        raise ValueError(f"--{name} is {text!r}, but must be {kind}") from None


def _configuration() -> dict[str, Any]:
    """The parameters of a configuration file, if one is named."""
    # Another kind of file is the script's own affair.
    path = _argument("config", is_boolean=False) or ""
    if not path.endswith(".json"):
        path = os.environ.get("RUNGKEEPER_CONFIG", "")
    if not path:
        return {}
    try:
        values = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}") from None
    if not isinstance(values, dict):
        raise ValueError(f"{path} holds no JSON object, from names to values")
    return values


# How an object gives its state away and takes it back: models, optimizers; generators
# of Python, of PyTorch and of older NumPy, and their modules for the global ones.
_PAIRS = (
    ("state_dict", "load_state_dict"),
    ("getstate", "setstate"),
    ("get_state", "set_state"),
    ("get_rng_state", "set_rng_state"),
)


def _state(item: Any) -> tuple[Any, Callable[[Any], Any]]:
    """What is to be saved of an object, and what brings it back in place."""
    for give, take in _PAIRS:
        if hasattr(item, give) and hasattr(item, take):
            return getattr(item, give)(), getattr(item, take)
    if hasattr(item, "bit_generator"):  # a generator of NumPy
        generator = item.bit_generator
        return generator.state, lambda state: setattr(generator, "state", state)
    if isinstance(item, dict):
        return item, lambda state: _refill(item, state)
    if isinstance(item, list):
        return item, lambda state: item.__setitem__(slice(None), state)
    if hasattr(item, "__array__") and getattr(item, "shape", None):
        return item, lambda state: item.__setitem__(..., state)
    raise TypeError(
        f"it is not known how to keep a {type(item).__name__}: save it yourself, "
        "`with trial.saving() as folder: ...`"
    )


def _refill(item: Any, state: Any) -> None:
    item.clear()
    item.update(state)


def _write(folder: Path, kept: tuple[Any, ...]) -> None:
    states = [_state(item)[0] for item in kept]
    torch = sys.modules.get("torch")
    if torch is None or not any(hasattr(item, "state_dict") for item in kept):
        with (folder / "kept.pickle").open("wb") as file:
            pickle.dump(states, file, protocol=4)
    else:
        torch.save(states, str(folder / "kept.pt"))


def _read(folder: Path, kept: tuple[Any, ...]) -> None:
    path = folder / "kept.pt"
    if path.exists():
        # Models and optimizers bring each tensor to where theirs is. The file is the
        # script's own, so it may hold more than tensors.
        torch = importlib.import_module("torch")
        states = torch.load(str(path), map_location="cpu", weights_only=False)
    else:
        path = folder / "kept.pickle"
        if not path.exists():
            raise ValueError(f"{folder} holds nothing that was kept: remove it")
        with path.open("rb") as file:
            states = pickle.load(file)
    if len(states) != len(kept):
        raise ValueError(
            f"{folder} holds {len(states)} kept objects, but {len(kept)} are to be "
            "brought back: keep the same ones at each start"
        )
    for item, state in zip(kept, states):
        _state(item)[1](state)


def _number(value: Any) -> Any:
    """A number of NumPy or a tensor as one of Python; anything else as text."""
    with contextlib.suppress(Exception):
        return value.item()
    return str(value)


def _sync(folder: Path) -> None:
    """Brings all that is in a folder to the disk."""
    # A file without the right to write can be synced, but not on Windows.
    mode = "rb" if os.name == "posix" else "rb+"
    for path in [*folder.rglob("*"), folder]:
        if path.is_dir():
            _sync_folder(path)
        elif path.is_file():
            with path.open(mode) as file:
                os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    if os.name == "posix":
        file = os.open(str(path), os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)


#: The trial of this script.
trial = Trial()
