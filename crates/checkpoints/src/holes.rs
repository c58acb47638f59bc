//! Sparse files: where nothing was written, nothing is taken up.

use std::fs::{File, Metadata};
use std::io::{self, Seek as _, SeekFrom, Write};

/// Start and length of each part of a file that takes no room on the disk, in order. None where the
/// system cannot tell.
#[cfg(target_os = "linux")]
pub(crate) fn find(file: &File, metadata: &Metadata) -> Vec<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;

    use rustix::fs::{SeekFrom, seek};

    // Blocks are of 512 bytes, whatever the file system uses.
    if metadata.blocks().saturating_mul(512) >= metadata.len() {
        return Vec::new();
    }
    let end = metadata.len();
    let mut holes = Vec::new();
    let mut at = 0;
    while at < end {
        let Ok(start) = seek(file, SeekFrom::Hole(at)) else {
            break;
        };
        // No data behind the hole is an error of its own.
        let stop = seek(file, SeekFrom::Data(start)).unwrap_or(end).min(end);
        if start >= end || stop <= start {
            break;
        }
        holes.push((start, stop - start));
        at = stop;
    }
    holes
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn find(_: &File, _: &Metadata) -> Vec<(u64, u64)> {
    Vec::new()
}

/// Whether these can be the holes of a file of `bytes` bytes.
pub(crate) fn fit(holes: &[(u64, u64)], bytes: u64) -> bool {
    let mut at = 0;
    holes.iter().all(|&(start, len)| {
        let end = start.checked_add(len).filter(|&end| end <= bytes);
        let fits = start >= at && len > 0 && end.is_some();
        at = end.unwrap_or(at);
        fits
    })
}

/// Writes a new file, and leaves its holes out where only zeros would be written to them.
#[derive(Debug)]
pub(crate) struct Sparse<'a> {
    file: &'a mut File,
    holes: &'a [(u64, u64)],
    at: u64,
}

impl<'a> Sparse<'a> {
    pub(crate) fn new(file: &'a mut File, holes: &'a [(u64, u64)]) -> Self {
        Self { file, holes, at: 0 }
    }

    /// A hole at the end is a length only.
    pub(crate) fn finish(self) -> io::Result<()> {
        if self.holes.is_empty() {
            return Ok(());
        }
        self.file.set_len(self.at)
    }
}

impl Write for Sparse<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        while self.holes.first().is_some_and(|h| h.0 + h.1 <= self.at) {
            self.holes = &self.holes[1..];
        }
        let (start, len) = self.holes.first().copied().unwrap_or((u64::MAX, 0));
        let inside = start <= self.at;
        let until = if inside { start + len } else { start };
        let part = usize::try_from(until - self.at).unwrap_or(usize::MAX);
        let part = &bytes[..part.min(bytes.len())];
        let written = if inside && part.iter().all(|&byte| byte == 0) {
            let behind = self.at + part.len() as u64;
            self.file.seek(SeekFrom::Start(behind))?;
            part.len()
        } else {
            self.file.write(part)?
        };
        self.at += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_zeros_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut content = vec![0_u8; 100_000];
        content[50_000..60_000].fill(7);
        content[99_000] = 1;
        // The last one claims what is no zero.
        let holes = [(0, 50_000), (60_000, 30_000), (95_000, 5_000)];
        assert!(fit(&holes, 100_000));
        let mut file = File::create_new(&path).unwrap();
        let mut sparse = Sparse::new(&mut file, &holes);
        for part in content.chunks(777) {
            sparse.write_all(part).unwrap();
        }
        sparse.finish().unwrap();
        assert!(fs::read(&path).unwrap() == content);
    }

    #[test]
    fn holes_made_up_are_refused() {
        for holes in [
            [(5, 6), (11, 1)],
            [(0, 2), (1, 2)],
            [(0, 0), (1, 1)],
            [(0, 1), (9, 2)],
            [(0, 1), (u64::MAX, 2)],
        ] {
            assert!(!fit(&holes, 10), "{holes:?}");
        }
        assert!(fit(&[(0, 2), (2, 8)], 10));
    }
}
