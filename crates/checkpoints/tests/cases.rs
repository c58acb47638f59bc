//! Cases from practice, on a directory.

mod common;

use std::fs;
use std::path::Path;

use common::{commit, resume, tree, write};
use rungkeeper_checkpoints::{DirectoryStore, Orphan, Store, StoreError, trial_name};

fn open(root: &Path) -> DirectoryStore {
    DirectoryStore::open(root, "run").unwrap()
}

/// Trial ids "0007", "7", "a/b", "..", a 36-letter hash, 2^40: kept apart as text, safe as names.
#[test]
fn odd_ids() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("run"));
    let beside = folder.path().join("beside");
    write(&beside, "file", b"not ours");
    let ids = [
        "0007",
        "7",
        "a/b",
        "..",
        "",
        "A",
        "a",
        "CON",
        ".trash",
        "1099511627776",
    ];
    let hashes = [
        "d3b07384-d9a0-4e9b-8f3c-2a1f0e6c7b55",
        "../beside",
        "/etc/passwd",
    ];
    let ids: Vec<&str> = ids.into_iter().chain(hashes).collect();
    for id in &ids {
        commit(&store, id, 1, id.as_bytes());
    }
    for id in &ids {
        assert_eq!(resume(&store, id), Some((1, (*id).to_owned())));
        let directory = store.root().join("checkpoints").join(trial_name(id));
        assert!(directory.is_dir(), "{id:?}");
    }
    for id in &ids {
        store.delete(id).unwrap();
    }
    assert_eq!(
        fs::read_dir(store.root().join("checkpoints"))
            .unwrap()
            .count(),
        0
    );
    assert_eq!(fs::read(beside.join("file")).unwrap(), b"not ours");
}

/// Two runs under one folder, a foreign folder beside them, links that point out: only what this
/// run committed is ever deleted.
#[cfg(unix)]
#[test]
fn only_our_own() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let precious = folder.path().join("precious");
    write(&precious, "0000000001.level-1/data/weights", b"precious");
    write(&precious, "0000000001.level-1/manifest.jsonl", b"{}");
    let other = DirectoryStore::open(&folder.path().join("other"), "other").unwrap();
    commit(&other, "7", 1, b"other");

    let root = folder.path().join("run");
    let store = open(&root);
    commit(&store, "7", 1, b"mine");
    let shelf = root.join("checkpoints");
    // A folder of somebody else's in ours; a trial, a checkpoint, and trash that are links; another
    // run's checkpoint that was copied here.
    write(&shelf, "7/notes/readme", b"keep");
    write(&shelf, "notes", b"keep");
    symlink(&precious, shelf.join("link")).unwrap();
    symlink(
        precious.join("0000000001.level-1"),
        shelf.join("7/0000000003.level-1"),
    )
    .unwrap();
    symlink(&precious, root.join("trash/8@0000000001.level-1")).unwrap();
    fs::create_dir(root.join("staging")).unwrap();
    symlink(&precious, root.join("staging/8@0000000001")).unwrap();
    symlink(&precious, root.join("live/8")).unwrap();
    let copied = shelf.join("7/0000000004.level-9");
    copy_tree(Path::new(&other.list().unwrap()[0].location), &copied);
    let foreign = tree(&precious);
    let others = tree(other.root());

    let store_again = open(&root);
    for store in [&store, &store_again] {
        assert_eq!(store.list().unwrap().len(), 1);
        assert_eq!(resume(store, "7"), Some((1, "mine".to_owned())));
        let refused = store.set_aside("link", u64::MAX).unwrap_err();
        assert!(matches!(refused, StoreError::Refused { .. }), "{refused}");
        assert!(store.begin("link").is_ok());
        assert!(store.commit("link", 1, 1).is_err());
        store.sweep().unwrap();
    }
    // A link inside a checkpoint goes as a link.
    symlink(
        &precious,
        root.join(&store.list().unwrap()[0].location)
            .join("data/out"),
    )
    .unwrap();
    let mut locations: Vec<String> = store.orphans(&|_| true).unwrap().iter().map(name).collect();
    locations.sort();
    let expected = [
        "7/0000000003.level-1",
        "7/0000000004.level-9",
        "7/notes",
        "link",
        "live/8",
        "notes",
        "staging/8@0000000001",
        "trash/8@0000000001.level-1",
    ];
    assert_eq!(locations, expected);

    store.delete("7").unwrap();
    store.sweep().unwrap();
    assert!(store.list().unwrap().is_empty());
    assert_eq!(tree(&precious), foreign);
    assert_eq!(tree(other.root()), others);
    assert_eq!(resume(&other, "7"), Some((1, "other".to_owned())));
    assert_eq!(fs::read(shelf.join("7/notes/readme")).unwrap(), b"keep");
    assert!(copied.join("manifest.jsonl").is_file());
    assert_eq!(store.orphans(&|_| true).unwrap().len(), expected.len());

    // A part of the store that is a link.
    let moved = folder.path().join("moved");
    fs::rename(root.join("trash"), &moved).unwrap();
    symlink(&moved, root.join("trash")).unwrap();
    assert!(DirectoryStore::open(&root, "run").is_err());
}

fn name(orphan: &Orphan) -> String {
    let location = orphan.location();
    let parts = location.rsplit_once("/run/").unwrap().1;
    parts.trim_start_matches("checkpoints/").to_owned()
}

fn copy_tree(from: &Path, to: &Path) {
    for (path, content) in tree(from) {
        if from.join(&path).is_file() {
            write(to, path.to_str().unwrap(), &content);
        }
    }
}

/// A save that dies half way is not a candidate, is not resumed from, and is swept.
#[test]
fn saving_in_the_background() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    commit(&store, "7", 1, b"one");
    let staging = store.begin("7").unwrap();
    write(&staging, "weights", b"thr");
    assert_eq!(store.list().unwrap().len(), 1);
    assert_eq!(resume(&store, "7"), Some((1, "one".to_owned())));
    drop(store);

    let store = open(folder.path());
    assert_eq!(resume(&store, "7"), Some((1, "one".to_owned())));
    let swept = store.sweep().unwrap();
    assert_eq!((swept.half_written, swept.aside, swept.bytes), (1, 0, 3));
    assert!(!staging.exists());
    assert_eq!(resume(&store, "7"), Some((1, "one".to_owned())));

    // While a program goes on, what it has saved is committed as a copy, and whole.
    let staging = store.begin("7").unwrap();
    write(&staging, "weights", b"three");
    write(&staging, "optimizer/state", b"three");
    store.commit("7", 3, 2).unwrap();
    write(&staging, "weights", b"nin");
    assert_eq!(resume(&store, "7"), Some((3, "three".to_owned())));
}

/// Files in the store that no log line owns are listed, and taken only when told to.
#[test]
fn orphans() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    commit(&store, "owned", 1, b"one");
    commit(&store, "a/b", 3, b"two");
    write(folder.path(), "notes.txt", b"twelve bytes");
    write(folder.path(), "checkpoints/UPPER/weights", b"12345");
    let before = tree(folder.path());
    let orphans = store.orphans(&|trial| trial == "owned").unwrap();
    assert_eq!(tree(folder.path()), before);
    let mut kinds = Vec::new();
    for orphan in &orphans {
        match orphan {
            Orphan::Checkpoint(stored) => kinds.push((stored.trial.as_str(), stored.bytes)),
            Orphan::Foreign { bytes, .. } => kinds.push(("", *bytes)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(kinds, [("a/b", 6), ("", 12), ("", 5)]);
    store.sweep().unwrap();
    assert_eq!(tree(folder.path()), before);
    // Told to:
    store.delete("a/b").unwrap();
    let orphans = store.orphans(&|trial| trial == "owned").unwrap();
    assert_eq!(orphans.len(), 2);
    assert_eq!(store.list().unwrap().len(), 1);
}
