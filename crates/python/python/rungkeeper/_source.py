"""Tables of all kinds as text that the core reads."""

from __future__ import annotations

import csv
import importlib
import io
import os
from collections.abc import Iterable, Mapping
from typing import Any

Columns = list[tuple[Any, list[Any]]]

# What reads the Arrow PyCapsule interface, and how a table of it is made a mapping.
_READERS = (("pyarrow", "table", "to_pydict"), ("polars", "DataFrame", "to_dict"))


def source(name: str, table: Any) -> tuple[str, str | None]:
    """The name of a table and its text as CSV; a file is read later.

    A frame is what tells the names of its columns and gives each by its name, as those
    of pandas and polars do: neither is imported, and pandas needs no pyarrow. Whatever
    else has the Arrow PyCapsule interface is read by pyarrow or polars.

    Raises:
        TypeError: It is no table.
        ValueError: Its columns have different lengths.
    """
    if isinstance(table, (str, os.PathLike)):
        path = os.fspath(table)
        if isinstance(path, str):
            return path, None
    else:
        columns = _columns(name, table)
        if columns is not None:
            return "table", _to_csv(name, columns)
    kind = type(table).__name__
    msg = f"{name} must be a path, a DataFrame or a mapping of columns, not {kind}"
    raise TypeError(msg)


def _columns(name: str, table: Any) -> Columns | None:
    """The columns with their names; None of what is no table."""
    if isinstance(table, Mapping):
        try:
            return _lists(table.items())
        except TypeError as error:
            msg = f"{name} must map names to columns"
            raise TypeError(msg) from error
    speaks_arrow = hasattr(table, "__arrow_c_stream__")
    if hasattr(table, "collect") and not speaks_arrow:
        msg = f"{name} is a {type(table).__name__}: give what its collect() returns"
        raise TypeError(msg)
    if hasattr(table, "columns") and hasattr(table, "__getitem__"):
        try:
            return _lists(_pairs(table))
        except TypeError:
            pass  # these are no names, or what they give are no values
    if speaks_arrow:
        return _from_arrow(name, table)
    return None


def _pairs(frame: Any) -> Iterable[tuple[Any, Any]]:
    """The columns of a frame; in pandas several may have the same name."""
    if hasattr(frame, "items"):
        pairs: Iterable[tuple[Any, Any]] = frame.items()
        return pairs
    return ((name, frame[name]) for name in frame.columns)


def _lists(pairs: Iterable[tuple[Any, Any]]) -> Columns:
    return [(name, list(column)) for name, column in pairs]


def _from_arrow(name: str, table: Any) -> Columns:
    for module, read, to_mapping in _READERS:
        try:
            reader = getattr(importlib.import_module(module), read)
        except ImportError:
            continue
        return _lists(getattr(reader(table), to_mapping)().items())
    kind = type(table).__name__
    msg = (
        f"{name} is a {kind}, which needs pyarrow or polars to be read: install one of "
        "them, or give a mapping of columns"
    )
    raise TypeError(msg)


def _to_csv(name: str, columns: Columns) -> str:
    if len({len(values) for _, values in columns}) > 1:
        msg = f"{name} has columns of different lengths"
        raise ValueError(msg)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(column for column, _ in columns)
    for row in zip(*(values for _, values in columns)):
        # One by one, so that the user can interrupt.
        writer.writerow([_field(value) for value in row])
    return text.getvalue()


def _field(value: Any) -> Any:
    """A missing value of pandas is an empty field, as None is."""
    return "" if type(value).__name__ in ("NAType", "NaTType") else value
