//! Checkpoints: folders that get their names when they are complete.
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::TrialError;

/// A complete checkpoint: a folder `level-N`, or `level-N.M` after another save at the same level.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Complete {
    pub(crate) level: u64,
    time: u64,
    pub(crate) path: PathBuf,
}

/// The newest complete checkpoint in the folder.
pub(crate) fn newest(folder: &Path) -> Option<Complete> {
    let entries = fs::read_dir(folder).ok()?;
    entries
        .filter_map(|entry| complete(&entry.ok()?.path()))
        .max()
}

fn complete(path: &Path) -> Option<Complete> {
    let numbers = path.file_name()?.to_str()?.strip_prefix("level-")?;
    let (level, time) = match numbers.split_once('.') {
        Some((level, time)) => (level.parse().ok()?, time.parse().ok()?),
        None => (numbers.parse().ok()?, 0),
    };
    path.is_dir().then(|| Complete {
        level,
        time,
        path: path.to_owned(),
    })
}

/// A folder for the files of a checkpoint at a level, which is none yet.
pub(crate) fn begin(folder: &Path, level: u64) -> Result<(PathBuf, PathBuf), TrialError> {
    let name = match newest(folder).filter(|newest| newest.level == level) {
        Some(newest) => format!("level-{level}.{}", newest.time + 1),
        None => format!("level-{level}"),
    };
    let new = folder.join(format!("{name}.new"));
    let _ = fs::remove_dir_all(&new);
    fs::create_dir_all(&new).map_err(TrialError::of(&new))?;
    Ok((new, folder.join(name)))
}

/// Makes it the checkpoint: on the disk first, then by a rename; then whatever else was one is deleted.
pub(crate) fn finish(new: &Path, complete: &Path) -> Result<(), TrialError> {
    if fs::read_dir(new)
        .map_err(TrialError::of(new))?
        .next()
        .is_none()
    {
        return Err(TrialError::Empty(new.to_owned()));
    }
    sync(new)?;
    fs::rename(new, complete).map_err(TrialError::of(complete))?;
    let folder = complete.parent().unwrap_or(complete);
    sync_folder(folder).map_err(TrialError::of(folder))?;
    for entry in fs::read_dir(folder).map_err(TrialError::of(folder))? {
        let path = entry.map_err(TrialError::of(folder))?.path();
        if path != complete && is_ours(&path) {
            // What stays costs room, and is deleted after the next save.
            let _ = fs::remove_dir_all(&path);
        }
    }
    Ok(())
}

/// Whether it is a checkpoint, or what was being written when a process ended.
fn is_ours(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let rest = name.and_then(|name| name.strip_prefix("level-"));
    rest.is_some_and(|rest| {
        let mut parts = rest.split('.');
        let level = parts.next().unwrap_or_default();
        !level.is_empty() && level.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn sync(path: &Path) -> Result<(), TrialError> {
    let kind = fs::symlink_metadata(path).map_err(TrialError::of(path))?;
    if kind.is_dir() {
        for entry in fs::read_dir(path).map_err(TrialError::of(path))? {
            sync(&entry.map_err(TrialError::of(path))?.path())?;
        }
        return sync_folder(path).map_err(TrialError::of(path));
    }
    if kind.is_file() {
        // A file without the right to write can be synced, but not on Windows.
        let file = File::options().read(true).write(cfg!(windows)).open(path);
        let synced = file.and_then(|file| file.sync_all());
        synced.map_err(TrialError::of(path))?;
    }
    Ok(())
}

fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(path)?.sync_all()?;
    }
    Ok(())
}
