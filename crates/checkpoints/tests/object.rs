//! The store in a bucket, over the bucket-like stores of the `object_store` crate.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{commit, resume, try_commit, write};
use object_store::ObjectStore as Client;
use object_store::ObjectStoreExt as _;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path as Key;
use rungkeeper_checkpoints::{
    Deleter, DeleterSettings, Fault, Faults, ObjectStore, Orphan, Step, Store, StoreError,
    conformance,
};

/// Buckets by name, so that a store can be opened again.
#[derive(Default)]
struct Buckets(Mutex<BTreeMap<String, Arc<InMemory>>>);

impl Buckets {
    fn get(&self, name: &str) -> Arc<InMemory> {
        let mut buckets = self.0.lock().unwrap();
        buckets.entry(name.to_owned()).or_default().clone()
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(future)
}

/// Keys and sizes of all objects.
fn objects(bucket: &dyn Client) -> Vec<(String, u64)> {
    use futures_util::TryStreamExt as _;
    let listed: Vec<_> = run(bucket.list(None).try_collect()).unwrap();
    let mut objects: Vec<_> = listed
        .into_iter()
        .map(|o| (o.location.to_string(), o.size))
        .collect();
    objects.sort();
    objects
}

fn open(bucket: &Arc<InMemory>, local: &Path) -> ObjectStore {
    ObjectStore::open(bucket.clone(), "runs/a", local, "run").unwrap()
}

#[test]
fn conforms_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let buckets = Buckets::default();
    conformance::all(&|name| {
        let local = folder.path().join(name);
        Box::new(ObjectStore::open(buckets.get(name), "some/prefix", &local, name).unwrap())
    });
}

#[test]
fn conforms_without_a_prefix() {
    let folder = tempfile::tempdir().unwrap();
    let buckets = Buckets::default();
    conformance::all(&|name| {
        let local = folder.path().join(name);
        Box::new(ObjectStore::open(buckets.get(name), "", &local, name).unwrap())
    });
}

#[test]
fn conforms_on_a_file_system() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = folder.path().join("bucket");
    fs::create_dir(&bucket).unwrap();
    let bucket = Arc::new(LocalFileSystem::new_with_prefix(&bucket).unwrap());
    conformance::all(&|name| {
        let local = folder.path().join("local").join(name);
        Box::new(ObjectStore::open(bucket.clone(), name, &local, name).unwrap())
    });
}

#[test]
fn survives_kills_and_full_disks_at_each_step() {
    let folder = tempfile::tempdir().unwrap();
    let buckets = Buckets::default();
    let open = |name: &str, faults: &Faults| -> Box<dyn Store> {
        let local = folder.path().join(name);
        let steps = faults.steps();
        Box::new(ObjectStore::open_with(buckets.get(name), "run", &local, name, steps).unwrap())
    };
    let litter = |name: &str| {
        for part in ["live", "trash", "bucket-trash"] {
            let left = fs::read_dir(folder.path().join(name).join(part)).unwrap();
            assert_eq!(left.count(), 0, "{part}");
        }
        // The mark; and two files and a manifest for each checkpoint.
        let objects = objects(&buckets.get(name));
        let manifests = objects
            .iter()
            .filter(|(key, _)| key.ends_with("/manifest.jsonl"));
        assert_eq!(objects.len(), 1 + 3 * manifests.count());
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

/// A local copy and one in a bucket: both are gone, and the one that costs is the one counted.
#[test]
fn cache_and_bucket() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Arc::new(InMemory::new());
    let faults = Faults::default();
    let store = ObjectStore::open_with(
        bucket.clone(),
        "runs/a",
        folder.path(),
        "run",
        faults.steps(),
    );
    let store = Arc::new(store.unwrap());
    let local = folder.path().join("checkpoints");
    commit(&*store, "a/b", 1, b"one");
    commit(&*store, "kept", 1, b"kept");
    let listed = store.list().unwrap();
    assert_eq!(
        listed[0].location,
        "runs/a/checkpoints/a=2fb/0000000001.level-1"
    );
    let in_bucket: u64 = objects(&bucket)
        .iter()
        .filter(|(k, _)| k.contains("/data/"))
        .map(|o| o.1)
        .sum();
    assert_eq!(
        listed.iter().map(|stored| stored.bytes).sum::<u64>(),
        in_bucket
    );
    assert_eq!(fs::read_dir(&local).unwrap().count(), 2);

    // The local copy is gone at once, the bytes count until the bucket's copy is gone too.
    faults.always_at_step(Step::Unmarked, Fault::Error(std::io::ErrorKind::TimedOut));
    let settings = DeleterSettings {
        threads: 1,
        first_delay: Duration::from_millis(1),
        longest_delay: Duration::from_millis(1),
    };
    let (deleter, events) = Deleter::new(store.clone(), settings);
    deleter.delete("a/b", 6);
    assert_eq!(fs::read_dir(&local).unwrap().count(), 1);
    assert_eq!(resume(&*store, "a/b"), None);
    assert_eq!(store.list().unwrap().len(), 1);
    events.recv().unwrap();
    assert_eq!(deleter.pending_bytes(), 6);
    assert_eq!(
        objects(&bucket)
            .iter()
            .filter(|(k, _)| k.contains("a=2fb"))
            .count(),
        2
    );
    faults.clear();
    assert_eq!(deleter.drain(Duration::from_secs(60)), []);
    assert_eq!(
        objects(&bucket)
            .iter()
            .filter(|(k, _)| k.contains("a=2fb"))
            .count(),
        0
    );
    assert_eq!(
        fs::read_dir(folder.path().join("trash")).unwrap().count(),
        0
    );
    assert_eq!(
        fs::read_dir(folder.path().join("bucket-trash"))
            .unwrap()
            .count(),
        0
    );
    assert_eq!(resume(&*store, "kept"), Some((1, "kept".to_owned())));
}

/// Two runs below one prefix, and foreign objects beside and among them.
#[test]
fn only_our_own() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Arc::new(InMemory::new());
    let store = open(&bucket, &folder.path().join("a"));
    let other = ObjectStore::open(
        bucket.clone(),
        "runs/ab",
        &folder.path().join("ab"),
        "other",
    );
    let other = other.unwrap();
    commit(&store, "7", 1, b"mine");
    commit(&other, "7", 1, b"other");
    let foreign = [
        "runs/notes",
        "runs/a/notes",
        "runs/a/checkpoints/7/notes",
        "runs/a/checkpoints/7/0000000001.level-1/notes",
        "runs/a/checkpoints/7/0000000001.level-1/data/deep/er",
        "runs/a/checkpoints/UPPER/0000000001.level-1/manifest.jsonl",
    ];
    for key in foreign {
        run(bucket.put(&Key::from(key), "keep".into())).unwrap();
    }
    // Another run's checkpoint that was copied here.
    let others = objects(&bucket);
    for (key, _) in others
        .iter()
        .filter(|(key, _)| key.contains("runs/ab/checkpoints"))
    {
        let copy = key.replace("runs/ab/", "runs/a/").replace("/7/", "/8/");
        run(bucket.copy(&Key::from(key.as_str()), &Key::from(copy))).unwrap();
    }
    let store = open(&bucket, &folder.path().join("a"));
    assert_eq!(store.list().unwrap().len(), 1);
    let orphans = store.orphans(&|_| true).unwrap();
    assert_eq!(orphans.len(), 6, "{orphans:?}");
    assert!(
        orphans
            .iter()
            .all(|orphan| matches!(orphan, Orphan::Foreign { .. }))
    );
    store.delete("7").unwrap();
    store.delete("8").unwrap();
    store.sweep().unwrap();
    let left = objects(&bucket);
    for key in foreign {
        assert!(left.iter().any(|(left, _)| left == key), "{key}");
    }
    assert_eq!(
        left.iter()
            .filter(|(key, _)| key.contains("runs/a/checkpoints/8/"))
            .count(),
        3
    );
    assert_eq!(resume(&other, "7"), Some((1, "other".to_owned())));
}

#[test]
fn a_lost_local_copy_is_downloaded() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Arc::new(InMemory::new());
    let first = commit(&open(&bucket, &folder.path().join("old")), "7", 3, b"three");
    // Another machine, or the directory was emptied.
    let store = open(&bucket, &folder.path().join("new"));
    assert_eq!(store.list().unwrap(), std::slice::from_ref(&first));
    assert_eq!(resume(&store, "7"), Some((3, "three".to_owned())));
    let second = commit(&store, "7", 9, b"nine");
    assert!(second.sequence > first.sequence);
    assert_eq!(store.list().unwrap().len(), 1);
    store.delete("7").unwrap();
    assert_eq!(objects(&bucket).len(), 1);
}

#[test]
fn a_broken_copy_is_named_and_the_other_one_taken() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Arc::new(InMemory::new());
    let local = folder.path().join("local");
    let store = open(&bucket, &local);
    let stored = commit(&store, "7", 3, b"three");
    let copy = local.join("checkpoints/7/0000000001.level-3/data/weights");
    fs::write(&copy, "threE").unwrap();
    let target = folder.path().join("target");
    let restored = store.restore("7", &target).unwrap();
    assert_eq!(restored.checkpoint, Some(stored.clone()));
    assert_eq!(restored.broken.len(), 1);
    assert!(restored.broken[0].location.ends_with("0000000001.level-3"));
    assert_eq!(fs::read(target.join("weights")).unwrap(), b"three");

    // Both: a changed object, a shorter one, none, and a manifest that is gone.
    let weights = Key::from(format!("{}/data/000001-weights", stored.location));
    let manifest = Key::from(format!("{}/manifest.jsonl", stored.location));
    let damages: [(&str, &Key, Option<&'static str>); 4] = [
        ("another content", &weights, Some("thrEe")),
        ("bytes instead of", &weights, Some("")),
        ("is missing", &weights, None),
        ("manifest is missing", &manifest, None),
    ];
    for (place, (reason, key, content)) in damages.into_iter().enumerate() {
        match content {
            Some(content) => drop(run(bucket.put(key, content.into())).unwrap()),
            None => run(bucket.delete(key)).unwrap(),
        }
        let target = folder.path().join(format!("target-{place}"));
        let restored = store.restore("7", &target).unwrap();
        assert_eq!(restored.checkpoint, None);
        assert!(
            restored.broken[1].reason.contains(reason),
            "{:?}",
            restored.broken
        );
        assert_eq!(fs::read_dir(&target).unwrap().count(), 0);
    }
}

#[test]
fn large_files_go_in_parts() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Arc::new(InMemory::new());
    let large: Vec<u8> = (0..20_000_003_u32).map(|i| (i % 251) as u8).collect();
    let store = open(&bucket, &folder.path().join("old"));
    let staging = store.begin("7").unwrap();
    write(&staging, "large", &large);
    let exactly = &large[..8 << 20];
    write(&staging, "exactly a part", exactly);
    store.commit("7", 1, 1).unwrap();

    let target = folder.path().join("target");
    let store = open(&bucket, &folder.path().join("new"));
    assert!(store.restore("7", &target).unwrap().checkpoint.is_some());
    assert!(fs::read(target.join("large")).unwrap() == large);
    assert!(fs::read(target.join("exactly a part")).unwrap() == exactly);
}

#[test]
fn a_bucket_that_cannot_be_used_is_an_error_and_no_loss() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("bucket");
    fs::create_dir(&place).unwrap();
    let bucket = Arc::new(LocalFileSystem::new_with_prefix(&place).unwrap());
    let local = folder.path().join("local");
    let store = ObjectStore::open(bucket, "run", &local, "run").unwrap();
    commit(&store, "7", 1, b"one");
    // Nothing can be written below a file.
    fs::rename(place.join("run"), place.join("away")).unwrap();
    fs::write(place.join("run"), "").unwrap();
    let failed = try_commit(&store, "7", 3, b"three", false).unwrap_err();
    assert!(matches!(failed, StoreError::Bucket { .. }), "{failed}");
    // A deletion needs no bucket to be decided.
    let aside = store.set_aside("7", store.sequence()).unwrap().unwrap();
    assert_eq!(resume(&store, "7"), None);
    fs::remove_file(place.join("run")).unwrap();
    fs::rename(place.join("away"), place.join("run")).unwrap();
    // The staging directory is as it was, and the call is made again.
    let committed = store.commit("7", 3, 1).unwrap();
    assert_eq!(committed.superseded, []);
    assert_eq!(resume(&store, "7"), Some((3, "three".to_owned())));
    store.purge(&aside).unwrap();
    assert_eq!(resume(&store, "7"), Some((3, "three".to_owned())));
    assert_eq!(store.list().unwrap().len(), 1);
}

/// A commit that the bucket did not take is kept here, and uploaded by the next process.
#[test]
fn what_could_not_be_uploaded_is_uploaded_later() {
    for prepare in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("bucket");
        fs::create_dir(&place).unwrap();
        let local = folder.path().join("local");
        let open = || {
            let bucket = Arc::new(LocalFileSystem::new_with_prefix(&place).unwrap());
            ObjectStore::open(bucket, "run", &local, "run")
        };
        let store = open().unwrap();
        commit(&store, "7", 1, b"one");
        fs::rename(place.join("run"), place.join("away")).unwrap();
        fs::write(place.join("run"), "").unwrap();
        let failed = try_commit(&store, "7", 3, b"three", prepare).unwrap_err();
        assert!(failed.is_unavailable(), "{failed}");
        drop(store);
        assert!(open().unwrap_err().is_unavailable());
        fs::remove_file(place.join("run")).unwrap();
        fs::rename(place.join("away"), place.join("run")).unwrap();

        let store = open().unwrap();
        assert_eq!(resume(&store, "7"), Some((1, "one".to_owned())));
        assert_eq!(store.finish_commits().unwrap().len(), 1);
        assert_eq!(resume(&store, "7"), Some((3, "three".to_owned())));
        assert!(store.sweep().unwrap().failed.is_empty());
        assert_eq!(store.list().unwrap().len(), 1);
        assert_eq!(fs::read_dir(local.join("live")).unwrap().count(), 0);
        assert_eq!(fs::read_dir(local.join("bucket-trash")).unwrap().count(), 0);
    }
}
