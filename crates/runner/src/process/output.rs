//! What a trial printed, as a file: bounded, with its head and its tail.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::OFlags;

/// The output of a trial's processes, one after the other.
///
/// Up to half of the bytes that are kept go to `TRIAL.log`, the head. What comes then goes to `TRIAL.tail.log`; whenever
/// that has a quarter of the bytes it becomes `TRIAL.tail.old.log`, and what was there before is gone. So the head and
/// at least the last quarter are kept.
#[derive(Debug)]
pub(crate) struct Output {
    path: PathBuf,
    most: u64,
    /// The file that is written, and its length; none before the first line, and after an error.
    state: Mutex<Option<(File, u64)>>,
}

impl Output {
    pub(crate) fn new(path: PathBuf, most: u64) -> Self {
        Self {
            path,
            most,
            state: Mutex::default(),
        }
    }

    /// Appends what was printed. The copy is for people: a disk that is full is noticed where it matters.
    pub(crate) fn write(&self, bytes: &[u8]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let written = self.append(&mut state, bytes);
        if written.is_err() {
            *state = None; // opened anew with the next line
        }
    }

    fn append(&self, state: &mut Option<(File, u64)>, bytes: &[u8]) -> io::Result<()> {
        let tail = self.path.with_extension("tail.log");
        let (mut file, mut length) = match state.take() {
            Some(open) => open,
            None if tail.exists() => open(&tail)?,
            None => open(&self.path)?,
        };
        let is_tail = tail.exists();
        if !is_tail && length + bytes.len() as u64 > self.most / 2 {
            let kept = self.most / 4;
            let note = format!(
                "\n[more than is kept: it goes on in {}, of which the last {kept} bytes or more are kept]\n",
                tail.file_name().unwrap_or_default().display()
            );
            file.write_all(note.as_bytes())?;
            (file, length) = open(&tail)?;
        } else if is_tail && length + bytes.len() as u64 > self.most / 4 {
            fs::rename(&tail, self.path.with_extension("tail.old.log"))?;
            (file, length) = open(&tail)?;
        }
        file.write_all(bytes)?;
        *state = Some((file, length + bytes.len() as u64));
        Ok(())
    }

    /// The last lines, at most so many bytes of them, for a person who looks for an error.
    pub(crate) fn last_lines(&self, most_lines: usize) -> Vec<String> {
        let tail = self.path.with_extension("tail.log");
        let path = if tail.exists() { &tail } else { &self.path };
        let text = read_end(path).unwrap_or_default();
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        let first = lines.len().saturating_sub(most_lines);
        lines[first..].iter().map(|&line| line.to_owned()).collect()
    }
}

/// Opens a file to append to it, with its length; nothing is written through a link.
fn open(path: &Path) -> io::Result<(File, u64)> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut options = File::options();
    options.create(true).append(true);
    let file = options
        .custom_flags(flags.bits().cast_signed())
        .open(path)?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

fn read_end(path: &Path) -> io::Result<String> {
    use std::io::{Read, Seek, SeekFrom};
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
        let size = |name: &str| fs::metadata(folder.path().join(name)).unwrap().len();
        let all = size("7.log") + size("7.tail.log") + size("7.tail.old.log");
        assert!(all <= 10_000 + 200, "{all}");
        let head = fs::read_to_string(folder.path().join("7.log")).unwrap();
        assert!(
            head.starts_with("line 0\nline 1\n") && head.contains("7.tail.log"),
            "{head}"
        );
        assert_eq!(output.last_lines(2), ["line 4998", "line 4999"]);
        // The trial's next process goes on at the end.
        Output::new(folder.path().join("7.log"), 10_000).write(b"again\n");
        assert_eq!(output.last_lines(1), ["again"]);
    }
}
