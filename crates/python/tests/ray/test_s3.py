"""Checkpoints in S3, on a server of the test's own."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.fs
import pytest
from ray import tune

from tests.ray.audit import folders_below, judge, judge_files
from tests.ray.running import BUDGET, samples, tuner
from tests.ray.trainables import Train, train


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", f"-p{port}"]
    output = subprocess.DEVNULL
    server = subprocess.Popen(command, stdout=output, stderr=output)
    while True:
        assert server.poll() is None
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    yield f"127.0.0.1:{port}"
    server.terminate()
    server.wait()


@pytest.fixture(scope="module")
def s3(server: str) -> pyarrow.fs.S3FileSystem:
    filesystem = pyarrow.fs.S3FileSystem(
        access_key="test",
        secret_key="test",
        region="us-east-1",
        scheme="http",
        endpoint_override=server,
        allow_bucket_creation=True,
    )
    filesystem.create_dir("bucket")
    return filesystem


@pytest.mark.parametrize(
    ("trainable", "num_samples"), [(train, samples(60, 20)), (Train, samples(60, 10))]
)
def test_checkpoints_in_s3(
    trainable: Any, num_samples: int, s3: Any, tmp_path: Path
) -> None:
    path = f"bucket/{trainable.__name__}"
    results = tuner(
        trainable,
        tmp_path,
        num_samples=num_samples,
        tuning={"reuse_actors": True},
        storage=path,
        filesystem=s3,
    ).fit()
    assert results.num_errors == 0
    counts = judge(tmp_path / "records", BUDGET)
    assert counts["from_checkpoint"] > 0
    judge_files(results)
    assert folders_below(s3, f"{path}/run")
    assert s3.get_file_info(f"{path}/run/rungkeeper.jsonl").size > 0


def test_a_run_in_s3_that_is_over_can_be_restored(s3: Any, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"storage": "bucket/again", "filesystem": s3}
    tuning = {"reuse_actors": True, "time_budget_s": 5}
    results = tuner(train, tmp_path, num_samples=-1, tuning=tuning, **settings).fit()
    restored = tune.Tuner.restore("bucket/again/run", train, storage_filesystem=s3)
    again = restored.fit()
    assert len(again) == len(results) > 0
    judge_files(again)


def test_an_address(s3: Any, server: str, tmp_path: Path) -> None:
    """`s3://` as Ray takes it; here it also says where the server is."""
    where = f"?region=us-east-1&scheme=http&endpoint_override={server}"
    results = tuner(
        train,
        tmp_path,
        num_samples=8,
        tuning={"reuse_actors": True},
        storage=f"s3://test:test@bucket/address{where}",
    ).fit()
    assert len(results) == 8
    judge(tmp_path / "records", BUDGET)
    judge_files(results)
    assert folders_below(s3, "bucket/address/run")
