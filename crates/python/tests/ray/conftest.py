"""One Ray for all tests that need no other."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = str(Path(__file__).parents[2])  # whatever Ray starts finds the tests there

os.environ.update(
    PYTHONPATH=os.pathsep.join(filter(None, [PACKAGE, os.environ.get("PYTHONPATH")])),
    RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO="0",
    RAY_AIR_NEW_OUTPUT="0",
    RAY_CHDIR_TO_TRIAL_DIR="0",
    RAY_USAGE_STATS_ENABLED="0",
    RAY_worker_niceness="0",  # else whatever compiles meanwhile has the way
    TUNE_DISABLE_AUTO_CALLBACK_LOGGERS="1",
    TUNE_GLOBAL_CHECKPOINT_S="1",
    TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S="0",
)

import ray  # noqa: E402 (reads the environment)

OTHERS = {
    "test_cluster.py",
    "test_setup.py",
    "test_checkpoints.py",
    "test_snapshot.py",
    "test_best.py",
    "test_learning.py",
    "test_limits.py",
}


@pytest.fixture(autouse=True)
def ray_is_up(request: pytest.FixtureRequest) -> None:
    """Starts Ray, except for modules that need none or have their own."""
    if request.path.name not in OTHERS and not ray.is_initialized():
        start_ray()


@pytest.fixture(scope="session", autouse=True)
def ray_goes_down() -> Iterator[None]:
    yield
    ray.shutdown()


def start_ray() -> None:
    ray.init(
        num_cpus=2,
        object_store_memory=80 * 2**20,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
    )
