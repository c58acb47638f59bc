//! A store in a directory.

mod commit;
mod live;
mod numbers;
mod private;
mod remove;
mod restore;
mod shelf;
#[cfg_attr(not(target_os = "linux"), path = "no_writers.rs")]
mod writers;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::names::is_trial_name;
use crate::stamp::{self, Stamp};
use crate::tree;
use crate::{
    Aside, Committed, Orphan, Prepared, Restored, Steps, Store, StoreError, Stored, Swept, Verified,
};

pub(crate) use commit::Program;
#[cfg(feature = "object-store")]
pub(crate) use commit::Ready;
use live::Live;
use numbers::Numbers;
#[cfg(feature = "object-store")]
pub(crate) use remove::trash_key;
#[cfg(feature = "object-store")]
pub(crate) use restore::{Whole, clear, finish, make_layout, prepare_target, write_file};
pub(crate) use shelf::Found;
#[cfg(feature = "object-store")]
pub(crate) use shelf::State;
use writers::Writers;

pub(crate) const MARKER: &str = "rungkeeper-store.json";
const CHECKPOINTS: &str = "checkpoints";
/// Where runs of the earlier layout have their live folders.
const STAGING: &str = "staging";
const LIVE: &str = "live";
const TRASH: &str = "trash";
const DATA: &str = "data";

/// Checkpoints in a directory of the local machine.
///
/// ```text
/// rungkeeper-store.json                          the run whose store this is
/// rungkeeper-numbers.json                        below which all numbers are that were given
/// live/<trial>/data/                             what a training program writes into
/// live/<trial>/manifest.jsonl                    what belongs to it, once it is prepared
/// checkpoints/<trial>/<number>.level-<level>/    a committed checkpoint:
///     manifest.jsonl                                 what belongs to it, with sizes and hashes
///     data/                                          its files
/// trash/                                         what was set aside
/// ```
///
/// A commit hashes the files, waits until they and the manifest are on the disk, and renames the
/// directory of the trial. Trials' ids become names by [`trial_name`](crate::trial_name). All parts
/// must be on one file system. Numbers are given once: they are reserved on the disk in blocks.
///
/// Links are never followed: a link in a checkpoint is a link in the restored one, and is left out
/// of it if it leads outside. A link where a directory of the store should be is refused.
/// Only directories that carry this run's manifest, or the store's own names for checkpoints, are
/// ever removed.
#[derive(Debug)]
pub struct DirectoryStore {
    root: PathBuf,
    run: String,
    steps: Steps,
    numbers: Mutex<Numbers>,
    /// By name of the trial: the live folders that this process began or prepared.
    lives: Mutex<BTreeMap<String, Live>>,
    writers: Writers,
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
        fs::create_dir_all(root).map_err(StoreError::place("make", root))?;
        let root = real(root)?;
        check_marker(&root, run)?;
        Self::load(root, run, steps)
    }

    /// Opens the store of a run where one was made before, and never makes one: for a run whose log
    /// holds checkpoints.
    ///
    /// ```
    /// use rungkeeper_checkpoints::{DirectoryStore, StoreError};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let error = DirectoryStore::open_existing(folder.path(), "my-run").unwrap_err();
    /// assert!(matches!(error, StoreError::Missing { .. }));
    /// DirectoryStore::open(folder.path(), "my-run")?;
    /// assert!(DirectoryStore::open_existing(folder.path(), "my-run").is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`]: the directory, or the mark that a store leaves in it, is not there;
    /// is its disk mounted? Or it is the store of another run, or cannot be used.
    pub fn open_existing(root: &Path, run: &str) -> Result<Self, StoreError> {
        Self::open_existing_with(root, run, Steps::default())
    }

    /// As [`DirectoryStore::open_existing`], with a hook that is called at each step; for tests.
    ///
    /// # Errors
    ///
    /// As [`DirectoryStore::open_existing`].
    pub fn open_existing_with(root: &Path, run: &str, steps: Steps) -> Result<Self, StoreError> {
        let missing = || StoreError::Missing {
            place: root.to_string_lossy().into_owned(),
        };
        let root = match real(root) {
            Err(error) if error.io_kind() == Some(io::ErrorKind::NotFound) => return Err(missing()),
            other => other?,
        };
        let mark = tree::read_own(&root.join(MARKER))?.ok_or_else(missing)?;
        Marker::check(&mark, run, &root.to_string_lossy())?;
        Self::load(root, run, steps)
    }

    fn load(root: PathBuf, run: &str, steps: Steps) -> Result<Self, StoreError> {
        let mut made = false;
        for part in [CHECKPOINTS, LIVE, TRASH] {
            made |= tree::ensure_dir(&root.join(part))?;
        }
        if made {
            tree::sync_dir(&root)?;
        }
        let numbers = Numbers::load(&root, highest_number(&root)?)?;
        let mut left = names(&root.join(LIVE))?;
        left.extend(names(&root.join(STAGING))?);
        Ok(Self {
            writers: Writers::new(left),
            root,
            run: run.to_owned(),
            steps,
            numbers: Mutex::new(numbers),
            lives: Mutex::default(),
        })
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
}

/// What the object store needs of its local copy.
#[cfg(feature = "object-store")]
impl DirectoryStore {
    pub(crate) fn steps(&self) -> &Steps {
        &self.steps
    }
}

impl Store for DirectoryStore {
    fn begin(&self, trial: &str) -> Result<PathBuf, StoreError> {
        self.begin_live(trial)
    }

    fn live(&self, trial: &str) -> Result<Option<PathBuf>, StoreError> {
        self.find_live(trial)
    }

    fn discard(&self, trial: &str) -> Result<Option<Aside>, StoreError> {
        self.discard_live(trial)
    }

    fn prepare(&self, trial: &str, level: u64, attempt: u64) -> Result<Prepared, StoreError> {
        let ready = self.make_ready(trial, level, attempt, Program::Waits)?;
        Ok(Prepared {
            bytes: ready.manifest.bytes,
            hash: ready.manifest.hash,
            left_out: ready.left_out,
        })
    }

    fn commit(&self, trial: &str, level: u64, attempt: u64) -> Result<Committed, StoreError> {
        let mut ready = self.make_ready(trial, level, attempt, Program::HasEnded)?;
        let stored = self.publish(&mut ready)?;
        let (superseded, warning) = crate::supersede(self, &stored)?;
        Ok(Committed {
            stored,
            superseded,
            warning,
            left_out: ready.left_out,
        })
    }

    fn finish_commits(&self) -> Result<Vec<Stored>, StoreError> {
        let committed = |name: &str| {
            let found = self.found(name)?;
            Ok(found.last().map(|found| found.stamp.sequence))
        };
        let mut cut_off = self.cut_off(&committed)?;
        // The older checkpoints are set aside by the sweep.
        cut_off
            .iter_mut()
            .map(|ready| self.publish(ready))
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
        self.check_mounted()?;
        all.sort_by(|a, b| (&a.trial, a.sequence).cmp(&(&b.trial, b.sequence)));
        Ok(all)
    }

    fn find(
        &self,
        trial: &str,
        level: u64,
        sequence: Option<u64>,
    ) -> Result<Option<Stored>, StoreError> {
        self.find_one(trial, level, sequence)
    }

    fn verify(&self, trial: &str) -> Result<Option<Verified>, StoreError> {
        self.verify_newest(trial)
    }

    fn present(&self, stored: &Stored) -> Option<u64> {
        let place = Path::new(&stored.location);
        let is_here = place.is_absolute() && place.is_dir();
        is_here.then(|| tree::size(&place.join(DATA)))
    }

    fn sequence(&self) -> u64 {
        self.numbers().next
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

/// The highest number in use.
fn highest_number(root: &Path) -> Result<u64, StoreError> {
    let mut highest = 0;
    for part in [STAGING, TRASH] {
        for name in names(&root.join(part))? {
            highest = highest.max(Place::parse(&name).map_or(0, |place| place.number));
        }
    }
    for trial in names(&root.join(CHECKPOINTS))? {
        let directory = root.join(CHECKPOINTS).join(&trial);
        if is_trial_name(&trial) && tree::is_real_dir(&directory).unwrap_or(false) {
            let stamps = names(&directory)?;
            let stamps = stamps.iter().filter_map(|name| Stamp::parse(name));
            highest = stamps.map(|s| s.sequence).fold(highest, u64::max);
        }
    }
    Ok(highest)
}

/// The root itself may be reached through a link; nothing below it.
fn real(root: &Path) -> Result<PathBuf, StoreError> {
    root.canonicalize()
        .map_err(StoreError::place("look at", root))
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
    if let Some(bytes) = tree::read_own(&path)? {
        return Marker::check(&bytes, run, &root.to_string_lossy());
    }
    let partial = path.with_extension("partial");
    let foreign = |entry: &fs::DirEntry| entry.path() != partial;
    if tree::read_dir(root)?.iter().any(foreign) {
        return Err(StoreError::NotAStore {
            place: root.to_string_lossy().into_owned(),
        });
    }
    tree::write_whole(&path, &Marker::bytes(run))
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
