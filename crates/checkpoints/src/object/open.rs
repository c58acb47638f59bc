//! Opening a store in a bucket.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::bucket::Bucket;
use super::listing::Key;
use super::tombstones::Tombstones;
use super::{Known, ObjectStore, client};
use crate::directory::{DirectoryStore, Marker};
use crate::{Steps, Store as _, StoreError};

/// Whether a store was made in the bucket before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Made {
    Before,
    MayBe,
}

impl ObjectStore {
    /// Opens the store of a run below a prefix of a bucket, and makes it if there is nothing.
    ///
    /// # Errors
    ///
    /// Prefix or directory hold something else, or another run's store; the prefix lacks the mark
    /// that the directory says was left there; or one of them cannot be used.
    pub fn open(
        bucket: Arc<dyn object_store::ObjectStore>,
        prefix: &str,
        local: &Path,
        run: &str,
    ) -> Result<Self, StoreError> {
        Self::open_with(bucket, prefix, local, run, Steps::default())
    }

    /// Opens the store of a run by the address of its place in a bucket: `s3://bucket/prefix`,
    /// `gs://bucket/prefix`, `az://container/prefix` (features `aws`, `gcp` and `azure`), or
    /// `file:///folder` for a file system.
    ///
    /// `options` are the client's, by the names of its environment variables, such as
    /// `AWS_ENDPOINT` or `aws_access_key_id`, in upper or lower case; [`client_environment`] hands
    /// over those of the environment. Others are passed over. A request that fails because the
    /// bucket cannot be reached, or is not well, is made again until `patience` is over; each try
    /// has the client's own time limits (5 s for the connection, 30 s in all unless an option says
    /// otherwise).
    ///
    /// # Errors
    ///
    /// As [`ObjectStore::open`]; or the address or an option cannot be used.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime, UNIX_EPOCH};
    /// use rungkeeper_checkpoints::{ObjectStore, client_environment};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let bucket = folder.path().join("bucket");
    /// std::fs::create_dir(&bucket)?;
    /// let address = format!("file://{}/my-run", bucket.display());
    /// let local = folder.path().join("local");
    /// let patience = Duration::from_secs(180);
    /// let store =
    ///     ObjectStore::from_address(&address, client_environment(), patience, &local, "my-run")?;
    /// # drop(store);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// [`client_environment`]: crate::client_environment
    pub fn from_address(
        address: &str,
        options: impl IntoIterator<Item = (String, String)>,
        patience: Duration,
        local: &Path,
        run: &str,
    ) -> Result<Self, StoreError> {
        let bucket = client::open(address, options, patience)?;
        Self::load(bucket, local, run, Steps::default(), Made::MayBe)
    }

    /// As [`ObjectStore::open`], with a hook that is called at each step; for tests.
    ///
    /// # Errors
    ///
    /// As [`ObjectStore::open`].
    pub fn open_with(
        bucket: Arc<dyn object_store::ObjectStore>,
        prefix: &str,
        local: &Path,
        run: &str,
        steps: Steps,
    ) -> Result<Self, StoreError> {
        let bucket = Bucket::new(bucket, prefix, Duration::ZERO)?;
        Self::load(bucket, local, run, steps, Made::MayBe)
    }

    /// Opens the store of a run where one was made before, and never makes one in the bucket: for a
    /// run whose log holds checkpoints. The local directory is made anew if it is gone, since what
    /// was in it is in the bucket.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`]: the prefix lacks the mark that a store leaves in it. Or as
    /// [`ObjectStore::open`].
    pub fn open_existing(
        bucket: Arc<dyn object_store::ObjectStore>,
        prefix: &str,
        local: &Path,
        run: &str,
    ) -> Result<Self, StoreError> {
        let bucket = Bucket::new(bucket, prefix, Duration::ZERO)?;
        Self::load(bucket, local, run, Steps::default(), Made::Before)
    }

    /// As [`ObjectStore::open_existing`], by address as [`ObjectStore::from_address`].
    ///
    /// # Errors
    ///
    /// As both of them.
    pub fn from_address_existing(
        address: &str,
        options: impl IntoIterator<Item = (String, String)>,
        patience: Duration,
        local: &Path,
        run: &str,
    ) -> Result<Self, StoreError> {
        let bucket = client::open(address, options, patience)?;
        Self::load(bucket, local, run, Steps::default(), Made::Before)
    }

    fn load(
        bucket: Bucket,
        local: &Path,
        run: &str,
        steps: Steps,
        made: Made,
    ) -> Result<Self, StoreError> {
        if made == Made::Before && bucket.get_marker()?.is_none() {
            return Err(StoreError::Missing {
                place: bucket.place(),
            });
        }
        let cache = DirectoryStore::open_with(local, run, steps)?;
        let trash = cache.root().join(crate::BUCKET_TRASH);
        let was_here = trash.exists();
        if check_marker(&bucket, run, was_here)? && !was_here {
            // The local directory is gone, and with it the numbers that were given. A listing that
            // lacks something must not give one of them again, so they go on at the time.
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            let now = now.map_or(0, |now| now.as_millis());
            cache.exceed(u64::try_from(now).unwrap_or(0));
        }
        let tombstones = Tombstones::load(&trash)?;
        let listing = bucket.list(&Key::all())?;
        let numbers = listing.groups.keys().map(|key| key.stamp.sequence);
        let highest = numbers.chain(tombstones.highest()).max().unwrap_or(0);
        cache.exceed(highest);
        let first = cache.sequence();
        let store = Self {
            cache,
            bucket,
            first,
            state: Mutex::new(Known {
                stored: BTreeMap::new(),
                tombstones,
            }),
        };
        let mut marked = listing.marked();
        marked.retain(|key| !store.known().tombstones.contains(key));
        for (key, state) in store.manifests(marked)? {
            if let Some(stored) = store.stored(&key, &state, listing.bytes(&key)) {
                store.known().insert(key.name, key.stamp, stored);
            }
        }
        store.ask_for_the_unlisted()?;
        Ok(store)
    }
}

/// Whether the bucket's mark was there before.
fn check_marker(bucket: &Bucket, run: &str, was_here: bool) -> Result<bool, StoreError> {
    let place = || bucket.place();
    match bucket.get_marker()? {
        Some(bytes) => Marker::check(&bytes, run, &place()).map(|()| true),
        None if was_here => Err(StoreError::Lost { place: place() }),
        None if bucket.is_empty()? => bucket.put_marker(Marker::bytes(run)).map(|()| false),
        None => Err(StoreError::NotAStore { place: place() }),
    }
}
