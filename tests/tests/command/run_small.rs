//! `rungkeeper run`, `resume` and `status` on real processes.

use std::fs;
use std::process::Command;

use crate::binary;
use crate::runs::{EXPERIMENT, TRAINER, check, folder, rungkeeper, succeeds, text};

#[test]
fn a_run_ends_with_its_best_and_its_cost() {
    let folder = folder(TRAINER, EXPERIMENT);
    let output = rungkeeper(folder.path(), &["run", "experiment.toml"])
        .output()
        .unwrap();
    let said = succeeds(&output);
    assert!(said.starts_with("finished after "), "{said}");
    assert!(
        said.contains("best: trial ") && said.contains("    x = 0."),
        "{said}"
    );
    assert!(said.contains("40 trials; "), "{said}");
    let run = folder.path().join("runs/small");
    check(&run);
    let output = rungkeeper(folder.path(), &["status", "runs/small"])
        .output()
        .unwrap();
    let status = succeeds(&output);
    assert!(
        status.starts_with("finished, ") && status.contains("0 running, "),
        "{status}"
    );
    assert!(
        status.contains("checkpoints: ") && status.contains(" of 6; "),
        "{status}"
    );
    let again = rungkeeper(folder.path(), &["run", "experiment.toml"])
        .output()
        .unwrap();
    assert_eq!(again.status.code(), Some(1));
    assert!(
        text(&again.stderr).contains("rungkeeper resume"),
        "{}",
        text(&again.stderr)
    );
}

#[test]
fn problems_of_the_experiment_are_said_before_anything_starts() {
    let folder = folder(TRAINER, EXPERIMENT);
    let bad = EXPERIMENT
        .replace("max_checkpoints = 6", "max_checkpoints = 2")
        .replace("{x}", "{y}");
    fs::write(folder.path().join("bad.toml"), bad).unwrap();
    let output = rungkeeper(folder.path(), &["run", "bad.toml"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("bad.toml:\nline 3, column "), "{said}");
    assert!(said.contains("{y} is unknown"), "{said}");
    assert!(said.contains("the smallest that works is 3"), "{said}");
    assert!(!folder.path().join("runs").exists());
    let output = rungkeeper(folder.path(), &["status", "nowhere"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
}

/// The disk is full for the log: the run stops with the reason, nothing of a half-written line is
/// left, and it goes on once there is room.
#[test]
fn a_full_disk_stops_the_run_and_nothing_is_lost() {
    let folder = folder(TRAINER, EXPERIMENT);
    let limited = "trap '' XFSZ; ulimit -f 16; exec \"$0\" run experiment.toml --dir run";
    let mut command = Command::new("sh");
    command.args(["-c", limited]).arg(binary::path());
    let output = command.current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    let last = said.lines().last().unwrap();
    assert!(
        last.starts_with("error: ") && last.contains("log.jsonl: File too large"),
        "{said}"
    );
    assert!(
        last.contains("nothing is lost: free space there, then `rungkeeper resume /"),
        "{said}"
    );
    let run = folder.path().join("run");
    let log = fs::read(run.join("log.jsonl")).unwrap();
    assert_eq!(log.last(), Some(&b'\n'), "half a line is left");
    let output = rungkeeper(folder.path(), &["resume", "run"]).output();
    assert!(succeeds(&output.unwrap()).starts_with("finished after "));
    check(&run);
}
