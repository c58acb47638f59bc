//! Modes and times, as a program left them.

use std::fs::{self, Metadata, Permissions};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What is kept of a file or folder beside its content.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Attributes {
    /// Permission bits, and of a folder the bit that hands its group on.
    pub(crate) mode: u32,
    /// When it was written to last: seconds since 1970, and nanoseconds.
    pub(crate) modified: (i64, u32),
}

/// A file is never restored with the right to become another user.
const OF_FILES: u32 = 0o777;
const OF_FOLDERS: u32 = 0o3777;

#[cfg(unix)]
impl Attributes {
    #[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
    pub(crate) fn of(metadata: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let mask = if metadata.is_dir() {
            OF_FOLDERS
        } else {
            OF_FILES
        };
        Some(Self {
            mode: metadata.mode() & mask,
            modified: (metadata.mtime(), metadata.mtime_nsec() as u32),
        })
    }

    /// Gives them to a file or folder, which must be no link.
    pub(crate) fn apply(self, path: &Path) -> io::Result<()> {
        self.apply_time(path)?;
        let folder = fs::symlink_metadata(path)?.is_dir();
        let mask = if folder { OF_FOLDERS } else { OF_FILES };
        set_mode(path, self.mode & mask)
    }

    /// The time only.
    pub(crate) fn apply_time(self, path: &Path) -> io::Result<()> {
        use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_OMIT, utimensat};
        let time = |tv_sec, tv_nsec| Timespec { tv_sec, tv_nsec };
        let times = Timestamps {
            last_access: time(0, UTIME_OMIT),
            last_modification: time(self.modified.0, i64::from(self.modified.1)),
        };
        Ok(utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW)?)
    }
}

/// Other systems keep neither.
#[cfg(not(unix))]
impl Attributes {
    pub(crate) fn of(_: &Metadata) -> Option<Self> {
        None
    }

    #[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
    pub(crate) fn apply(self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    #[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
    pub(crate) fn apply_time(self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Rights that were added so that a folder could be read, and that are taken away again when this
/// is dropped, unless they are kept.
#[derive(Debug, Default)]
pub(crate) struct Mended(Vec<(PathBuf, u32)>);

impl Mended {
    /// Gives the owner the rights that are needed to read a file or folder, if they are missing.
    /// `metadata` is the path's own, so it is no link.
    pub(crate) fn read(&mut self, path: &Path, metadata: &Metadata) {
        let needed = if metadata.is_dir() { 0o500 } else { 0o400 };
        self.mend(path, metadata, needed);
    }

    /// As [`Mended::read`], those that are needed to remove and rename what is in a folder.
    pub(crate) fn change(&mut self, folder: &Path, metadata: &Metadata) {
        self.mend(folder, metadata, 0o700);
    }

    fn mend(&mut self, path: &Path, metadata: &Metadata, needed: u32) {
        let Some(old) = mode_of(metadata) else { return };
        // Without the right to change it, the call that needs it says so.
        if old & needed != needed && set_mode(path, old | needed).is_ok() {
            self.0.push((path.to_owned(), old));
        }
    }

    /// The files belong to the store now.
    pub(crate) fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Mended {
    fn drop(&mut self) {
        for (path, mode) in self.0.drain(..).rev() {
            // What is gone meanwhile needs no mode.
            let _ = set_mode(&path, mode);
        }
    }
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
fn mode_of(metadata: &Metadata) -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;
    Some(metadata.mode() & 0o7777)
}

#[cfg(not(unix))]
fn mode_of(_: &Metadata) -> Option<u32> {
    None
}
