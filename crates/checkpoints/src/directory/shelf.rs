use std::path::{Path, PathBuf};

use super::{CHECKPOINTS, DirectoryStore, names};
use crate::manifest::{self, Manifest};
use crate::names::{is_trial_name, trial_id, trial_name};
use crate::stamp::Stamp;
use crate::{StoreError, Stored, tree};

/// A directory that has the name of a checkpoint.
#[derive(Debug)]
pub(crate) struct Found {
    /// Name of the trial's directory.
    pub(crate) name: String,
    pub(crate) stamp: Stamp,
    pub(crate) path: PathBuf,
    pub(crate) state: State,
}

#[derive(Debug)]
pub(crate) enum State {
    Sound(Box<Manifest>),
    Damaged(String),
    /// It carries another run's manifest, or another trial's.
    Foreign,
}

impl Found {
    pub(crate) fn is_ours(&self) -> bool {
        !matches!(self.state, State::Foreign)
    }

    pub(crate) fn manifest(&self) -> Option<&Manifest> {
        match &self.state {
            State::Sound(manifest) => Some(manifest),
            _ => None,
        }
    }

    /// How it is listed; a foreign one is not.
    pub(crate) fn stored(&self) -> Option<Stored> {
        let location = self.path.to_string_lossy().into_owned();
        let size = || tree::size(&self.path);
        self.state.stored(&self.name, self.stamp, location, size)
    }
}

impl Stored {
    pub(crate) fn sound(manifest: &Manifest, location: String) -> Self {
        Self {
            trial: manifest.trial.clone(),
            level: manifest.level,
            attempt: manifest.attempt,
            sequence: manifest.sequence,
            bytes: manifest.bytes,
            hash: manifest.hash.clone(),
            location,
            damaged: None,
        }
    }
}

impl State {
    /// What a manifest, read from where the names say, makes of a checkpoint.
    pub(crate) fn of(bytes: &[u8], run: &str, name: &str, stamp: Stamp) -> Self {
        match Manifest::parse(bytes) {
            Err(reason) => Self::Damaged(reason),
            Ok(manifest) if manifest.run != run || trial_name(&manifest.trial) != name => {
                Self::Foreign
            }
            Ok(manifest) if manifest.stamp() != stamp => Self::Foreign,
            Ok(manifest) => Self::Sound(Box::new(manifest)),
        }
    }

    /// How a checkpoint is listed; `size` measures one whose manifest does not tell.
    pub(crate) fn stored(
        &self,
        name: &str,
        stamp: Stamp,
        location: String,
        size: impl FnOnce() -> u64,
    ) -> Option<Stored> {
        match self {
            Self::Sound(manifest) => Some(Stored::sound(manifest, location)),
            Self::Damaged(reason) => Some(Stored {
                trial: trial_id(name).unwrap_or_else(|| name.to_owned()),
                level: stamp.level,
                attempt: 0,
                sequence: stamp.sequence,
                bytes: size(),
                hash: String::new(),
                location,
                damaged: Some(reason.clone()),
            }),
            Self::Foreign => None,
        }
    }
}

impl DirectoryStore {
    /// Names of the trials that have a directory.
    pub(super) fn trials(&self) -> Result<Vec<String>, StoreError> {
        let shelf = self.root.join(CHECKPOINTS);
        let mut trials = names(&shelf)?;
        trials.retain(|name| {
            is_trial_name(name) && tree::is_real_dir(&shelf.join(name)).unwrap_or(false)
        });
        Ok(trials)
    }

    /// The checkpoints below a trial's name, oldest first.
    pub(crate) fn found(&self, name: &str) -> Result<Vec<Found>, StoreError> {
        let directory = self.root.join(CHECKPOINTS).join(name);
        if !tree::is_real_dir(&directory)? {
            return Ok(Vec::new());
        }
        let mut all = Vec::new();
        for entry in names(&directory)? {
            let path = directory.join(&entry);
            let Some(stamp) = Stamp::parse(&entry) else {
                continue;
            };
            if let Some(state) = self.state(&path, name, stamp) {
                all.push(Found {
                    name: name.to_owned(),
                    stamp,
                    path,
                    state,
                });
            }
        }
        all.sort_by_key(|found| found.stamp);
        Ok(all)
    }

    /// None for what is no directory, or not there any more.
    fn state(&self, path: &Path, name: &str, stamp: Stamp) -> Option<State> {
        let is_dir = || tree::is_real_dir(path).unwrap_or(false);
        if !is_dir() {
            return None;
        }
        match tree::read_regular(&path.join(manifest::FILE)) {
            Ok(bytes) => Some(State::of(&bytes, &self.run, name, stamp)),
            // Another thread may have moved it between the two looks.
            Err(_) if !is_dir() => None,
            Err(error) => Some(State::Damaged(format!(
                "the manifest cannot be read: {error}"
            ))),
        }
    }
}
