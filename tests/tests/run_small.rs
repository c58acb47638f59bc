//! `rungkeeper run`, `resume` and `status` on real processes, killed at random moments.
#![cfg(unix)]

mod binary;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use rungkeeper_tuner_hooks::log::{Event, read_lines};
use rungkeeper_tuner_hooks::{Replay, TrialStatus};

/// Trains by counting; its checkpoint is its epoch, written before each report.
const TRAINER: &str = r#"
dir=$1; x=$2; epoch=0
[ -f "$dir/epoch" ] && epoch=$(cat "$dir/epoch")
while [ "$epoch" -lt 9 ]; do
  epoch=$((epoch + 1))
  echo "$epoch" > "$dir/epoch"
  echo "{\"epoch\": $epoch, \"loss\": $x, \"checkpoint\": true}"
  read -r answer || exit 1
  [ "$answer" = pause ] && exit 0
done
"#;

const EXPERIMENT: &str = r#"
name = "small"
command = ["sh", "train.sh", "{checkpoint_dir}", "{x}"]
metric = "loss"
resource = "epoch"
workers = 2
grace = 2
budget = { max_checkpoints = 6 }
stop = { trials = 40 }

[space]
x = { type = "uniform", low = 0.0, high = 1.0 }

[scheduler]
max_resource = 9
"#;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("train.sh"), TRAINER).unwrap();
    fs::write(folder.path().join("experiment.toml"), EXPERIMENT).unwrap();
    folder
}

fn rungkeeper(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary::path());
    command.args(arguments).current_dir(folder);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn succeeds(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// The log agrees with what the callback would do from it, and nothing is in the store but the
/// checkpoints that the log owns.
fn check(run: &Path) -> Vec<Event> {
    let log = fs::read(run.join("log.jsonl")).unwrap();
    let mut events = read_lines(&log[..]).map(|line| line.unwrap().1);
    let Some(Event::Header(header)) = events.next() else {
        panic!("no header");
    };
    let events: Vec<Event> = events.collect();
    let mut replay = Replay::checked(&header).unwrap();
    for (number, event) in events.iter().enumerate() {
        replay.feed(number + 2, event).unwrap();
    }
    replay.finish().unwrap();
    let comparison = replay.comparison();
    assert!(comparison.passes(), "{comparison:?}");
    assert_eq!(comparison.agree, comparison.loop_ends);
    let model = replay.callback().model();
    let expected: Vec<String> = model
        .trials()
        .filter(|(id, status)| match status {
            TrialStatus::PausedWithCheckpoint => true,
            TrialStatus::StoppedOrCompleted => model.is_pinned(id),
            _ => false,
        })
        .map(|(id, _)| id.to_owned())
        .collect();
    assert_eq!(
        names(&run.join("checkpoints/checkpoints")),
        sorted(expected)
    );
    assert!(names(&run.join("checkpoints/staging")).is_empty());
    assert!(names(&run.join("checkpoints/trash")).is_empty());
    events
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    sorted(
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect(),
    )
}

fn sorted(mut list: Vec<String>) -> Vec<String> {
    list.sort();
    list
}

#[test]
fn a_run_ends_with_its_best_and_its_cost() {
    let folder = folder();
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

/// The runner is killed at random moments and brought back each time; the run ends as the one that
/// was left in peace does: the same trials, the same promotions of the same trials where the order
/// of events allows it, the budget kept, nothing left over.
#[test]
fn killed_at_any_moment() {
    let folder = folder();
    let run = folder.path().join("killed");
    let mut arguments = vec!["run", "experiment.toml", "--dir", "killed"];
    let mut state = 0x5EED_u64;
    let mut kills = 0;
    let output = loop {
        let mut child = rungkeeper(folder.path(), &arguments).spawn().unwrap();
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        sleep(Duration::from_millis(20 + (state >> 33) % 250));
        if child.try_wait().unwrap().is_some() || kills == 60 {
            break child.wait_with_output().unwrap();
        }
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
        kills += 1;
        if run.join("log.jsonl").exists() {
            arguments = vec!["resume", "killed"];
        }
    };
    let said = succeeds(&output);
    assert!(said.starts_with("finished after "), "{said}");
    assert!(kills >= 10, "only {kills} kills");
    let events = check(&run);
    let count = |wanted: fn(&Event) -> bool| events.iter().filter(|event| wanted(event)).count();
    assert_eq!(count(|event| matches!(event, Event::Start { .. })), 40);
    assert_eq!(count(|event| matches!(event, Event::Failed { .. })), 0);
    let elapsed: Vec<f64> = events.iter().filter_map(Event::elapsed).collect();
    assert!(
        elapsed.windows(2).all(|pair| pair[0] <= pair[1]),
        "time goes on"
    );
}

#[test]
fn problems_of_the_experiment_are_said_before_anything_starts() {
    let folder = folder();
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
