from decimal import Decimal

import numpy as np
import pytest
from rungkeeper import BetaBinomialEstimator

from .pickling import COPIES


def test_posterior_mean_is_that_of_the_formula():
    estimator = BetaBinomialEstimator(0.33, 2)
    assert estimator.posterior_mean() == 0.33
    estimator.update([True, False, False])
    assert (estimator.num_one, estimator.num_total) == (1, 3)
    assert estimator.posterior_mean() == (0.33 * 2 + 1) / (2 + 3)
    assert (estimator.beta_mean, estimator.beta_size) == (0.33, 2.0)
    assert estimator.posterior_parameters() == (0.33 * 2 + 1, (1 - 0.33) * 2 + 2)


def test_batches_of_any_kind_of_truth_values():
    one, other = BetaBinomialEstimator(0.4, 3), BetaBinomialEstimator(0.4, 3)
    one.update(np.array([True, False, True]))
    one.update([1, 0, np.bool_(True)])
    one.update([])
    one.update([1.0, 0.0, np.float32(1), Decimal(0)])
    other.update_counts(6, 10)
    assert one == other
    assert one != BetaBinomialEstimator(0.4, 3)
    assert one != "something else"


@pytest.mark.parametrize("copy", COPIES)
def test_copies_hold_the_same(copy):
    estimator = BetaBinomialEstimator(1 / 3, 2.5)
    estimator.update_counts(7, 11)
    copied = copy(estimator)
    assert copied == estimator
    copied.update([True])
    assert copied != estimator


def test_repr_tells_prior_and_data():
    estimator = BetaBinomialEstimator(beta_mean=0.33, beta_size=2)
    estimator.update_counts(638, 1094)
    expected = (
        "BetaBinomialEstimator(beta_mean=0.33, beta_size=2.0): 638 of 1094, "
        "posterior mean 0.5827"
    )
    assert repr(estimator) == expected


@pytest.mark.parametrize("mean", [0, 1, -0.1, 2, float("nan"), float("inf")])
def test_bad_means_are_refused(mean):
    with pytest.raises(ValueError, match=r"^beta_mean is .* must lie strictly"):
        BetaBinomialEstimator(mean, 2)


@pytest.mark.parametrize("size", [0, -1, float("nan"), float("inf")])
def test_bad_sizes_are_refused(size):
    with pytest.raises(ValueError, match=r"^beta_size is .* must be positive"):
        BetaBinomialEstimator(0.3, size)


def test_other_types_are_refused():
    with pytest.raises(TypeError, match="beta_mean must be a number, not str"):
        BetaBinomialEstimator("0.3", 2)
    with pytest.raises(TypeError, match="beta_size must be a number, not NoneType"):
        BetaBinomialEstimator(0.3, None)
    estimator = BetaBinomialEstimator(0.3, 2)
    with pytest.raises(TypeError, match="data must be a sequence of bool, not int"):
        estimator.update(3)
    for data in [["yes"], [None]]:
        with pytest.raises(TypeError, match="data must be a bool, 0 or 1, not"):
            estimator.update(data)
    for data in [[True, 2], [True, 0.5], [float("nan")]]:
        with pytest.raises(ValueError, match=r"data is .* must be True, False, 0"):
            estimator.update(data)
    with pytest.raises(ValueError, match="a batch of 2 values cannot hold 3 ones"):
        estimator.update_counts(3, 2)
    with pytest.raises(ValueError, match="num_total is -1, but must be"):
        estimator.update_counts(0, -1)
    assert estimator.num_total == 0


class Doubting(BetaBinomialEstimator):
    """Has arguments of its own, as a subclass in Python may."""

    def __init__(self, doubt):
        super().__init__(beta_mean=0.5, beta_size=2)
        self.doubt = doubt

    def posterior_mean(self):
        return super().posterior_mean() * self.doubt


@pytest.mark.parametrize("copy", COPIES)
def test_it_can_be_subclassed(copy):
    estimator = Doubting(0.5)
    estimator.update([True, True])
    assert estimator.posterior_mean() == 0.375
    copied = copy(estimator)
    assert type(copied) is Doubting
    assert copied == estimator
    assert copied.posterior_mean() == 0.375
    assert repr(copied).startswith("Doubting(beta_mean=0.5, beta_size=2.0): 2 of 2")


def test_a_subclass_that_gives_no_prior_is_told():
    class Forgetful(BetaBinomialEstimator):
        def __init__(self):
            pass

    with pytest.raises(RuntimeError, match=r"must call super\(\).__init__"):
        Forgetful().update([True])
    with pytest.raises(TypeError):
        BetaBinomialEstimator(0.5)


def test_equal_ones_have_one_hash_which_stays():
    one, other = BetaBinomialEstimator(0.5, 2), BetaBinomialEstimator(0.5, 2)
    counts = {one: 1}
    assert hash(one) == hash(other)
    one.update([True])
    assert counts[one] == 1
    assert hash(one) != hash(BetaBinomialEstimator(0.25, 2))


def test_what_0_1_0_pickled_is_read():
    # Its state was the counts alone.
    estimator = BetaBinomialEstimator(0.25, 4)
    estimator.__setstate__((3, 5))
    assert (estimator.num_one, estimator.num_total) == (3, 5)
