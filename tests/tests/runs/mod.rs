//! Small runs on real processes: a shell program as the trainer, and what must hold of any run.
#![allow(dead_code)] // each test program uses a part of it

pub(crate) mod commands;
pub(crate) mod life;
pub(crate) mod system;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rungkeeper_tuner::log::read_lines;
use rungkeeper_tuner::replay::Replay;
use rungkeeper_tuner_hooks::TrialStatus;
use rungkeeper_tuner_hooks::log::{Event, Header};

/// Trains by counting; its checkpoint is its epoch, written before each report.
pub(crate) const TRAINER: &str = r#"
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

pub(crate) const EXPERIMENT: &str = r#"
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

/// A folder with a training program, `train.sh`, and an experiment file.
pub(crate) fn folder(trainer: &str, experiment: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("train.sh"), trainer).unwrap();
    fs::write(folder.path().join("experiment.toml"), experiment).unwrap();
    folder
}

pub(crate) fn rungkeeper(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = with_default_signals();
    command.arg(crate::binary::path());
    command.args(arguments).current_dir(folder);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A program named next is started as from a terminal: whoever runs the tests in the background of a script has them
/// ignore Ctrl-C, and what is ignored at the start stays so.
pub(crate) fn with_default_signals() -> Command {
    let mut command = Command::new("env");
    command.arg("--default-signal=INT,QUIT,HUP,TERM");
    command
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) fn succeeds(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// The whole lines of a log: a run that was killed may have left a part of one.
pub(crate) fn read_whole_lines(run: &Path) -> (Header, Vec<Event>) {
    let log = fs::read(run.join("log.jsonl")).unwrap();
    let end = log
        .iter()
        .rposition(|&byte| byte == b'\n')
        .map_or(0, |end| end + 1);
    let mut events = read_lines(&log[..end]).map(|line| line.unwrap().1);
    let Some(Event::Header(header)) = events.next() else {
        panic!("no header");
    };
    (*header, events.collect())
}

/// A log, fed to the removal callback and compared with it.
pub(crate) fn replayed(header: &Header, events: &[Event]) -> Replay {
    let mut replay = Replay::checked(header).unwrap();
    for (number, event) in events.iter().enumerate() {
        replay.feed(number + 2, event).unwrap();
    }
    replay.finish().unwrap();
    replay
}

/// Waits until the log of a run has come so far.
pub(crate) fn wait_for(run: &Path, wanted: impl Fn(&[Event]) -> bool) {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(120) {
        let log = fs::read(run.join("log.jsonl")).unwrap_or_default();
        // The header is written whole before the file is of use to anybody.
        if log.contains(&b'\n') && wanted(&read_whole_lines(run).1) {
            return;
        }
        sleep(Duration::from_millis(5));
    }
    panic!("the run does not get so far");
}

/// A linear congruential generator (Knuth's constants): moments and victims need no better.
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// The log agrees with what the callback would do from it, and nothing is in the store but the
/// checkpoints that the log owns.
pub(crate) fn check(run: &Path) -> Vec<Event> {
    let (events, owned) = check_log(run);
    assert_eq!(names(&run.join("checkpoints/checkpoints")), owned);
    assert!(names(&run.join("checkpoints/live")).is_empty());
    assert!(names(&run.join("checkpoints/trash")).is_empty());
    events
}

/// The log agrees with what the callback would do from it. Its events, and the trials that have a
/// checkpoint by it.
pub(crate) fn check_log(run: &Path) -> (Vec<Event>, Vec<String>) {
    let (header, events) = read_whole_lines(run);
    let replay = replayed(&header, &events);
    let comparison = replay.comparison();
    assert!(comparison.passes(), "{comparison:?}");
    assert_eq!(comparison.agree, comparison.loop_ends);
    let model = replay.callback().model();
    let owned: Vec<String> = model
        .trials()
        .filter(|(id, status)| match status {
            TrialStatus::PausedWithCheckpoint => true,
            TrialStatus::StoppedOrCompleted => model.is_pinned(id),
            _ => false,
        })
        .map(|(id, _)| id.to_owned())
        .collect();
    (events, sorted(owned))
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    sorted(
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect(),
    )
}

pub(crate) fn sorted(mut list: Vec<String>) -> Vec<String> {
    list.sort();
    list
}
