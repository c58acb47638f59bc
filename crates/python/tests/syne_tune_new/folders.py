"""A backend that is nothing but folders."""

from pathlib import Path
from types import SimpleNamespace


def backend(folder: Path, trials: int) -> SimpleNamespace:
    for trial in range(trials):
        (folder / str(trial)).mkdir()
    return SimpleNamespace(
        local_path=folder,
        trial_ids=list(range(trials)),
        trial_path=lambda trial: folder / str(trial),
        checkpoint_trial_path=lambda trial: folder / str(trial) / "checkpoints",
        _trial_dict={n: SimpleNamespace(status="InProgress") for n in range(trials)},
    )


def write(folder: Path, trial: int, text: str, name: str = "checkpoints") -> None:
    deep = folder / str(trial) / name / "deep"
    deep.mkdir(parents=True, exist_ok=True)
    (deep / "state").write_text(text)
