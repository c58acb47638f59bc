use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::listing::Key;
use crate::directory::trash_key;
use crate::names::is_trial_name;
use crate::stamp::Stamp;
use crate::{Aside, StoreError, tree};

/// What is to be deleted from the bucket, noted in the local directory: a file for each checkpoint.
#[derive(Debug, Default)]
pub(super) struct Tombstones {
    directory: PathBuf,
    notes: BTreeMap<Key, Note>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Note {
    trial: String,
    bytes: u64,
}

impl Tombstones {
    /// Reads the notes; a file that is none of them is left alone.
    pub(super) fn load(directory: &Path) -> Result<Self, StoreError> {
        tree::ensure_dir(directory)?;
        let mut notes = BTreeMap::new();
        for entry in tree::read_dir(directory)? {
            let name = entry.file_name();
            let name = name.to_str().unwrap_or_default();
            if name.strip_suffix(".partial").and_then(parse).is_some() {
                // A kill came before the note was whole, so nothing was condemned.
                let _ = fs::remove_file(entry.path());
            }
            let key = name.strip_suffix(".json");
            if let Some(key) = key.and_then(parse) {
                let read = tree::read_regular(&entry.path());
                let bytes = read.map_err(StoreError::io("read", &entry.path()))?;
                // Its name says what goes, whatever is in it.
                let note = serde_json::from_slice(&bytes).unwrap_or_else(|_| Note {
                    trial: key.name.clone(),
                    bytes: 0,
                });
                notes.insert(key, note);
            }
        }
        Ok(Self {
            directory: directory.to_owned(),
            notes,
        })
    }

    pub(super) fn contains(&self, key: &Key) -> bool {
        self.notes.contains_key(key)
    }

    pub(super) fn highest(&self) -> Option<u64> {
        self.notes.keys().map(|key| key.stamp.sequence).max()
    }

    pub(super) fn all(&self) -> Vec<Aside> {
        let aside = |(key, note): (&Key, &Note)| Aside {
            trial: note.trial.clone(),
            level: Some(key.stamp.level),
            bytes: note.bytes,
            key: trash_key(&key.name, key.stamp),
        };
        self.notes.iter().map(aside).collect()
    }

    /// Writes down that a checkpoint goes.
    pub(super) fn add(&mut self, key: Key, trial: &str, bytes: u64) -> Result<(), StoreError> {
        let note = Note {
            trial: trial.to_owned(),
            bytes,
        };
        let path = self.path(&key);
        let written = serde_json::to_vec(&note);
        let written = written.map_err(|error| StoreError::io("write", &path)(error.into()))?;
        tree::write_whole(&path, &written)?;
        self.notes.insert(key, note);
        Ok(())
    }

    /// The checkpoint is gone.
    pub(super) fn remove(&mut self, key: &Key) -> Result<(), StoreError> {
        let path = self.path(key);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(StoreError::io("remove", &path)(error))
            }
            _ => {
                self.notes.remove(key);
                Ok(())
            }
        }
    }

    fn path(&self, key: &Key) -> PathBuf {
        let name = trash_key(&key.name, key.stamp);
        self.directory.join(format!("{name}.json"))
    }
}

/// The checkpoint that a key of [`Aside`] names; none for a staging directory.
pub(super) fn parse(key: &str) -> Option<Key> {
    let (name, stamp) = key.split_once('@')?;
    let stamp = Stamp::parse(stamp)?;
    is_trial_name(name).then(|| Key {
        name: name.to_owned(),
        stamp,
    })
}
