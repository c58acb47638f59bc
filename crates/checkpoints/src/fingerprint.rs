//! Whether anything was written below a folder, without reading it.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

/// What the system says of everything below a folder; see [`fingerprint`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Fingerprint([u8; 32]);

/// Takes the fingerprint of a folder: inode, size, time of the last write and time of the last
/// change of the folder and of every entry below it. Links are not followed, and no file is read,
/// so it takes microseconds for a handful of files.
///
/// Equal fingerprints mean that nothing was written, made, removed, or renamed in between, as far
/// as the file system's clock tells two moments apart (some milliseconds on Linux).
///
/// ```
/// use rungkeeper_checkpoints::fingerprint;
///
/// let folder = tempfile::tempdir()?;
/// std::fs::write(folder.path().join("weights"), "0.25")?;
/// let before = fingerprint(folder.path())?;
/// assert_eq!(fingerprint(folder.path())?, before);
/// std::fs::write(folder.path().join("weights"), "0.125")?;
/// assert_ne!(fingerprint(folder.path())?, before);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// The folder, or one in it, cannot be listed.
pub fn fingerprint(root: &Path) -> io::Result<Fingerprint> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&Stat::of(&fs::symlink_metadata(root)?).bytes());
    let mut open = vec![PathBuf::new()];
    while let Some(below) = open.pop() {
        let entries = fs::read_dir(root.join(&below))?;
        let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = below.join(entry.file_name());
            let name = path.as_os_str().as_encoded_bytes();
            hasher.update(&(name.len() as u64).to_le_bytes());
            hasher.update(name);
            match entry.metadata() {
                Ok(metadata) => {
                    hasher.update(&Stat::of(&metadata).bytes());
                    if metadata.is_dir() {
                        open.push(path);
                    }
                }
                // It went while the folder was read, which is a change like any other.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    hasher.update(b"gone");
                }
                Err(error) => return Err(error),
            }
        }
    }
    Ok(Fingerprint(hasher.finalize().into()))
}

/// Equal ones of the same path mean that it was not written to in between.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Stat {
    pub(crate) device: u64,
    pub(crate) inode: u64,
    pub(crate) bytes: u64,
    /// Seconds since 1970, and nanoseconds.
    pub(crate) modified: (i64, i64),
    pub(crate) changed: (i64, i64),
}

impl Stat {
    #[cfg(unix)]
    pub(crate) fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    #[cfg(not(unix))]
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let since = |time: std::time::SystemTime| time.duration_since(std::time::UNIX_EPOCH).ok();
        let modified = metadata.modified().ok().and_then(since).unwrap_or_default();
        let modified = (
            modified.as_secs() as i64,
            i64::from(modified.subsec_nanos()),
        );
        Self {
            device: 0,
            inode: 0,
            bytes: metadata.len(),
            modified,
            changed: modified,
        }
    }

    fn bytes(&self) -> [u8; 56] {
        let mut all = [0; 56];
        let numbers = [
            self.device.to_le_bytes(),
            self.inode.to_le_bytes(),
            self.bytes.to_le_bytes(),
            self.modified.0.to_le_bytes(),
            self.modified.1.to_le_bytes(),
            self.changed.0.to_le_bytes(),
            self.changed.1.to_le_bytes(),
        ];
        for (to, from) in all.chunks_exact_mut(8).zip(numbers) {
            to.copy_from_slice(&from);
        }
        all
    }
}
