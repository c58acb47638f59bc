//! The store is watched while runs go on: it never holds more than `docs/running.md` says.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::Duration;

use crate::binary;
use crate::runs::{rungkeeper, succeeds};

/// Time between two looks at the store.
const BETWEEN: Duration = Duration::from_millis(10);

/// The most that was in a store at one moment.
#[derive(Debug, Default)]
struct Peak {
    /// Trials that have a committed checkpoint.
    trials: usize,
    /// Committed checkpoints; a trial has two while a newer one takes the place of the older.
    checkpoints: usize,
    /// Bytes of these.
    bytes: u64,
    looks: u64,
}

impl Peak {
    /// Looks twice, and counts what was there both times. No name comes back once it is gone, so
    /// all of that was there together, at the moment between the two looks.
    fn look(&mut self, store: &Path) {
        let before = committed(store);
        let both: Vec<PathBuf> = committed(store).intersection(&before).cloned().collect();
        let trials: BTreeSet<_> = both.iter().map(|path| path.parent()).collect();
        self.trials = self.trials.max(trials.len());
        self.checkpoints = self.checkpoints.max(both.len());
        self.bytes = self.bytes.max(both.iter().map(|path| size(path)).sum());
        self.looks += 1;
    }
}

/// Committed checkpoints: `checkpoints/TRIAL/NUMBER` in the store.
fn committed(store: &Path) -> BTreeSet<PathBuf> {
    entries(&store.join("checkpoints"))
        .iter()
        .flat_map(|trial| entries(trial))
        .collect()
}

/// What is in a folder; nothing where it is gone.
fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).map_or(Vec::new(), |entries| {
        entries.map(|entry| entry.unwrap().path()).collect()
    })
}

/// Bytes of the files that a training program wrote.
fn size(checkpoint: &Path) -> u64 {
    let files = entries(&checkpoint.join("data")).into_iter();
    files
        .filter_map(|file| Some(fs::metadata(file).ok()?.len()))
        .sum()
}

/// Runs an experiment in a folder and watches its store. `meanwhile` is done beside it.
fn watched(folder: &Path, meanwhile: impl FnOnce(&AtomicBool)) -> (Output, Peak) {
    let mut run = rungkeeper(folder, &["run", "experiment.toml", "--dir", "run"]);
    let over = AtomicBool::new(false);
    let store = folder.join("run/checkpoints");
    scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut peak = Peak::default();
            while !over.load(Ordering::Relaxed) {
                peak.look(&store);
                sleep(BETWEEN);
            }
            peak
        });
        let run = scope.spawn(|| {
            let output = run.output();
            over.store(true, Ordering::Relaxed);
            output.unwrap()
        });
        meanwhile(&over);
        (run.join().unwrap(), watcher.join().unwrap())
    })
}

fn finishes(output: &Output) {
    let said = succeeds(output);
    assert!(said.starts_with("finished after "), "{said}");
}

/// The example of the README, with fewer trials: its budget is full, and never exceeded.
#[test]
fn the_wine_example() {
    let folder = tempfile::tempdir().unwrap();
    let example =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/cli/examples/wine/experiment.toml");
    let trainer = binary::wine().display().to_string();
    let mut text = fs::read_to_string(example).unwrap();
    for (written, instead) in [
        ("../../../../target/release/examples/wine", trainer.as_str()),
        ("max_resource = 81", "max_resource = 27"),
        ("high = 128", "high = 16"),
        ("trials = 100", "trials = 40"),
    ] {
        assert!(text.contains(written), "{written}");
        text = text.replace(written, instead);
    }
    fs::write(folder.path().join("experiment.toml"), text).unwrap();
    let (output, peak) = watched(folder.path(), |_| {});
    finishes(&output);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!errors.contains("note: "), "{errors}");
    assert!((4..=8).contains(&peak.trials), "{peak:?}");
    // Both workers may replace theirs at the same time.
    assert!(peak.checkpoints <= 8 + 2, "{peak:?}");
    assert!(peak.bytes > 0, "{peak:?}");
}

/// Trains by counting, with a checkpoint of 1 MB.
const LARGE: &str = r#"
dir=$1; x=$2; epoch=0
[ -f "$dir/epoch" ] && epoch=$(cat "$dir/epoch")
while [ "$epoch" -lt 9 ]; do
  epoch=$((epoch + 1))
  head -c 1000000 /dev/zero > "$dir/weights"
  echo "$epoch" > "$dir/epoch"
  echo "{\"epoch\": $epoch, \"loss\": $x, \"checkpoint\": true}"
  read -r answer || exit 1
  [ "$answer" = pause ] && exit 0
done
"#;

/// 200 trials, four workers, a budget of eight checkpoints of 1 MB.
#[test]
fn hundreds_of_trials() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("train.sh"), LARGE).unwrap();
    let experiment = r#"
        name = "hundreds"
        command = ["sh", "train.sh", "{checkpoint_dir}", "{x}"]
        metric = "loss"
        resource = "epoch"
        workers = 4
        budget = { max_checkpoints = 8 }
        stop = { trials = 200 }
        space = { x = { type = "uniform", low = 0.0, high = 1.0 } }
        scheduler = { max_resource = 9 }
    "#;
    fs::write(folder.path().join("experiment.toml"), experiment).unwrap();
    let (output, peak) = watched(folder.path(), |_| {});
    finishes(&output);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("200 trials; "), "{said}");
    assert!((6..=8).contains(&peak.trials), "{peak:?}");
    // A trial has two while a newer one takes the place of the older, and each worker's may at the same moment.
    assert!(peak.checkpoints <= 8 + 4, "{peak:?}");
    assert!((6_000_000..13_000_000).contains(&peak.bytes), "{peak:?}");
    assert!(entries(&folder.path().join("run/checkpoints/trash")).is_empty());
}

/// Says when it is ready, reports when it may, and takes its time to end.
const TOGETHER: &str = r#"
dir=$1; trial=$2; epoch=0
[ -f "$dir/epoch" ] && epoch=$(cat "$dir/epoch")
: > "ready.$trial"
while [ ! -e go ]; do sleep 0.01; done
while [ "$epoch" -lt 9 ]; do
  epoch=$((epoch + 1))
  echo "$epoch" > "$dir/epoch"
  echo "{\"epoch\": $epoch, \"loss\": 0.$trial, \"checkpoint\": true}"
  read -r answer || exit 1
  [ "$answer" = pause ] && sleep 0.5 && exit 0
done
"#;

/// Three workers pause at the same moment, with a budget of three. As soon as the first of them is free again the next
/// trial counts, so one of the checkpoints may go before the last of them is complete: never more than the budget.
#[test]
fn three_at_once() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("train.sh"), TOGETHER).unwrap();
    let experiment = r#"
        name = "three"
        command = ["sh", "train.sh", "{checkpoint_dir}", "{trial}", "{x}"]
        metric = "loss"
        resource = "epoch"
        workers = 3
        budget = { max_checkpoints = 3, pin_best = false }
        stop = { trials = 9 }
        space = { x = 0 }
        scheduler = { max_resource = 9 }
    "#;
    fs::write(folder.path().join("experiment.toml"), experiment).unwrap();
    let ready = |trial| folder.path().join(format!("ready.{trial}")).exists();
    let (output, peak) = watched(folder.path(), |over| {
        while !(0..3).all(ready) && !over.load(Ordering::Relaxed) {
            sleep(Duration::from_millis(1));
        }
        fs::write(folder.path().join("go"), "").unwrap();
    });
    finishes(&output);
    assert!((2..=3).contains(&peak.trials), "{peak:?}");
    assert!(peak.checkpoints <= 3 + 1, "{peak:?}");
}
