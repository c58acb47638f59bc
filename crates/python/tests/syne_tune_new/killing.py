"""A callback that kills its own process."""

import os
import signal
import time
from typing import Any

from syne_tune.tuner_callback import TunerCallback

from tests.syne_tune_new.audit import Audit

RESUMES = 8
SECONDS_AFTER_SAVE = 0.4


class KillTuner(TunerCallback):
    """Kills the tuner once enough has happened, also since the last save.

    What was saved then is older than what is on the disk.
    """

    def __init__(self, audit: Audit) -> None:
        self.audit = audit

    def on_tuning_start(self, tuner: Any) -> None:
        self.tuner = tuner

    def on_loop_end(self) -> None:
        saved = self.tuner.tuner_path / "tuner.dill"
        figures = self.audit.scheduler.extra_results()
        if figures["num_trials_resumed"] < RESUMES or not saved.exists():
            return
        if time.time() - saved.stat().st_mtime > SECONDS_AFTER_SAVE:
            os.kill(os.getpid(), signal.SIGKILL)
