//! Small files that are there as a whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

/// What is read of a file at most: it is read as a whole.
const LARGEST: u64 = 1 << 25;

/// Writes a file beside its place and renames it there, so that it is never written through a link there. `mode` is that
/// of a new file; the system's default unless given.
pub(crate) fn write(path: &Path, bytes: &[u8], mode: Option<u32>) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let partial = path.with_file_name(name);
    match fs::remove_file(&partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = File::options();
    options.write(true).create_new(true);
    if let Some(mode) = mode {
        options.mode(mode);
    }
    let written = options.open(&partial)?.write_all(bytes);
    written
        .and_then(|()| fs::rename(&partial, path))
        .inspect_err(|_| {
            // What is half there is of no use.
            let _ = fs::remove_file(&partial);
        })
}

/// Reads a small regular file; a pipe would never end.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut options = File::options();
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let file = options.read(true).custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    let refused = |reason: &str| Err(io::Error::new(io::ErrorKind::InvalidData, reason));
    if !metadata.is_file() {
        return refused("it is no regular file, but a pipe, a device or a directory");
    }
    if metadata.len() > LARGEST {
        return refused("it is larger than 32 MB");
    }
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(file, LARGEST), &mut bytes)?;
    Ok(bytes)
}

/// As [`read`], as text.
pub(crate) fn read_text(path: &Path) -> io::Result<String> {
    String::from_utf8(read(path)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is no UTF-8 text"))
}

/// Whether it is for want of room: on the disk, within a quota, or within the largest size of a file.
pub(crate) fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), FileTooLarge | QuotaExceeded | StorageFull)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (elsewhere, path) = (folder.path().join("elsewhere"), folder.path().join("file"));
        fs::write(&elsewhere, "mine").unwrap();
        for link in [&path, &folder.path().join("file.partial")] {
            std::os::unix::fs::symlink(&elsewhere, link).unwrap();
        }
        write(&path, b"new", Some(0o600)).unwrap();
        assert_eq!(read_text(&path).unwrap(), "new");
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "mine");
    }
}
