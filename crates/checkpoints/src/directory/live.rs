//! The folders that training programs write into.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{MutexGuard, PoisonError};

use super::commit::Prepared;
use super::{DATA, DirectoryStore, LIVE, TRASH};
use crate::hashing::Hashed;
use crate::names::trial_name;
use crate::{Aside, Store as _, StoreError, tree};

/// What this process knows of a live folder.
#[derive(Debug, Default)]
pub(super) struct Live {
    pub(super) hashed: Hashed,
    pub(super) prepared: Option<Prepared>,
}

impl DirectoryStore {
    pub(super) fn lives(&self) -> MutexGuard<'_, BTreeMap<String, Live>> {
        // A panic elsewhere leaves the map as it was before or after one change.
        self.lives.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the live folder of a trial is, and its manifest once it is prepared.
    pub(super) fn live_place(&self, name: &str) -> PathBuf {
        self.root.join(LIVE).join(name)
    }

    pub(super) fn begin_live(&self, trial: &str) -> Result<PathBuf, StoreError> {
        if let Some(aside) = self.discard_live(trial)? {
            // What cannot be removed now is swept later.
            let _ = self.purge(&aside);
        }
        let name = trial_name(trial);
        let place = self.live_place(&name);
        // Known before it is there, so that no purge takes it for an earlier process's.
        self.lives().insert(name, Live::default());
        let data = place.join(DATA);
        for directory in [&place, &data] {
            fs::create_dir(directory).map_err(StoreError::place("make", directory))?;
        }
        Ok(data)
    }

    pub(super) fn find_live(&self, trial: &str) -> Result<Option<PathBuf>, StoreError> {
        let place = self.live_place(&trial_name(trial));
        let data = place.join(DATA);
        if tree::is_real_dir(&place)? && tree::is_real_dir(&data)? {
            return Ok(Some(data));
        }
        self.check_mounted()?;
        Ok(None)
    }

    pub(super) fn discard_live(&self, trial: &str) -> Result<Option<Aside>, StoreError> {
        let name = trial_name(trial);
        let aside = match fs::symlink_metadata(self.live_place(&name)) {
            Ok(metadata) if !metadata.is_dir() => {
                // A program put a link or a file where its folder was; nothing behind it is ours.
                let place = self.live_place(&name);
                fs::remove_file(&place).map_err(StoreError::place("remove", &place))?;
                None
            }
            _ => self.trash_live(&name, trial)?,
        };
        self.lives().remove(&name);
        Ok(aside)
    }

    /// Moves what a trial's live folder holds aside. None if there is nothing.
    pub(super) fn trash_live(&self, name: &str, trial: &str) -> Result<Option<Aside>, StoreError> {
        let place = self.live_place(name);
        if !tree::is_real_dir(&place)? {
            return self.check_mounted().map(|()| None);
        }
        let aside = Aside {
            trial: trial.to_owned(),
            level: None,
            bytes: tree::size(&place.join(DATA)),
            key: self.new_trash_key(name)?,
        };
        tree::rename(&place, &self.root.join(TRASH).join(&aside.key))?;
        Ok(Some(aside))
    }

    /// A name in the trash for what has no number. On a full disk, which is when room is needed, no
    /// numbers can be reserved; then one is as good as another that nothing there has.
    fn new_trash_key(&self, name: &str) -> Result<String, StoreError> {
        let key = |number: u64| format!("{name}@{number:010}");
        match self.number() {
            Err(error) if error.is_unavailable() => {
                let trash = self.root.join(TRASH);
                let free = |key: &String| fs::symlink_metadata(trash.join(key)).is_err();
                (0..self.sequence()).map(key).find(free).ok_or(error)
            }
            number => number.map(key),
        }
    }

    /// That the store's mark is where it was: what is missing may otherwise be missing because its
    /// disk is not mounted.
    pub(crate) fn check_mounted(&self) -> Result<(), StoreError> {
        let mark = self.root.join(super::MARKER);
        match tree::read_regular(&mark) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(StoreError::Missing {
                place: self.root.to_string_lossy().into_owned(),
            }),
            Err(error) => Err(StoreError::place("look at", &mark)(error)),
        }
    }

    /// Whether a path lies in a live folder.
    pub(crate) fn is_live(&self, path: &Path) -> bool {
        path.starts_with(self.root.join(LIVE))
    }
}
