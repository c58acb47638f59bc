//! The example of the README, its training program alone: paused and resumed, a trial has the learning curve of one that
//! is trained through.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::binary;

const TRIAL: [&str; 12] = [
    "--seed=7",
    "--epochs=9",
    "--layers=2",
    "--units=12",
    "--learning-rate",
    "0.05",
    "--momentum",
    "0.9",
    "--weight-decay",
    "1e-4",
    "--batch",
    "32",
];

fn trainer(folder: &Path) -> Command {
    let mut command = Command::new(binary::wine());
    command.args(TRIAL).current_dir(folder);
    command
        .env("RUNGKEEPER_PROTOCOL", "answered")
        .env("RUNGKEEPER_CHECKPOINT_DIR", folder);
    command
}

/// Trains until the program ends, told to pause after an epoch; its reports.
fn train(folder: &Path, pause_after: u64) -> Vec<String> {
    let mut child = trainer(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut answers = child.stdin.take().unwrap();
    let mut reports = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let report: serde_json::Value = serde_json::from_str(&line).unwrap();
        let answer = if report["epoch"] == pause_after {
            "pause"
        } else {
            "continue"
        };
        writeln!(answers, "{answer}").unwrap();
        reports.push(line);
    }
    assert!(child.wait().unwrap().success());
    reports
}

#[test]
fn a_resumed_trial_has_the_same_curve_to_the_last_bit() {
    let folder = tempfile::tempdir().unwrap();
    let through = train(folder.path(), 9);
    assert_eq!(through.len(), 9);
    let first: serde_json::Value = serde_json::from_str(&through[0]).unwrap();
    let last: serde_json::Value = serde_json::from_str(&through[8]).unwrap();
    let loss = |report: &serde_json::Value| report["log_loss"].as_f64().unwrap();
    assert!(loss(&last) < loss(&first), "{first} {last}");
    for paused in [1, 3, 8] {
        let folder = tempfile::tempdir().unwrap();
        let mut reports = train(folder.path(), paused);
        assert_eq!(reports.len() as u64, paused);
        reports.extend(train(folder.path(), 9));
        assert_eq!(reports, through, "paused after {paused}");
    }
}

#[test]
fn there_is_one_checkpoint_and_it_must_be_whole() {
    let folder = tempfile::tempdir().unwrap();
    train(folder.path(), 1);
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(files.len(), 1);
    let path = folder.path().join("level-1/network");
    std::fs::write(&path, &std::fs::read(&path).unwrap()[..100]).unwrap();
    let output = trainer(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("is no checkpoint of this program"), "{said}");
}
