"""Runs a tuner and kills it in the middle: `python -m ... RECORDS EPOCH_SECONDS`."""

import sys
from pathlib import Path

from tests.syne_tune_new.killing import KillTuner
from tests.syne_tune_new.running import scheduler, space, tuner

if __name__ == "__main__":
    records = Path(sys.argv[1])
    asha = scheduler(space(records, epoch_seconds=float(sys.argv[2])))
    run, audit = tuner(asha, "interrupted")
    run.callbacks.append(KillTuner(audit))
    run.run()
