//! `killed_between`, as far as the store goes: a process that commits and deletes is killed at
//! random moments.

mod common;

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use common::{nothing_swept, write};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rungkeeper_checkpoints::{DirectoryStore, Store};

/// The child's arguments, as an environment variable: root, log, first level.
const CHILD: &str = "RUNGKEEPER_KILLED_CHILD";
/// How many kills; more for a longer test.
const KILLS: &str = "RUNGKEEPER_KILLS";
const SEED: u64 = 20_240_229;
const TRIALS: [&str; 4] = ["0", "1", "a/b", ".."];

/// kill -9 anywhere between the log's line and the files: every checkpoint that is listed is whole,
/// none that was committed and not removed is lost, and a sweep leaves nothing half-done.
#[test]
fn killed_between() {
    if let Ok(arguments) = std::env::var(CHILD) {
        child(&arguments);
    }
    let kills = std::env::var(KILLS).map_or(60, |kills| kills.parse::<u64>().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("run");
    let log = folder.path().join("log");
    File::create(&log).unwrap();
    let mut random = Pcg64Mcg::seed_from_u64(SEED);
    let (mut found, mut litter, mut finished) = (0_u64, 0_u64, 0_usize);
    for kill in 1.. {
        // Where a kill hits depends on the machine: there are more of them until each kind was hit.
        let hit = found > kills / 2 && litter > kills / 8 && (finished > 0 || kills < 60);
        if kill > kills && (hit || kill > 10 * kills) {
            assert!(
                hit,
                "{found} checkpoints, {litter} swept, {finished} finished"
            );
            return;
        }
        let arguments = format!(
            "{}\n{}\n{}",
            root.display(),
            log.display(),
            kill * 1_000_000
        );
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed_between", "--nocapture"])
            .env(CHILD, arguments)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // Every other one at work, however slow the machine is; the others from its start on.
        let before = fs::metadata(&log).unwrap().len();
        while kill % 2 == 0 && fs::metadata(&log).unwrap().len() == before {
            assert!(
                process.try_wait().unwrap().is_none(),
                "the child ended by itself"
            );
            thread::sleep(Duration::from_micros(200));
        }
        thread::sleep(Duration::from_micros(random.random_range(0..40_000)));
        process.kill().unwrap();
        process.wait().unwrap();

        let owned = owned(&log);
        let store = DirectoryStore::open(&root, "run").unwrap();
        if kill % 3 != 0 {
            // What was prepared may be later than what the log says, and is whole.
            finished += store.finish_commits().unwrap().len();
        }
        found += check(&store, &owned);
        let swept = store.sweep().unwrap();
        assert!(swept.failed.is_empty(), "{swept:?}");
        litter += (swept.half_written + swept.aside) as u64;
        check(&store, &owned);
        no_litter(&root);
        assert!(nothing_swept(&store.sweep().unwrap()));
    }
}

/// By trial: the least level that must be there, or that it was removed.
fn owned(log: &Path) -> BTreeMap<String, Option<u64>> {
    let text = fs::read_to_string(log).unwrap();
    let mut owned = BTreeMap::new();
    for line in text.lines() {
        let (trial, level) = line.split_once(' ').unwrap();
        owned.insert(trial.to_owned(), level.parse().ok());
    }
    owned
}

/// How many checkpoints there are, all of them whole.
fn check(store: &DirectoryStore, owned: &BTreeMap<String, Option<u64>>) -> u64 {
    let listed = store.list().unwrap();
    for stored in &listed {
        assert_eq!(stored.damaged, None);
        assert_eq!(
            stored.bytes,
            content(&stored.trial, stored.level).len() as u64 + 2
        );
    }
    for trial in TRIALS {
        let target = tempfile::tempdir().unwrap();
        let restored = store.restore(trial, target.path()).unwrap();
        assert_eq!(restored.broken, []);
        let level = restored.checkpoint.map(|stored| stored.level);
        if let Some(least) = owned.get(trial).copied().flatten() {
            assert!(
                level >= Some(least),
                "{trial}: {level:?} instead of {least}"
            );
        }
        if let Some(level) = level {
            let weights = fs::read_to_string(target.path().join("weights")).unwrap();
            assert_eq!(weights, content(trial, level));
            assert_eq!(fs::read(target.path().join("deep/er")).unwrap(), b"ok");
        }
    }
    listed.len() as u64
}

fn no_litter(root: &Path) {
    for part in ["live", "trash"] {
        assert_eq!(fs::read_dir(root.join(part)).unwrap().count(), 0, "{part}");
    }
    for trial in fs::read_dir(root.join("checkpoints")).unwrap() {
        let entries = fs::read_dir(trial.unwrap().path()).unwrap();
        assert_eq!(entries.count(), 1);
    }
}

fn content(trial: &str, level: u64) -> String {
    format!("{trial} at {level};").repeat(500)
}

/// Commits and deletes until it is killed. A line of the log says what was committed, after it was;
/// or that a checkpoint goes, before it does.
fn child(arguments: &str) -> ! {
    let mut arguments = arguments.split('\n');
    let root = Path::new(arguments.next().unwrap());
    let mut log = OpenOptions::new()
        .append(true)
        .open(arguments.next().unwrap())
        .unwrap();
    let first: u64 = arguments.next().unwrap().parse().unwrap();
    let mut note = |line: String| log.write_all(line.as_bytes()).unwrap();
    let mut random = Pcg64Mcg::seed_from_u64(SEED ^ first);
    let store = DirectoryStore::open(root, "run").unwrap();
    store.sweep().unwrap();
    for level in first.. {
        let trial = TRIALS[random.random_range(0..TRIALS.len())];
        match random.random_range(0..10) {
            0 => {
                note(format!("{trial} gone\n"));
                store.delete(trial).unwrap();
            }
            1 => {
                note(format!("{trial} gone\n"));
                store.set_aside(trial, store.sequence()).unwrap();
            }
            kind => {
                let live = store.begin(trial).unwrap();
                write(&live, "weights", content(trial, level).as_bytes());
                write(&live, "deep/er", b"ok");
                // Whoever has it open could go on writing, so the commit makes a copy.
                let weights = live.join("weights");
                let handle = (kind > 7).then(|| File::options().append(true).open(weights));
                if kind < 6 {
                    store.prepare(trial, level, 1).unwrap();
                    thread::sleep(Duration::from_millis(1)); // until the program has ended
                }
                let committed = store.commit(trial, level, 1).unwrap();
                if let Some(handle) = handle {
                    handle.unwrap().write_all(b"too late").unwrap();
                }
                note(format!("{trial} {level}\n"));
                for aside in &committed.superseded {
                    store.purge(aside).unwrap();
                }
            }
        }
    }
    unreachable!("there are enough levels")
}
