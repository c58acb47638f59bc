"""A policy of your own behind Ray's scheduler."""

import json
from pathlib import Path

import pytest
from ray import cloudpickle
from rungkeeper import RemovalCallback

from tests.policies import lowest_level_first
from tests.ray.running import scheduler, tuner
from tests.ray.trainables import train


def test_it_chooses_for_a_run(tmp_path: Path) -> None:
    asha = scheduler(policy=lowest_level_first)
    assert "policy='lowest_level_first'" in repr(asha)
    cloudpickle.loads(cloudpickle.dumps(asha))
    tuning = {"reuse_actors": True}
    tuner(train, tmp_path, num_samples=16, asha=asha, tuning=tuning).fit()
    events = [json.loads(line) for line in asha.log().splitlines()]
    assert events[0]["policy"] == "lowest_level_first"
    removals = [event for event in events if event["event"] == "remove"]
    assert len(removals) > 3
    for event in removals:
        cost = event["level"] + 0.5 - event["rank"] / (4 * event["rung_len"])
        assert event["expected_cost"] == pytest.approx(cost)
    again = RemovalCallback.from_log(asha.log(), policy=lowest_level_first)
    assert again.extra_results() == asha.extra_results()


@pytest.mark.parametrize("policy", ["clever", 7, None])
def test_what_is_no_policy(policy: object) -> None:
    with pytest.raises(ValueError, match=r"policy is .*, but must be"):
        scheduler(policy=policy)
