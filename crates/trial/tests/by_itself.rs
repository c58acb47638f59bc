//! A program on top of the crate, as the runner starts it and by itself: this test program, started again.
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use rungkeeper_trial::{Trial, TrialError};
use serde_json::{Value, json};

const PROGRAM: &str = "RUNGKEEPER_TEST_PROGRAM";

/// Not a test by itself: the training program of the others.
#[test]
fn program() {
    if std::env::var_os(PROGRAM).is_none() {
        return;
    }
    let mut trial = Trial::from_environment().unwrap();
    let mut weight = trial.saved("weight").map_or(0, |path| {
        fs::read_to_string(path).unwrap().parse::<u64>().unwrap()
    });
    for epoch in trial.epochs(4) {
        weight += epoch;
        let save = |folder: &Path| fs::write(folder.join("weight"), weight.to_string());
        trial.save(epoch, save).unwrap();
        let values = [("loss", 1.0 / f64::from(u32::try_from(weight).unwrap()))];
        if !trial.report(epoch, &values).unwrap() {
            break;
        }
    }
}

/// Runs the program in a folder, answering from a list; what it reported.
fn run(folder: &Path, variables: &[(&str, &str)], answers: &[&str]) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["program", "--exact", "--nocapture", "--test-threads=1"])
        .current_dir(folder)
        .env(PROGRAM, "1")
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut answers = answers.iter();
    let mut reports = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        // The test harness prints lines of its own, one of them without an end.
        if let Some(start) = line.find(['{', '[']).filter(|_| line.contains("loss")) {
            reports.push(line[start..].to_owned());
            if let Some(answer) = answers.next() {
                writeln!(input, "{answer}").unwrap();
            }
        }
    }
    assert!(child.wait().unwrap().success());
    reports
}

#[test]
fn by_itself_it_trains_through_and_is_never_answered() {
    let folder = tempfile::tempdir().unwrap();
    let reports = run(folder.path(), &[], &[]);
    assert_eq!(reports.len(), 4);
    let report: Value = serde_json::from_str(&reports[1]).unwrap();
    let expected = json!({"checkpoint": true, "epoch": 2, "loss": 1.0 / 3.0});
    assert_eq!(report, expected);
    let weight = folder.path().join("checkpoints/level-4/weight");
    assert_eq!(fs::read_to_string(weight).unwrap(), "10");
    // It goes on from there: nothing is left.
    assert!(run(folder.path(), &[], &[]).is_empty());
}

#[test]
fn paused_and_resumed_it_reports_what_it_would_have() {
    let whole = tempfile::tempdir().unwrap();
    let through = run(whole.path(), &[], &[]);
    for pause in 1..4 {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("here").display().to_string();
        let variables = [
            ("RUNGKEEPER_PROTOCOL", "answered"),
            ("RUNGKEEPER_CHECKPOINT_DIR", &place),
        ];
        let mut answers = vec!["continue"; pause];
        answers[pause - 1] = "pause";
        let mut reports = run(folder.path(), &variables, &answers);
        assert_eq!(reports.len(), pause);
        let held: Vec<_> = fs::read_dir(&place).unwrap().collect();
        assert_eq!(held.len(), 1, "{held:?}");
        reports.extend(run(folder.path(), &variables, &["continue"; 4]));
        assert_eq!(reports, through);
    }
}

#[test]
fn one_way_reports_are_tagged_and_the_resource_has_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [
        ("RUNGKEEPER_PROTOCOL", "one_way"),
        ("RUNGKEEPER_RESOURCE", "step"),
    ];
    let reports = run(folder.path(), &variables, &[]);
    let report = reports[0].strip_prefix("[tune-metric]: ").unwrap();
    let report: Value = serde_json::from_str(report).unwrap();
    assert_eq!(report, json!({"checkpoint": true, "loss": 1.0, "step": 1}));
}

#[test]
fn a_save_that_fails_leaves_the_checkpoint_before() {
    let folder = tempfile::tempdir().unwrap();
    let mut trial = Trial::from_environment().unwrap().in_folder(folder.path());
    assert_eq!((trial.level(), trial.checkpoint()), (0, None));
    let write = |folder: &Path| fs::write(folder.join("a"), "1");
    trial.save(3, write).unwrap();
    let failed = trial.save(4, |folder| {
        fs::write(folder.join("a"), "half")?;
        Err(std::io::Error::other("no more room"))
    });
    assert_eq!(failed.unwrap_err().to_string(), "no more room");
    let empty = trial.save(4, |_| Ok::<(), TrialError>(()));
    assert!(
        empty
            .unwrap_err()
            .to_string()
            .contains("nothing was written")
    );
    assert_eq!(trial.level(), 3);
    let held: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(held.len(), 1, "{held:?}");
    // Once more at the same level, and back to an earlier one, as a program that ignores its checkpoint does.
    trial
        .save(3, |folder| fs::write(folder.join("a"), "2"))
        .unwrap();
    let newest = trial.saved("a").unwrap();
    assert_eq!(fs::read_to_string(newest).unwrap(), "2");
    trial.save(1, write).unwrap();
    assert_eq!(trial.level(), 1);
    assert!(matches!(trial.save(0, write), Err(TrialError::Resource(_))));
}

#[test]
fn what_a_killed_process_left_is_no_checkpoint_and_goes_with_the_next_save() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "level-2",
        "level-5.new",
        "level-x",
        "level-7.3.new",
        "other",
    ] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    let mut trial = Trial::from_environment().unwrap().in_folder(folder.path());
    assert_eq!(trial.level(), 2);
    trial
        .save(3, |folder| fs::write(folder.join("a"), "1"))
        .unwrap();
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["level-3", "level-x", "other"]);
}
