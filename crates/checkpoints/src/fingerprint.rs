//! Whether anything was written below a folder, without reading it.

use std::fs::Metadata;
use std::io;
use std::path::Path;

/// What the system says of everything below a folder; see [`fingerprint`].
#[cfg(unix)]
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
#[cfg(unix)]
pub fn fingerprint(root: &Path) -> io::Result<Fingerprint> {
    use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, fstat, openat, statat};
    use rustix::io::Errno;

    // Beside a report each: no path is walked twice.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut hasher = blake3::Hasher::new();
    let mut root = Dir::new(openat(CWD, root, flags, Mode::empty())?)?;
    let mut left = vec![Vec::new()];
    while let Some(below) = left.pop() {
        let mut folder;
        let entries = if below.is_empty() {
            &mut root
        } else {
            folder = match openat(root.fd()?, below.as_slice(), flags, Mode::empty()) {
                // It went while the folder was read, which is a change like any other.
                Err(Errno::NOENT | Errno::NOTDIR) => continue,
                opened => Dir::new(opened?)?,
            };
            &mut folder
        };
        hasher.update(&stat_bytes(&fstat(entries.fd()?)?));
        let names = entries
            .by_ref()
            .map(|entry| Ok(entry?.file_name().to_owned()));
        let mut names = names.collect::<io::Result<Vec<_>>>()?;
        names.sort();
        for name in names {
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let path = [&below, name.to_bytes()].concat();
            hasher.update(&(path.len() as u64).to_le_bytes());
            hasher.update(&path);
            match statat(entries.fd()?, &name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => {
                    hasher.update(&stat_bytes(&stat));
                    if FileType::from_raw_mode(stat.st_mode).is_dir() {
                        left.push([&path, &b"/"[..]].concat());
                    }
                }
                Err(Errno::NOENT) => {
                    hasher.update(b"gone");
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(Fingerprint(hasher.finalize().into()))
}

/// What tells two states of an entry apart. The numbers have other types elsewhere.
#[cfg(unix)]
#[allow(
    clippy::cast_lossless,
    clippy::unnecessary_cast,
    clippy::cast_possible_wrap
)]
fn stat_bytes(stat: &rustix::fs::Stat) -> [u8; 56] {
    let numbers = [
        stat.st_dev as u64,
        stat.st_ino as u64,
        stat.st_size as u64,
        stat.st_mtime as u64,
        stat.st_mtime_nsec as u64,
        stat.st_ctime as u64,
        stat.st_ctime_nsec as u64,
    ];
    let mut all = [0; 56];
    for (to, from) in all.chunks_exact_mut(8).zip(numbers) {
        to.copy_from_slice(&from.to_le_bytes());
    }
    all
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
}
