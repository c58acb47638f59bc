//! What `status`, `report` and `replay` tell of a run from its log and its folder, whatever is in them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::runs::{EXPERIMENT, TRAINER, folder, rungkeeper, succeeds, text};
use rungkeeper_tuner::log::to_line;
use rungkeeper_tuner_hooks::ModelSpec;
use rungkeeper_tuner_hooks::log::{Event, Header};

/// Of a run with rungs 1 and 3 and the end at 9, without experiment file.
fn log(events: &[&str]) -> tempfile::TempDir {
    let mut header = Header::new("run", &ModelSpec::geometric(1, 3, 9).unwrap(), 9);
    header.budget.max_checkpoints = Some(2);
    header.limits.trials = Some(4);
    "rank_aware".clone_into(&mut header.policy);
    let mut lines = to_line(&Event::Header(Box::new(header)));
    for event in events {
        lines.push('\n');
        lines.push_str(event);
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("log.jsonl"), lines + "\n").unwrap();
    folder
}

fn says(folder: &Path, arguments: &[&str]) -> String {
    succeeds(&rungkeeper(folder, arguments).output().unwrap())
}

const RUNNING: [&str; 2] = [
    r#"{"event":"start","trial":"0","elapsed":0.5}"#,
    r#"{"event":"result","trial":"0","level":1,"metric":0.5,"decision":"CONTINUE","elapsed":2.5}"#,
];

/// The time is that of the clock file while it runs, of the log where the file says less or nothing.
#[test]
fn time_without_events() {
    let run = log(&RUNNING);
    for (clock, seconds) in [
        (None, "2.5 s"),
        (Some("31.25\n"), "31.2 s"),
        (Some("1.5"), "2.5 s"),
        (Some("\u{1b}[2J"), "2.5 s"),
        (Some("1e308"), "2.5 s"),
    ] {
        if let Some(clock) = clock {
            fs::write(run.path().join("clock"), clock).unwrap();
        }
        let said = says(run.path(), &["status", "."]);
        assert!(
            said.starts_with(&format!("interrupted, {seconds}, ")),
            "{said}"
        );
    }
}

/// What is left counts from the limits that hold now, and a run with new ones is not finished.
#[test]
fn more_trials() {
    let end = r#"{"event":"end","elapsed":3,"extra_results":{"num_checkpoints_removed":0,"num_trials_resumed":0,"cost_resources":0},"trials_resumed_without_checkpoint":[],"estimators":null}"#;
    let limits = r#"{"event":"limits","max_num_trials":20,"max_wallclock_time":60,"elapsed":3}"#;
    let unknown = r#"{"event":"sing","mood":"good"}"#;
    let run = log(&[&RUNNING[..], &[end, limits, unknown]].concat());
    let said = says(run.path(), &["status", "."]);
    assert!(said.starts_with("interrupted, 3.0 s, 1 trial\n"), "{said}");
    assert!(said.contains("left: 57.0 of 60 s\n"), "{said}");
    assert!(said.contains("left: 19 of 20 trials to start\n"), "{said}");
    let checked = says(run.path(), &["replay", "--check", "log.jsonl"]);
    assert!(checked.contains("extra results: match"), "{checked}");
}

/// A trial that ended by itself is the best if its last report is; what could not be deleted is told.
#[test]
fn ends_by_itself_and_deletion_refused() {
    let run = log(&[
        &RUNNING[..],
        &[
            r#"{"event":"result","trial":"0","level":2,"metric":0.25,"decision":"CONTINUE","elapsed":3}"#,
            r#"{"event":"complete","trial":"0","elapsed":3}"#,
            r#"{"event":"start","trial":"1","elapsed":4}"#,
            r#"{"event":"undeleted","trial":"0","bytes":1500,"elapsed":4}"#,
        ],
    ]
    .concat());
    let said = says(run.path(), &["status", "."]);
    assert!(
        said.contains("best: trial 0 with 0.25 at level 2, where it ended by itself\n"),
        "{said}"
    );
    assert!(
        said.contains("1 checkpoint could not be deleted and takes 1.5\u{a0}kB: trial 0\n"),
        "{said}"
    );
    let said = says(run.path(), &["report", "."]);
    assert!(
        said.contains("best: trial 0 with 0.25 at level 2, where"),
        "{said}"
    );
    assert!(said.contains("1 checkpoint could not be deleted"), "{said}");
    let page = fs::read_to_string(run.path().join("report.html")).unwrap();
    assert!(page.contains("1\u{a0}checkpoint could not be deleted"));
    assert!(!page.contains("was <strong>kept</strong>"));
}

/// A page goes to its place, and not to where a link there leads.
#[test]
fn links_in_the_directory() {
    let run = log(&RUNNING);
    fs::write(run.path().join("mine"), "mine").unwrap();
    symlink("mine", run.path().join("report.html")).unwrap();
    says(run.path(), &["report", "."]);
    assert_eq!(fs::read_to_string(run.path().join("mine")).unwrap(), "mine");
    let page = fs::read_to_string(run.path().join("report.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>"));
    // What a person names is a place of its own.
    let said = says(run.path(), &["report", ".", "--out", "/dev/stdout"]);
    assert!(said.contains("<!DOCTYPE html>"));
}

/// No control character of a log, a file or a name gets to a terminal.
#[test]
fn escapes() {
    let evil = "\\u001b[2J\\u009b31m\\r\\u202e\\u0000";
    let long = "x".repeat(100_000);
    let events = [
        format!(r#"{{"event":"start","trial":"{evil}{long}","elapsed":1}}"#),
        format!(
            r#"{{"event":"result","trial":"{evil}{long}","level":2,"metric":"{evil}","decision":"PAUSE","elapsed":1}}"#
        ),
        format!(
            r#"{{"event":"checkpoint","trial":"{evil}{long}","level":2,"bytes":1,"elapsed":1}}"#
        ),
        format!(r#"{{"event":"pin","trial":"{evil}{long}","elapsed":1}}"#),
        format!(r#"{{"event":"undeleted","trial":"{evil}{long}","bytes":1,"elapsed":1}}"#),
        format!(r#"{{"event":"complete","trial":"{evil}{long}","elapsed":1}}"#),
    ];
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    let run = log(&events);
    let twice = log(&[events[0], events[0]]);
    fs::copy(
        twice.path().join("log.jsonl"),
        run.path().join("twice\u{1b}[2J.jsonl"),
    )
    .unwrap();
    for arguments in [
        &["status", "."][..],
        &["report", "."],
        &["replay", "log.jsonl"],
        &["replay", "--check", "-v", "log.jsonl"],
        &["replay", "twice\u{1b}[2J.jsonl"],
        &["report", "twice\u{1b}[2J.jsonl"],
        &["report", "none\u{1b}[2J"],
        &["status", "none\u{9b}[2J"],
        &["simulate", "none\u{1b}[2J"],
    ] {
        let output = rungkeeper(run.path(), arguments).output().unwrap();
        let said = text(&output.stdout) + &text(&output.stderr);
        let obeyed = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!said.contains(obeyed), "{arguments:?}: {said:?}");
        assert!(said.len() < 12_000, "{arguments:?}: {} bytes", said.len());
        assert!(!said.is_empty());
    }
    let page = fs::read_to_string(run.path().join("report.html")).unwrap();
    assert!(!page.contains(|c: char| c.is_control() && c != '\n' && c != '\t'));
}

/// The log holds it, the folder does not: it is not called kept.
#[test]
fn removed_by_hand() {
    let folder = folder(TRAINER, EXPERIMENT);
    let said = says(folder.path(), &["run", "experiment.toml", "--dir", "run"]);
    assert!(said.contains("    its checkpoint is kept\n"), "{said}");
    let status = says(folder.path(), &["status", "run"]);
    assert!(!status.contains("not in the store"), "{status}");
    let best = said.split_once("best: trial ").unwrap().1;
    let best = best.split_once(' ').unwrap().0;
    let checkpoint = folder.path().join("run/checkpoints/checkpoints").join(best);
    // Emptied, then removed.
    for step in ["emptied", "removed"] {
        if step == "emptied" {
            for version in fs::read_dir(&checkpoint).unwrap() {
                let epoch = version.unwrap().path().join("data/epoch");
                fs::remove_file(epoch).unwrap();
            }
        } else {
            fs::remove_dir_all(&checkpoint).unwrap();
        }
        let status = says(folder.path(), &["status", "run"]);
        let expected = format!("not in the store, though the log holds them: trial {best} (");
        assert!(status.contains(&expected), "{step}: {status}");
        says(folder.path(), &["report", "run"]);
        let page = fs::read_to_string(folder.path().join("run/report.html")).unwrap();
        assert!(!page.contains("its checkpoint is kept"), "{step}");
        assert!(
            page.contains("its checkpoint <strong>is not there</strong>"),
            "{step}"
        );
        assert!(page.contains("<td>missing</td>"), "{step}");
    }
}
