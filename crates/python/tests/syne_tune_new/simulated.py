"""A simulator of Syne Tune, with a blackbox of learning curves."""

import json
from typing import Any

import numpy as np
from rungkeeper.syne_tune import PromotionASHA
from syne_tune import StoppingCriterion, Tuner
from syne_tune.backend.simulator_backend.simulator_callback import SimulatorCallback
from syne_tune.blackbox_repository.blackbox import Blackbox
from syne_tune.blackbox_repository.simulated_tabular_backend import UserBlackboxBackend
from syne_tune.config_space import randint, uniform
from syne_tune.tuner_callback import TunerCallback


class Curves(Blackbox):
    """Losses that fall towards x, an epoch a second, as NumPy's numbers."""

    def __init__(self, epochs: int) -> None:
        super().__init__(
            configuration_space={"x": uniform(0, 1)},
            fidelity_space={"epoch": randint(1, epochs)},
            objectives_names=["loss", "seconds"],
        )
        self.epochs = epochs

    @property
    def fidelity_values(self) -> Any:
        return np.arange(1, self.epochs + 1)

    def _objective_function(
        self, configuration: Any, fidelity: Any = None, seed: Any = None
    ) -> Any:
        epochs = self.fidelity_values
        losses = (configuration["x"] + 1 / epochs).astype(np.float32)
        return np.stack([losses, epochs.astype(np.float64)], axis=1)


class Events(TunerCallback):  # type: ignore[misc]
    """What the tuner tells."""

    def __init__(self) -> None:
        self.starts = self.resumes = 0

    def on_start_trial(self, trial: Any) -> None:
        self.starts += 1

    def on_resume_trial(self, trial: Any) -> None:
        self.resumes += 1


def epochs_that_counted(asha: PromotionASHA) -> dict[str, list[int]]:
    """Of each trial, from the event log."""
    found: dict[str, list[int]] = {}
    for line in asha.log().splitlines()[1:]:
        event = json.loads(line)
        if event["event"] == "result":
            found.setdefault(event["trial"], []).append(event["level"])
    return found


def simulate(
    asha: PromotionASHA, *, deletes: bool = False, **criterion: Any
) -> tuple[Tuner, Events]:
    """A run of four workers under the simulator's clock."""
    backend = UserBlackboxBackend(Curves(27), elapsed_time_attr="seconds")
    backend.delete_checkpoints = deletes
    events = Events()
    tuner = Tuner(
        trial_backend=backend,
        scheduler=asha,
        stop_criterion=StoppingCriterion(**criterion),
        n_workers=4,
        sleep_time=0,
        print_update_interval=1e6,
        callbacks=[SimulatorCallback(), events],
        save_tuner=False,
    )
    tuner.run()
    return tuner, events
