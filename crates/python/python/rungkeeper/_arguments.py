"""Arguments that are refused by their names."""

from __future__ import annotations

from numbers import Real
from typing import SupportsIndex, TypeVar

Word = TypeVar("Word", bound=str)


def whole(name: str, value: SupportsIndex, least: int) -> int:
    """An int, at least `least`.

    Raises:
        TypeError: It is no int.
        ValueError: It is too small.
    """
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    number = value.__index__()
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


def of_type(name: str, value: object, kind: type) -> None:
    """Refuses what is no instance of a type.

    Raises:
        TypeError: It is none.
    """
    if not isinstance(value, kind):
        found = type(value).__name__
        raise TypeError(f"{name} must be a {kind.__name__}, not {found}")
