//! `rungkeeper run` with its checkpoints in a bucket of a real S3 server.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rungkeeper_tests::s3::Server;
use rungkeeper_tuner_hooks::RemovalReason;
use rungkeeper_tuner_hooks::log::Event;

use crate::runs::{Draws, check, check_log, names, rungkeeper, sorted, succeeds, text, wait_for};

/// Takes a moment for each epoch, so that there is something to interrupt.
const ANSWERED: &str = r#"
dir=$1; x=$2; epoch=0
[ -f "$dir/epoch" ] && epoch=$(cat "$dir/epoch")
while [ "$epoch" -lt 9 ]; do
  epoch=$((epoch + 1))
  sleep 0.01
  echo "$epoch" > "$dir/epoch"
  echo "{\"epoch\": $epoch, \"loss\": $x, \"checkpoint\": true}"
  read -r answer || exit 1
  [ "$answer" = pause ] && exit 0
done
"#;

/// Is ended in the middle of anything, so its checkpoint is renamed into place.
const ONE_WAY: &str = r#"
dir=$1; x=$2; epoch=0
[ -f "$dir/epoch" ] && epoch=$(cat "$dir/epoch")
while [ "$epoch" -lt 9 ]; do
  epoch=$((epoch + 1))
  echo "$epoch" > "$dir/new" && mv "$dir/new" "$dir/epoch"
  echo "[tune-metric]: {\"epoch\": $epoch, \"loss\": $x, \"checkpoint\": true}"
  sleep 0.05
done
sleep 5
"#;

/// The bytes of each checkpoint: a digit and a line end.
const BYTES: u64 = 2;
const BUDGET: usize = 6;

/// A server, and a folder to run in.
struct Place {
    folder: tempfile::TempDir,
    server: Server,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(&folder.path().join("server"), &["bucket"]);
        Self { folder, server }
    }

    fn experiment(&self, name: &str, trainer: &str) {
        let protocol = if trainer == ONE_WAY {
            "one_way"
        } else {
            "answered"
        };
        let text = format!(
            r#"
name = "{name}"
command = ["sh", "{name}.sh", "{{checkpoint_dir}}", "{{x}}"]
protocol = "{protocol}"
metric = "loss"
resource = "epoch"
workers = 2
grace = 2
store = {{ location = "s3://bucket/runs", timeout = 2 }}
budget = {{ max_checkpoints = {BUDGET} }}
stop = {{ trials = 30 }}

[space]
x = {{ type = "uniform", low = 0.0, high = 1.0 }}

[scheduler]
max_resource = 9
"#
        );
        fs::write(self.folder.path().join(format!("{name}.sh")), trainer).unwrap();
        fs::write(self.folder.path().join(format!("{name}.toml")), text).unwrap();
    }

    fn rungkeeper(&self, arguments: &[&str]) -> Command {
        let mut command = rungkeeper(self.folder.path(), arguments);
        command.envs(self.server.options());
        command
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.rungkeeper(arguments).output().unwrap()
    }

    fn run_of(&self, name: &str) -> PathBuf {
        self.folder.path().join("runs").join(name)
    }

    /// By trial, the sizes of the objects of its checkpoints in the bucket; each has one.
    fn in_bucket(&self, name: &str) -> BTreeMap<String, u64> {
        let place = self.server.bucket("bucket").join("runs").join(name);
        let mut trials = BTreeMap::new();
        for (key, bytes) in files(&place) {
            let parts: Vec<&str> = key.split('/').collect();
            match parts[..] {
                ["checkpoints", trial, _, "data", _] => {
                    assert_eq!(trials.insert(trial.to_owned(), bytes), None, "{key}");
                }
                ["checkpoints", _, _, "manifest.jsonl"] | ["rungkeeper-store.json"] => {}
                _ => panic!("{key}"),
            }
        }
        trials
    }

    /// What the log owns is in the bucket, and nothing else; and within the budget.
    fn check_bucket(&self, name: &str) -> Vec<Event> {
        let (events, owned) = check_log(&self.run_of(name));
        let stored = self.in_bucket(name);
        assert_eq!(sorted(stored.keys().cloned().collect()), owned);
        assert!(owned.len() <= BUDGET, "{owned:?}");
        assert!(stored.values().all(|&bytes| bytes == BYTES), "{stored:?}");
        events
    }
}

/// Paths below a folder and sizes of all files that are objects.
fn files(root: &Path) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let key = path.strip_prefix(root).unwrap();
                let bytes = path.metadata().unwrap().len();
                found.push((key.to_str().unwrap().to_owned(), bytes));
            }
        }
    }
    found
}

/// Each process goes on behind the last checkpoint of its trial, and no checkpoint was lost: right
/// behind it if it stops at a clean point. One that a signal stops may have its next state written
/// and not have said so. Returns how many did.
fn check_nothing_trained_again(events: &[Event], trainer: &str) -> usize {
    let unsaid = u64::from(trainer == ONE_WAY);
    let (mut levels, mut begun) = (BTreeMap::new(), BTreeMap::new());
    let mut went_on = 0;
    for event in events {
        match event {
            Event::Checkpoint { trial, level, .. } => {
                levels.insert(trial, *level);
            }
            Event::Remove { removal, .. } => {
                assert_ne!(removal.reason, RemovalReason::Lost, "{removal:?}");
                levels.remove(&removal.trial);
            }
            Event::Resume { trial, .. } | Event::Restart { trial, .. } => {
                begun.insert(trial, levels.get(trial).copied().unwrap_or(0));
            }
            Event::Result { trial, level, .. } => {
                if let Some(from) = begun.remove(trial) {
                    let behind = from + 1..=from + 1 + unsaid;
                    assert!(
                        behind.contains(level),
                        "trial {trial}: {level} after {from}"
                    );
                    went_on += usize::from(from > 0);
                }
            }
            _ => {}
        }
    }
    went_on
}

/// Waits until the log of a run has this many checkpoints.
fn wait_for_checkpoints(run: &Path, number: usize) {
    let is_checkpoint = |event: &&Event| matches!(event, Event::Checkpoint { .. });
    wait_for(run, |events| {
        events.iter().filter(is_checkpoint).count() >= number
    });
}

/// A local copy and one in the bucket: what is removed is gone in both places, and the copy that
/// costs is the one that is counted.
#[test]
fn cache_and_bucket() {
    let place = Place::new();
    place.experiment("small", ANSWERED);
    let said = succeeds(&place.output(&["run", "small.toml"]));
    assert!(said.starts_with("finished after "), "{said}");
    let run = place.run_of("small");
    check(&run);
    assert!(names(&run.join("checkpoints/bucket-trash")).is_empty());
    let events = place.check_bucket("small");
    assert!(events.iter().any(|e| matches!(e, Event::Remove { .. })));
    assert!(check_nothing_trained_again(&events, ANSWERED) > 0);
    let status = succeeds(&place.output(&["status", "runs/small"]));
    let number = place.in_bucket("small").len();
    let bytes = BYTES * number as u64;
    let expected = format!("checkpoints: {number} of {BUDGET}; bytes: {bytes} bytes");
    // Sizes and their units are held together by a space that does not break.
    let status = status.replace(['\u{a0}', '\u{202f}', '\u{2009}'], " ");
    assert!(status.contains(&expected), "{status}");
}

/// Two runs under one prefix, with foreign objects beside them and in their midst: only what a run
/// committed is deleted by it. A third run with the name of one of them is refused.
#[test]
fn only_our_own() {
    let place = Place::new();
    let runs = place.server.bucket("bucket").join("runs");
    fs::create_dir_all(&runs).unwrap();
    fs::write(runs.join("notes.txt"), "mine").unwrap();
    place.experiment("small", ANSWERED);
    place.experiment("other", ANSWERED);
    let start = |name: &str| place.rungkeeper(&["run", &format!("{name}.toml")]).spawn();
    let both: Vec<Child> = ["small", "other"].map(|name| start(name).unwrap()).into();
    wait_for_checkpoints(&place.run_of("small"), 2);
    let foreign = runs.join("small/checkpoints/7/mine.bin");
    fs::create_dir_all(foreign.parent().unwrap()).unwrap();
    fs::write(&foreign, "mine").unwrap();
    for child in both {
        succeeds(&child.wait_with_output().unwrap());
    }
    fs::remove_file(&foreign).expect("nobody took it");
    assert_eq!(fs::read_to_string(runs.join("notes.txt")).unwrap(), "mine");
    for name in ["small", "other"] {
        check(&place.run_of(name));
        place.check_bucket(name);
    }
    let before = files(&runs);
    let output = place.output(&["run", "small.toml", "--dir", "third"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(
        said.contains("holds the checkpoints of run \"small "),
        "{said}"
    );
    assert_eq!(files(&runs), before);
}

/// Killed at random moments and brought back, every second time without its local copy: all comes
/// back from the bucket, and no trial trains again what is in a checkpoint.
#[test]
fn killed_and_without_its_cache() {
    let place = Place::new();
    // Slow enough that it is not over before it was killed often.
    place.experiment("small", &ANSWERED.replace("sleep 0.01", "sleep 0.2"));
    let run = place.run_of("small");
    let mut arguments = ["run", "small.toml"];
    let (mut draws, mut kills) = (Draws(0x5EED), 0_u32);
    let output = loop {
        let mut child = place.rungkeeper(&arguments).spawn().unwrap();
        sleep(Duration::from_millis(150 + draws.below(400)));
        if child.try_wait().unwrap().is_some() || kills == 8 {
            break child.wait_with_output().unwrap();
        }
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
        kills += 1;
        if run.join("log.jsonl").exists() {
            arguments = ["resume", "runs/small"];
            if kills.is_multiple_of(2) {
                let cache = run.join("checkpoints");
                // What a pause prepared and the bucket does not have yet is there alone.
                let only_there = has_prepared(&cache.join("live"));
                remove_cache(&if only_there {
                    cache.join("checkpoints")
                } else {
                    cache
                });
            }
        }
    };
    succeeds(&output);
    assert!(kills >= 4, "only {kills} kills");
    let events = place.check_bucket("small");
    assert!(check_nothing_trained_again(&events, ANSWERED) > 0);
}

/// Whether a live folder has a manifest, so that its commit may not have ended.
fn has_prepared(live: &Path) -> bool {
    let mut folders = fs::read_dir(live).into_iter().flatten().flatten();
    folders.any(|folder| folder.path().join("manifest.jsonl").exists())
}

/// Training programs that were left behind may still write for a moment.
fn remove_cache(folder: &Path) {
    let begin = Instant::now();
    while let Err(error) = fs::remove_dir_all(folder) {
        let patient = begin.elapsed() < Duration::from_secs(20);
        assert!(patient && folder.exists(), "{error}");
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_server_that_is_not_there_at_the_start() {
    let mut place = Place::new();
    place.experiment("small", ANSWERED);
    place.server.stop();
    let begin = Instant::now();
    let output = place.output(&["run", "small.toml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(begin.elapsed() < Duration::from_secs(60));
    let said = text(&output.stderr);
    assert!(said.contains("in the bucket: "), "{said}");
    // Nothing has begun, so the same command begins it.
    place.server.start_again();
    succeeds(&place.output(&["run", "small.toml"]));
    place.check_bucket("small");
}

/// The server goes away for longer than the run waits: it stops, says why, and goes on once the
/// server is back, with every checkpoint there was, also the one that could not be uploaded.
#[test]
fn a_server_that_goes_away() {
    for trainer in [ANSWERED, ONE_WAY] {
        let mut place = Place::new();
        place.experiment("small", trainer);
        let run = place.run_of("small");
        let child = place.rungkeeper(&["run", "small.toml"]).spawn().unwrap();
        wait_for_checkpoints(&run, 5);
        place.server.stop();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let said = text(&output.stderr);
        assert!(said.contains("note: the store cannot be used"), "{said}");
        assert!(said.contains("in the bucket: "), "{said}");

        let begin = Instant::now();
        let output = place.output(&["resume", "runs/small"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(begin.elapsed() < Duration::from_secs(60));
        place.server.start_again();
        succeeds(&place.output(&["resume", "runs/small"]));
        check(&run);
        let events = place.check_bucket("small");
        assert!(check_nothing_trained_again(&events, trainer) > 0);
    }
}

/// It is away for less than the run waits.
#[test]
fn a_server_that_comes_back_in_time() {
    let mut place = Place::new();
    place.experiment("small", ANSWERED);
    let child = place.rungkeeper(&["run", "small.toml"]).spawn().unwrap();
    wait_for_checkpoints(&place.run_of("small"), 5);
    place.server.stop();
    sleep(Duration::from_millis(700));
    place.server.start_again();
    succeeds(&child.wait_with_output().unwrap());
    let events = place.check_bucket("small");
    check_nothing_trained_again(&events, ANSWERED);
}
