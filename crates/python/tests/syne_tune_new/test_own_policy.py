"""A policy of your own behind the scheduler."""

import json
from pathlib import Path

import dill
import pytest
from rungkeeper import RemovalCallback

from tests.policies import lowest_level_first
from tests.syne_tune_new.running import judge, scheduler, space, tuner


def test_it_chooses_for_a_run(folder: Path) -> None:
    asha = scheduler(space(folder), policy=lowest_level_first, max_num_trials=20)
    assert "policy='lowest_level_first'" in repr(asha)
    dill.loads(dill.dumps(asha))
    run, audit = tuner(asha, "own")
    run.run()
    judge(asha, audit)
    events = [json.loads(line) for line in asha.log().splitlines()]
    assert events[0]["policy"] == "lowest_level_first"
    for event in events:
        if event["event"] == "remove":
            cost = event["level"] + 0.5 - event["rank"] / (4 * event["rung_len"])
            assert event["expected_cost"] == pytest.approx(cost)
    assert asha.extra_results()["num_checkpoints_removed"] > 3
    again = RemovalCallback.from_log(asha.log(), policy=lowest_level_first)
    assert again.extra_results() == asha.extra_results()
    written = json.loads((run.tuner_path / "metadata.json").read_text())
    assert written["scheduler_kwargs"]["policy"] == "lowest_level_first"


@pytest.mark.parametrize("policy", ["clever", 7, None])
def test_what_is_no_policy(policy: object, folder: Path) -> None:
    with pytest.raises(ValueError, match=r"policy is .*, but must be"):
        scheduler(space(folder), policy=policy)
