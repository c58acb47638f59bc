//! What a run says of how it stands, and what can be done next.

use std::path::Path;

use crate::run_cases::{experiment, start};
use crate::runs::system::wait_until;
use crate::runs::{TRAINER, folder, rungkeeper, succeeds, text};

/// Each trial is better than all before it.
fn better() -> String {
    TRAINER.replace("\"loss\\\": $x", "\"loss\\\": 0.$((9 - RUNGKEEPER_TRIAL))")
}

fn says(folder: &Path, arguments: &[&str]) -> String {
    succeeds(&rungkeeper(folder, arguments).output().unwrap())
}

/// Most trials crash: each summary counts them and names the way to try them again, and a note has the error.
#[test]
fn crashes_are_counted() {
    let crash = "case $RUNGKEEPER_TRIAL in [13]) echo '{\"epoch\": 0}'; \
                 echo \"ValueError: bad x\" >&2; exit 1;; esac\ndir=$1";
    let trainer = better().replace("dir=$1", crash);
    let experiment = experiment("stop = { trials = 4 }", "max_resource = 3");
    let folder = folder(&trainer, &experiment);
    let here = folder.path();
    let mut run = rungkeeper(here, &["run", "experiment.toml", "--dir", "run"]);
    let output = run.output().unwrap();
    let said = succeeds(&output);
    let way = "try what failed again: rungkeeper resume run --retry-failed\n";
    assert!(said.contains("\n  4 trials, 2 failed; "), "{said}");
    assert!(said.contains(way), "{said}");
    let notes = text(&output.stderr);
    assert!(
        notes.contains("output/1.log\n  ValueError: bad x\n"),
        "{notes}"
    );
    for command in ["status", "report"] {
        let said = says(here, &[command, "run"]);
        assert!(said.contains("trials, 2 failed\n"), "{said}");
        assert!(said.contains(way), "{said}");
    }
    // Those that worked are no reason to say so.
    std::fs::write(here.join("train.sh"), better()).unwrap();
    let said = says(here, &["resume", "run", "--retry-failed"]);
    assert!(!said.contains("failed"), "{said}");
}

/// The configuration stands under the trial that has it, and who is better but has not finished comes behind it.
#[test]
fn the_configuration_is_that_of_the_best() {
    let more = "stop = { reports = 6 }";
    let experiment = experiment(more, "max_resource = 3\nlevels = [1]");
    let folder = folder(&better(), &experiment);
    let said = says(folder.path(), &["run", "experiment.toml", "--dir", "run"]);
    let place = |text: &str| said.find(text).unwrap_or_else(|| panic!("{text}: {said}"));
    let best = place("\n  best: trial 2 with 0.7 at epoch 3\n");
    let (configuration, better) = (place("\n    x = 0."), place("\n  better so far: trial 3 "));
    assert!(best < configuration && configuration < better, "{said}");
}

/// A script with fewer epochs of its own is told from one that reports nothing, also after an interruption.
#[test]
fn a_script_that_stops_by_itself() {
    // The first time it is interrupted behind its last epoch.
    let end = "[ \"$epoch\" = 2 ] && { [ -e again ] && exit 0; touch again; sleep 60; }";
    let trainer = better().replace("[ \"$answer\" = pause ] && exit 0", end);
    let trainer = trainer.replace("-lt 9", "-lt 2");
    let experiment = experiment("stop = { trials = 1 }", "max_resource = 27\nlevels = [9]");
    let folder = folder(&trainer, &experiment);
    let here = folder.path();
    let mut child = start(here);
    wait_until("the last epoch", || here.join("again").exists());
    child.kill().unwrap();
    child.wait().unwrap();
    let status = says(here, &["status", "run"]);
    let expected =
        "    1 of them is a place kept for a trial to be started again, without a checkpoint yet\n";
    assert!(status.contains(expected), "{status}");
    // It goes on from what it has saved, and has nothing left to report.
    let trainer = trainer.replace(
        "[ -f \"$dir/epoch\" ] && epoch=$(cat \"$dir/epoch\")",
        "epoch=2",
    );
    std::fs::write(here.join("train.sh"), trainer).unwrap();
    let output = rungkeeper(here, &["resume", "run"]).output().unwrap();
    let notes = text(&output.stderr);
    let told = "trial \"0\" had nothing left to do: it ended without another report, having reported 2, before the max \
                resource of 27; does the program stop there by itself? if so, tell it to train up to 27\n";
    assert!(notes.contains(told), "{notes}");
    let said = succeeds(&output);
    assert!(
        said.contains("best: trial 0 with 0.9 at epoch 2, where it ended by itself\n"),
        "{said}"
    );
    // Nothing is left, and the way to more is named.
    let said = says(here, &["resume", "run"]);
    let more = "nothing was left to do\ndo more with: rungkeeper resume run --trials N\n  with N above 1\n";
    assert!(said.ends_with(more), "{said}");
    assert!(!says(here, &["resume", "run", "--trials", "2"]).contains("nothing was left"));
}

/// Whoever is in the way is named, and so is what can be asked all the same.
#[test]
fn a_run_that_goes_on_is_told_by_its_process() {
    let trainer = better().replace("read -r answer", "touch waits; sleep 60; read -r answer");
    let experiment = experiment("budget = { max_checkpoints = 4 }", "max_resource = 3");
    let folder = folder(&trainer, &experiment);
    let here = folder.path();
    let mut child = start(here);
    wait_until("a report", || here.join("waits").exists());
    let status = says(here, &["status", "run"]);
    let place =
        "\n    1 of them is a place that a trial in training takes, without a checkpoint yet\n";
    assert!(status.contains(place), "{status}");
    let refused = |arguments: &[&str]| text(&rungkeeper(here, arguments).output().unwrap().stderr);
    let told = format!("error: process {} works on the run in ", child.id());
    let (gc, resume) = (refused(&["gc", "run"]), refused(&["resume", "run"]));
    assert!(
        gc.starts_with(&told) && resume.starts_with(&told),
        "{gc}{resume}"
    );
    assert!(gc.ends_with("rungkeeper gc --dry-run run\n"), "{gc}");
    child.kill().unwrap();
    child.wait().unwrap();
    // The folder of a run is as good as its log.
    let of_folder =
        says(here, &["replay", "run", "--json"]).replace("\"run\"", "\"run/log.jsonl\"");
    assert_eq!(
        of_folder,
        says(here, &["replay", "run/log.jsonl", "--json"])
    );
    let refused = refused(&["replay", "."]);
    assert!(refused.contains("holds no run"), "{refused}");
}

/// What was removed trains from scratch when it is promoted; of a run that goes on as well.
#[test]
fn a_promotion_from_scratch_is_told() {
    let more = "stop = { trials = 7 }\nbudget = { max_checkpoints = 2, pin_best = false }";
    let worse = better().replace("9 - RUNGKEEPER_TRIAL", "1 + RUNGKEEPER_TRIAL");
    let folder = folder(&worse, &experiment(more, "max_resource = 3\nlevels = [1]"));
    let here = folder.path();
    let mut run = rungkeeper(here, &["run", "experiment.toml", "--dir", "run"]);
    let output = run.output().unwrap();
    succeeds(&output);
    let said = text(&output.stderr);
    assert!(
        said.contains("  best finished: loss 0.1 at epoch 3 (trial 0)\n"),
        "{said}"
    );
    let said = says(here, &["gc", "run", "--max-checkpoints", "0"]);
    assert!(said.starts_with("gone: "), "{said}");
    let output = rungkeeper(here, &["resume", "run", "--trials", "12"])
        .output()
        .unwrap();
    succeeds(&output);
    let said = text(&output.stderr);
    assert!(
        said.contains(" is promoted, and trains from scratch\n"),
        "{said}"
    );
}
