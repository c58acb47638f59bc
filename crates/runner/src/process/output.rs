//! What a trial printed, as a file: bounded, with its head and its tail.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::fs::OFlags;

/// Stands where something was left out.
const CUT: &[u8] = b"\n[more was printed than is kept: a part is left out here]\n";

/// The output of a trial's processes, one after the other.
///
/// Programs append their errors to `TRIAL.log` by themselves, so that they can go on when the runner is gone; what they
/// print is appended beside. Half of the bytes that are kept are the head. Whenever the file is longer than is kept, what
/// is behind the head is replaced by the last of it.
#[derive(Debug)]
pub(crate) struct Output {
    path: PathBuf,
    most: u64,
    /// The file, once something was written; none after an error.
    file: Mutex<Option<Open>>,
}

/// The file, and how much was appended since its length was looked at.
#[derive(Debug)]
struct Open {
    file: File,
    appended: u64,
}

impl Output {
    pub(crate) fn new(path: PathBuf, most: u64) -> Self {
        Self {
            path,
            most,
            file: Mutex::default(),
        }
    }

    /// The file's place.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file, for a program to append to.
    pub(crate) fn open(&self) -> io::Result<File> {
        let named = |error: io::Error| {
            let text = format!("its output, {}: {error}", self.path.display());
            io::Error::new(error.kind(), text)
        };
        open(&self.path).map_err(named)
    }

    /// Appends what was printed. The copy is for people: a disk that is full is noticed where it matters.
    pub(crate) fn write(&self, bytes: &[u8]) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let written = self.append(&mut file, bytes);
        if written.is_err() {
            *file = None; // opened anew with the next line
        }
    }

    fn append(&self, kept: &mut Option<Open>, bytes: &[u8]) -> io::Result<()> {
        let Open { file, appended } = match kept.take() {
            Some(open) => open,
            None => Open {
                file: self.open()?,
                appended: self.most,
            },
        };
        (&file).write_all(bytes)?;
        let mut appended = appended.saturating_add(bytes.len() as u64);
        // Not after each line: that would be another system call each.
        let too_long = appended >= self.most / 20 && {
            appended = 0;
            file.metadata()?.len() > self.most
        };
        *kept = Some(Open { file, appended });
        if too_long {
            self.cut()?;
        }
        Ok(())
    }

    /// Whether there is more than is kept.
    pub(crate) fn is_too_long(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|file| file.len() > self.most)
    }

    /// Keeps it within bounds, by a thread: what programs print as errors they write by themselves.
    pub(crate) fn bound(self: &Arc<Self>) {
        if self.is_too_long() {
            let output = Arc::clone(self);
            // If not now, then a second later.
            let _ = thread::Builder::new().spawn(move || output.trim());
        }
    }

    /// Keeps the head and the last of what is behind it. A line that is printed at this moment may be lost.
    pub(crate) fn trim(&self) {
        let _one_at_a_time = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_too_long() {
            let _ = self.cut(); // tried again with the next line
        }
    }

    fn cut(&self) -> io::Result<()> {
        let file = open(&self.path)?;
        let (head, length) = (self.most / 2, file.metadata()?.len());
        // Less than is kept in all, so that the next line does not cut again.
        let tail = self.most / 20 * 9;
        let mut last = Vec::new();
        let mut reader = &file;
        reader.seek(SeekFrom::Start(head.max(length.saturating_sub(tail))))?;
        reader.take(tail).read_to_end(&mut last)?;
        file.set_len(head)?;
        (&file).write_all(CUT)?;
        (&file).write_all(&last)
    }

    /// The last lines, for a person who looks for an error.
    pub(crate) fn last_lines(&self, most: usize) -> Vec<String> {
        let text = read_end(&self.path).unwrap_or_default();
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        let first = lines.len().saturating_sub(most);
        lines[first..].iter().map(|&line| line.to_owned()).collect()
    }
}

/// Opens a file to append to it; nothing is written through a link.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut options = File::options();
    options.create(true).read(true).append(true);
    options.custom_flags(flags.bits().cast_signed());
    match options.open(path) {
        // Somebody made room by removing the folder: what programs print is for people alone.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir(path.parent().unwrap_or(path)).and_then(|()| options.open(path))
        }
        opened => opened,
    }
}

fn read_end(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(1 << 13)))?;
    let mut bytes = Vec::new();
    file.take(1 << 13).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_and_tail_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let output = Output::new(folder.path().join("7.log"), 10_000);
        for number in 0..5_000 {
            output.write(format!("line {number}\n").as_bytes());
        }
        let kept = fs::read_to_string(folder.path().join("7.log")).unwrap();
        assert!((9_000..=10_000).contains(&kept.len()), "{}", kept.len());
        assert!(kept.starts_with("line 0\nline 1\n"), "{kept}");
        assert_eq!(kept.matches("a part is left out").count(), 1);
        assert_eq!(output.last_lines(2), ["line 4998", "line 4999"]);
        // The trial's next process goes on at the end.
        Output::new(folder.path().join("7.log"), 10_000).write(b"again\n");
        assert_eq!(output.last_lines(1), ["again"]);
    }

    #[test]
    fn what_cannot_be_opened_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("7.log");
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &path).unwrap();
        let error = Output::new(path, 10_000).open().unwrap_err().to_string();
        assert!(error.contains("7.log"), "{error}");
    }

    #[test]
    fn a_folder_that_was_removed_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let output = Output::new(folder.path().join("output/7.log"), 10_000);
        output.write(b"first\n");
        fs::remove_dir_all(folder.path().join("output")).unwrap();
        output.open().unwrap();
        let nowhere = folder.path().join("no/output/7.log");
        assert!(Output::new(nowhere, 10_000).open().is_err());
    }

    /// A program writes its errors by itself.
    #[test]
    fn what_programs_append_is_cut_as_well() {
        let folder = tempfile::tempdir().unwrap();
        let output = Output::new(folder.path().join("7.log"), 8_000);
        let mut program = output.open().unwrap();
        output.write(b"first\n");
        program.write_all(&vec![b'x'; 100_000]).unwrap();
        assert!(output.is_too_long());
        output.trim();
        assert!(!output.is_too_long());
        program.write_all(b"\nlast\n").unwrap();
        assert_eq!(output.last_lines(1), ["last"]);
    }
}
