"""Tables of all kinds as text that the core reads."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from typing import Any


def source(name: str, table: Any) -> tuple[str, str | None]:
    """The name of a table and its text as CSV; a file is read later.

    A frame is what tells its columns and gives each by its name, as those of pandas,
    polars and others do. None of them is imported.

    Raises:
        TypeError: It is no table.
        ValueError: Its columns have different lengths.
    """
    if isinstance(table, (str, os.PathLike)):
        path = os.fspath(table)
        if isinstance(path, str):
            return path, None
    elif isinstance(table, Mapping):
        return "table", _to_csv(name, table)
    elif hasattr(table, "columns") and hasattr(table, "__getitem__"):
        return "table", _to_csv(
            name, {column: table[column] for column in table.columns}
        )
    kind = type(table).__name__
    msg = f"{name} must be a path, a DataFrame or a mapping of columns, not {kind}"
    raise TypeError(msg)


def _to_csv(name: str, columns: Mapping[Any, Any]) -> str:
    try:
        lists = [list(column) for column in columns.values()]
    except TypeError as error:
        msg = f"{name} must map names to columns"
        raise TypeError(msg) from error
    if len({len(column) for column in lists}) > 1:
        msg = f"{name} has columns of different lengths"
        raise ValueError(msg)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in zip(*lists):  # one by one, so that the user can interrupt
        writer.writerow([_field(value) for value in row])
    return text.getvalue()


def _field(value: Any) -> Any:
    """A missing value of pandas is an empty field, as None is."""
    return "" if type(value).__name__ in ("NAType", "NaTType") else value
