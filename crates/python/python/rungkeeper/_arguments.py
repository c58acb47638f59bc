"""Arguments that are refused by their names."""

from __future__ import annotations

import difflib
import math
import operator
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import SupportsIndex, TypeVar

import numpy as np

from rungkeeper._numbers import as_number

MOST_SHOWN = 60

Word = TypeVar("Word", bound=str)


def whole(name: str, value: SupportsIndex, least: int) -> int:
    """An int, at least `least`.

    Raises:
        TypeError: It is no int.
        ValueError: It is too small.
    """
    try:
        number = None if isinstance(value, (bool, np.bool_)) else operator.index(value)
    except TypeError:
        number = None
    if number is None:
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    if number < least:
        raise ValueError(f"{name} is {number}, but must be at least {least}")
    return number


def integral(name: str, value: SupportsIndex | float, least: int) -> int:
    """As `whole`; a float that is a whole number (4.0, of NumPy too) stands for it.

    Raises:
        TypeError: It is no number.
        ValueError: It is too small, or no whole number.
    """
    if isinstance(value, SupportsIndex):
        return whole(name, value, least)
    if not isinstance(value, Real):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    number = float(value)
    if not number.is_integer():
        raise ValueError(
            f"{name} is {value}, but must be a whole number: 2, 3 or 4, say"
        )
    return whole(name, int(number), least)


def optional_whole(name: str, value: SupportsIndex | None, least: int) -> int | None:
    """As `whole`, or None."""
    return None if value is None else whole(name, value, least)


def one_of(name: str, value: object, allowed: tuple[Word, ...]) -> Word:
    """One of a few words.

    Raises:
        ValueError: It is another one.
    """
    for word in allowed:
        if isinstance(value, str) and value == word:
            return word
    words = " or ".join(map(repr, allowed))
    raise ValueError(f"{name} is {value!r}, but must be {words}")


def named(name: str, value: object) -> None:
    """Refuses what is no text, and text that is empty.

    Raises:
        TypeError: It is no text.
        ValueError: It is empty.
    """
    of_type(name, value, str)
    if not value:
        raise ValueError(f"{name} is '', but must be the name of a reported value")


def flag(name: str, value: object) -> bool:
    """A truth value, of Python or NumPy.

    Raises:
        TypeError: It is none.
    """
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be a bool, not {type(value).__name__}")
    return bool(value)


def seconds(name: str, value: object) -> float | None:
    """Seconds after which a run ends, or None.

    Raises:
        TypeError: It is no number.
        ValueError: It is not positive, or not finite.
    """
    if value is None:
        return None
    number = as_number(value)
    if number is None:
        kind = type(value).__name__
        raise TypeError(f"{name} must be a number of seconds or None, not {kind}")
    if not 0 < number < math.inf:
        raise ValueError(
            f"{name} is {shown(value)}, but must be positive and finite, or None"
        )
    return number


def shown(value: object) -> str:
    """A value as a person knows it, cut where it is long."""
    try:
        text = repr(value)
    except Exception:  # of a huge int, say
        text = f"a {type(value).__name__} without representation"
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."


def meant(name: str, there: Iterable[str], owner: str, likeness: float = 0.6) -> str:
    """What somebody may have meant by a name that is not there, or all that there are.

    Args:
        name: The name.
        there: The names that there are.
        owner: Who has them.
        likeness: How alike a name must be, from 0 to 1.
    """
    there = list(there)
    near = difflib.get_close_matches(name, there, 1, likeness)
    return f"did you mean {near[0]}?" if near else f"{owner} has {', '.join(there)}"


def known_names(
    who: str,
    given: Iterable[str],
    allowed: Iterable[str],
    hints: Mapping[str, str] | None = None,
) -> None:
    """Refuses a name of an argument that there is not.

    Args:
        who: Who takes the arguments.
        given: Their names.
        allowed: The names that there are.
        hints: What to write instead of a name that is wrong in a known way.

    Raises:
        TypeError: There is no such argument; the message tells which one may be meant.
    """
    there = list(allowed)
    for name in given:
        if name in there:
            continue
        hint = (hints or {}).get(name) or meant(name, there, "it")
        raise TypeError(f"{who} has no argument {name}: {hint}")


def of_type(name: str, value: object, kind: type) -> None:
    """Refuses what is no instance of a type.

    Raises:
        TypeError: It is none.
    """
    if not isinstance(value, kind):
        found = type(value).__name__
        raise TypeError(f"{name} must be a {kind.__name__}, not {found}")
