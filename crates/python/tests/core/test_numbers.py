"""What is a number in a result."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from rungkeeper._arguments import flag, integral, named, seconds, shown, whole
from rungkeeper._numbers import as_metric, as_number, is_finite


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, 1.0),
        (Decimal("0.5"), 0.5),
        (Fraction(1, 2), 0.5),
        (np.float32(0.5), 0.5),
        (np.int8(-3), -3.0),
        (np.array(0.5), 0.5),
        (np.array([[0.5]]), 0.5),
        (10**30, 1e30),
        (10**400, math.inf),
        (-(10**400), -math.inf),
        (Decimal("1e999"), math.inf),
    ],
)
def test_numbers(value, number):
    assert as_number(value) == as_metric(value) == number
    assert is_finite(value) == math.isfinite(number)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        np.False_,
        np.array([True]),
        "0.5",
        np.str_("0.5"),
        b"0.5",
        bytearray(b"0.5"),
        memoryview(b"0.5"),
        np.bytes_(b"0.5"),
        [0.5],
        np.array([0.5, 1.0]),
        np.array([]),
        1j,
        {},
        float,
    ],
)
def test_what_is_no_number(value):
    assert as_number(value) is None
    assert math.isnan(as_metric(value))
    assert not is_finite(value)


def test_an_interrupt_is_no_number():
    class Stops:
        def __float__(self):
            raise KeyboardInterrupt

    for read in (as_number, as_metric, is_finite):
        with pytest.raises(KeyboardInterrupt):
            read(Stops())


@pytest.mark.parametrize(
    "kind", [int, float, np.int8, np.float16, np.float32, np.array]
)
def test_whole_floats_are_whole(kind):
    assert integral("factor", kind(3), 2) == 3
    with pytest.raises(ValueError, match="factor is 1, but must be at least 2"):
        integral("factor", kind(1), 2)


@pytest.mark.parametrize("kind", [float, np.float16, np.float32, np.float64])
def test_other_floats_are_not(kind):
    for value in (2.5, math.nan, math.inf):
        with pytest.raises(
            ValueError, match=r"factor is .*, but must be a whole number"
        ):
            integral("factor", kind(value), 2)
    with pytest.raises(TypeError, match="must be an int, not float"):
        whole("most", kind(3), 1)


@pytest.mark.parametrize("value", ["3", None, True, np.True_, [3], np.array([3, 4])])
def test_what_is_no_whole_number(value):
    kind = type(value).__name__
    for read in (integral, whole):
        with pytest.raises(TypeError, match=f"factor must be an int, not {kind}"):
            read("factor", value, 2)


def test_other_arguments():
    assert flag("yes", True) is flag("yes", np.True_) is True
    with pytest.raises(TypeError, match="yes must be a bool, not int"):
        flag("yes", 1)
    named("metric", "loss")
    with pytest.raises(ValueError, match="metric is '', but must be the name of a rep"):
        named("metric", "")
    with pytest.raises(TypeError, match="metric must be a str, not int"):
        named("metric", 3)
    assert seconds("most", None) is None
    assert seconds("most", np.float32(0.5)) == 0.5
    for value in (0, -1, math.nan, math.inf, 10**400):
        with pytest.raises(
            ValueError, match=r"most is .*, but must be positive and fin"
        ):
            seconds("most", value)
    for value in ("x", True, np.True_, [1, 2]):
        with pytest.raises(TypeError, match="most must be a number of seconds or None"):
            seconds("most", value)


def test_what_is_shown_is_cut():
    assert shown("x" * 50) == repr("x" * 50)
    assert shown("x" * 100) == "'" + "x" * 59 + "..."
    assert len(shown(10**5000)) < 70
