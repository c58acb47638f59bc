//! A store in a directory.

mod commit;
mod remove;
mod restore;
mod shelf;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::names::{is_trial_name, trial_name};
use crate::stamp::{self, Stamp};
use crate::tree;
use crate::{
    Aside, Committed, Handover, Orphan, Restored, Steps, Store, StoreError, Stored, Swept,
};

#[cfg(feature = "object-store")]
pub(crate) use commit::Prepared;
#[cfg(feature = "object-store")]
pub(crate) use remove::trash_key;
#[cfg(feature = "object-store")]
pub(crate) use restore::{Whole, clear, make_layout, prepare_target};
pub(crate) use shelf::Found;
#[cfg(feature = "object-store")]
pub(crate) use shelf::State;

pub(crate) const MARKER: &str = "rungkeeper-store.json";
const CHECKPOINTS: &str = "checkpoints";
const STAGING: &str = "staging";
const TRASH: &str = "trash";
const DATA: &str = "data";

/// Checkpoints in a directory of the local machine.
///
/// ```text
/// rungkeeper-store.json                          the run whose store this is
/// staging/<trial>@<number>/data/                 what training programs write into
/// checkpoints/<trial>/<number>.level-<level>/    a committed checkpoint:
///     manifest.jsonl                                 what belongs to it, with sizes and hashes
///     data/                                          its files
/// trash/                                         what was set aside
/// ```
///
/// A commit hashes the files, waits until they and the manifest are on the disk, and renames the
/// directory. Trials' ids become names by [`trial_name`]. All parts must be on one file system.
///
/// Links are never followed: a link in a checkpoint is a link in the restored one, and is refused
/// at the commit if it leads outside. A link where a directory of the store should be is refused.
/// Only directories that carry this run's manifest, or the store's own names for checkpoints, are
/// ever removed.
#[derive(Debug)]
pub struct DirectoryStore {
    root: PathBuf,
    run: String,
    steps: Steps,
    /// Number of the next commit or staging directory.
    next: AtomicU64,
    /// Staging directories below this number are of earlier processes.
    first: u64,
    staging: Mutex<BTreeMap<String, PathBuf>>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct Marker {
    pub(crate) format: u32,
    pub(crate) run: String,
}

impl DirectoryStore {
    /// Opens the store of a run, and makes it if the directory is new or empty.
    ///
    /// # Errors
    ///
    /// The directory is not empty and no store, is the store of another run, or cannot be written
    /// to.
    pub fn open(root: &Path, run: &str) -> Result<Self, StoreError> {
        Self::open_with(root, run, Steps::default())
    }

    /// As [`DirectoryStore::open`], with a hook that is called at each step; for tests.
    ///
    /// # Errors
    ///
    /// As [`DirectoryStore::open`].
    pub fn open_with(root: &Path, run: &str, steps: Steps) -> Result<Self, StoreError> {
        fs::create_dir_all(root).map_err(StoreError::io("make", root))?;
        // The root itself may be reached through a link; nothing below it.
        let root = root
            .canonicalize()
            .map_err(StoreError::io("look at", root))?;
        check_marker(&root, run)?;
        for part in [CHECKPOINTS, STAGING, TRASH] {
            tree::ensure_dir(&root.join(part))?;
        }
        tree::sync_dir(&root)?;
        let mut store = Self {
            root,
            run: run.to_owned(),
            steps,
            next: AtomicU64::new(1),
            first: 1,
            staging: Mutex::default(),
        };
        store.first = store.highest_number()? + 1;
        store.next = AtomicU64::new(store.first);
        Ok(store)
    }

    /// The directory the store is in.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The run whose store it is.
    #[must_use]
    pub fn run(&self) -> &str {
        &self.run
    }

    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    fn trial_dir(&self, trial: &str) -> PathBuf {
        self.root.join(CHECKPOINTS).join(trial_name(trial))
    }

    fn staging(&self) -> MutexGuard<'_, BTreeMap<String, PathBuf>> {
        // A panic elsewhere leaves the map as it was before or after one change.
        self.staging.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The highest number in use, so that none is given twice.
    fn highest_number(&self) -> Result<u64, StoreError> {
        let mut highest = 0;
        for part in [STAGING, TRASH] {
            for name in names(&self.root.join(part))? {
                highest = highest.max(Place::parse(&name).map_or(0, |place| place.number));
            }
        }
        for trial in names(&self.root.join(CHECKPOINTS))? {
            let directory = self.root.join(CHECKPOINTS).join(&trial);
            if is_trial_name(&trial) && tree::is_real_dir(&directory).unwrap_or(false) {
                let stamps = names(&directory)?;
                let stamps = stamps.iter().filter_map(|name| Stamp::parse(name));
                highest = stamps.map(|s| s.sequence).fold(highest, u64::max);
            }
        }
        Ok(highest)
    }
}

/// What the object store needs of its local copy.
#[cfg(feature = "object-store")]
impl DirectoryStore {
    pub(crate) fn steps(&self) -> &Steps {
        &self.steps
    }

    /// Makes all later numbers exceed this one.
    pub(crate) fn exceed(&self, number: u64) {
        self.next
            .fetch_max(number.saturating_add(1), Ordering::Relaxed);
    }

    pub(crate) fn first_number(&self) -> u64 {
        self.first
    }

    /// What was begun before the store was opened is below this number.
    pub(crate) fn set_first_number(&mut self) {
        self.first = *self.next.get_mut();
    }
}

impl Store for DirectoryStore {
    fn begin(&self, trial: &str) -> Result<PathBuf, StoreError> {
        if let Some(aside) = self.discard(trial)? {
            // What cannot be removed now is swept later.
            let _ = self.purge(&aside);
        }
        let place = self.new_staging(trial)?;
        let data = place.join(DATA);
        fs::create_dir(&data).map_err(StoreError::io("make", &data))?;
        self.staging().insert(trial.to_owned(), place);
        Ok(data)
    }

    fn discard(&self, trial: &str) -> Result<Option<Aside>, StoreError> {
        let Some(place) = self.staging().get(trial).cloned() else {
            return Ok(None);
        };
        let aside = self.trash_staging(&place, trial)?;
        self.staging().remove(trial);
        Ok(aside)
    }

    fn commit(
        &self,
        trial: &str,
        level: u64,
        attempt: u64,
        handover: Handover,
    ) -> Result<Committed, StoreError> {
        let prepared = self.prepare(trial, level, attempt, handover)?;
        let stored = self.publish(&prepared)?;
        let (superseded, warning) = crate::supersede(self, &stored)?;
        Ok(Committed {
            stored,
            superseded,
            warning,
        })
    }

    fn postpone(
        &self,
        trial: &str,
        level: u64,
        attempt: u64,
        handover: Handover,
    ) -> Result<(), StoreError> {
        self.prepare(trial, level, attempt, handover).map(drop)
    }

    fn finish_commits(&self) -> Result<Vec<Stored>, StoreError> {
        let committed = |name: &str| {
            let found = self.found(name)?;
            Ok(found.last().map(|found| found.stamp.sequence))
        };
        let cut_off = self.cut_off(&committed)?;
        // The older checkpoints are set aside by the sweep.
        cut_off
            .iter()
            .map(|prepared| self.publish(prepared))
            .collect()
    }

    fn restore(&self, trial: &str, target: &Path) -> Result<Restored, StoreError> {
        self.restore_newest(trial, target)
    }

    fn list(&self) -> Result<Vec<Stored>, StoreError> {
        let mut all = Vec::new();
        for trial in self.trials()? {
            let found = self.found(&trial)?;
            all.extend(found.iter().filter_map(Found::stored));
        }
        all.sort_by(|a, b| (&a.trial, a.sequence).cmp(&(&b.trial, b.sequence)));
        Ok(all)
    }

    fn sequence(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    fn set_aside(&self, trial: &str, before: u64) -> Result<Option<Aside>, StoreError> {
        self.set_oldest_aside(trial, before)
    }

    fn purge(&self, aside: &Aside) -> Result<(), StoreError> {
        self.purge_key(&aside.key)
    }

    fn sweep(&self) -> Result<Swept, StoreError> {
        self.sweep_all()
    }

    fn orphans(&self, owned: &dyn Fn(&str) -> bool) -> Result<Vec<Orphan>, StoreError> {
        self.find_orphans(owned)
    }
}

/// A name below `staging` or `trash`: whose it is, and its number.
struct Place {
    trial: String,
    number: u64,
    level: Option<u64>,
}

impl Place {
    fn parse(name: &str) -> Option<Self> {
        let (trial, rest) = name.split_once('@')?;
        let stamp = Stamp::parse(rest);
        let number = match stamp {
            Some(stamp) => stamp.sequence,
            None => stamp::parse_number(rest)?,
        };
        is_trial_name(trial).then(|| Self {
            trial: trial.to_owned(),
            number,
            level: stamp.map(|stamp| stamp.level),
        })
    }
}

/// The names in a directory; those that are not Unicode are none of the store's.
fn names(directory: &Path) -> Result<Vec<String>, StoreError> {
    let entries = tree::read_dir_if_any(directory)?;
    let names = entries
        .into_iter()
        .filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.collect();
    names.sort();
    Ok(names)
}

fn check_marker(root: &Path, run: &str) -> Result<(), StoreError> {
    let path = root.join(MARKER);
    match tree::read_regular(&path) {
        Ok(bytes) => Marker::check(&bytes, run, &root.to_string_lossy()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let partial = path.with_extension("partial");
            let foreign = |entry: &fs::DirEntry| entry.path() != partial;
            if tree::read_dir(root)?.iter().any(foreign) {
                return Err(StoreError::NotAStore {
                    place: root.to_string_lossy().into_owned(),
                });
            }
            tree::write_whole(&path, &Marker::bytes(run))
        }
        Err(error) => Err(StoreError::io("read", &path)(error)),
    }
}

impl Marker {
    pub(crate) fn bytes(run: &str) -> Vec<u8> {
        let marker = serde_json::json!({ "format": 1, "run": run });
        format!("{marker}\n").into_bytes()
    }

    pub(crate) fn check(bytes: &[u8], run: &str, place: &str) -> Result<(), StoreError> {
        match serde_json::from_slice::<Self>(bytes) {
            Ok(marker) if marker.format == 1 && marker.run == run => Ok(()),
            Ok(marker) if marker.format == 1 => Err(StoreError::OtherRun {
                place: place.to_owned(),
                expected: run.to_owned(),
                found: marker.run,
            }),
            _ => Err(StoreError::NotAStore {
                place: place.to_owned(),
            }),
        }
    }
}
