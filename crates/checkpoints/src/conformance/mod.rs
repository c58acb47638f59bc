//! What every store has to do.
//!
//! Your own store is tested by handing [`all`] a function that opens it:
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

mod common;
mod content;
mod left;

use crate::{Orphan, Store, StoreError};
use common::{commit, level, levels, read_all, write};
use content::{
    keeps_links_that_stay_inside, keeps_odd_names, leaves_out_what_is_no_file,
    restores_what_was_committed,
};

/// Opens the store of a name: an empty one at first, and the same one again, as a new process would
/// find it, when called with a name for the second time.
pub type Open<'a> = dyn Fn(&str) -> Box<dyn Store> + 'a;

/// Panics, with the reason, if a store does not keep it.
pub type Law = fn(&Open<'_>);

/// Each law, by name.
pub const LAWS: [(&str, Law); 22] = [
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
    (
        "keeps_what_is_as_it_was_left",
        left::keeps_what_is_as_it_was_left,
    ),
    ("starts_at_the_same_path", left::starts_at_the_same_path),
    (
        "finishes_what_was_prepared",
        left::finishes_what_was_prepared,
    ),
    ("finds_by_key_and_verifies", left::finds_by_key_and_verifies),
    ("gives_no_number_twice", left::gives_no_number_twice),
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
