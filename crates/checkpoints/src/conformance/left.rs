//! Laws of what a program left, and of where it writes.

use std::path::Path;

use super::Open;
use super::common::{commit, level, read_all, write};
use crate::Store;

/// Modes, times, hard links and holes come back as they were.
#[cfg(unix)]
pub(super) fn keeps_what_is_as_it_was_left(open: &Open<'_>) {
    use std::fs::{self, File, Permissions};
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
    use std::time::{Duration, SystemTime};

    let name = "keeps_what_is_as_it_was_left";
    let store = open(name);
    let live = store.begin("7").expect("begin");
    for file in ["secret", "run.sh", "steps/9/weights", "steps/10/weights"] {
        write(&live, file, file.as_bytes());
    }
    fs::hard_link(live.join("steps/9/weights"), live.join("best")).expect("a hard link");
    symlink(live.join("steps/9"), live.join("steps/last")).expect("a link");
    let sparse = File::create(live.join("sparse")).expect("a file");
    sparse.set_len(8 << 20).expect("a length");
    let mode = |path: &str, mode| {
        let changed = fs::set_permissions(live.join(path), Permissions::from_mode(mode));
        changed.expect("a mode");
    };
    mode("secret", 0o600);
    mode("run.sh", 0o755);
    // Newer ones first, and folders at times of their own.
    let paths = ["steps", "steps/10", "steps/9", "run.sh", "secret", "sparse"];
    for (place, path) in (0..).zip(paths) {
        let time = SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000 - place, 123_456_789);
        let opened = File::open(live.join(path)).expect("a file");
        opened.set_modified(time).expect("a time");
    }
    mode("steps/10", 0o555);
    let look = |root: &Path, path: &str| {
        let metadata = fs::symlink_metadata(root.join(path)).expect("a file");
        let time = (metadata.mtime(), metadata.mtime_nsec());
        (path.to_owned(), metadata.mode() & 0o777, time)
    };
    let all = ["", "steps/10/weights", "best"].into_iter().chain(paths);
    let before: Vec<_> = all.clone().map(|path| look(&live, path)).collect();

    let committed = store.commit("7", 9, 1).expect("commit");
    assert_eq!(committed.left_out, []);
    // The file with two names counts once, holes as what they seem to be.
    assert_eq!(committed.stored.bytes, 6 + 6 + 15 + 16 + (8 << 20));
    drop(store);
    let store = open(name);
    let target = store.begin("7").expect("begin");
    assert_eq!(target, live);
    let restored = store.restore("7", &target).expect("restore");
    assert_eq!(restored.broken, []);
    let after: Vec<_> = all.map(|path| look(&target, path)).collect();
    assert_eq!(after, before);
    let inode = |path: &str| fs::metadata(target.join(path)).expect("a file").ino();
    assert_eq!(inode("best"), inode("steps/9/weights"));
    assert_ne!(inode("best"), inode("steps/10/weights"));
    assert_eq!(inode("steps/last"), inode("steps/9"));
    let blocks = fs::metadata(target.join("sparse"))
        .expect("a file")
        .blocks();
    assert!(blocks * 512 < 1 << 20, "{blocks} blocks");
    // What is written to the one that is resumed does not reach the committed one.
    write(&target, "best", b"saved in place");
    let other = store.begin("8").expect("begin");
    store.restore("7", &other).expect("restore");
    assert_eq!(read_all(&other)["best"], b"steps/9/weights");
}

#[cfg(not(unix))]
pub(super) fn keeps_what_is_as_it_was_left(_: &Open<'_>) {}

pub(super) fn starts_at_the_same_path(open: &Open<'_>) {
    let name = "starts_at_the_same_path";
    let store = open(name);
    let first = store.begin("a/b").expect("begin");
    assert_eq!(store.live("a/b").expect("live"), Some(first.clone()));
    commit(&*store, "a/b", 1, b"one");
    assert_eq!(store.live("a/b").expect("live"), None);
    assert_eq!(store.begin("a/b").expect("begin"), first);
    write(&first, "weights", b"half of i");
    drop(store);

    // What an earlier process left can be taken, or dropped.
    let store = open(name);
    assert_eq!(store.live("a/b").expect("live"), Some(first.clone()));
    assert_eq!(read_all(&first)["weights"], b"half of i");
    assert_eq!(store.finish_commits().expect("finish"), []);
    store.commit("a/b", 2, 1).expect("commit");
    assert_eq!(level(&*store, "a/b"), Some(2));
    write(&store.begin("a/b").expect("begin"), "weights", b"again");
    drop(store);
    let store = open(name);
    let aside = store.discard("a/b").expect("discard").expect("a folder");
    assert_eq!((aside.level, aside.bytes), (None, 5));
    assert_eq!(store.live("a/b").expect("live"), None);
    store.purge(&aside).expect("purge");
    assert_eq!(store.begin("a/b").expect("begin"), first);
    assert!(read_all(&first).is_empty());
}

pub(super) fn finishes_what_was_prepared(open: &Open<'_>) {
    let name = "finishes_what_was_prepared";
    let store = open(name);
    for trial in ["whole", "written to"] {
        let live = store.begin(trial).expect("begin");
        write(&live, "weights", b"one");
        store.prepare(trial, 3, 2).expect("prepare");
        if trial == "written to" {
            write(&live, "weights", b"two");
        }
    }
    let before = store.sequence();
    drop(store);
    let store = open(name);
    let finished = store.finish_commits().expect("finish");
    assert_eq!(finished.len(), 1, "{finished:?}");
    let stored = &finished[0];
    assert_eq!(
        (&*stored.trial, stored.level, stored.attempt),
        ("whole", 3, 2)
    );
    assert!(stored.sequence >= before);
    assert_eq!(level(&*store, "whole"), Some(3));
    assert_eq!(level(&*store, "written to"), None);
    drop(store);
    // Nor by a later process.
    assert_eq!(open(name).finish_commits().expect("finish"), []);
}

pub(super) fn finds_by_key_and_verifies(open: &Open<'_>) {
    let store = open("finds_by_key_and_verifies");
    assert_eq!(store.verify("7").expect("verify"), None);
    let stored = commit(&*store, "7", 3, b"three");
    let find = |level, sequence| store.find("7", level, sequence).expect("find");
    assert_eq!(find(3, Some(stored.sequence)), Some(stored.clone()));
    assert_eq!(find(3, None), Some(stored.clone()));
    assert_eq!(find(3, Some(stored.sequence + 1)), None);
    assert_eq!(find(4, Some(stored.sequence)), None);
    assert_eq!(find(4, None), None);
    assert_eq!(store.find("8", 3, None).expect("find"), None);
    let verified = store.verify("7").expect("verify").expect("a checkpoint");
    assert_eq!((&verified.stored, verified.broken), (&stored, None));
    store.set_aside("7", store.sequence()).expect("set aside");
    assert_eq!(find(3, Some(stored.sequence)), None);
    assert_eq!(store.verify("7").expect("verify"), None);
}

/// Nothing that is removed gives its number back.
pub(super) fn gives_no_number_twice(open: &Open<'_>) {
    let name = "gives_no_number_twice";
    let mut last = 0;
    for _ in 0..3 {
        let store = open(name);
        for _ in 0..15 {
            let stored = commit(&*store, "7", 1, b"one");
            assert!(stored.sequence > last, "{} after {last}", stored.sequence);
            last = stored.sequence;
        }
        store.delete("7").expect("delete");
        store.sweep().expect("sweep");
        assert!(store.sequence() > last);
    }
}
