"""Two nodes with a shared folder between them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray
from ray.cluster_utils import Cluster

from tests.ray.audit import judge, judge_files
from tests.ray.running import BUDGET, samples, tuner
from tests.ray.trainables import Train, nodes, train

NODE = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    ray.shutdown()
    cluster = Cluster(initialize_head=True, head_node_args=NODE)
    cluster.add_node(num_cpus=1, object_store_memory=80 * 2**20)
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    cluster.wait_for_nodes()
    yield cluster
    ray.shutdown()
    cluster.shutdown()


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize(
    ("trainable", "num_samples"), [(train, samples(60, 30)), (Train, samples(60, 15))]
)
def test_two_nodes(trainable: Any, num_samples: int, tmp_path: Path) -> None:
    results = tuner(
        trainable,
        tmp_path,
        num_samples=num_samples,
        tuning={"reuse_actors": True},
        more={"nodes": 2},
    ).fit()
    assert results.num_errors == 0
    assert len(results) == num_samples
    counts = judge(tmp_path / "records", BUDGET)
    assert counts["from_checkpoint"] > 0
    judge_files(results)
    assert len(nodes(str(tmp_path / "records"))) == 2
