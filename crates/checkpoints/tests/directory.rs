//! The store in a directory: what every store does, and what becomes of damage.

mod common;

use std::fs;
#[cfg(unix)]
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use common::{commit, resume, tree, try_commit, write};
use rungkeeper_checkpoints::{
    DirectoryStore, Fault, Faults, FaultyStore, Step, Store, StoreError, conformance,
};

fn open(root: &Path) -> DirectoryStore {
    DirectoryStore::open(root, "run").unwrap()
}

#[test]
fn conforms() {
    let folder = tempfile::tempdir().unwrap();
    conformance::all(&|name| {
        Box::new(DirectoryStore::open(&folder.path().join(name), name).unwrap())
    });
}

#[test]
fn conforms_inside_a_faulty_store_without_faults() {
    let folder = tempfile::tempdir().unwrap();
    conformance::all(&|name| {
        let faults = Faults::default();
        let root = folder.path().join(name);
        let store = DirectoryStore::open_with(&root, name, faults.steps()).unwrap();
        Box::new(FaultyStore::new(Box::new(store), faults))
    });
}

#[test]
fn survives_kills_and_full_disks_at_each_step() {
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str, faults: &Faults| -> Box<dyn Store> {
        let root = folder.path().join(name);
        Box::new(DirectoryStore::open_with(&root, name, faults.steps()).unwrap())
    };
    let litter = |name: &str| {
        let root = folder.path().join(name);
        for part in ["live", "trash"] {
            assert_eq!(fs::read_dir(root.join(part)).unwrap().count(), 0);
        }
        for trial in fs::read_dir(root.join("checkpoints")).unwrap() {
            assert_eq!(fs::read_dir(trial.unwrap().path()).unwrap().count(), 1);
        }
    };
    common::commit_survives_a_kill_at_each_step(&open, &litter);
    common::commit_is_finished_after_a_kill_at_each_step(&open, &litter);
    common::only_what_is_whole_and_last_is_finished(&open, &|name| {
        let staged = fs::read_dir(folder.path().join(name).join("live")).unwrap();
        staged.map(|entry| entry.unwrap().path()).collect()
    });
    common::deletion_survives_a_kill_at_each_step(&open, &litter);
    common::commit_survives_a_full_disk_at_each_step(&open, &litter);
}

/// A store that holds levels 1 and 3 of a trial, as a kill between the two parts of a commit leaves
/// it, and the directory of level 3.
fn two_levels(root: &Path) -> (DirectoryStore, std::path::PathBuf) {
    let faults = Faults::default();
    let store = DirectoryStore::open_with(root, "run", faults.steps()).unwrap();
    commit(&store, "7", 1, b"one");
    faults.always_at_step(Step::Renamed, Fault::Kill);
    try_commit(&store, "7", 3, b"three", false).unwrap_err();
    let store = open(root);
    let listed = store.list().unwrap();
    assert_eq!(listed.iter().map(|s| s.level).collect::<Vec<_>>(), [1, 3]);
    (store, listed[1].location.clone().into())
}

#[test]
fn a_broken_checkpoint_is_named_and_an_older_one_taken() {
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 9] = [
        ("is missing", |p| {
            fs::remove_file(p.join("data/weights")).unwrap();
        }),
        ("bytes instead of", |p| {
            fs::write(p.join("data/weights"), "thre").unwrap();
        }),
        ("another content", |p| {
            fs::write(p.join("data/weights"), "threE").unwrap();
        }),
        ("is missing", |p| {
            fs::remove_dir_all(p.join("data")).unwrap();
        }),
        ("no regular file", |p| {
            fs::remove_file(p.join("data/weights")).unwrap();
            fs::create_dir(p.join("data/weights")).unwrap();
        }),
        ("manifest cannot be read", |p| {
            fs::remove_file(p.join("manifest.jsonl")).unwrap();
        }),
        ("seal", |p| {
            let manifest = fs::read_to_string(p.join("manifest.jsonl")).unwrap();
            let changed = manifest.replace("\"attempt\":1", "\"attempt\":2");
            fs::write(p.join("manifest.jsonl"), changed).unwrap();
        }),
        ("cut off", |p| {
            fs::write(p.join("manifest.jsonl"), "").unwrap();
        }),
        ("seal cannot be read", |p| {
            fs::write(p.join("manifest.jsonl"), [0xff, b'\n', 0, b'{', b'\n']).unwrap();
        }),
    ];
    for (reason, damage) in damages {
        let folder = tempfile::tempdir().unwrap();
        let (store, newer) = two_levels(&folder.path().join("run"));
        damage(&newer);
        let target = folder.path().join("target");
        let restored = store.restore("7", &target).unwrap();
        assert_eq!(restored.checkpoint.map(|s| s.level), Some(1), "{reason}");
        assert_eq!(restored.broken.len(), 1);
        assert_eq!(restored.broken[0].level, 3);
        assert!(
            restored.broken[0].reason.contains(reason),
            "{:?}",
            restored.broken[0]
        );
        assert_eq!(fs::read(target.join("weights")).unwrap(), b"one");

        // Both broken: from scratch, into a directory that is still empty.
        let older = store.list().unwrap()[0].location.clone();
        damage(Path::new(&older));
        let scratch = folder.path().join("scratch");
        let restored = store.restore("7", &scratch).unwrap();
        assert_eq!(restored.checkpoint, None);
        assert_eq!(restored.broken.len(), 2);
        assert_eq!(fs::read_dir(&scratch).unwrap().count(), 0);

        // They still take room, and go like any other.
        assert_eq!(store.list().unwrap().len(), 2);
        store.delete("7").unwrap();
        assert!(store.list().unwrap().is_empty());
    }
}

#[test]
fn a_sweep_keeps_the_older_one_while_the_newer_has_no_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let (store, newer) = two_levels(folder.path());
    fs::remove_file(newer.join("manifest.jsonl")).unwrap();
    store.sweep().unwrap();
    let listed = store.list().unwrap();
    assert_eq!(listed.len(), 2);
    assert!(listed[0].damaged.is_none() && listed[1].damaged.is_some());
    drop(store);

    let (store, _) = two_levels(&folder.path().join("whole"));
    assert_eq!(store.sweep().unwrap().aside, 1);
    assert_eq!(resume(&store, "7"), Some((3, "three".to_owned())));
}

#[test]
fn what_an_old_process_adds_to_a_checkpoint_is_not_restored() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("run"));
    let stored = commit(&store, "7", 1, b"one");
    write(Path::new(&stored.location), "data/late", b"late");
    let target = folder.path().join("target");
    assert!(store.restore("7", &target).unwrap().checkpoint.is_some());
    assert!(!target.join("late").exists());
}

/// What cannot be kept is named, and the rest is committed.
#[cfg(unix)]
#[test]
fn pipes_and_odd_names_are_left_out_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let staging = store.begin("7").unwrap();
    write(&staging, "weights", b"one");
    write(&staging, "optimizer/state", b"one");
    let made = std::process::Command::new("mkfifo")
        .arg(staging.join("pipe\n1"))
        .status();
    assert!(made.unwrap().success());
    let odd = std::ffi::OsStr::from_bytes(b"\xff");
    fs::write(staging.join(odd), "x").unwrap();
    fs::create_dir(staging.join("optimizer").join(odd)).unwrap();
    let prepared = store.prepare("7", 1, 1).unwrap();
    let committed = store.commit("7", 1, 1).unwrap();
    assert_eq!(committed.left_out, prepared.left_out);
    let named: Vec<(&Path, bool)> = committed
        .left_out
        .iter()
        .map(|left| (&*left.path, left.reason.contains("Unicode")))
        .collect();
    let below = Path::new("optimizer").join(odd);
    let expected = [
        (&*below, true),
        (Path::new("pipe\n1"), false),
        (Path::new(odd), true),
    ];
    assert_eq!(named, expected);
    assert_eq!(committed.stored.bytes, 6);
    assert_eq!(resume(&store, "7"), Some((1, "one".to_owned())));
}

#[cfg(unix)]
#[test]
fn a_pipe_in_place_of_a_manifest_does_not_hold_anything_up() {
    let folder = tempfile::tempdir().unwrap();
    let (store, newer) = two_levels(folder.path());
    let manifest = newer.join("manifest.jsonl");
    fs::remove_file(&manifest).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&manifest).status();
    assert!(made.unwrap().success());
    assert!(store.list().unwrap()[1].damaged.is_some());
    store.delete("7").unwrap();
    assert!(tree(&folder.path().join("checkpoints")).is_empty());
}

#[test]
fn a_large_tree_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("run"));
    let staging = store.begin("7").unwrap();
    for i in 0..1_500 {
        write(
            &staging,
            &format!("{}/{}/{i}", i % 7, i % 11),
            &[i as u8; 3],
        );
    }
    assert_eq!(store.commit("7", 1, 1).unwrap().stored.bytes, 4_500);
    let target = folder.path().join("target");
    store.restore("7", &target).unwrap();
    assert_eq!(
        tree(&target)
            .values()
            .filter(|file| file.len() == 3)
            .count(),
        1_500
    );
    store.delete("7").unwrap();
}

#[test]
fn a_store_is_opened_by_its_own_run_only() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("run");
    drop(open(&root));
    let other = DirectoryStore::open(&root, "other").unwrap_err();
    assert!(matches!(other, StoreError::OtherRun { .. }), "{other}");
    let not_empty = DirectoryStore::open(folder.path(), "run").unwrap_err();
    assert!(
        matches!(not_empty, StoreError::NotAStore { .. }),
        "{not_empty}"
    );
    fs::write(root.join("rungkeeper-store.json"), "{").unwrap();
    let damaged = DirectoryStore::open(&root, "run").unwrap_err();
    assert!(matches!(damaged, StoreError::NotAStore { .. }), "{damaged}");

    // A kill while the mark was written.
    let begun = folder.path().join("begun");
    fs::create_dir(&begun).unwrap();
    fs::write(begun.join("rungkeeper-store.partial"), "{\"for").unwrap();
    assert!(open(&begun).orphans(&|_| true).unwrap().is_empty());
}

#[test]
fn a_name_made_up_does_not_use_the_numbers_up() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    commit(&store, "7", 1, b"one");
    let made_up = "checkpoints/7/18446744073709551615.level-1";
    fs::create_dir(folder.path().join(made_up)).unwrap();
    let store = open(folder.path());
    assert!(store.sequence() < 100);
    commit(&store, "7", 3, b"three");
    assert_eq!(resume(&store, "7").unwrap().0, 3);
    assert!(folder.path().join(made_up).exists());
}
