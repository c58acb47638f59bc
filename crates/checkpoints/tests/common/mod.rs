//! What the tests of several stores share.
#![allow(dead_code, reason = "each test takes what it needs")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rungkeeper_checkpoints::{Aside, Fault, Faults, Step, Store, StoreError, Stored, Swept};

/// Opens the store of a name, with faults.
pub(crate) type Open<'a> = dyn Fn(&str, &Faults) -> Box<dyn Store> + 'a;

pub(crate) fn write(root: &Path, name: &str, content: &[u8]) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

pub(crate) fn commit(store: &dyn Store, trial: &str, level: u64, content: &[u8]) -> Stored {
    let committed = try_commit(store, trial, level, content, false).unwrap();
    committed.0
}

pub(crate) fn try_commit(
    store: &dyn Store,
    trial: &str,
    level: u64,
    content: &[u8],
    prepare: bool,
) -> Result<(Stored, Vec<Aside>), StoreError> {
    let staging = store.begin(trial)?;
    write(&staging, "weights", content);
    write(&staging, "optimizer/state", content);
    if prepare {
        store.prepare(trial, level, 1)?;
    }
    let committed = store.commit(trial, level, 1)?;
    for aside in &committed.superseded {
        store.purge(aside)?;
    }
    Ok((committed.stored, committed.superseded))
}

/// Level and content of what a trial would resume from.
pub(crate) fn resume(store: &dyn Store, trial: &str) -> Option<(u64, String)> {
    let target = tempfile::tempdir().unwrap();
    let restored = store.restore(trial, target.path()).unwrap();
    assert_eq!(restored.broken, []);
    let level = restored.checkpoint?.level;
    let read = |name: &str| fs::read_to_string(target.path().join(name)).unwrap();
    assert_eq!(read("weights"), read("optimizer/state"));
    Some((level, read("weights")))
}

/// Names and contents of everything below a directory; links are shown, not followed.
pub(crate) fn tree(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let path = entry.path();
            let kind = entry.file_type().unwrap();
            let content = if kind.is_symlink() {
                fs::read_link(&path)
                    .unwrap()
                    .to_string_lossy()
                    .into_owned()
                    .into_bytes()
            } else if kind.is_file() {
                fs::read(&path).unwrap()
            } else {
                Vec::new()
            };
            if kind.is_dir() {
                open.push(path.clone());
            }
            all.insert(path.strip_prefix(root).unwrap().to_owned(), content);
        }
    }
    all
}

pub(crate) fn nothing_swept(swept: &Swept) -> bool {
    let Swept {
        half_written,
        aside,
        bytes,
        ..
    } = *swept;
    (half_written, aside, bytes) == (0, 0, 0) && swept.failed.is_empty()
}

/// A kill at each step of a commit leaves the old checkpoint or the new one, and nothing else.
pub(crate) fn commit_survives_a_kill_at_each_step(open: &Open<'_>, litter: &dyn Fn(&str)) {
    let mut kills = 0;
    for (place, step) in Step::ALL.into_iter().enumerate() {
        for prepare in [false, true] {
            let name = format!("commit-{place}-{prepare}").to_lowercase();
            let faults = Faults::default();
            let store = open(&name, &faults);
            commit(&*store, "a", 1, b"one");
            commit(&*store, "b", 1, b"other");
            faults.always_at_step(step, Fault::Kill);
            let killed = try_commit(&*store, "a", 3, b"three", prepare);
            kills += u32::from(killed.is_err());
            drop(store);

            let store = open(&name, &Faults::default());
            let (level, content) = resume(&*store, "a").unwrap();
            let done = matches!((level, content.as_str()), (3, "three"));
            assert!(done || (level, content.as_str()) == (1, "one"), "{step:?}");
            assert!(done || killed.is_err(), "{step:?}");
            clean(&*store, 2);
            assert_eq!(resume(&*store, "a").unwrap(), (level, content), "{step:?}");
            assert_eq!(resume(&*store, "b").unwrap().0, 1);
            commit(&*store, "a", 9, b"nine");
            assert_eq!(resume(&*store, "a").unwrap().0, 9);
            litter(&name);
        }
    }
    assert!(kills >= 13, "{kills} kills only");
}

/// A commit that was prepared in full when the kill came is ended by the next process.
pub(crate) fn commit_is_finished_after_a_kill_at_each_step(open: &Open<'_>, litter: &dyn Fn(&str)) {
    let mut finished = 0;
    for (place, step) in Step::ALL.into_iter().enumerate() {
        for prepare in [false, true] {
            let name = format!("finish-{place}-{prepare}").to_lowercase();
            let faults = Faults::default();
            let store = open(&name, &faults);
            commit(&*store, "a", 1, b"one");
            commit(&*store, "b", 1, b"other");
            faults.always_at_step(step, Fault::Kill);
            let killed = try_commit(&*store, "a", 3, b"three", prepare).is_err();
            drop(store);

            let store = open(&name, &Faults::default());
            let before = resume(&*store, "a").unwrap().0;
            let ended = store.finish_commits().unwrap();
            let levels: Vec<(&str, u64)> = ended.iter().map(|s| (&*s.trial, s.level)).collect();
            let early = matches!(step, Step::Copying | Step::Synced) && killed;
            let expected: &[_] = if early || before == 3 {
                &[]
            } else {
                &[("a", 3)]
            };
            assert_eq!(levels, expected, "{step:?}");
            finished += ended.len();
            let level = if early { 1 } else { 3 };
            assert_eq!(resume(&*store, "a").unwrap().0, level, "{step:?}");
            assert_eq!(store.finish_commits().unwrap(), []);
            clean(&*store, 2);
            assert_eq!(resume(&*store, "a").unwrap().0, level, "{step:?}");
            litter(&name);
        }
    }
    assert!(finished >= 2, "{finished} only");
}

/// What was written to after it was prepared is not committed, nor what a later commit replaces.
pub(crate) fn only_what_is_whole_and_last_is_finished(
    open: &Open<'_>,
    staged: &dyn Fn(&str) -> Vec<PathBuf>,
) {
    for (name, later) in [("written-to", false), ("replaced", true)] {
        let faults = Faults::default();
        let store = open(name, &faults);
        commit(&*store, "a", 1, b"one");
        faults.at_step(Step::ManifestWritten, 1, Fault::Kill);
        try_commit(&*store, "a", 3, b"three", false).unwrap_err();
        if later {
            commit(&*store, "a", 9, b"nine");
        } else {
            for place in staged(name) {
                write(&place.join("data"), "weights", b"other");
            }
        }
        drop(store);
        let store = open(name, &Faults::default());
        assert_eq!(store.finish_commits().unwrap(), [], "{name}");
        assert_eq!(
            resume(&*store, "a").unwrap().0,
            if later { 9 } else { 1 },
            "{name}"
        );
        clean(&*store, 1);
    }
}

/// A kill at each step of a deletion leaves the checkpoint as it was, or nothing after a sweep.
pub(crate) fn deletion_survives_a_kill_at_each_step(open: &Open<'_>, litter: &dyn Fn(&str)) {
    let mut kills = 0;
    for (place, step) in Step::ALL.into_iter().enumerate() {
        let name = format!("delete-{place}");
        let faults = Faults::default();
        let store = open(&name, &faults);
        commit(&*store, "a", 1, b"one");
        commit(&*store, "b", 1, b"other");
        faults.always_at_step(step, Fault::Kill);
        let killed = store.delete("a");
        kills += u32::from(killed.is_err());
        drop(store);

        let store = open(&name, &Faults::default());
        let left = resume(&*store, "a");
        assert!(killed.is_err() || left.is_none(), "{step:?}");
        clean(&*store, if left.is_some() { 2 } else { 1 });
        assert_eq!(resume(&*store, "a"), left, "{step:?}");
        store.delete("a").unwrap();
        assert_eq!(resume(&*store, "a"), None);
        assert_eq!(resume(&*store, "b").unwrap().0, 1);
        litter(&name);
    }
    assert!(kills >= 4, "{kills} kills only");
}

/// A full disk at each step of a commit: the old checkpoint stays, and the call can be made again.
pub(crate) fn commit_survives_a_full_disk_at_each_step(open: &Open<'_>, litter: &dyn Fn(&str)) {
    let mut errors = 0;
    for (place, step) in Step::ALL.into_iter().enumerate() {
        for prepare in [false, true] {
            let name = format!("full-{place}-{prepare}").to_lowercase();
            let faults = Faults::default();
            let store = open(&name, &faults);
            commit(&*store, "a", 1, b"one");
            let staging = store.begin("a").unwrap();
            write(&staging, "weights", b"three");
            write(&staging, "optimizer/state", b"three");
            faults.at_step(step, 1, Fault::Error(std::io::ErrorKind::StorageFull));
            let failed = store.commit("a", 3, 1);
            faults.clear();
            if let Err(error) = failed {
                errors += 1;
                assert_eq!(error.io_kind(), Some(std::io::ErrorKind::StorageFull));
                if step != Step::Renamed && step != Step::Marked {
                    assert_eq!(resume(&*store, "a").unwrap().0, 1, "{step:?}");
                    store.commit("a", 3, 1).unwrap();
                }
            }
            assert_eq!(resume(&*store, "a").unwrap().0, 3, "{step:?}");
            drop(store);
            clean(&*open(&name, &Faults::default()), 1);
            litter(&name);
        }
    }
    assert!(errors >= 6, "{errors} errors only");
}

/// After a sweep there is one checkpoint for each trial, and a second sweep finds nothing.
fn clean(store: &dyn Store, checkpoints: usize) {
    let swept = store.sweep().unwrap();
    assert!(swept.failed.is_empty(), "{swept:?}");
    let swept = store.sweep().unwrap();
    assert!(nothing_swept(&swept), "{swept:?}");
    assert_eq!(store.list().unwrap().len(), checkpoints);
    assert_eq!(store.orphans(&|_| true).unwrap(), []);
}
