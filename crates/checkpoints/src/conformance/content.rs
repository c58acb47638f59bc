//! Laws of what is in a checkpoint.

use std::fs;
use std::path::Path;

use super::Open;
use super::common::{commit, level, read_all, write};
use crate::StoreError;

pub(super) fn restores_what_was_committed(open: &Open<'_>) {
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
    for stored in [&stored, &listed[0]] {
        let present = store.present(stored);
        assert!(present.is_none_or(|bytes| bytes == 300_001), "{present:?}");
    }
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

pub(super) fn keeps_odd_names(open: &Open<'_>) {
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
pub(super) fn keeps_links_that_stay_inside(open: &Open<'_>) {
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
pub(super) fn leaves_out_what_is_no_file(open: &Open<'_>) {
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
pub(super) fn keeps_links_that_stay_inside(_: &Open<'_>) {}

#[cfg(not(unix))]
pub(super) fn leaves_out_what_is_no_file(_: &Open<'_>) {}
