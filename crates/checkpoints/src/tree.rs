//! Directories of files, never following links.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use crate::StoreError;
use crate::attributes::Mended;
use crate::fingerprint::Stat;
use crate::manifest::LinkEntry;

const BUFFER: usize = 1 << 17;

/// Copies from one to the other until the end; how much it was, and its hash.
pub(crate) fn pour(from: &mut dyn Read, to: &mut dyn Write) -> Result<(u64, String), PourError> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(len) => {
                hasher.update(&buffer[..len]);
                to.write_all(&buffer[..len]).map_err(PourError::Write)?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(PourError::Read(error)),
        }
    }
    Ok((hasher.count(), hasher.finalize().to_hex().to_string()))
}

/// On which side a copy failed.
pub(crate) enum PourError {
    Read(io::Error),
    Write(io::Error),
}

/// Reads a file, unless it is something else.
pub(crate) fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a small file of the store's own; none if it is not there.
pub(crate) fn read_own(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    const LONGEST: u64 = 1 << 20;
    let mut bytes = Vec::new();
    let read = open_regular(path).and_then(|file| file.take(LONGEST).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(StoreError::Refused {
            path: path.to_owned(),
            reason: "a file of the store should be here, and no link, pipe or directory",
        }),
        Err(error) => Err(StoreError::place("read", path)(error)),
    }
}

/// Opens a file to read, unless it is something else: a link would lead elsewhere, and opening a
/// pipe would never end.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.custom_flags(flags.bits().cast_signed());
    }
    let file = options.open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::ErrorKind::InvalidData.into())
    }
}

/// Makes a file that nobody else can read before it gets the mode it is to have.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

/// Lets a new file take the content of another without copying it, where the file system can: each
/// is changed for itself later on.
#[cfg(target_os = "linux")]
pub(crate) fn share_blocks(source: &File, target: &File) -> bool {
    rustix::fs::ioctl_ficlone(target, source).is_ok()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn share_blocks(_: &File, _: &File) -> bool {
    false
}

/// Makes the directories of a checkpoint below `root`.
pub(crate) fn make_dirs<'a>(
    root: &Path,
    directories: impl Iterator<Item = &'a str>,
    files: impl Iterator<Item = &'a str>,
) -> Result<(), StoreError> {
    let parents = files.filter_map(|file| Some(file.rsplit_once('/')?.0));
    for directory in directories.chain(parents) {
        let path = root.join(directory);
        fs::create_dir_all(&path).map_err(StoreError::io("make", &path))?;
    }
    Ok(())
}

/// Makes the links of a checkpoint below `root`; last of all, so that nothing is written through
/// one.
pub(crate) fn make_links(root: &Path, links: &[LinkEntry]) -> Result<(), StoreError> {
    for link in links {
        let path = root.join(&link.path);
        symlink(&link.target, &path).map_err(StoreError::io("make the link", &path))?;
    }
    Ok(())
}

/// Sum of the sizes of the files below a directory, links not followed; what cannot be read counts
/// nothing, and a file with several names once. So much a checkpoint takes that is committed from
/// it.
#[must_use]
pub fn size(root: &Path) -> u64 {
    let mut sum = 0_u64;
    let mut seen = BTreeSet::new();
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => open.push(entry.path()),
                Ok(metadata) if metadata.is_file() => {
                    let stat = Stat::of(&metadata);
                    if cfg!(not(unix)) || seen.insert((stat.device, stat.inode)) {
                        sum = sum.saturating_add(metadata.len());
                    }
                }
                _ => {}
            }
        }
    }
    sum
}

/// Bytes of what is at a path: of a directory all files below it, as [`size`] counts them; of a file or a link itself. None where
/// nothing is.
///
/// ```
/// use rungkeeper_checkpoints::size_at;
///
/// assert!(size_at("src".as_ref()) > size_at("src/lib.rs".as_ref()));
/// assert_eq!(size_at("nowhere".as_ref()), None);
/// ```
#[must_use]
pub fn size_at(path: &Path) -> Option<u64> {
    let found = fs::symlink_metadata(path).ok()?;
    Some(if found.is_dir() {
        size(path)
    } else {
        found.len()
    })
}

/// The entries of a directory.
pub(crate) fn read_dir(path: &Path) -> Result<Vec<fs::DirEntry>, StoreError> {
    fs::read_dir(path)
        .and_then(Iterator::collect)
        .map_err(StoreError::io("list", path))
}

/// As [`read_dir`], and nothing where there is no such directory.
pub(crate) fn read_dir_if_any(path: &Path) -> Result<Vec<fs::DirEntry>, StoreError> {
    match fs::read_dir(path).and_then(Iterator::collect) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        other => other.map_err(StoreError::place("list", path)),
    }
}

/// Whether something is there, and that it is a directory, not a link to one.
pub(crate) fn is_real_dir(path: &Path) -> Result<bool, StoreError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => Ok(true),
        Ok(_) => Err(StoreError::Refused {
            path: path.to_owned(),
            reason: "a directory of the store should be here, and no link or file",
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(StoreError::place("look at", path)(error)),
    }
}

/// Makes a directory unless it is there; whether it was made.
pub(crate) fn ensure_dir(path: &Path) -> Result<bool, StoreError> {
    if is_real_dir(path)? {
        return Ok(false);
    }
    fs::create_dir(path).map_err(StoreError::place("make", path))?;
    Ok(true)
}

/// Writes a file so that it is there as a whole or not at all, also after a loss of power.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let partial = path.with_extension("partial");
    let written = write_synced(&partial, bytes).and_then(|()| rename(&partial, path));
    if let Err(error) = written {
        // On a full disk each byte counts; what is left all the same is written over.
        let _ = fs::remove_file(&partial);
        return Err(error);
    }
    path.parent().map_or(Ok(()), sync_dir)
}

/// Writes a file, over an older one if there is one, and waits until it is on the disk.
pub(crate) fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(StoreError::place("write", path))
}

pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(StoreError::place("rename", from))
}

/// Removes a directory with all that is in it; links in it as links. That it is gone already is
/// success.
pub(crate) fn remove_tree(path: &Path) -> Result<(), StoreError> {
    if !is_real_dir(path)? {
        return Ok(());
    }
    let remove = || match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !path.exists() => Ok(()),
        other => other,
    };
    let removed = match remove() {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            allow_removal(path);
            remove()
        }
        other => other,
    };
    removed.map_err(StoreError::io("remove", path))
}

/// A program may leave folders that even their owner may not change.
fn allow_removal(root: &Path) {
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        if let Ok(metadata) = fs::symlink_metadata(&directory) {
            let mut mended = Mended::default();
            mended.change(&directory, &metadata);
            mended.keep();
        }
        let entries = fs::read_dir(&directory).into_iter().flatten().flatten();
        // The type is the entry's own, so nothing behind a link is touched.
        let is_dir = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
        open.extend(entries.filter(is_dir).map(|entry| entry.path()));
    }
}

#[cfg(unix)]
pub(crate) fn sync_dir(path: &Path) -> Result<(), StoreError> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(StoreError::io("write to the disk", path))
}

/// Other systems write directories down by themselves.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
pub(crate) fn sync_dir(_: &Path) -> Result<(), StoreError> {
    Ok(())
}

#[cfg(unix)]
pub(crate) fn sync_file(path: &Path, opened: &File) -> Result<(), StoreError> {
    opened
        .sync_all()
        .map_err(StoreError::io("write to the disk", path))
}

/// Other systems want a file open for writing.
#[cfg(not(unix))]
pub(crate) fn sync_file(path: &Path, _: &File) -> Result<(), StoreError> {
    fs::OpenOptions::new()
        .write(true)
        .open(path)
        .and_then(|file| file.sync_all())
        .map_err(StoreError::io("write to the disk", path))
}

#[cfg(unix)]
fn symlink(target: &str, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(not(unix))]
fn symlink(_: &str, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
