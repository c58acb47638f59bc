"""What is a number in a result: of Python, NumPy, or any other library."""

from __future__ import annotations

import math
from typing import Any


def as_number(value: Any) -> float | None:
    """A value as a float; None for what is no number.

    Numbers are those of Python (`Decimal` too) and NumPy, and arrays and tensors of one
    element. A truth value is none, and neither is text, also where it looks like one.
    What is beyond all floats is infinite.
    """
    item = getattr(value, "item", None)
    if callable(item):  # a NumPy scalar, an array, a tensor
        try:
            value = item()
        except (TypeError, ValueError, RuntimeError):
            return None
    if isinstance(value, (bool, str, bytes, bytearray, memoryview)):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    except (TypeError, ValueError):
        return None


def as_metric(value: Any) -> float:
    """As `as_number`; what is no number is NaN, which is as bad as a metric can be."""
    number = as_number(value)
    return math.nan if number is None else number


def is_finite(value: Any) -> bool:
    """Whether a value is a finite number."""
    return math.isfinite(as_metric(value))
