"""Ray's trials. Most of their methods have no types: they pass as Any."""

from typing import Any, TypeAlias

from ray.tune.experiment import Trial as RayTrial

Trial: TypeAlias = Any

PENDING = RayTrial.PENDING
RUNNING = RayTrial.RUNNING
PAUSED = RayTrial.PAUSED
TERMINATED = RayTrial.TERMINATED
ERROR = RayTrial.ERROR
