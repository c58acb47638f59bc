"""Tables of what Syne Tune leaves of runs that know nothing of rungkeeper."""

from pathlib import Path

from rungkeeper import choose, simulate, tables
from syne_tune import StoppingCriterion, Tuner
from syne_tune.backend import LocalBackend
from syne_tune.optimizer.baselines import ASHA
from syne_tune.util import experiment_path

from tests.syne_tune_new.running import LONGEST, SCRIPT, space


def test_a_folder_of_syne_tune(folder: Path) -> None:
    scheduler = ASHA(
        space(folder),
        metric="loss",
        time_attr="epoch",
        max_t=9,
        random_seed=1,
    )
    backend = LocalBackend(entry_point=str(SCRIPT))
    tuner = Tuner(
        trial_backend=backend,
        scheduler=scheduler,
        stop_criterion=StoppingCriterion(
            max_num_trials_started=9, max_wallclock_time=LONGEST
        ),
        n_workers=2,
        sleep_time=0.05,
        tuner_name="exp",
        suffix_tuner_name=False,
    )
    tuner.run()
    for process in backend.trial_subprocess.values():  # it kills, and waits for none
        process.wait(60)

    table = tables.syne_tune(experiment_path("exp"), "loss")
    trials = set(table["trial"])
    assert len(trials) >= 7  # of nine, without those that were cut off
    pairs = list(zip(table["trial"], table["resource"], strict=True))
    assert len(set(pairs)) == len(pairs)
    # This scheduler stops trials, and promotes none: those that it has not stopped run.
    found = choose(table, max_checkpoints=0, eta=3, max_resource=9)
    assert found["running"] + found["ended"] == len(trials)
    assert (found["waiting"], found["remove"]) == (0, [])
    assert found["ended"] > 3

    # Had it paused them, the last of each rung would go.
    paused = {name: column for name, column in table.items() if name != "status"}
    first = [place for place, (_, epoch) in enumerate(pairs) if float(epoch) == 1]
    paused = {name: [column[it] for it in first] for name, column in paused.items()}
    found = choose(paused, max_checkpoints=2, max_resource=9)
    losses = sorted(map(float, paused["loss"]), reverse=True)
    removed = {one["trial"] for one in found["remove"]}
    loss_of = dict(zip(paused["trial"], map(float, paused["loss"]), strict=True))
    assert sorted(map(loss_of.get, removed), reverse=True) == losses[:-2]

    runs = simulate(table, budgets=3, workers=1, eta=3, max_resource=9, seeds=2)
    assert {run["started"] for run in runs} == {len(trials)}
