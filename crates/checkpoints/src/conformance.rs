//! What every store has to do.
//!
//! A store of one's own is tested by handing [`all`] a function that opens it:
//!
//! ```
//! use rungkeeper_checkpoints::{DirectoryStore, Store, conformance};
//!
//! let folder = tempfile::tempdir()?;
//! let open = |name: &str| -> Box<dyn Store> {
//!     let store = DirectoryStore::open(&folder.path().join(name), name);
//!     Box::new(store.expect("a writable directory"))
//! };
//! conformance::all(&open);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::{Orphan, Store, StoreError, Stored};

/// Opens the store of a name: an empty one at first, and the same one again, as a new process would
/// find it, when called with a name for the second time.
pub type Open<'a> = dyn Fn(&str) -> Box<dyn Store> + 'a;

/// Panics, with the reason, if a store does not keep it.
pub type Law = fn(&Open<'_>);

/// Each law, by name.
pub const LAWS: [(&str, Law); 17] = [
    ("restores_what_was_committed", restores_what_was_committed),
    (
        "shows_nothing_before_the_commit",
        shows_nothing_before_the_commit,
    ),
    ("keeps_the_newest", keeps_the_newest),
    ("prepares_and_goes_on", prepares_and_goes_on),
    ("keeps_odd_ids_apart", keeps_odd_ids_apart),
    ("keeps_odd_names", keeps_odd_names),
    ("keeps_links_that_stay_inside", keeps_links_that_stay_inside),
    ("leaves_out_what_is_no_file", leaves_out_what_is_no_file),
    ("deletes_one_trial", deletes_one_trial),
    (
        "resumes_from_nothing_set_aside",
        resumes_from_nothing_set_aside,
    ),
    ("takes_nothing_newer", takes_nothing_newer),
    (
        "starts_again_after_a_deletion",
        starts_again_after_a_deletion,
    ),
    ("drops_a_crashed_trial", drops_a_crashed_trial),
    ("survives_a_restart", survives_a_restart),
    ("sweeps", sweeps),
    ("names_orphans", names_orphans),
    ("serves_several_threads", serves_several_threads),
];

/// Checks all laws, each on a store of its own that is named after it.
///
/// # Panics
///
/// A law does not hold; the message says which.
pub fn all(open: &Open<'_>) {
    for (_, law) in LAWS {
        law(open);
    }
}

fn restores_what_was_committed(open: &Open<'_>) {
    let store = open("restores_what_was_committed");
    let large: Vec<u8> = (0..300_000_u32).map(|i| (i % 251) as u8).collect();
    let staging = store.begin("7").expect("begin");
    write(&staging, "model.bin", &large);
    write(&staging, "optimizer/state/step", b"9");
    write(&staging, "optimizer/empty", b"");
    fs::create_dir_all(staging.join("logs/none")).expect("a directory");

    let committed = store.commit("7", 9, 2).expect("commit");
    assert!(committed.warning.is_none() && committed.superseded.is_empty());
    let stored = committed.stored;
    assert_eq!(
        (stored.trial.as_str(), stored.level, stored.attempt),
        ("7", 9, 2)
    );
    assert_eq!(stored.bytes, 300_001);
    let listed = store.list().expect("list");
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (&listed[0].hash, listed[0].bytes),
        (&stored.hash, stored.bytes)
    );
    assert!(stored.sequence < store.sequence());

    let target = store.begin("7").expect("begin");
    let restored = store.restore("7", &target).expect("restore");
    let checkpoint = restored.checkpoint.expect("a checkpoint");
    assert_eq!((checkpoint.level, checkpoint.attempt), (9, 2));
    assert!(restored.broken.is_empty());
    let files = read_all(&target);
    assert_eq!(files["model.bin"], large);
    assert_eq!(files["optimizer/state/step"], b"9");
    assert_eq!(files["optimizer/empty"], b"");
    assert_eq!(files.len(), 3);
    assert!(target.join("logs/none").is_dir());

    let again = store
        .restore("7", &target)
        .expect_err("not into a full directory");
    assert!(matches!(again, StoreError::Occupied { .. }), "{again}");
}

fn shows_nothing_before_the_commit(open: &Open<'_>) {
    let store = open("shows_nothing_before_the_commit");
    let staging = store.begin("7").expect("begin");
    write(&staging, "half", b"half of i");
    assert_eq!(store.list().expect("list"), []);
    assert_eq!(level(&*store, "7"), None);
    let unknown = store.commit("8", 1, 1);
    let unknown = unknown.expect_err("a commit without begin");
    assert!(matches!(unknown, StoreError::NotBegun { .. }), "{unknown}");
    // A new begin drops what an earlier process of the trial wrote.
    let staging = store.begin("7").expect("begin");
    assert!(read_all(&staging).is_empty());
}

fn keeps_the_newest(open: &Open<'_>) {
    let store = open("keeps_the_newest");
    let first = commit(&*store, "7", 1, b"one");
    commit(&*store, "8", 1, b"other");
    let staging = store.begin("7").expect("begin");
    write(&staging, "weights", b"three");
    let second = store.commit("7", 3, 2).expect("commit");
    assert!(second.stored.sequence > first.sequence);
    assert_eq!(second.superseded.len(), 1);
    assert_eq!(second.superseded[0].level, Some(1));
    assert_eq!(second.superseded[0].bytes, 3);
    assert_eq!(levels(&*store), [("7".to_owned(), 3), ("8".to_owned(), 1)]);
    store.purge(&second.superseded[0]).expect("purge");
    assert_eq!(level(&*store, "7"), Some(3));
}

fn prepares_and_goes_on(open: &Open<'_>) {
    let store = open("prepares_and_goes_on");
    let staging = store.begin("7").expect("begin");
    write(&staging, "weights", b"one");
    let prepared = store.prepare("7", 1, 1).expect("prepare");
    assert_eq!((prepared.bytes, prepared.left_out.len()), (3, 0));
    assert_eq!(store.list().expect("list"), []);
    let committed = store.commit("7", 1, 1).expect("commit");
    assert_eq!(committed.stored.hash, prepared.hash);

    // The program goes on instead, and what it writes then is what is committed.
    let again = store.begin("7").expect("begin");
    assert_eq!(again, staging);
    write(&again, "weights", b"one");
    let prepared = store.prepare("7", 2, 1).expect("prepare");
    assert_eq!(committed.stored.hash, prepared.hash);
    write(&again, "weights", b"two");
    let committed = store.commit("7", 2, 1).expect("commit");
    assert_ne!(committed.stored.hash, prepared.hash);
    for aside in &committed.superseded {
        store.purge(aside).expect("purge");
    }
    let target = store.begin("8").expect("begin");
    store.restore("7", &target).expect("restore");
    assert_eq!(read_all(&target)["weights"], b"two");
}

fn keeps_odd_ids_apart(open: &Open<'_>) {
    let store = open("keeps_odd_ids_apart");
    let long = "x".repeat(5_000);
    let longer = format!("{long}y");
    let ids = [
        "0007",
        "7",
        "a/b",
        "a=2fb",
        "..",
        ".",
        "",
        "A",
        "a",
        "1099511627776",
        "CON",
        "con",
        ".trash",
        "checkpoints",
        "größe",
        "d3b07384-d9a0-4e9b-8f3c-2a1f0e6c7b55",
        "a b",
        "a\nb",
        "-rf",
        "~",
        "*",
        "C:\\x",
        &long,
        &longer,
    ];
    for (level, id) in (1..).zip(ids) {
        commit(&*store, id, level, id.as_bytes());
    }
    assert_eq!(store.list().expect("list").len(), ids.len());
    for (expected, id) in (1..).zip(ids) {
        assert_eq!(level(&*store, id), Some(expected), "{id:?}");
    }
    for (place, id) in ids.into_iter().enumerate() {
        store.delete(id).expect("delete");
        assert_eq!(
            store.list().expect("list").len(),
            ids.len() - place - 1,
            "{id:?}"
        );
    }
}

fn keeps_odd_names(open: &Open<'_>) {
    let store = open("keeps_odd_names");
    let long = "n".repeat(200);
    let deep = "deep/".repeat(60) + "file";
    let mut names = vec![
        "größe",
        "a b",
        "%41",
        "weights#1",
        "=",
        "-rf",
        "..x",
        "manifest.jsonl",
    ];
    names.extend(["A=B&c", &long, &deep, "data/data", "x.partial"]);
    if cfg!(unix) {
        names.extend([
            "line\nbreak",
            "tab\t",
            "quote\"'`",
            "back\\slash",
            "C:",
            "*",
            "?",
            "CON",
        ]);
    }
    let staging = store.begin("7").expect("begin");
    for name in &names {
        write(&staging, name, name.as_bytes());
    }
    store.commit("7", 1, 1).expect("commit");
    let target = store.begin("7").expect("begin");
    let restored = store.restore("7", &target).expect("restore");
    assert!(restored.checkpoint.is_some(), "{:?}", restored.broken);
    let files = read_all(&target);
    assert_eq!(files.len(), names.len());
    for name in names {
        assert_eq!(files[name], name.as_bytes());
    }
}

#[cfg(unix)]
fn keeps_links_that_stay_inside(open: &Open<'_>) {
    use std::os::unix::fs::symlink;
    let store = open("keeps_links_that_stay_inside");
    let staging = store.begin("7").expect("begin");
    write(&staging, "steps/9/weights", b"nine");
    symlink("9", staging.join("steps/last")).expect("a link");
    symlink("../steps/9/weights", staging.join("steps/up")).expect("a link");
    symlink("steps/none", staging.join("dangling")).expect("a link");
    let committed = store.commit("7", 9, 1).expect("commit");
    assert_eq!(committed.stored.bytes, 4);
    let target = store.begin("8").expect("begin");
    store.restore("7", &target).expect("restore");
    let staging = store.begin("7").expect("begin");
    write(&staging, "weights", b"ten");
    let read = |link| fs::read_link(target.join(link)).expect("a link");
    assert_eq!(read("steps/last"), Path::new("9"));
    assert_eq!(read("dangling"), Path::new("steps/none"));
    assert_eq!(fs::read(target.join("steps/up")).expect("a file"), b"nine");

    let outside = ["/etc/hostname", "..", "../weights", "steps/../../x"];
    for (place, outside) in outside.into_iter().enumerate() {
        symlink(outside, staging.join(format!("outside-{place}"))).expect("a link");
    }
    let committed = store.commit("7", 10, 1).expect("commit");
    assert_eq!(committed.left_out.len(), outside.len());
    for (left, outside) in committed.left_out.iter().zip(outside) {
        assert!(
            left.reason.contains(outside) && left.reason.contains("outside"),
            "{left:?}"
        );
    }
    assert_eq!(level(&*store, "7"), Some(10));
}

#[cfg(unix)]
fn leaves_out_what_is_no_file(open: &Open<'_>) {
    use std::os::unix::net::UnixListener;
    let store = open("leaves_out_what_is_no_file");
    commit(&*store, "7", 1, b"one");
    let staging = store.begin("7").expect("begin");
    write(&staging, "weights", b"two");
    // The name of a socket must be short; the directory's may be long.
    let place = std::env::temp_dir().join(format!("rungkeeper-{}", std::process::id()));
    let listener = UnixListener::bind(&place).expect("a socket");
    let moved = staging.join("socket");
    if fs::rename(&place, &moved).is_err() {
        fs::remove_file(&place).expect("a socket");
        return; // on another file system: it cannot get into the staging directory
    }
    let committed = store.commit("7", 2, 1).expect("commit");
    drop(listener);
    assert_eq!(committed.left_out.len(), 1);
    assert_eq!(committed.left_out[0].path, Path::new("socket"));
    let target = store.begin("7").expect("begin");
    let restored = store.restore("7", &target).expect("restore");
    assert_eq!(restored.checkpoint.map(|stored| stored.level), Some(2));
    assert_eq!(read_all(&target).len(), 1);
    assert!(!target.join("socket").exists());
}

#[cfg(not(unix))]
fn keeps_links_that_stay_inside(_: &Open<'_>) {}

#[cfg(not(unix))]
fn leaves_out_what_is_no_file(_: &Open<'_>) {}

fn deletes_one_trial(open: &Open<'_>) {
    let store = open("deletes_one_trial");
    store.delete("7").expect("what is not there is deleted");
    commit(&*store, "7", 1, b"one");
    commit(&*store, "77", 1, b"two");
    store.delete("7").expect("delete");
    store.delete("7").expect("delete again");
    assert_eq!(levels(&*store), [("77".to_owned(), 1)]);
    assert_eq!(level(&*store, "7"), None);
    assert_eq!(level(&*store, "77"), Some(1));
}

fn resumes_from_nothing_set_aside(open: &Open<'_>) {
    let store = open("resumes_from_nothing_set_aside");
    commit(&*store, "a/b", 3, b"three");
    let before = store.sequence();
    let aside = store.set_aside("a/b", before).expect("set aside");
    let aside = aside.expect("a checkpoint");
    assert_eq!(
        (aside.trial.as_str(), aside.level, aside.bytes),
        ("a/b", Some(3), 5)
    );
    assert_eq!(store.list().expect("list"), []);
    assert_eq!(level(&*store, "a/b"), None);
    assert_eq!(store.set_aside("a/b", before).expect("set aside"), None);
    store.purge(&aside).expect("purge");
    store.purge(&aside).expect("purge again");
    assert_eq!(store.sweep().expect("sweep").aside, 0);
}

fn takes_nothing_newer(open: &Open<'_>) {
    let store = open("takes_nothing_newer");
    let before = store.sequence();
    commit(&*store, "7", 1, b"one");
    assert_eq!(store.set_aside("7", before).expect("set aside"), None);
    assert_eq!(level(&*store, "7"), Some(1));
}

fn starts_again_after_a_deletion(open: &Open<'_>) {
    let store = open("starts_again_after_a_deletion");
    let first = commit(&*store, "7", 9, b"nine");
    let aside = store.set_aside("7", store.sequence()).expect("set aside");
    let again = commit(&*store, "7", 1, b"one");
    assert!(again.sequence > first.sequence);
    // The deletion ends late and takes the old one only.
    store.purge(&aside.expect("a checkpoint")).expect("purge");
    assert_eq!(level(&*store, "7"), Some(1));
}

fn drops_a_crashed_trial(open: &Open<'_>) {
    let store = open("drops_a_crashed_trial");
    commit(&*store, "7", 1, b"one");
    let staging = store.begin("7").expect("begin");
    write(&staging, "half", b"half of i");
    let aside = store.discard("7").expect("discard").expect("a directory");
    assert_eq!(
        (aside.trial.as_str(), aside.level, aside.bytes),
        ("7", None, 9)
    );
    store.purge(&aside).expect("purge");
    assert!(!staging.exists());
    assert_eq!(store.discard("7").expect("discard"), None);
    assert_eq!(level(&*store, "7"), Some(1));
}

fn survives_a_restart(open: &Open<'_>) {
    let name = "survives_a_restart";
    let store = open(name);
    let first = commit(&*store, "7", 1, b"one");
    let listed = store.list().expect("list");
    drop(store);
    let store = open(name);
    assert_eq!(store.list().expect("list"), listed);
    assert_eq!(level(&*store, "7"), Some(1));
    assert!(store.sequence() > first.sequence);
    let second = commit(&*store, "7", 3, b"three");
    assert!(second.sequence > first.sequence);
    store.delete("7").expect("delete");
    drop(store);
    assert_eq!(open(name).list().expect("list"), []);
}

fn sweeps(open: &Open<'_>) {
    let name = "sweeps";
    let store = open(name);
    commit(&*store, "kept", 1, b"one");
    commit(&*store, "gone", 1, b"one");
    store
        .set_aside("gone", store.sequence())
        .expect("set aside");
    write(&store.begin("half").expect("begin"), "half", b"half of i");
    drop(store);

    let store = open(name);
    let staging = store.begin("mine").expect("begin");
    write(&staging, "weights", b"being written");
    let swept = store.sweep().expect("sweep");
    assert!(swept.failed.is_empty());
    // Looking at checkpoints leaves staging directories behind as well, hence "at least".
    assert!(swept.half_written >= 1 && swept.aside == 1, "{swept:?}");
    assert!(swept.bytes >= 12, "{swept:?}");
    assert!(staging.join("weights").is_file());
    assert_eq!(levels(&*store), [("kept".to_owned(), 1)]);
    let swept = store.sweep().expect("sweep");
    assert_eq!((swept.half_written, swept.aside, swept.bytes), (0, 0, 0));
    assert_eq!(level(&*store, "kept"), Some(1));
}

fn names_orphans(open: &Open<'_>) {
    let store = open("names_orphans");
    commit(&*store, "known", 1, b"one");
    commit(&*store, "unknown/1", 3, b"three");
    let orphans = store.orphans(&|trial| trial == "known").expect("orphans");
    assert_eq!(orphans.len(), 1, "{orphans:?}");
    match &orphans[0] {
        Orphan::Checkpoint(stored) => {
            assert_eq!(
                (stored.trial.as_str(), stored.level, stored.bytes),
                ("unknown/1", 3, 5)
            );
        }
        Orphan::Foreign { .. } => panic!("{orphans:?}"),
    }
    assert_eq!(store.list().expect("list").len(), 2);
    assert_eq!(store.orphans(&|_| true).expect("orphans"), []);
}

fn serves_several_threads(open: &Open<'_>) {
    let store = &*open("serves_several_threads");
    let work = |thread: u64| {
        let trial = format!("{thread}");
        for round in 1..=5 {
            commit(store, &trial, round, trial.as_bytes());
            // One for each trial, and two for a moment of its commit.
            assert!(store.list().expect("list").len() <= 8);
            assert_eq!(level(store, &trial), Some(round));
            if round % 2 == 0 {
                store.delete(&trial).expect("delete");
            }
        }
    };
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || work(thread));
        }
    });
    assert_eq!(store.list().expect("list").len(), 4);
}

fn commit(store: &dyn Store, trial: &str, level: u64, content: &[u8]) -> Stored {
    let staging = store.begin(trial).expect("begin");
    write(&staging, "weights", content);
    let committed = store.commit(trial, level, 1).expect("commit");
    assert!(committed.warning.is_none(), "{:?}", committed.warning);
    for aside in &committed.superseded {
        store.purge(aside).expect("purge");
    }
    committed.stored
}

/// The level a trial would resume from.
fn level(store: &dyn Store, trial: &str) -> Option<u64> {
    let looking = format!("looking at {trial}");
    let target = store.begin(&looking).expect("begin");
    let restored = store.restore(trial, &target).expect("restore");
    assert!(restored.broken.is_empty(), "{:?}", restored.broken);
    assert_eq!(read_all(&target).is_empty(), restored.checkpoint.is_none());
    if let Some(aside) = store.discard(&looking).expect("discard") {
        store.purge(&aside).expect("purge");
    }
    restored.checkpoint.map(|stored| stored.level)
}

fn levels(store: &dyn Store) -> Vec<(String, u64)> {
    let listed = store.list().expect("list");
    listed.into_iter().map(|s| (s.trial, s.level)).collect()
}

fn write(root: &Path, name: &str, content: &[u8]) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    fs::write(path, content).expect("a file");
}

/// All regular files below a directory.
fn read_all(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let content = crate::scan::Scanned::of(root).expect("a directory").content;
    let files = content.files.into_iter().map(|file| {
        let bytes = fs::read(root.join(&file.path)).expect("a file");
        (file.path, bytes)
    });
    files.collect()
}
