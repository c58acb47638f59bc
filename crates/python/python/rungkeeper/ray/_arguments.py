"""Arguments that are refused by their names."""

from typing import SupportsIndex


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


def optional_whole(name: str, value: SupportsIndex | None, least: int) -> int | None:
    """As `whole`, or None."""
    return None if value is None else whole(name, value, least)


def one_of(name: str, value: object, allowed: tuple[str, ...]) -> str:
    """One of a few words.

    Raises:
        ValueError: It is another one.
    """
    if isinstance(value, str) and value in allowed:
        return value
    words = " or ".join(map(repr, allowed))
    raise ValueError(f"{name} is {value!r}, but must be {words}")
