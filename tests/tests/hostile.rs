//! 10,000 malformed or hostile lines and files: nothing panics, every error says what is wrong, and
//! no file outside of the run's directory is touched.
#![cfg(unix)]

mod binary;
mod mutation;
mod runs;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::SystemTime;

use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use rungkeeper_runner::experiment::Experiment;
use rungkeeper_runner::journal::Journal;
use rungkeeper_runner::protocol::{Line, Protocol, ReportNames};
use rungkeeper_tuner_hooks::Replay;

use mutation::mutate;
use runs::TRAINER;

const SEED: u64 = 0x0057_11E5;
/// Together 10,000.
const LINES: usize = 4_000;
const EXPERIMENTS: usize = 3_000;
const LOGS: usize = 2_940;
const REAL_LOGS: usize = 60;

const REPORT: &str = r#"{"epoch": 3, "loss": 0.25, "checkpoint": true, "note": "a \"b\" [c]", "more": {"x": [1, 2.5e-3, null]}}"#;
const TAG: &str = "[tune-metric]: ";

/// Uses every table and most keys.
const EXPERIMENT: &str = r#"
name = "hostile"
command = ["sh", "train.sh", "{checkpoint_dir}", "{x}", "{n}", "{c}", "{k}"]
directory = "."
protocol = "answered"
metric = "loss"
mode = "min"
resource = "epoch"
workers = 2
environment = { A = "1" }
slots = [{ B = "1" }, { B = "2" }]
grace = "2 s"
configurations = [{ x = 0.5, n = 3 }]
store = { location = "checkpoints" }
failures = { retries = 1, max_failed_trials = 3 }

[space]
x = { type = "uniform", low = 0.0, high = 1.0 }
n = { type = "logint", low = 1, high = 1024 }
c = { type = "choice", values = ["a", 2, 3.5, true] }
k = 7

[scheduler]
max_resource = 9
grace_period = 1
reduction_factor = 3
brackets = 2
own_rungs = true
promotion_rule = "top_fraction"
seed = 3

[budget]
policy = "speculative"
policy_seed = 1
max_checkpoints = 6
max_bytes = "20 GB"
pin_best = true

[stop]
wall_clock = "10 min"
trials = 12
reports = 1000
total_resource = 5000
"#;

fn names() -> ReportNames {
    ReportNames {
        metric: "loss".to_owned(),
        resource: "epoch".to_owned(),
    }
}

/// A message is worth something: it is there, and no dump of the input.
fn is_clear(message: &str) {
    assert!(!message.trim().is_empty());
    assert!(!message.contains("panicked"), "{message}");
}

#[test]
fn lines_of_training_programs() {
    let mut random = Pcg64Mcg::seed_from_u64(SEED);
    let (mut reports, mut refused) = (0, 0);
    for number in 0..LINES {
        let protocol = [Protocol::Answered, Protocol::OneWay][number % 2];
        let good = match protocol {
            Protocol::Answered => REPORT.to_owned(),
            Protocol::OneWay => format!("{TAG}{REPORT}"),
        };
        let line = mutate(good.as_bytes(), &mut random);
        match Line::read(&String::from_utf8_lossy(&line), protocol, &names()) {
            Line::Report(report) => {
                assert!((1..=1 << 53).contains(&report.resource));
                assert!(report.metric.is_finite() || report.metric.is_nan());
                reports += 1;
            }
            Line::Refused { reason, .. } => {
                is_clear(&reason);
                refused += 1;
            }
            Line::Other => {}
        }
    }
    assert!(reports > 100 && refused > 100, "{reports} {refused}");
}

#[test]
fn experiment_files() {
    let mut random = Pcg64Mcg::seed_from_u64(SEED);
    let mut accepted = 0;
    for _ in 0..EXPERIMENTS {
        let text = mutate(EXPERIMENT.as_bytes(), &mut random);
        match Experiment::read(&String::from_utf8_lossy(&text)) {
            Ok(experiment) => {
                assert!(experiment.workers >= 1);
                assert!(!experiment.command.is_empty());
                accepted += 1;
            }
            Err(error) => {
                assert!(!error.problems.is_empty());
                for problem in &error.problems {
                    is_clear(&problem.message);
                    assert!(problem.line <= text.split(|&byte| byte == b'\n').count());
                }
            }
        }
    }
    assert!((50..EXPERIMENTS / 2).contains(&accepted), "{accepted}");
}

fn rungkeeper(folder: &Path, arguments: &[&str]) -> Output {
    let output = runs::rungkeeper(folder, arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!errors.contains("panicked"), "{arguments:?}: {errors}");
    // Neither a panic (101) nor a signal (none).
    assert!(
        matches!(output.status.code(), Some(0..=2)),
        "{arguments:?}: {}: {errors}",
        output.status
    );
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(!errors.is_empty() || !said.is_empty(), "{arguments:?}");
    }
    output
}

/// A folder with a run of twelve trials that was stopped half way, and the text of its log.
fn stopped_run(folder: &Path) -> Vec<u8> {
    fs::write(folder.join("train.sh"), TRAINER).unwrap();
    fs::write(folder.join("experiment.toml"), EXPERIMENT).unwrap();
    rungkeeper(folder, &["run", "experiment.toml", "--dir", "run"]);
    let log = fs::read(folder.join("run/log.jsonl")).unwrap();
    let lines: Vec<&[u8]> = log.split_inclusive(|&byte| byte == b'\n').collect();
    lines[..lines.len() * 2 / 3].concat()
}

/// What `rungkeeper status` does, without a process.
fn status(log: &Path) -> Result<(), String> {
    let (header, events) = Journal::read(log).map_err(|error| error.to_string())?;
    let mut replay = Replay::checked(&header).map_err(|error| error.to_string())?;
    for (number, recorded) in events.enumerate() {
        let (event, _) = recorded.map_err(|error| error.to_string())?;
        let fed = replay.feed(number + 2, &event);
        fed.map_err(|error| error.to_string())?;
    }
    replay.finish().map_err(|error| error.to_string())?;
    Ok(())
}

#[test]
fn logs() {
    let folder = tempfile::tempdir().unwrap();
    let good = stopped_run(folder.path());
    let log = folder.path().join("log.jsonl");
    let mut random = Pcg64Mcg::seed_from_u64(SEED);
    let mut read = 0;
    for _ in 0..LOGS {
        fs::write(&log, mutate(&good, &mut random)).unwrap();
        if let Err(error) = Journal::recover(&log) {
            is_clear(&error.to_string());
        }
        match status(&log) {
            Ok(()) => read += 1,
            Err(error) => is_clear(&error),
        }
    }
    assert!((50..LOGS * 3 / 4).contains(&read), "{read}");
}

/// Content and time of all files in a folder, but for those below `except`.
fn listing(folder: &Path, except: &Path) -> BTreeMap<PathBuf, (Option<Vec<u8>>, SystemTime)> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path == except {
            continue;
        }
        let metadata = fs::symlink_metadata(&path).unwrap();
        let content = metadata.is_file().then(|| fs::read(&path).unwrap());
        if metadata.is_dir() {
            all.extend(listing(&path, except));
        }
        all.insert(path, (content, metadata.modified().unwrap()));
    }
    all
}

/// Everything of a folder, copied to another that is made.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// A folder with a run, and around it what a hostile log may point to.
struct Surroundings {
    folder: tempfile::TempDir,
    /// The log of a run that was stopped half way.
    good: Vec<u8>,
}

impl Surroundings {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let good = stopped_run(folder.path());
        for victim in ["victim", "1", "checkpoints/victim", "victim/data"] {
            let victim = folder.path().join(victim);
            fs::create_dir_all(&victim).unwrap();
            fs::write(victim.join("epoch"), "1").unwrap();
        }
        copy(&folder.path().join("run"), &folder.path().join("copy"));
        Self { folder, good }
    }

    /// All commands that read a log, with this one; nothing outside of the run changes.
    fn face(&self, log: &[u8]) {
        let run = self.folder.path().join("run");
        fs::remove_dir_all(&run).unwrap();
        copy(&self.folder.path().join("copy"), &run);
        fs::write(run.join("log.jsonl"), log).unwrap();
        let before = listing(self.folder.path(), &run);
        rungkeeper(self.folder.path(), &["status", "run"]);
        rungkeeper(self.folder.path(), &["replay", "--check", "run/log.jsonl"]);
        rungkeeper(self.folder.path(), &["resume", "run"]);
        let after = listing(self.folder.path(), &run);
        assert_eq!(before, after);
    }
}

#[test]
fn logs_that_are_resumed() {
    let surroundings = Surroundings::new();
    let mut random = Pcg64Mcg::seed_from_u64(SEED + 1);
    for _ in 0..REAL_LOGS {
        surroundings.face(&mutate(&surroundings.good, &mut random));
    }
}

/// Logs whose trials are called like paths out of the store, in each state in which a resume would
/// touch their files: running, paused with a checkpoint, given up, ended.
#[test]
fn trials_that_are_called_like_paths() {
    let surroundings = Surroundings::new();
    let text = String::from_utf8(surroundings.good.clone()).unwrap();
    let header = text.lines().next().unwrap();
    for trial in [
        "../../victim",
        "../../../victim",
        "..",
        "/etc",
        "victim/data",
        "\\u0000",
    ] {
        let mut log = format!("{header}\n");
        let mut say = |event: &str, more: &str| {
            let line = format!(r#"{{"event": "{event}", "trial": "{trial}", {more}}}"#);
            writeln!(log, "{line}").unwrap();
            // Each prefix of the log is a state of its own.
            surroundings.face(log.as_bytes());
        };
        say(
            "start",
            r#""bracket": 0, "elapsed": 0.1, "pid": 1, "process_start": "0""#,
        );
        say("checkpoint", r#""level": 1, "bytes": 2, "elapsed": 0.2"#);
        say(
            "result",
            r#""level": 1, "metric": 0.5, "decision": "pause", "elapsed": 0.2"#,
        );
        say(
            "remove",
            r#""level": 1, "rank": 1, "rung_len": 1, "bytes": 2, "expected_cost": 0.1, "ln_expected_cost": -2.3, "reason": "budget", "elapsed": 0.3"#,
        );
        say("resume", r#""elapsed": 0.4"#);
        say("failed", r#""elapsed": 0.5"#);
    }
}

/// Prints a file of hostile lines before each report, and reads no more answers than it reported.
const HOSTILE_TRAINER: &str = r#"
dir=$1; x=$2; trial=$3; epoch=0
[ -f "$dir/epoch" ] && epoch=$(cat "$dir/epoch")
while [ "$epoch" -lt 9 ]; do
  epoch=$((epoch + 1))
  cat "lines.$((trial % 4))"
  echo
  echo "$epoch" > "$dir/epoch.new"
  mv "$dir/epoch.new" "$dir/epoch"
  echo "TAG{\"epoch\": $epoch, \"loss\": $x, \"checkpoint\": true}"
  WAIT
done
"#;

/// A run whose programs print hostile lines between good ones.
fn hostile_run(protocol: &str, tag: &str, wait: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Pcg64Mcg::seed_from_u64(SEED + 2);
    let good = format!("{tag}{REPORT}");
    for number in 0..4 {
        let mut lines = Vec::new();
        for _ in 0..20 {
            lines.extend(mutate(good.as_bytes(), &mut random));
            lines.push(b'\n');
        }
        fs::write(folder.path().join(format!("lines.{number}")), lines).unwrap();
    }
    let trainer = HOSTILE_TRAINER.replace("TAG", tag).replace("WAIT", wait);
    fs::write(folder.path().join("train.sh"), trainer).unwrap();
    let experiment = format!(
        r#"
        name = "hostile"
        protocol = "{protocol}"
        command = ["sh", "train.sh", "{{checkpoint_dir}}", "{{x}}", "{{trial}}"]
        metric = "loss"
        resource = "epoch"
        workers = 2
        grace = 1
        budget = {{ max_checkpoints = 4 }}
        stop = {{ trials = 12, wall_clock = "1 min" }}
        space = {{ x = {{ type = "uniform", low = 0.0, high = 1.0 }} }}
        scheduler = {{ max_resource = 9 }}
        "#
    );
    fs::write(folder.path().join("experiment.toml"), experiment).unwrap();
    let run = folder.path().join("run");
    let before = listing(folder.path(), &run);
    let output = rungkeeper(folder.path(), &["run", "experiment.toml", "--dir", "run"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert!(errors.contains("note: trial \""), "{errors}");
    status(&run.join("log.jsonl")).unwrap();
    assert_eq!(before, listing(folder.path(), &run));
}

#[test]
fn a_program_that_is_answered() {
    hostile_run(
        "answered",
        "",
        "read -r answer || exit 1\n[ \"$answer\" = pause ] && exit 0",
    );
}

#[test]
fn a_program_that_is_not_answered() {
    hostile_run("one_way", TAG, "sleep 0.01");
}
