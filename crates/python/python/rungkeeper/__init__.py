"""Keeps the checkpoints of a pause-and-resume tuning run within a budget.

What would cost least to train again is removed first. `RemovalCallback` is for any
tuner written in Python; `choose` asks for a table of a run and nothing else;
`simulate` tells beforehand what a budget costs.
"""

from __future__ import annotations

from rungkeeper._choose import BestReport, Choice, Removable, choose
from rungkeeper._core import (
    BetaBinomialEstimator,
    PromotionRungs,
    RemovalCallback,
    check_policy,
    compute_probabilities_of_getting_resumed,
    rank_aware_probabilities,
)
from rungkeeper._core import __version__ as __version__
from rungkeeper._logarithms import (
    compute_ln_probabilities_of_getting_resumed,
    ln_rank_aware_probabilities,
)
from rungkeeper._simulation import SimulatedRun, simulate
from rungkeeper._types import Candidates, Removal, TrialInformation, TrialStatus

__all__ = [
    "BestReport",
    "BetaBinomialEstimator",
    "Candidates",
    "Choice",
    "PromotionRungs",
    "Removable",
    "Removal",
    "RemovalCallback",
    "SimulatedRun",
    "TrialInformation",
    "TrialStatus",
    "check_policy",
    "choose",
    "compute_ln_probabilities_of_getting_resumed",
    "compute_probabilities_of_getting_resumed",
    "ln_rank_aware_probabilities",
    "rank_aware_probabilities",
    "simulate",
]
