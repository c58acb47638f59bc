//! What buckets do to runs: listings that lack something, connections that are reset, a bucket that
//! is not there.

mod common;

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{commit, resume, try_commit, write};
use futures_util::stream::{self, BoxStream, StreamExt as _};
use object_store::memory::InMemory;
use object_store::path::Path as Key;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore as Client, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use rungkeeper_checkpoints::{Fault, Faults, ObjectStore, Step, Store, StoreError};

/// A bucket with moods.
#[derive(Debug, Default)]
struct Moody {
    bucket: InMemory,
    /// Number of listings that are answered without any entry.
    empty_listings: AtomicUsize,
    /// Listings lack the objects whose keys contain this.
    unlisted: Mutex<Option<&'static str>>,
    /// Number of deletions that end in a connection reset, after or before they were done.
    resets: AtomicUsize,
    requests: Mutex<BTreeSet<&'static str>>,
}

impl fmt::Display for Moody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("moody")
    }
}

fn taken(count: &AtomicUsize) -> bool {
    let less = |count: usize| count.checked_sub(1);
    count
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
        .is_ok()
}

#[async_trait::async_trait]
impl Client for Moody {
    async fn put_opts(&self, to: &Key, what: PutPayload, how: PutOptions) -> Result<PutResult> {
        self.bucket.put_opts(to, what, how).await
    }

    async fn put_multipart_opts(
        &self,
        to: &Key,
        how: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.bucket.put_multipart_opts(to, how).await
    }

    async fn get_opts(&self, from: &Key, how: GetOptions) -> Result<GetResult> {
        self.bucket.get_opts(from, how).await
    }

    fn delete_stream(
        &self,
        keys: BoxStream<'static, Result<Key>>,
    ) -> BoxStream<'static, Result<Key>> {
        if taken(&self.resets) {
            self.requests.lock().unwrap().insert("reset");
            let source = std::io::Error::from(std::io::ErrorKind::ConnectionReset).into();
            let store = "moody";
            return stream::iter([Err(Error::Generic { store, source })]).boxed();
        }
        self.bucket.delete_stream(keys)
    }

    fn list(&self, prefix: Option<&Key>) -> BoxStream<'static, Result<ObjectMeta>> {
        if taken(&self.empty_listings) {
            self.requests.lock().unwrap().insert("empty");
            return stream::empty().boxed();
        }
        let unlisted = *self.unlisted.lock().unwrap();
        let listed = move |object: &Result<ObjectMeta>| {
            let lacks = |object: &ObjectMeta| {
                unlisted.is_some_and(|part| object.location.as_ref().contains(part))
            };
            !object.as_ref().is_ok_and(lacks)
        };
        let all = self.bucket.list(prefix);
        all.filter(move |object| std::future::ready(listed(object)))
            .boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Key>) -> Result<ListResult> {
        self.bucket.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Key, to: &Key, how: CopyOptions) -> Result<()> {
        self.bucket.copy_opts(from, to, how).await
    }
}

fn open(bucket: &Arc<Moody>, local: &Path) -> ObjectStore {
    ObjectStore::open_existing(bucket.clone(), "run", local, "run")
        .or_else(|_| ObjectStore::open(bucket.clone(), "run", local, "run"))
        .unwrap()
}

/// A bucket answers its listings with nothing: what is asked for by its key is there, with its local
/// copy and without, and no sweep takes anything.
#[test]
fn listing_lies() {
    for copies in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let bucket = Arc::new(Moody::default());
        let store = open(&bucket, folder.path());
        let mut stored = Vec::new();
        for trial in ["1", "2", "3", "4", "5"] {
            stored.push(commit(&store, trial, 1, trial.as_bytes()));
        }
        drop(store);
        if !copies {
            fs::remove_dir_all(folder.path().join("checkpoints")).unwrap();
        }
        bucket.empty_listings.store(2, Ordering::SeqCst);
        let store = open(&bucket, folder.path());
        let listed = store.list().unwrap().len();
        assert_eq!(listed, if copies { 5 } else { 0 });
        assert!(bucket.requests.lock().unwrap().contains("empty"));
        bucket.empty_listings.store(20, Ordering::SeqCst);
        for stored in &stored {
            let found = store.find(&stored.trial, 1, Some(stored.sequence));
            assert_eq!(found.unwrap().as_ref(), Some(stored));
        }
        assert_eq!(store.list().unwrap(), stored);
        assert!(store.sweep().unwrap().failed.is_empty());
        bucket.empty_listings.store(0, Ordering::SeqCst);
        assert_eq!(store.list().unwrap(), stored);
        for stored in &stored {
            let resumed = resume(&store, &stored.trial);
            assert_eq!(resumed, Some((1, stored.trial.clone())));
        }
    }
}

/// The local directory is gone, and the listing of the bucket is empty: no number is given again, so
/// nothing is written over.
#[test]
fn number_given_twice() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Arc::new(Moody::default());
    let first = commit(&open(&bucket, &folder.path().join("old")), "7", 1, b"one");
    bucket.empty_listings.store(1, Ordering::SeqCst);
    let store = open(&bucket, &folder.path().join("new"));
    let second = commit(&store, "7", 1, b"two");
    assert!(second.sequence > first.sequence);
    let found = store.find("7", 1, Some(first.sequence)).unwrap();
    assert_eq!(found, Some(first));
    assert_eq!(resume(&store, "7"), Some((1, "two".to_owned())));
    drop(store);
    let sequence = open(&bucket, &folder.path().join("new")).sequence();
    assert!(sequence > second.sequence);
}

/// Listings lack the mark: the data is not taken for half of an upload.
#[test]
fn a_listing_without_marks_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Arc::new(Moody::default());
    let stored = commit(&open(&bucket, &folder.path().join("old")), "7", 1, b"one");
    *bucket.unlisted.lock().unwrap() = Some("manifest.jsonl");
    let store = open(&bucket, &folder.path().join("new"));
    let swept = store.sweep().unwrap();
    assert_eq!((swept.half_written, swept.aside), (0, 0), "{swept:?}");
    *bucket.unlisted.lock().unwrap() = None;
    assert_eq!(store.list().unwrap(), [stored]);
    assert_eq!(resume(&store, "7"), Some((1, "one".to_owned())));
}

/// What is in the local directory only counts when it is asked for, and is restored.
#[test]
fn a_local_copy_counts_when_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Arc::new(Moody::default());
    let stored = commit(&open(&bucket, folder.path()), "7", 1, b"one");
    let emptied = Arc::new(Moody::default());
    let mark = ObjectStore::open(emptied.clone(), "run", &folder.path().join("other"), "run");
    drop(mark.unwrap());
    let store = open(&emptied, folder.path());
    assert_eq!(store.list().unwrap(), []);
    let found = store.find("7", 1, Some(stored.sequence)).unwrap().unwrap();
    assert_eq!(found.hash, stored.hash);
    assert_eq!(store.find("7", 1, None).unwrap(), Some(found));
    assert_eq!(resume(&store, "7"), Some((1, "one".to_owned())));
}

/// A connection reset at a deletion: it is tried again, without a word.
#[test]
fn deletion_refused() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Arc::new(Moody::default());
    let store = open(&bucket, folder.path());
    commit(&store, "7", 1, b"one");
    commit(&store, "8", 1, b"one");
    bucket.resets.store(1, Ordering::SeqCst);
    store.delete("7").unwrap();
    assert!(bucket.requests.lock().unwrap().contains("reset"));
    // More often than the patience allows, which is none here: it stays aside.
    bucket.resets.store(2, Ordering::SeqCst);
    let error = store.delete("8").unwrap_err();
    assert!(error.is_unavailable(), "{error}");
    assert_eq!(store.list().unwrap(), []);
    assert_eq!(store.sweep().unwrap().aside, 1);
}

/// A bucket without the mark is not the run's, and gets none.
#[test]
fn a_bucket_that_is_not_there_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Arc::new(Moody::default());
    let store = open(&bucket, folder.path());
    let stored = commit(&store, "7", 1, b"one");
    drop(store);
    let empty = Arc::new(Moody::default());
    let existing = |bucket: &Arc<Moody>, local: &Path| {
        ObjectStore::open_existing(bucket.clone(), "run", local, "run")
    };
    for local in [folder.path().to_owned(), folder.path().join("new")] {
        let error = existing(&empty, &local).unwrap_err();
        assert!(matches!(error, StoreError::Missing { .. }), "{error}");
        assert!(error.to_string().contains("moody/run"), "{error}");
    }
    assert!(!folder.path().join("new").exists());
    let store = existing(&bucket, &folder.path().join("new")).unwrap();
    assert_eq!(store.list().unwrap(), [stored]);
}

/// The newest level is broken, here and in the bucket: the older one is not swept.
#[test]
fn older_level_is_there() {
    for (broken, aside) in [("both", 0), ("copy", 1), ("bucket", 1)] {
        let folder = tempfile::tempdir().unwrap();
        let bucket = Arc::new(Moody::default());
        let faults = Faults::default();
        let steps = faults.steps();
        let store = ObjectStore::open_with(bucket.clone(), "run", folder.path(), "run", steps);
        let store = store.unwrap();
        commit(&store, "7", 3, b"three");
        faults.always_at_step(Step::Renamed, Fault::Kill);
        try_commit(&store, "7", 9, b"nine", false).unwrap_err();
        drop(store);
        let store = open(&bucket, folder.path());
        let newest = store.list().unwrap().pop().unwrap();
        assert_eq!(newest.level, 9);
        let (_, stamp) = newest.location.rsplit_once('/').unwrap();
        if broken != "bucket" {
            let copy = folder.path().join("checkpoints/7").join(stamp);
            fs::write(copy.join("data/weights"), "ni").unwrap();
        }
        if broken != "copy" {
            use object_store::ObjectStoreExt as _;
            let key = Key::from(format!("{}/data/000001-weights", newest.location));
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            let put = bucket.bucket.put(&key, "ni".into());
            runtime.unwrap().block_on(put).unwrap();
        }
        let verified = store.verify("7").unwrap().unwrap();
        assert_eq!(verified.broken.is_some(), aside == 0, "{broken}");
        assert_eq!(store.sweep().unwrap().aside, aside, "{broken}");
        let target = tempfile::tempdir().unwrap();
        let level = store.restore("7", target.path()).unwrap().checkpoint;
        assert_eq!(level.unwrap().level, if aside == 0 { 3 } else { 9 });
    }
}

/// What a program left comes back from the bucket as well.
#[cfg(unix)]
#[test]
fn as_it_was_left_without_a_local_copy() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
    let folder = tempfile::tempdir().unwrap();
    let bucket = Arc::new(Moody::default());
    let store = open(&bucket, &folder.path().join("old"));
    let live = store.begin("7").unwrap();
    write(&live, "steps/9/secret", b"four");
    fs::hard_link(live.join("steps/9/secret"), live.join("best")).unwrap();
    symlink(live.join("steps/9"), live.join("last")).unwrap();
    let sparse = fs::File::create(live.join("sparse")).unwrap();
    sparse.set_len(9 << 20).unwrap();
    let mode = fs::Permissions::from_mode(0o600);
    fs::set_permissions(live.join("best"), mode).unwrap();
    let look = |root: &Path, path: &str| {
        let metadata = fs::symlink_metadata(root.join(path)).unwrap();
        (metadata.mode(), metadata.mtime(), metadata.mtime_nsec())
    };
    let paths = ["best", "steps", "steps/9", "sparse", ""];
    let before = paths.map(|path| look(&live, path));
    let stored = store.commit("7", 1, 1).unwrap().stored;
    drop(store);
    let store = open(&bucket, &folder.path().join("new"));
    assert_eq!(store.list().unwrap(), [stored]);
    let target = store.begin("7").unwrap();
    assert!(store.restore("7", &target).unwrap().checkpoint.is_some());
    assert_eq!(paths.map(|path| look(&target, path)), before);
    let metadata = |path: &str| fs::metadata(target.join(path)).unwrap();
    assert_eq!(metadata("best").ino(), metadata("last/secret").ino());
    assert!(metadata("sparse").blocks() * 512 < 1 << 20);
    assert_eq!(metadata("sparse").len(), 9 << 20);
    assert_eq!(store.verify("7").unwrap().unwrap().broken, None);
}

#[test]
fn the_wrong_place_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Arc::new(Moody::default());
    let local = folder.path().join("local");
    drop(ObjectStore::open(bucket.clone(), "runs/run", &local, "run").unwrap());
    let open_as = |bucket: &Arc<Moody>, prefix: &str, local: &Path, run: &str| {
        ObjectStore::open(bucket.clone(), prefix, local, run).unwrap_err()
    };
    let other = open_as(&bucket, "runs/run", &folder.path().join("other"), "other");
    assert!(matches!(other, StoreError::OtherRun { .. }), "{other}");
    let above = open_as(&bucket, "runs", &folder.path().join("above"), "run");
    assert!(matches!(above, StoreError::NotAStore { .. }), "{above}");
    // The right directory with another bucket: nothing is taken for lost.
    let lost = open_as(&Arc::default(), "runs/run", &local, "run");
    assert!(matches!(lost, StoreError::Lost { .. }), "{lost}");
    let open_address =
        |address| ObjectStore::from_address(address, [], Duration::from_secs(1), &local, "run");
    let unknown = open_address("what://bucket").unwrap_err();
    assert!(unknown.to_string().contains("what://bucket"), "{unknown}");
    assert!(open_address("no address").is_err());
}

#[test]
fn an_asynchronous_task_is_told_instead_of_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&Arc::default(), folder.path());
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(async {
        let error = store.list().unwrap_err();
        assert!(matches!(error, StoreError::InAsyncTask), "{error}");
        drop(store);
    });
}
