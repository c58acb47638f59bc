use std::fmt;
use std::fs::File;
use std::future::Future;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStoreExt, PutPayload, WriteMultipart};
use tokio::runtime::{Builder, Handle, Runtime};

use super::listing::{DATA, Group, Key, Listing};
use crate::directory::{MARKER, Whole};
use crate::manifest::{self, FileEntry};
use crate::{Step, Steps, StoreError};

/// Requests under way at once.
const AT_ONCE: usize = 8;
/// Larger files are uploaded in parts of at least this size.
const PART: usize = 8 << 20;
/// Between the first two tries of a deletion; later pauses are twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// Stores allow 10,000 parts.
const MOST_PARTS: u64 = 9_000;

/// A prefix of a bucket, with calls that block.
pub(super) struct Bucket {
    client: Arc<dyn object_store::ObjectStore>,
    prefix: ObjectPath,
    /// For how long a deletion is tried again.
    patience: Duration,
    /// None only while it is dropped.
    runtime: Option<Runtime>,
}

impl Bucket {
    pub(super) fn new(
        client: Arc<dyn object_store::ObjectStore>,
        prefix: &str,
        patience: Duration,
    ) -> Result<Self, StoreError> {
        let prefix = ObjectPath::parse(prefix).map_err(failed("use", prefix))?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(failed("start a runtime for", prefix.as_ref()))?;
        Ok(Self {
            client,
            prefix,
            patience,
            runtime: Some(runtime),
        })
    }

    pub(super) fn place(&self) -> String {
        format!("{}/{}", self.client, self.prefix)
    }

    pub(super) fn location(&self, key: &Key) -> String {
        self.path(&key.folder()).to_string()
    }

    pub(super) fn is_empty(&self) -> Result<bool, StoreError> {
        let listing = self.client.list(Some(&self.prefix));
        let first = self.run(async { listing.take(1).try_collect::<Vec<_>>().await })?;
        Ok(first
            .map_err(failed("list", self.prefix.as_ref()))?
            .is_empty())
    }

    pub(super) fn get_marker(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.run(self.get(self.path(MARKER)))?
    }

    pub(super) fn put_marker(&self, bytes: Vec<u8>) -> Result<(), StoreError> {
        self.put(&self.path(MARKER), bytes)
    }

    /// The manifests of checkpoints, in the same order; none for those that are gone.
    pub(super) fn get_manifests(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let paths: Vec<ObjectPath> = keys.iter().map(|key| self.manifest(key)).collect();
        let reads = paths.into_iter().map(|path| self.get(path));
        let read = stream::iter(reads).buffered(AT_ONCE).try_collect();
        self.run(read)?
    }

    pub(super) fn put_manifest(&self, key: &Key, bytes: Vec<u8>) -> Result<(), StoreError> {
        self.put(&self.manifest(key), bytes)
    }

    pub(super) fn delete_manifest(&self, key: &Key) -> Result<(), StoreError> {
        self.delete(&[self.manifest(key)])
    }

    /// Deletes objects; those that are gone already are none to worry about. The client itself does
    /// not try again after a connection reset where it deletes several objects by one request.
    pub(super) fn delete(&self, paths: &[ObjectPath]) -> Result<(), StoreError> {
        let first = paths.first().map(ToString::to_string).unwrap_or_default();
        let once = || {
            let paths: Vec<_> = paths.iter().cloned().map(Ok).collect();
            let paths = stream::iter(paths).boxed();
            let deletions = self.client.delete_stream(paths);
            async {
                match deletions.try_for_each(|_| async { Ok(()) }).await {
                    Err(object_store::Error::NotFound { .. }) => Ok(()),
                    other => other,
                }
            }
        };
        let began = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let Err(error) = self.run(once())? else {
                return Ok(());
            };
            // The second try is always made; the error of a right that is lacking stays.
            let again = matches!(error, object_store::Error::Generic { .. });
            let tried = pause > FIRST_PAUSE;
            if !again || (tried && began.elapsed() + pause >= self.patience) {
                return Err(failed("delete", &first)(error));
            }
            std::thread::sleep(pause);
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
    }

    /// What lies below a folder of the prefix.
    pub(super) fn list(&self, folder: &str) -> Result<Listing, StoreError> {
        let below = self.path(folder);
        let objects = self.client.list(Some(&below));
        let objects = self.run(objects.try_collect::<Vec<_>>())?;
        let mut listing = Listing::default();
        for object in objects.map_err(failed("list", below.as_ref()))? {
            listing.add(&self.prefix, object);
        }
        Ok(listing)
    }

    pub(super) fn list_everything(&self) -> Result<Listing, StoreError> {
        self.list("")
    }

    pub(super) fn list_one(&self, key: &Key) -> Result<Group, StoreError> {
        let mut listing = self.list(&key.folder())?;
        Ok(listing.groups.remove(key).unwrap_or_default())
    }

    /// Uploads the files of a checkpoint, and makes sure they are what the manifest says.
    pub(super) fn upload(
        &self,
        key: &Key,
        files: &[FileEntry],
        from: &Path,
        steps: &Steps,
    ) -> Result<(), StoreError> {
        for (place, file) in files.iter().enumerate() {
            // A second name has no object of its own.
            if file.same_as.is_some() {
                continue;
            }
            steps.reach(Step::Uploading)?;
            let path = self.data(key, place, file);
            self.run(self.upload_file(path, file, &from.join(&file.path)))??;
        }
        Ok(())
    }

    /// Downloads a file of a checkpoint; the inner error says why it is not whole. `to` is named
    /// where it cannot be written.
    pub(super) fn download(
        &self,
        key: &Key,
        place: usize,
        file: &FileEntry,
        target: &mut dyn Write,
        to: &Path,
    ) -> Result<Whole, StoreError> {
        let path = self.data(key, place, file);
        self.run(self.download_file(path, file, target, to))?
    }

    async fn get(&self, path: ObjectPath) -> Result<Option<Vec<u8>>, StoreError> {
        let read = async { self.client.get(&path).await?.bytes().await };
        match read.await {
            Ok(bytes) => Ok(Some(bytes.to_vec())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed("read", path.as_ref())(error)),
        }
    }

    fn put(&self, path: &ObjectPath, bytes: Vec<u8>) -> Result<(), StoreError> {
        let put = self.run(self.client.put(path, bytes.into()))?;
        put.map(drop).map_err(failed("write", path.as_ref()))
    }

    async fn upload_file(
        &self,
        path: ObjectPath,
        file: &FileEntry,
        from: &Path,
    ) -> Result<(), StoreError> {
        let mut source = File::open(from).map_err(StoreError::io("open", from))?;
        let mut hasher = blake3::Hasher::new();
        if file.bytes <= PART as u64 {
            let bytes = read_part(&mut source, from, PART + 1)?;
            hasher.update(&bytes);
            check_unchanged(file, &hasher, from)?;
            let put = self.client.put(&path, PutPayload::from(bytes)).await;
            return put.map(drop).map_err(failed("write", path.as_ref()));
        }
        let part = PART.max(usize::try_from(file.bytes / MOST_PARTS).unwrap_or(usize::MAX));
        let upload = self.client.put_multipart(&path).await;
        let upload = upload.map_err(failed("write", path.as_ref()))?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, part);
        let sent = async {
            loop {
                let bytes = read_part(&mut source, from, part)?;
                if bytes.is_empty() {
                    return check_unchanged(file, &hasher, from);
                }
                hasher.update(&bytes);
                let room = upload.wait_for_capacity(AT_ONCE / 2).await;
                room.map_err(failed("write", path.as_ref()))?;
                upload.put(bytes.into());
            }
        };
        match sent.await {
            Ok(()) => {
                let finished = upload.finish().await;
                finished.map(drop).map_err(failed("write", path.as_ref()))
            }
            Err(error) => {
                // What cannot be ended now is ended by the bucket's own rule.
                let _ = upload.abort().await;
                Err(error)
            }
        }
    }

    async fn download_file(
        &self,
        path: ObjectPath,
        file: &FileEntry,
        target: &mut dyn Write,
        to: &Path,
    ) -> Result<Whole, StoreError> {
        let answer = match self.client.get(&path).await {
            Ok(answer) => answer,
            Err(object_store::Error::NotFound { .. }) => {
                return Ok(Err(format!("{:?} is missing", file.path)));
            }
            Err(error) => return Err(failed("read", path.as_ref())(error)),
        };
        let mut hasher = blake3::Hasher::new();
        let mut parts = answer.into_stream();
        while let Some(bytes) = parts.next().await {
            let bytes = bytes.map_err(failed("read", path.as_ref()))?;
            hasher.update(&bytes);
            let written = target.write_all(&bytes);
            written.map_err(StoreError::io("write", to))?;
        }
        Ok(file.compare(hasher.count(), hasher.finalize().to_hex().as_str()))
    }

    fn run<F: Future>(&self, future: F) -> Result<F::Output, StoreError> {
        match &self.runtime {
            Some(runtime) if Handle::try_current().is_err() => Ok(runtime.block_on(future)),
            _ => Err(StoreError::InAsyncTask),
        }
    }

    /// The parts have no character that would be changed; an empty one is left out.
    fn path(&self, below: &str) -> ObjectPath {
        ObjectPath::from(format!("{}/{below}", self.prefix))
    }

    fn manifest(&self, key: &Key) -> ObjectPath {
        self.path(&format!("{}/{}", key.folder(), manifest::FILE))
    }

    /// The number keeps files apart; the name is for people.
    fn data(&self, key: &Key, place: usize, file: &FileEntry) -> ObjectPath {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        let plain = |c: char| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '_' | '-' => c,
            _ => '_',
        };
        let name: String = name.chars().take(40).map(plain).collect();
        self.path(&format!("{}/{DATA}/{place:06}-{name}", key.folder()))
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Does not block, so it may be dropped anywhere.
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bucket").field(&self.place()).finish()
    }
}

/// Up to `len` bytes; fewer at the end of the file only.
fn read_part(source: &mut File, path: &Path, len: usize) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    let read = source.take(len as u64).read_to_end(&mut bytes);
    read.map_err(StoreError::io("read", path))?;
    Ok(bytes)
}

fn check_unchanged(
    file: &FileEntry,
    hasher: &blake3::Hasher,
    path: &Path,
) -> Result<(), StoreError> {
    let hash = hasher.finalize().to_hex();
    file.compare(hasher.count(), hash.as_str())
        .map_err(|_| StoreError::Changed {
            path: path.to_owned(),
        })
}

fn failed<E>(action: &'static str, key: &str) -> impl FnOnce(E) -> StoreError
where
    E: std::error::Error + Send + Sync + 'static,
{
    let key = key.to_owned();
    move |error| StoreError::Bucket {
        action,
        key,
        source: Box::new(error),
    }
}
