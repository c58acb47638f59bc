"""Settings that the promotion schedulers of all hosts have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, SupportsIndex, Union

from rungkeeper import RemovalCallback
from rungkeeper._arguments import integral, one_of, optional_whole, whole
from rungkeeper._core import PromotionRungs
from rungkeeper._types import OwnPolicy

Mode = Literal["min", "max"]
PolicyName = Literal["rank_aware", "speculative", "by_level", "random"]
POLICIES: tuple[PolicyName, ...] = ("rank_aware", "speculative", "by_level", "random")
Policy = Union[PolicyName, OwnPolicy]
"""The name of a policy, or one of your own."""


@dataclass(frozen=True)
class PromotionSettings:
    """Rungs and budget, as a user gave them.

    Attributes:
        max_t: Resource at which a trial stops.
        grace_period: The first rung.
        reduction_factor: One in this many is promoted.
        brackets: Number of brackets.
        max_checkpoints: Most trials that hold a checkpoint.
        max_bytes: Most bytes of their checkpoints.
        policy: Which checkpoints go first: a name, or a policy of your own.
    """

    max_t: int
    grace_period: int
    reduction_factor: int
    brackets: int
    max_checkpoints: int | None
    max_bytes: int | None
    policy: Policy

    @classmethod
    def checked(
        cls,
        *,
        max_t: SupportsIndex,
        grace_period: SupportsIndex,
        reduction_factor: SupportsIndex | float,
        brackets: SupportsIndex,
        max_checkpoints: SupportsIndex | None,
        max_bytes: SupportsIndex | None,
        policy: Policy,
    ) -> PromotionSettings:
        """The settings of these arguments.

        Raises:
            ValueError: An argument outside its range.
            TypeError: An argument of another type.
        """
        most, first = whole("max_t", max_t, 2), whole("grace_period", grace_period, 1)
        if first >= most:
            raise ValueError(
                f"grace_period is {first}, but must be below max_t, which is {most}"
            )
        return cls(
            max_t=most,
            grace_period=first,
            reduction_factor=integral("reduction_factor", reduction_factor, 2),
            brackets=whole("brackets", brackets, 1),
            max_checkpoints=optional_whole("max_checkpoints", max_checkpoints, 1),
            max_bytes=optional_whole("max_bytes", max_bytes, 1),
            policy=policy if callable(policy) else one_of("policy", policy, POLICIES),
        )

    @property
    def policy_name(self) -> str:
        """The name of the policy, for what is read by people or written to files."""
        if isinstance(self.policy, str):
            return self.policy
        # The core derives it, and refuses what cannot be a name.
        return self.removal("min", 0, "name").policy

    def rungs(self, mode: Mode, seed: int) -> PromotionRungs:
        """Rungs to which nobody came yet."""
        return PromotionRungs(
            grace_period=self.grace_period,
            reduction_factor=self.reduction_factor,
            max_resource=self.max_t,
            mode=mode,
            brackets=self.brackets,
            seed=seed,
        )

    def removal(
        self, mode: Mode, seed: int, source: str, **more: Any
    ) -> RemovalCallback:
        """A removal callback for a run that has not begun."""
        return RemovalCallback.geometric(
            self.grace_period,
            self.reduction_factor,
            self.max_t,
            mode=mode,
            policy=self.policy,
            policy_seed=seed,
            max_checkpoints=self.max_checkpoints,
            max_bytes=self.max_bytes,
            brackets=self.brackets,
            source=source,
            log_notes=False,  # hosts log them
            **more,
        )
