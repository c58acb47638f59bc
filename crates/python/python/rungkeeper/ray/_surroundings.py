"""What a scheduler finds around it: Ray's controller, and whether it can work there."""

from typing import Any

from ray.tune import Trainable
from ray.tune.trainable import FunctionTrainable

from rungkeeper.ray._snapshot import WholeSyncer
from rungkeeper.ray._trials import Trial


def enter(given: Any, scheduler: object, trial: Trial) -> Any:
    """Takes the controller behind Ray's wrapper, where all is as it must be.

    Its snapshots are written so that a kill cannot tear them from then on.

    Raises:
        RuntimeError: The scheduler has no gate.
        ValueError: Actors are reused that cannot be.
    """
    controller = getattr(given, "_tune_controller", given)
    if getattr(controller.search_alg, "scheduler", None) is not scheduler:
        raise RuntimeError(
            "PromotionASHA needs its gate and its state beside it: make "
            "tune_config and run_config with rungkeeper.ray.setup"
        )
    trainable = trial.get_trainable_cls()
    if (
        controller._reuse_actors
        and not issubclass(trainable, FunctionTrainable)
        and trainable.reset_config is Trainable.reset_config
    ):
        raise ValueError(
            f"reuse_actors is True, but {trainable.__name__} has no reset_config: "
            "without one Ray fails every trial that gets a used actor"
        )
    storage = controller._storage
    storage.syncer = WholeSyncer(storage.syncer)
    # Ray writes a snapshot after each checkpoint where a trial keeps one alone, and
    # warns that this is often. A restore needs it: the one before is deleted.
    controller._checkpoint_manager._excessive_sync_threshold = 0.0
    return controller


def write_log(storage: Any, text: str) -> None:
    """Leaves the event log in the folder of the experiment."""
    path = f"{storage.experiment_fs_path}/rungkeeper.jsonl"
    with storage.storage_filesystem.open_output_stream(path) as stream:
        stream.write(text.encode())
