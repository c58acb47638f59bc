use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::{DATA, DirectoryStore};
use crate::error::is_of_the_disk;
use crate::holes::Sparse;
use crate::manifest::{FileEntry, Folder, Manifest};
use crate::names::trial_name;
use crate::tree::{self, PourError};
use crate::{Broken, Restored, Step, StoreError, Stored, Verified};

use super::shelf::{Found, State};

impl DirectoryStore {
    pub(super) fn restore_newest(
        &self,
        trial: &str,
        target: &Path,
    ) -> Result<Restored, StoreError> {
        prepare_target(target)?;
        let mut restored = Restored::default();
        for found in self.found(&trial_name(trial))?.iter().rev() {
            match self.restore_found(found, target)? {
                Ok(()) => {
                    restored.checkpoint = found.stored();
                    break;
                }
                Err(reason) if found.is_ours() => restored.broken.push(Broken {
                    location: found.path.to_string_lossy().into_owned(),
                    level: found.stamp.level,
                    reason,
                }),
                Err(_) => {}
            }
        }
        if restored.checkpoint.is_none() {
            self.check_mounted()?;
        }
        Ok(restored)
    }

    /// Copies one checkpoint into an empty directory; the inner error says why it is not whole.
    pub(crate) fn restore_found(&self, found: &Found, target: &Path) -> Result<Whole, StoreError> {
        let manifest = match &found.state {
            State::Sound(manifest) => manifest,
            State::Damaged(reason) => return Ok(Err(reason.clone())),
            State::Foreign => return Ok(Err("it is not of this run".to_owned())),
        };
        let outcome = self.copy_out(manifest, &found.path.join(DATA), target)?;
        if outcome.is_err() {
            clear(target)?;
            // Nothing is called broken because its disk has gone.
            self.check_mounted()?;
        }
        Ok(outcome)
    }

    fn copy_out(
        &self,
        manifest: &Manifest,
        data: &Path,
        target: &Path,
    ) -> Result<Whole, StoreError> {
        make_layout(manifest, target)?;
        for file in &manifest.files {
            self.steps.reach(Step::Restoring)?;
            if let Err(reason) = copy_file(data, file, target)? {
                return Ok(Err(reason));
            }
        }
        finish(manifest, target, self.is_live(target))?;
        Ok(Ok(()))
    }
}

/// Makes the links of a checkpoint and gives folders what their programs gave them, the deepest
/// first, since what is written into a folder changes its time. The root's mode is given to a live
/// folder only; another one has the mode that its maker chose.
pub(crate) fn finish(manifest: &Manifest, target: &Path, live: bool) -> Result<(), StoreError> {
    tree::make_links(target, &manifest.links)?;
    let mut folders: Vec<&Folder> = manifest.folders.iter().collect();
    folders.sort_by(|a, b| b.path.cmp(&a.path));
    for folder in folders {
        let path = target.join(&folder.path);
        let given = if live || !folder.path.is_empty() {
            folder.attributes.apply(&path)
        } else {
            folder.attributes.apply_time(&path)
        };
        given.map_err(StoreError::io("set the mode of", &path))?;
    }
    Ok(())
}

/// Makes a file of a restored checkpoint from what `pour` writes. A second name is none of its own.
pub(crate) fn write_file(
    target: &Path,
    file: &FileEntry,
    pour: impl FnOnce(&mut File, &Path) -> Result<Whole, StoreError>,
) -> Result<Whole, StoreError> {
    let to = target.join(&file.path);
    if let Some(first) = &file.same_as {
        let first = target.join(first);
        fs::hard_link(&first, &to).map_err(StoreError::io("link", &to))?;
        return Ok(Ok(()));
    }
    let made = match file.attributes {
        Some(_) => tree::create_private(&to),
        None => File::create_new(&to),
    };
    let mut write = made.map_err(StoreError::io("write", &to))?;
    let whole = pour(&mut write, &to)?;
    if let (Ok(()), Some(attributes)) = (&whole, file.attributes) {
        let given = attributes.apply(&to);
        given.map_err(StoreError::io("set the mode of", &to))?;
    }
    Ok(whole)
}

impl DirectoryStore {
    pub(super) fn find_one(
        &self,
        trial: &str,
        level: u64,
        sequence: Option<u64>,
    ) -> Result<Option<Stored>, StoreError> {
        let found = self.found(&trial_name(trial))?;
        self.check_mounted()?;
        let is_it = |found: &&Found| {
            let stamp = found.stamp;
            stamp.level == level && sequence.is_none_or(|sequence| sequence == stamp.sequence)
        };
        let mut newest_first = found.iter().rev().filter(is_it);
        Ok(newest_first.find_map(Found::stored))
    }

    pub(super) fn verify_newest(&self, trial: &str) -> Result<Option<Verified>, StoreError> {
        let found = self.found(&trial_name(trial))?;
        self.check_mounted()?;
        for found in found.iter().rev() {
            let Some(stored) = found.stored() else {
                continue;
            };
            let broken = self.check_found(found)?.err().map(|reason| Broken {
                location: stored.location.clone(),
                level: stored.level,
                reason,
            });
            return Ok(Some(Verified { stored, broken }));
        }
        Ok(None)
    }

    /// Compares the files of a checkpoint with its manifest.
    pub(crate) fn check_found(&self, found: &Found) -> Result<Whole, StoreError> {
        let manifest = match &found.state {
            State::Sound(manifest) => manifest,
            State::Damaged(reason) => return Ok(Err(reason.clone())),
            State::Foreign => return Ok(Err("it is not of this run".to_owned())),
        };
        let data = found.path.join(DATA);
        for file in &manifest.files {
            let whole = check_file(&data, file)?;
            if whole.is_err() {
                self.check_mounted()?;
                return Ok(whole);
            }
        }
        Ok(Ok(()))
    }
}

fn check_file(data: &Path, file: &FileEntry) -> Result<Whole, StoreError> {
    let mut source = match open_below(data, &file.path)? {
        Ok(source) => source,
        Err(reason) => return Ok(Err(reason)),
    };
    match tree::pour(&mut source, &mut io::sink()) {
        Ok((bytes, hash)) => Ok(file.compare(bytes, &hash)),
        Err(PourError::Read(error) | PourError::Write(error)) => {
            unreadable(data, &file.path, error).map(Err)
        }
    }
}

/// Whether a checkpoint is whole, or what is wrong with it.
pub(crate) type Whole = Result<(), String>;

fn copy_file(data: &Path, file: &FileEntry, target: &Path) -> Result<Whole, StoreError> {
    write_file(target, file, |write, to| {
        let mut source = match open_below(data, &file.path)? {
            Ok(source) => source,
            Err(reason) => return Ok(Err(reason)),
        };
        let poured = if tree::share_blocks(&source, write) {
            tree::pour(&mut source, &mut io::sink())
        } else {
            let mut sparse = Sparse::new(write, &file.holes);
            tree::pour(&mut source, &mut sparse)
                .and_then(|poured| sparse.finish().map(|()| poured).map_err(PourError::Write))
        };
        match poured {
            Ok((bytes, hash)) => Ok(file.compare(bytes, &hash)),
            Err(PourError::Read(error)) => unreadable(data, &file.path, error).map(Err),
            Err(PourError::Write(error)) => Err(StoreError::io("write", to)(error)),
        }
    })
}

impl FileEntry {
    /// Whether a file is the one that was committed.
    pub(crate) fn compare(&self, bytes: u64, hash: &str) -> Whole {
        if bytes != self.bytes {
            return Err(format!(
                "{:?} has {bytes} bytes instead of {}",
                self.path, self.bytes
            ));
        }
        if hash != self.hash {
            return Err(format!("{:?} has another content", self.path));
        }
        Ok(())
    }
}

/// That the target is an empty directory, made if it is not there.
pub(crate) fn prepare_target(target: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(target).map_err(StoreError::io("make", target))?;
    if tree::read_dir(target)?.is_empty() {
        Ok(())
    } else {
        Err(StoreError::Occupied {
            path: target.to_owned(),
        })
    }
}

/// Makes the directories a checkpoint's files go into.
pub(crate) fn make_layout(manifest: &Manifest, target: &Path) -> Result<(), StoreError> {
    let directories = manifest.directories.iter().map(String::as_str);
    let files = manifest.files.iter().map(|file| file.path.as_str());
    let links = manifest.links.iter().map(|link| link.path.as_str());
    tree::make_dirs(target, directories, files.chain(links))
}

/// Empties a directory that was empty before a restore that failed.
pub(crate) fn clear(target: &Path) -> Result<(), StoreError> {
    for entry in tree::read_dir(target)? {
        let path = entry.path();
        let kind = entry
            .file_type()
            .map_err(StoreError::io("look at", &path))?;
        if kind.is_dir() {
            tree::remove_tree(&path)?;
        } else {
            fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
        }
    }
    Ok(())
}

/// Why a file of a checkpoint counts as broken. A disk that does not answer, or a network that is
/// down, breaks nothing: that is an error. A place on the disk that cannot be read is broken.
fn unreadable(data: &Path, below: &str, error: io::Error) -> Result<String, StoreError> {
    match error.kind() {
        io::ErrorKind::NotFound => Ok(format!("{below:?} is missing")),
        _ if is_of_the_disk(&error) && !is_bad_block(&error) => {
            Err(StoreError::io("read", &data.join(below))(error))
        }
        _ => Ok(format!("{below:?} cannot be read: {error}")),
    }
}

#[cfg(unix)]
fn is_bad_block(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}

#[cfg(not(unix))]
fn is_bad_block(_: &io::Error) -> bool {
    false
}

/// Opens a regular file below a directory, unless a link is on the way.
fn open_below(data: &Path, below: &str) -> Result<Result<File, String>, StoreError> {
    let unreadable = |error| unreadable(data, below, error).map(Err);
    let mut path = data.to_owned();
    let mut is_file = false;
    if tree::is_real_dir(&path).is_err() {
        return Ok(Err("its data is no directory".to_owned()));
    }
    for part in below.split('/') {
        path.push(part);
        let metadata = match fs::symlink_metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) => return unreadable(error),
        };
        is_file = metadata.is_file();
        if !is_file && !metadata.is_dir() {
            break;
        }
    }
    if !is_file {
        return Ok(Err(format!("{below:?} is no regular file")));
    }
    match tree::open_regular(&path) {
        Ok(file) => Ok(Ok(file)),
        Err(error) => unreadable(error),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn a_disk_that_does_not_answer_breaks_nothing() {
        let judged = |errno: Errno| {
            let error = io::Error::from_raw_os_error(errno.raw_os_error());
            unreadable(Path::new("data"), "weights", error)
        };
        for errno in [Errno::STALE, Errno::TIMEDOUT, Errno::NOTCONN, Errno::MFILE] {
            let error = judged(errno).unwrap_err();
            assert!(error.is_unavailable(), "{error}");
        }
        for errno in [Errno::IO, Errno::ACCESS, Errno::NOENT, Errno::LOOP] {
            assert!(judged(errno).unwrap().contains("weights"), "{errno}");
        }
    }
}
