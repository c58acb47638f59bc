"""Names that arguments had before Syne Tune 0.15, and what they are called now."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

from rungkeeper._arguments import known_names

# Of the old HyperbandScheduler, and of its early_checkpoint_removal_kwargs.
_NOW = {
    "baseline": "give policy='by_level' or policy='random'",
    "early_checkpoint_removal_kwargs": "give max_checkpoints, and policy",
    "max_num_checkpoints": "it is called max_checkpoints here",
    "max_resource_attr": "give the largest resource itself, a number, as max_t",
    "max_wallclock_time": "that of the stopping criterion counts",
    "mode": "do_minimize=True stands for 'min', do_minimize=False for 'max'",
    "resource_attr": "it is called time_attr here",
    "rung_increment": "grace_period and reduction_factor make the rungs",
    "rung_levels": "grace_period and reduction_factor make the rungs",
    "search_options": "it is called searcher_kwargs here",
    "type": "leave it out, since it always promotes",
}

Constructor = TypeVar("Constructor", bound=Callable[..., None])


def told_new_names(construct: Constructor) -> Constructor:
    """A constructor that refuses unknown names, and tells the new one of an old one."""
    names = list(inspect.signature(construct).parameters)[1:]

    @functools.wraps(construct)
    def told(self: object, *args: Any, **kwargs: Any) -> None:
        known_names("PromotionASHA", kwargs, names, _NOW)
        construct(self, *args, **kwargs)

    return cast(Constructor, told)


def searcher_of(name: str) -> None:
    """Refuses what the plain searcher was called.

    Raises:
        ValueError: The name is the old one.
    """
    if name == "random":
        raise ValueError(
            "searcher is 'random', which Syne Tune calls 'random_search' since 0.15; "
            "None draws at random too"
        )
