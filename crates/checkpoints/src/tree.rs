//! Directories of files, never following links.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use crate::manifest::{Content, FileEntry, LinkEntry, stays_inside};
use crate::{LeftOut, StoreError};

const BUFFER: usize = 1 << 17;

/// What lies below a directory.
#[derive(Debug, Default)]
pub(crate) struct Scanned {
    /// Sorted; sizes and hashes are not filled in.
    pub(crate) content: Content,
    pub(crate) left_out: Vec<LeftOut>,
}

/// Looks at what lies below a directory, and at what of it a checkpoint cannot keep.
pub(crate) fn scan(root: &Path) -> Result<Scanned, StoreError> {
    let mut scanned = Scanned::default();
    let content = &mut scanned.content;
    let mut open = vec![String::new()];
    while let Some(parent) = open.pop() {
        for entry in read_dir(&root.join(&parent))? {
            let path = entry.path();
            let mut leave_out = |reason: String| {
                scanned.left_out.push(LeftOut {
                    path: path.strip_prefix(root).unwrap_or(&path).to_owned(),
                    reason,
                });
            };
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                leave_out("its name is not Unicode".to_owned());
                continue;
            };
            let below = if parent.is_empty() {
                name.to_owned()
            } else {
                format!("{parent}/{name}")
            };
            let kind = entry
                .file_type()
                .map_err(StoreError::io("look at", &path))?;
            if kind.is_dir() {
                content.directories.push(below.clone());
                open.push(below);
            } else if kind.is_file() {
                content.files.push(FileEntry {
                    path: below,
                    bytes: 0,
                    hash: String::new(),
                });
            } else if kind.is_symlink() {
                match link(&path, below)? {
                    Ok(link) => content.links.push(link),
                    Err(reason) => leave_out(reason),
                }
            } else {
                leave_out("it is a pipe, a socket or a device".to_owned());
            }
        }
    }
    content.files.sort_by(|a, b| a.path.cmp(&b.path));
    content.links.sort_by(|a, b| a.path.cmp(&b.path));
    content.directories.sort();
    scanned.left_out.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(scanned)
}

/// Fills in sizes and hashes, and waits until everything is on the disk.
pub(crate) fn sync(root: &Path, content: &mut Content) -> Result<(), StoreError> {
    for file in &mut content.files {
        let path = root.join(&file.path);
        let mut opened = File::open(&path).map_err(StoreError::io("open", &path))?;
        let poured = pour(&mut opened, &mut io::sink());
        let (bytes, hash) =
            poured.map_err(|error| StoreError::io("read", &path)(error.into_inner()))?;
        file.bytes = bytes;
        file.hash = hash;
        sync_file(&path, &opened)?;
    }
    // Deeper ones come later in the order.
    for directory in content.directories.iter().rev() {
        sync_dir(&root.join(directory))?;
    }
    sync_dir(root)
}

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

impl PourError {
    fn into_inner(self) -> io::Error {
        match self {
            Self::Read(error) | Self::Write(error) => error,
        }
    }
}

/// Reads a file, unless it is something else: a pipe would never end.
pub(crate) fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    if fs::symlink_metadata(path)?.is_file() {
        fs::read(path)
    } else {
        Err(io::ErrorKind::InvalidData.into())
    }
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
/// nothing. So much a checkpoint takes that is committed from it.
#[must_use]
pub fn size(root: &Path) -> u64 {
    let mut sum = 0_u64;
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => open.push(entry.path()),
                Ok(metadata) if metadata.is_file() => sum = sum.saturating_add(metadata.len()),
                _ => {}
            }
        }
    }
    sum
}

/// The entries of a directory.
pub(crate) fn read_dir(path: &Path) -> Result<Vec<fs::DirEntry>, StoreError> {
    fs::read_dir(path)
        .and_then(Iterator::collect)
        .map_err(StoreError::io("list", path))
}

/// As [`read_dir`], and nothing where there is no such directory.
pub(crate) fn read_dir_if_any(path: &Path) -> Result<Vec<fs::DirEntry>, StoreError> {
    match read_dir(path) {
        Err(error) if error.io_kind() == Some(io::ErrorKind::NotFound) => Ok(Vec::new()),
        other => other,
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
        Err(error) => Err(StoreError::io("look at", path)(error)),
    }
}

/// Makes a directory unless it is there; whether it was made.
pub(crate) fn ensure_dir(path: &Path) -> Result<bool, StoreError> {
    if is_real_dir(path)? {
        return Ok(false);
    }
    fs::create_dir(path).map_err(StoreError::io("make", path))?;
    Ok(true)
}

/// Writes a file so that it is there as a whole or not at all, also after a loss of power.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let partial = path.with_extension("partial");
    write_synced(&partial, bytes)?;
    rename(&partial, path)?;
    path.parent().map_or(Ok(()), sync_dir)
}

/// Writes a file, over an older one if there is one, and waits until it is on the disk.
pub(crate) fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(StoreError::io("write", path))
}

pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(StoreError::io("rename", from))
}

/// Removes a directory with all that is in it; links in it as links. That it is gone already is
/// success.
pub(crate) fn remove_tree(path: &Path) -> Result<(), StoreError> {
    if !is_real_dir(path)? {
        return Ok(());
    }
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !path.exists() => Ok(()),
        other => other.map_err(StoreError::io("remove", path)),
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
fn sync_file(path: &Path, opened: &File) -> Result<(), StoreError> {
    opened
        .sync_all()
        .map_err(StoreError::io("write to the disk", path))
}

/// Other systems want a file open for writing.
#[cfg(not(unix))]
fn sync_file(path: &Path, _: &File) -> Result<(), StoreError> {
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

/// A link of a checkpoint; the inner error says why it cannot be kept.
fn link(path: &Path, below: String) -> Result<Result<LinkEntry, String>, StoreError> {
    let target = fs::read_link(path).map_err(StoreError::io("read the link", path))?;
    Ok(match target.to_str() {
        Some(text) if cfg!(unix) && stays_inside(&below, text) => Ok(LinkEntry {
            path: below,
            target: text.to_owned(),
        }),
        Some(text) => Err(format!("it is a link to {text:?}, outside the checkpoint")),
        None => Err("it is a link to a name that is not Unicode".to_owned()),
    })
}
