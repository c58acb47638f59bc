//! Files that a command writes: never through a link, and whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

/// Writes a file beside its place and moves it there.
///
/// A link at that place is replaced, and what it points to stays as it is: a link in a run's folder
/// may lead to a file that matters. Whoever reads the file meanwhile finds the old one or the new
/// one. A device or pipe that a person named, `/dev/stdout` for example, is written to.
pub(crate) fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let written = if is_device(path) {
        File::options()
            .write(true)
            .open(path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
    } else {
        replace(path, text)
    };
    written.with_context(|| format!("cannot write {}", path.display()))
}

/// A new file in place of what is there, for what is written bit by bit: a link at that place is
/// removed, and what it points to stays as it is.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // A link that somebody makes in between is an error.
    File::options().write(true).create_new(true).open(path)
}

/// Neither a file nor a folder, where links lead.
fn is_device(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// As [`write()`], for a place in a run's folder: nobody named it, so a pipe there is replaced as well.
pub(crate) fn write_in_folder(path: &Path, text: &str) -> anyhow::Result<()> {
    replace(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    if fs::symlink_metadata(path).is_ok_and(|found| found.is_dir()) {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let (beside, mut file) = beside(path)?;
    let moved = file
        .write_all(text.as_bytes())
        .and_then(|()| fs::rename(&beside, path));
    if moved.is_err() {
        let _ = fs::remove_file(&beside);
    }
    moved
}

/// A new file in the same folder. It must not be there yet: then no link can be in its place either.
fn beside(path: &Path) -> io::Result<(PathBuf, File)> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let id = std::process::id();
    let mut number = 0;
    loop {
        let mut new = std::ffi::OsString::from(".");
        new.push(name);
        new.push(format!(".{id}.{number}"));
        let beside = path.with_file_name(new);
        match File::options().write(true).create_new(true).open(&beside) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 1000 => {
                number += 1;
            }
            opened => return opened.map(|file| (beside, file)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn files_are_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.html");
        for text in ["first", "second"] {
            write(&path, text).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            assert_eq!(names(folder.path()), 1);
        }
        let nowhere = folder.path().join("no/where.html");
        let error = format!("{:#}", write(&nowhere, "text").unwrap_err());
        assert!(
            error.contains("cannot write ") && error.contains("where.html"),
            "{error}"
        );
        assert!(write(folder.path(), "text").is_err());
        assert_eq!(names(folder.path()), 1);
    }

    /// Neither a file that is there nor one that is not yet is written through a link.
    #[cfg(unix)]
    #[test]
    fn links_in_the_directory() {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let mine = outside.path().join("mine");
        fs::write(&mine, "mine").unwrap();
        for target in [mine.clone(), outside.path().join("none")] {
            for write in [write, write_in_folder] {
                let path = folder.path().join("report.html");
                let _ = fs::remove_file(&path);
                std::os::unix::fs::symlink(&target, &path).unwrap();
                write(&path, "page").unwrap();
                assert_eq!(fs::read_to_string(&path).unwrap(), "page");
                assert!(!fs::symlink_metadata(&path).unwrap().is_symlink());
            }
        }
        let log = folder.path().join("log.jsonl");
        std::os::unix::fs::symlink(&mine, &log).unwrap();
        for text in ["first", "second"] {
            create(&log).unwrap().write_all(text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&log).unwrap(), text);
        }
        assert_eq!(fs::read_to_string(&mine).unwrap(), "mine");
        assert_eq!(names(outside.path()), 1);
        write(Path::new("/dev/null"), "page").unwrap();
        assert!(is_device(Path::new("/dev/null")));
    }
}
