"""Callbacks for Lightning, Hugging Face's Trainer and Keras.

Each saves the framework's own checkpoint after every epoch, reports what the framework
has measured, and ends training when the trial is paused. How a program goes on from the
checkpoint is in the examples beside this file. One process reports: of a training that
runs in several, the one with rank 0.
"""

from __future__ import annotations

import importlib
import shutil
from pathlib import Path
from typing import Any

from rungkeeper_trial import Trial, trial

__all__ = ["keras_callback", "lightning_callback", "transformers_callback"]


def lightning_callback(trial: Trial = trial) -> Any:
    """For `lightning.Trainer(callbacks=[...])`; older installations are found too.

    Saves `lightning.ckpt`, which goes to `fit(..., ckpt_path=trial.saved(...))`, and
    reports the metrics that were logged, under their names.
    """
    try:
        lightning: Any = importlib.import_module("lightning.pytorch")
    except ImportError:
        lightning = importlib.import_module("pytorch_lightning")

    class Report(lightning.Callback):
        def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
            level, goes_on = trainer.current_epoch + 1, True
            # `saving` deletes the empty folder, as it does what was left unfinished.
            folder = trial.folder / f"level-{level}.lightning"
            trainer.save_checkpoint(str(folder / "lightning.ckpt"))  # of all processes
            if trainer.is_global_zero:
                with trial.saving(level) as new:
                    for path in folder.iterdir():
                        path.rename(new / path.name)
                goes_on = trial.report(level, **trainer.callback_metrics)
            if not trainer.strategy.broadcast(goes_on):
                trainer.should_stop = True

    return Report()


def transformers_callback(trial: Trial = trial) -> Any:
    """For `transformers.Trainer(callbacks=[...])`, which must save after evaluations.

    That is `eval_strategy="epoch", save_strategy="epoch"` of its arguments. Its folder
    `checkpoint-N` becomes the trial's checkpoint, which goes to
    `train(resume_from_checkpoint=trial.checkpoint)`. The metrics are those of the
    evaluation, `eval_loss` for example.
    """
    transformers: Any = importlib.import_module("transformers")

    class Report(transformers.TrainerCallback):
        def __init__(self) -> None:
            self.metrics: dict[str, Any] = {}

        def on_evaluate(
            self, args: Any, state: Any, control: Any, metrics: Any, **_: Any
        ) -> None:
            self.metrics = {k: v for k, v in metrics.items() if k != trial.resource}

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            level = round(state.epoch)
            saved = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            with trial.saving(level) as folder:
                for path in list(saved.iterdir()):
                    shutil.move(str(path), str(folder / path.name))
            saved.rmdir()
            if not trial.report(level, **self.metrics):
                control.should_training_stop = True

    return Report()


def keras_callback(trial: Trial = trial) -> Any:
    """For `model.fit(callbacks=[...], initial_epoch=trial.level)`.

    Saves `model.keras`, which `keras.models.load_model` brings back with its optimizer,
    and reports the logs of the epoch, `val_loss` for example.
    """
    keras: Any = importlib.import_module("keras")

    class Report(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
            with trial.saving(epoch + 1) as folder:
                self.model.save(str(folder / "model.keras"))
            if not trial.report(epoch + 1, **(logs or {})):
                self.model.stop_training = True

    return Report()
