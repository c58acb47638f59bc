"""`PromotionASHA` beside Syne Tune's own `ASHA`: what each trains to reach a loss.

    python -m rungkeeper.syne_tune.compare

Both run on Syne Tune's simulator, with the same workers, seeds and learning curves, and
stop when a trial reports the target. Counted are resource units (epochs): each unit
that a trial trained, and for `PromotionASHA` those that would be trained again because
a checkpoint was removed. Without options the curves are made from a formula; a file as
`rungkeeper simulate` takes it (columns trial, resource, seconds and a metric) has real
ones. It is for Syne Tune 0.15 and newer, whose simulators need huggingface_hub.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped, import-not-found, unused-ignore]
from numpy.typing import NDArray
from syne_tune import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    StoppingCriterion,
    Tuner,
)
from syne_tune.backend.simulator_backend.simulator_callback import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    SimulatorCallback,
)
from syne_tune.config_space import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    randint,
)
from syne_tune.optimizer.baselines import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    ASHA,
)
from syne_tune.tuner_callback import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    TunerCallback,
)

from rungkeeper.syne_tune import PromotionASHA

try:
    from syne_tune.blackbox_repository.blackbox import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
        Blackbox,
    )
    from syne_tune.blackbox_repository.simulated_tabular_backend import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
        UserBlackboxBackend,
    )
except ModuleNotFoundError as error:
    message = (
        f"Syne Tune's simulators need {error.name}, which is not installed: "
        "pip install huggingface_hub"
    )
    if __name__ == "__main__":
        raise SystemExit(message) from error
    raise ImportError(message) from error

LOSS, RESOURCE, SECONDS = "loss", "resource", "seconds"
FOLDER = "SYNETUNE_FOLDER"


@dataclass(frozen=True)
class Curves:
    """Learning curves, one a row.

    Attributes:
        resources: The resource levels that are reported, ascending.
        losses: The loss at each, small is good.
        seconds: The time from the start to each.
    """

    resources: NDArray[np.int64]
    losses: NDArray[np.float64]
    seconds: NDArray[np.float64]

    @classmethod
    def made(cls, number: int, longest: int, seed: int) -> Curves:
        """Power laws that cross: limit + range * resource ** -rate, with some noise."""
        draw = np.random.default_rng(seed)
        resources = np.arange(1, longest + 1)
        limit = draw.beta(2, 3, size=(number, 1))
        rate = draw.uniform(0.2, 1.2, size=(number, 1))
        noise = draw.normal(0, 0.01, size=(number, longest))
        losses = limit + draw.uniform(0.3, 1, (number, 1)) * resources**-rate + noise
        each = draw.uniform(0.5, 2, size=(number, 1))
        return cls(resources, losses, each * resources)

    @classmethod
    def read(cls, path: str, metric: str, *, small_is_good: bool) -> Curves:
        """Curves of a file, those that go to the largest resource.

        Raises:
            ValueError: A column is missing, or no curve is complete.
        """
        table = pd.read_csv(path)
        missing = {"trial", RESOURCE, SECONDS, metric} - set(table.columns)
        if missing:
            found = ", ".join(map(str, table.columns))
            raise ValueError(f"{path} has no column {min(missing)!r}, but {found}")
        rows = [
            table.pivot(index="trial", columns=RESOURCE, values=name).dropna()
            for name in (metric, SECONDS)
        ]
        if rows[0].empty:
            raise ValueError(f"{path}: no trial has all resources of the file")
        losses = rows[0].to_numpy(np.float64) * (1 if small_is_good else -1)
        seconds = np.maximum.accumulate(rows[1].to_numpy(np.float64), axis=1)
        return cls(rows[0].columns.to_numpy(np.int64), losses, seconds)

    def best(self, part: float) -> float:
        """The loss that one in 1 / `part` of the curves reaches at its end."""
        return float(np.quantile(self.losses[:, -1], part))


class CurvesBlackbox(Blackbox):  # type: ignore[misc, unused-ignore]
    """Curves, as Syne Tune's simulators take them; a configuration is a row."""

    def __init__(self, curves: Curves) -> None:
        super().__init__(
            configuration_space={"curve": randint(0, len(curves.losses) - 1)},
            fidelity_space={RESOURCE: randint(1, int(curves.resources[-1]))},
            objectives_names=[LOSS, SECONDS],
        )
        self._curves = curves

    @property
    def fidelity_values(self) -> NDArray[np.int64]:
        """The resource levels."""
        return self._curves.resources

    def _objective_function(
        self, configuration: dict[str, Any], fidelity: Any = None, seed: Any = None
    ) -> NDArray[np.float64]:
        row = configuration["curve"]
        return np.stack([self._curves.losses[row], self._curves.seconds[row]], axis=1)


class Trained(TunerCallback):  # type: ignore[misc, unused-ignore]
    """Counts what is trained, until the target is reported."""

    def __init__(self, target: float) -> None:
        self._target = target
        self._levels: dict[int, int] = {}
        self.is_reached = False

    @property
    def units(self) -> int:
        """Resource units, each of a trial once."""
        return sum(self._levels.values())

    def on_trial_result(
        self, trial: Any, status: str, result: dict[str, Any], decision: str
    ) -> None:
        """A report."""
        if self.is_reached:
            return
        before = self._levels.get(trial.trial_id, 0)
        self._levels[trial.trial_id] = max(before, int(result[RESOURCE]))
        self.is_reached = float(result[LOSS]) <= self._target


class Until(StoppingCriterion):  # type: ignore[misc, unused-ignore]
    """Ends a run at the target, or with too much trained."""

    def __init__(self, trained: Trained, most: int) -> None:
        super().__init__(max_num_evaluations=10**9)
        self._trained, self._most = trained, most

    def __call__(self, status: Any) -> bool:
        """Whether the run ends."""
        return self._trained.is_reached or self._trained.units >= self._most


@dataclass(frozen=True)
class Run:
    """What a run took.

    Attributes:
        trained: Resource units until the target, each of a trial once.
        again: Those that would be trained again.
        is_reached: Whether the target was reached.
    """

    trained: int
    again: int
    is_reached: bool


def run(
    scheduler: Any, curves: Curves, target: float, *, workers: int, most: int
) -> Run:
    """A run of a scheduler on the simulator."""
    backend = UserBlackboxBackend(CurvesBlackbox(curves), elapsed_time_attr=SECONDS)
    backend.delete_checkpoints = (
        True  # so that Syne Tune makes the scheduler's callback
    )
    trained = Trained(target)
    tuner = Tuner(
        trial_backend=backend,
        scheduler=scheduler,
        stop_criterion=Until(trained, most),
        n_workers=workers,
        sleep_time=0,
        print_update_interval=1e9,
        callbacks=[SimulatorCallback(), trained],
        save_tuner=False,
    )
    with contextlib.redirect_stdout(io.StringIO()):
        tuner.run()
    again = 0
    if isinstance(scheduler, PromotionASHA):
        again = scheduler.extra_results()["cost_resources"]
    return Run(trained.units, again, trained.is_reached)


def schedulers(
    curves: Curves, *, eta: int, budgets: list[int]
) -> dict[str, Callable[[int], Any]]:
    """What is compared, each made from a seed."""
    space = {"curve": randint(0, len(curves.losses) - 1)}
    longest = int(curves.resources[-1])
    common: dict[str, Any] = {"metric": LOSS, "time_attr": RESOURCE, "max_t": longest}
    common |= {"grace_period": int(curves.resources[0]), "reduction_factor": eta}

    def promotion(budget: int | None) -> Callable[[int], Any]:
        return lambda seed: PromotionASHA(
            space, **common, max_checkpoints=budget, random_seed=seed
        )

    compared: dict[str, Callable[[int], Any]] = {
        "ASHA": lambda seed: ASHA(space, **common, random_seed=seed),
        "PromotionASHA": promotion(None),
    }
    for budget in budgets:
        compared[f"PromotionASHA, {budget} checkpoints"] = promotion(budget)
    return compared


def line(name: str, runs: list[Run]) -> str:
    """A line of the table."""
    totals = np.array([run.trained + run.again for run in runs])
    low, high = totals.min(), totals.max()
    again = np.mean([run.again for run in runs])
    reached = sum(run.is_reached for run in runs)
    return (
        f"{name:<32}{totals.mean():>10.0f}{f'{low}-{high}':>16}{again:>12.1f}"
        f"{f'{reached} of {len(runs)}':>12}"
    )


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Syne Tune's results go where nobody looks, and its messages nowhere."""
    disabled, folder = logging.root.manager.disable, os.environ.get(FOLDER)
    logging.disable(logging.WARNING)
    try:
        with tempfile.TemporaryDirectory(prefix="rungkeeper-") as temporary:
            os.environ[FOLDER] = temporary
            yield
    finally:
        logging.disable(disabled)
        os.environ.pop(FOLDER)
        if folder is not None:
            os.environ[FOLDER] = folder


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(
        prog="python -m rungkeeper.syne_tune.compare",
        description="PromotionASHA beside Syne Tune's own ASHA, on its simulator",
    )
    add = made.add_argument
    add("--curves", help="a file of learning curves; without it they are made")
    add("--metric", default="accuracy", help="its column (%(default)s)")
    add("--min", action="store_true", help="small metrics are good, in the file")
    add(
        "--target",
        type=float,
        default=0.005,
        help="part of the curves that is as good at its end (%(default)s)",
    )
    add("--eta", type=int, default=3, help="reduction factor (%(default)s)")
    add("--workers", type=int, default=4, help="workers (%(default)s)")
    add("--budget", type=int, nargs="*", default=[8, 16], help="checkpoints kept")
    add("--runs", type=int, default=10, help="runs, each with its seed (%(default)s)")
    add("--most", type=int, default=20_000, help="units after which a run ends")
    return made


def main(arguments: list[str] | None = None) -> None:
    """The command."""
    options = parser()
    chosen = options.parse_args(arguments)
    try:
        refuse(chosen)
        curves = Curves.made(1000, 81, seed=0)
        if chosen.curves is not None:
            curves = Curves.read(chosen.curves, chosen.metric, small_is_good=chosen.min)
    except (OSError, ValueError) as error:
        options.error(str(error))
    target = curves.best(chosen.target)
    number, longest = len(curves.losses), int(curves.resources[-1])
    print(
        f"{number} curves to {longest} units, reduction factor {chosen.eta}, "
        f"{chosen.workers} workers: resource units\nuntil a trial is as good as the "
        f"best {chosen.target:.1%} are at their end ({abs(target):.4g})\n"
    )
    print(f"{'':<32}{'mean':>10}{'range':>16}{'of it again':>12}{'reached':>12}")
    compared = schedulers(curves, eta=chosen.eta, budgets=chosen.budget)
    bounds = {"workers": chosen.workers, "most": chosen.most}
    for name, make in compared.items():
        with quiet():
            runs = [
                run(make(seed), curves, target, **bounds) for seed in range(chosen.runs)
            ]
        print(line(name, runs), flush=True)


def refuse(chosen: argparse.Namespace) -> None:
    """Refuses what cannot be.

    Raises:
        ValueError: An option outside its range; the message names it.
    """
    for name, least in [("runs", 1), ("workers", 1), ("eta", 2), ("most", 1)]:
        value = getattr(chosen, name)
        if value < least:
            raise ValueError(f"--{name} is {value}, but must be at least {least}")
    if not 0 < chosen.target < 1:
        raise ValueError(f"--target is {chosen.target}, but must be between 0 and 1")
    if chosen.budget and min(chosen.budget) < chosen.workers:
        raise ValueError(
            f"--budget is {min(chosen.budget)}, but must be at least the workers, "
            f"{chosen.workers}: trials that run hold a checkpoint each"
        )


if __name__ == "__main__":
    main()
