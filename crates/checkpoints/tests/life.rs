//! What people do to runs, as far as a store in a directory goes.
#![cfg(unix)]

mod common;

use std::fs::{self, File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use common::{commit, resume, try_commit, write};
use rungkeeper_checkpoints::{
    DirectoryStore, Fault, Faults, Step, Store, StoreError, fingerprint, size_of_files,
};

fn open(root: &Path) -> DirectoryStore {
    DirectoryStore::open(root, "run").unwrap()
}

fn begin(store: &DirectoryStore, trial: &str) -> std::path::PathBuf {
    let live = store.begin(trial).unwrap();
    write(&live, "weights", b"one");
    write(&live, "optimizer/state", b"one");
    live
}

/// A missing folder, an empty mount point and a missing mark are the same: nothing is made there,
/// and nothing is lost once the disk is back.
#[test]
fn disk_not_mounted() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("disk");
    let away = folder.path().join("away");
    let store = open(&root);
    let stored = commit(&store, "7", 1, b"one");
    let live = begin(&store, "8");
    let existing = || DirectoryStore::open_existing(&root, "run");
    assert!(existing().is_ok());
    let ruin: [&dyn Fn(); 3] = [
        &|| fs::rename(&root, &away).unwrap(),
        &|| {
            fs::rename(&root, &away).unwrap();
            fs::create_dir(&root).unwrap();
        },
        &|| {
            fs::rename(&root, &away).unwrap();
            fs::create_dir(&root).unwrap();
            write(&root, "something else", b"");
        },
    ];
    for ruin in ruin {
        ruin();
        let before = root.exists().then(|| common::tree(&root));
        let error = existing().unwrap_err();
        assert!(matches!(error, StoreError::Missing { .. }), "{error}");
        assert!(error.is_unavailable());
        let text = error.to_string();
        assert!(
            text.contains("mounted") && text.contains(&*root.to_string_lossy()),
            "{text}"
        );
        // The process that goes on takes nothing for lost, gone or deleted.
        let unavailable = |error: StoreError| assert!(error.is_unavailable(), "{error:?}");
        unavailable(store.list().unwrap_err());
        unavailable(store.find("7", 1, Some(stored.sequence)).unwrap_err());
        unavailable(store.verify("7").unwrap_err());
        unavailable(store.set_aside("7", u64::MAX).unwrap_err());
        unavailable(store.live("8").unwrap_err());
        unavailable(store.discard("8").unwrap_err());
        unavailable(store.begin("9").unwrap_err());
        unavailable(store.prepare("8", 1, 1).unwrap_err());
        unavailable(store.commit("8", 1, 1).unwrap_err());
        unavailable(store.finish_commits().unwrap_err());
        unavailable(store.sweep().unwrap_err());
        unavailable(store.orphans(&|_| true).unwrap_err());
        let target = tempfile::tempdir().unwrap();
        unavailable(store.restore("7", target.path()).unwrap_err());
        assert_eq!(root.exists().then(|| common::tree(&root)), before);
        let _ = fs::remove_dir_all(&root);
        fs::rename(&away, &root).unwrap();
    }
    assert_eq!(existing().unwrap().list().unwrap(), [stored]);
    assert!(live.join("weights").exists());
    store.commit("8", 1, 1).unwrap();
    assert_eq!(resume(&store, "8"), Some((1, "one".to_owned())));
    let other = DirectoryStore::open_existing(&root, "other").unwrap_err();
    assert!(matches!(other, StoreError::OtherRun { .. }), "{other}");
}

/// Numbers stay above all that were given, also where everything that had one is gone.
#[test]
fn number_given_twice() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for level in 1..50 {
        commit(&store, "7", level, b"one");
    }
    let highest = store.sequence();
    store.delete("7").unwrap();
    drop(store);
    fs::remove_dir_all(folder.path().join("trash")).unwrap();
    fs::remove_dir_all(folder.path().join("checkpoints")).unwrap();
    let store = open(folder.path());
    assert!(store.sequence() >= highest);
    assert!(commit(&store, "7", 1, b"one").sequence >= highest);
    drop(store);

    // A root of an earlier version has no such file, and what exists is looked at in any case.
    let numbers = folder.path().join("rungkeeper-numbers.json");
    fs::remove_file(&numbers).unwrap();
    let store = open(folder.path());
    assert!(store.sequence() > highest);
    fs::write(&numbers, r#"{"format":1,"below":5}"#).unwrap();
    assert!(open(folder.path()).sequence() > highest);
    fs::write(&numbers, "{").unwrap();
    let error = DirectoryStore::open(folder.path(), "run").unwrap_err();
    assert!(error.to_string().contains("numbers"), "{error}");
    assert!(!error.is_unavailable());
}

/// A pipe, a link or a folder where a file of the store should be: an error, and no hang.
#[test]
fn pipes_in_the_directory() {
    let folder = tempfile::tempdir().unwrap();
    for (place, name) in ["rungkeeper-store.json", "rungkeeper-numbers.json"]
        .into_iter()
        .enumerate()
    {
        let root = folder.path().join(place.to_string());
        drop(open(&root));
        let path = root.join(name);
        let _ = fs::remove_file(&path);
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        let refused = || DirectoryStore::open_existing(&root, "run").unwrap_err();
        assert!(matches!(refused(), StoreError::Refused { path: p, .. } if p.ends_with(name)));
        fs::remove_file(&path).unwrap();
        symlink("/dev/zero", &path).unwrap();
        assert!(matches!(refused(), StoreError::Refused { .. }));
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(matches!(refused(), StoreError::Refused { .. }));
    }
}

/// An absolute link that leads into the folder is kept, whichever way it is written.
#[test]
fn absolute_link() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = folder.path().join("elsewhere");
    fs::create_dir(folder.path().join("run")).unwrap();
    symlink(folder.path().join("run"), &elsewhere).unwrap();
    let store = open(&elsewhere);
    let live = begin(&store, "7");
    symlink(live.join("weights"), live.join("last")).unwrap();
    symlink(live.join("weights"), live.join("optimizer/last")).unwrap();
    symlink(&live, live.join("optimizer/root")).unwrap();
    let by_way = elsewhere.join("live/7/data/optimizer/state");
    symlink(&by_way, live.join("state")).unwrap();
    symlink("/etc/hostname", live.join("host")).unwrap();
    symlink(folder.path().join("none"), live.join("dangling")).unwrap();
    let committed = store.commit("7", 1, 1).unwrap();
    let left: Vec<&Path> = committed.left_out.iter().map(|left| &*left.path).collect();
    assert_eq!(left, [Path::new("dangling"), Path::new("host")]);
    assert!(committed.left_out[1].reason.contains("/etc/hostname"));

    let target = folder.path().join("target");
    store.restore("7", &target).unwrap();
    let leads = |link: &str, to: &str| {
        let path = fs::canonicalize(target.join(link)).unwrap();
        assert_eq!(path, fs::canonicalize(target.join(to)).unwrap(), "{link}");
    };
    leads("last", "weights");
    leads("optimizer/last", "weights");
    leads("optimizer/root", "");
    leads("state", "optimizer/state");
    assert!(fs::symlink_metadata(target.join("host")).is_err());
}

/// Later writes by another name, or by a handle that is still open, do not reach the checkpoint.
#[test]
fn hard_linked_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("run"));
    let live = begin(&store, "7");
    fs::hard_link(live.join("weights"), live.join("best")).unwrap();
    fs::set_permissions(live.join("weights"), Permissions::from_mode(0o640)).unwrap();
    let outside = folder.path().join("outside");
    fs::hard_link(live.join("weights"), &outside).unwrap();
    let mut open_file = File::options()
        .append(true)
        .open(live.join("optimizer/state"))
        .unwrap();
    let reader = File::open(live.join("weights")).unwrap();
    let times = |path: &str| fs::metadata(live.join(path)).unwrap().modified().unwrap();
    let before: Vec<_> = ["weights", "optimizer", ""].map(times).into();
    let prepared = store.prepare("7", 1, 1).unwrap();
    let stored = store.commit("7", 1, 1).unwrap().stored;
    assert_eq!(prepared.hash, stored.hash);
    fs::write(&outside, "two").unwrap();
    open_file.write_all(b" and more").unwrap();
    drop(reader);
    assert_eq!(store.verify("7").unwrap().unwrap().broken, None);
    let target = store.begin("7").unwrap();
    store.restore("7", &target).unwrap();
    assert_eq!(fs::read(target.join("weights")).unwrap(), b"one");
    assert_eq!(fs::read(target.join("optimizer/state")).unwrap(), b"one");
    let metadata = |path: &str| fs::metadata(target.join(path)).unwrap();
    assert_eq!(metadata("best").ino(), metadata("weights").ino());
    assert_eq!(metadata("weights").mode() & 0o777, 0o640);
    let after: Vec<_> = ["weights", "optimizer", ""].map(times).into();
    assert_eq!(after, before);
}

/// A file that nobody else can write to is moved, not copied.
#[test]
fn what_is_nobody_elses_is_not_copied() {
    let folder = tempfile::tempdir().unwrap();
    let faults = Faults::default();
    let store = DirectoryStore::open_with(folder.path(), "run", faults.steps()).unwrap();
    let live = begin(&store, "7");
    let reader = File::open(live.join("weights")).unwrap();
    let inode = reader.metadata().unwrap().ino();
    let stored = store.commit("7", 1, 1).unwrap().stored;
    assert_eq!(faults.reached(Step::Copying), 0);
    let committed = Path::new(&stored.location).join("data/weights");
    assert_eq!(fs::metadata(committed).unwrap().ino(), inode);
}

/// What was hashed while the program waited is read again only if it changed.
#[test]
fn what_was_prepared_is_not_read_again_unless_it_changed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let live = begin(&store, "7");
    let before = fingerprint(&live).unwrap();
    let prepared = store.prepare("7", 1, 1).unwrap();
    assert_eq!(fingerprint(&live).unwrap(), before);
    // A write that no time tells of: only one that reads would notice.
    let path = live.join("weights");
    let committed = store.commit("7", 1, 1).unwrap().stored;
    assert_eq!(committed.hash, prepared.hash);

    // The same size, at once after the hash, and the old time put back.
    let live = begin(&store, "7");
    store.prepare("7", 2, 1).unwrap();
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    fs::write(&path, "two").unwrap();
    File::open(&path).unwrap().set_modified(time).unwrap();
    assert_ne!(fingerprint(&live).unwrap(), before);
    let changed = store.commit("7", 2, 1).unwrap().stored;
    assert_ne!(changed.hash, prepared.hash);
    assert_eq!(store.verify("7").unwrap().unwrap().broken, None);
}

/// Level 9 is broken, level 3 is whole beside it: the sweep looks before it removes.
#[test]
fn older_level_is_there() {
    for broken in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let faults = Faults::default();
        let store = DirectoryStore::open_with(folder.path(), "run", faults.steps()).unwrap();
        commit(&store, "7", 3, b"three");
        faults.always_at_step(Step::Renamed, Fault::Kill);
        try_commit(&store, "7", 9, b"nine", true).unwrap_err();
        let store = open(folder.path());
        let newest = store.list().unwrap().pop().unwrap();
        assert_eq!(newest.level, 9);
        if broken {
            let weights = Path::new(&newest.location).join("data/weights");
            fs::write(weights, "ni").unwrap();
        }
        let swept = store.sweep().unwrap();
        assert_eq!(swept.aside, usize::from(!broken));
        let verified = store.verify("7").unwrap().unwrap();
        assert_eq!(
            (verified.stored.level, verified.broken.is_some()),
            (9, broken)
        );
        if broken {
            let reason = verified.broken.unwrap().reason;
            assert!(reason.contains("2 bytes instead of 4"), "{reason}");
        }
        let target = tempfile::tempdir().unwrap();
        let restored = store.restore("7", target.path()).unwrap();
        let level = if broken { 3 } else { 9 };
        assert_eq!(restored.checkpoint.unwrap().level, level);
    }
}

/// What a run of the earlier layout left in its staging folder is finished if it was prepared, and swept if not.
#[test]
fn a_run_of_the_earlier_layout_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let store = open(root);
    commit(&store, "7", 1, b"one");
    begin(&store, "7");
    store.prepare("7", 3, 2).unwrap();
    begin(&store, "8");
    drop(store);
    fs::create_dir(root.join("staging")).unwrap();
    fs::rename(root.join("live/7"), root.join("staging/7@0000000005")).unwrap();
    fs::rename(root.join("live/8"), root.join("staging/8@0000000006")).unwrap();
    fs::remove_dir(root.join("live")).unwrap();
    fs::remove_file(root.join("rungkeeper-numbers.json")).unwrap();
    let store = open(root);
    assert!(store.sequence() > 6);
    let finished = store.finish_commits().unwrap();
    assert_eq!(finished.len(), 1);
    assert_eq!((finished[0].level, finished[0].attempt), (3, 2));
    let swept = store.sweep().unwrap();
    assert_eq!((swept.half_written, swept.aside), (1, 1), "{swept:?}");
    assert_eq!(resume(&store, "7"), Some((3, "one".to_owned())));
    assert_eq!(fs::read_dir(root.join("staging")).unwrap().count(), 0);
    assert!(store.orphans(&|_| true).unwrap().is_empty());
}

/// An earlier manifest tells neither modes nor times.
#[test]
fn a_checkpoint_of_the_earlier_layout_is_restored() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("run"));
    let stored = commit(&store, "7", 1, b"one");
    let place = Path::new(&stored.location).join("manifest.jsonl");
    let text = fs::read_to_string(&place).unwrap();
    let mut manifest: serde_json::Value =
        serde_json::from_str(text.lines().next().unwrap()).unwrap();
    manifest.as_object_mut().unwrap().remove("folders").unwrap();
    for file in manifest["files"].as_array_mut().unwrap() {
        file.as_object_mut().unwrap().remove("attributes").unwrap();
    }
    let body = manifest.to_string();
    let seal = blake3::hash(body.as_bytes()).to_hex();
    fs::write(&place, format!("{body}\n{{\"seal\":\"{seal}\"}}\n")).unwrap();
    assert_eq!(store.list().unwrap(), [stored]);
    assert_eq!(resume(&store, "7"), Some((1, "one".to_owned())));
}

/// A commit that fails leaves the folder to the program that uses it.
#[test]
fn live_folder() {
    let folder = tempfile::tempdir().unwrap();
    let faults = Faults::default();
    let store = DirectoryStore::open_with(folder.path(), "run", faults.steps()).unwrap();
    let live = begin(&store, "7");
    let inode = fs::metadata(&live).unwrap().ino();
    for step in [Step::Synced, Step::ManifestWritten] {
        faults.at_step(step, 1, Fault::Error(std::io::ErrorKind::StorageFull));
        let error = store.commit("7", 1, 1).unwrap_err();
        assert!(error.is_unavailable());
        assert_eq!(store.live("7").unwrap().as_ref(), Some(&live));
        assert_eq!(fs::metadata(&live).unwrap().ino(), inode);
    }
    write(&live, "weights", b"end");
    write(&live, "optimizer/state", b"end");
    store.commit("7", 2, 1).unwrap();
    assert_eq!(resume(&store, "7"), Some((2, "end".to_owned())));
}

/// A program that puts a link where its folder is fails alone, and what is behind it stays.
#[test]
fn parent_becomes_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let precious = folder.path().join("precious");
    write(&precious, "file", b"precious");
    let store = open(&folder.path().join("run"));
    let live = begin(&store, "7");
    for replaced in [live.clone(), live.parent().unwrap().to_owned()] {
        fs::remove_dir_all(&replaced).unwrap();
        symlink(&precious, &replaced).unwrap();
        for error in [
            store.prepare("7", 1, 1).unwrap_err(),
            store.commit("7", 1, 1).unwrap_err(),
        ] {
            assert!(!error.is_unavailable(), "{error}");
        }
        assert_eq!(begin(&store, "7"), live);
        assert_eq!(fs::read(precious.join("file")).unwrap(), b"precious");
    }
    store.commit("7", 1, 1).unwrap();
}

/// A file with several names takes its room once.
#[test]
fn second_names_take_no_room() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let live = begin(&store, "7");
    fs::hard_link(live.join("weights"), live.join("best")).unwrap();
    assert_eq!(size_of_files(&live), 6);
    assert_eq!(store.prepare("7", 1, 1).unwrap().bytes, 6);
    assert_eq!(store.commit("7", 1, 1).unwrap().stored.bytes, 6);
}
