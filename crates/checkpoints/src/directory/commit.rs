use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{CHECKPOINTS, DATA, DirectoryStore, LIVE, Place, STAGING, names, private};
use crate::attributes::Mended;
use crate::fingerprint::Stat;
use crate::manifest::{self, Content, Manifest};
use crate::names::{is_trial_name, trial_name};
use crate::scan::Scanned;
use crate::stamp::Stamp;
use crate::{LeftOut, Step, StoreError, Stored, tree};

/// A folder that lacks nothing but its final name.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) manifest: Manifest,
    pub(crate) left_out: Vec<LeftOut>,
    /// Rights that were added; the program's own modes are in the manifest.
    mended: Mended,
    place: PathBuf,
}

impl Ready {
    fn new(manifest: Manifest, scanned: Scanned, place: PathBuf) -> Self {
        Self {
            manifest,
            left_out: scanned.left_out,
            mended: scanned.mended,
            place,
        }
    }

    #[cfg(feature = "object-store")]
    pub(crate) fn data(&self) -> PathBuf {
        self.place.join(DATA)
    }
}

/// A manifest that lies in a live folder: where nothing has changed it is the commit's as well.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    manifest: Manifest,
    /// Of its file, which a program can reach.
    stat: Stat,
}

impl Prepared {
    fn of(ready: &Ready) -> Option<Self> {
        let stat = manifest_stat(&ready.place)?;
        let manifest = ready.manifest.clone();
        Some(Self { manifest, stat })
    }

    fn lies_in(&self, place: &Path) -> bool {
        manifest_stat(place) == Some(self.stat)
    }
}

fn manifest_stat(place: &Path) -> Option<Stat> {
    let metadata = fs::symlink_metadata(place.join(manifest::FILE)).ok()?;
    Some(Stat::of(&metadata))
}

/// Whether the program of a trial has ended, so that its files are the store's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Program {
    Waits,
    HasEnded,
}

impl DirectoryStore {
    /// Everything of a commit before it can be seen.
    pub(crate) fn make_ready(
        &self,
        trial: &str,
        level: u64,
        attempt: u64,
        program: Program,
    ) -> Result<Ready, StoreError> {
        let name = trial_name(trial);
        let place = self.live_place(&name);
        if !tree::is_real_dir(&place)? {
            self.check_mounted()?;
            return Err(StoreError::NotBegun {
                trial: trial.to_owned(),
            });
        }
        // One that an earlier process left is this process's from now on.
        self.lives().entry(name.clone()).or_default();
        let mut scanned = self.hash(&place, &name, program)?;
        let content = std::mem::take(&mut scanned.content);
        let prepared = self
            .lives()
            .get_mut(&name)
            .and_then(|live| live.prepared.take());
        let manifest = match prepared.filter(|prepared| prepared.lies_in(&place)) {
            Some(Prepared {
                manifest: known, ..
            }) => {
                let stamp = Stamp {
                    level,
                    ..known.stamp()
                };
                let mut manifest = Manifest::new(&self.run, trial, stamp, attempt, content);
                if manifest == known {
                    return Ok(Ready::new(manifest, scanned, place));
                }
                manifest.sequence = self.number()?;
                manifest
            }
            None => self.manifest(trial, level, attempt, content)?,
        };
        let ready = self.write_manifest(place, scanned, manifest)?;
        // The number of a commit that failed may be known elsewhere, and is not used again.
        if let (Program::Waits, Some(live)) = (program, self.lives().get_mut(&name)) {
            live.prepared = Prepared::of(&ready);
        }
        Ok(ready)
    }

    /// The commits that an earlier process had prepared and did not get to end, under numbers of
    /// their own: of each trial the last one, if it is later than what `committed` says of the
    /// trial's name.
    pub(crate) fn cut_off(
        &self,
        committed: &dyn Fn(&str) -> Result<Option<u64>, StoreError>,
    ) -> Result<Vec<Ready>, StoreError> {
        let mut last: BTreeMap<String, (Manifest, PathBuf)> = BTreeMap::new();
        for (name, place) in self.left_places()? {
            let Some(manifest) = self.sound_manifest(&place, &name) else {
                continue;
            };
            let before = last.get(&name).map(|(m, _)| m.sequence);
            if before.max(committed(&name)?) < Some(manifest.sequence) {
                last.insert(name, (manifest, place));
            }
        }
        self.check_mounted()?;
        let mut ready = Vec::new();
        for (name, (old, place)) in last {
            let mut scanned = self.hash(&place, &name, Program::HasEnded)?;
            let content = std::mem::take(&mut scanned.content);
            let manifest = self.manifest(&old.trial, old.level, old.attempt, content)?;
            // What does not match was written to since. Its manifest stays, so that no later process
            // takes the one for the other.
            if manifest.hash == old.hash {
                ready.push(self.write_manifest(place, scanned, manifest)?);
            }
        }
        Ok(ready)
    }

    /// Live folders of earlier processes by name of the trial, those of earlier versions included.
    fn left_places(&self) -> Result<Vec<(String, PathBuf)>, StoreError> {
        let mut places = Vec::new();
        let staging = self.root.join(STAGING);
        for name in names(&staging)? {
            if let Some(place) = Place::parse(&name) {
                places.push((place.trial, staging.join(&name)));
            }
        }
        let lives = self.lives();
        let mut left = names(&self.root.join(LIVE))?;
        left.retain(|name| is_trial_name(name) && !lives.contains_key(name));
        places.extend(left.into_iter().map(|name| {
            let place = self.live_place(&name);
            (name, place)
        }));
        Ok(places)
    }

    fn sound_manifest(&self, place: &Path, name: &str) -> Option<Manifest> {
        if !tree::is_real_dir(place).unwrap_or(false) {
            return None;
        }
        let bytes = tree::read_regular(&place.join(manifest::FILE)).ok()?;
        let manifest = Manifest::parse(&bytes).ok()?;
        (manifest.run == self.run && trial_name(&manifest.trial) == name).then_some(manifest)
    }

    /// Gives a prepared checkpoint its final name.
    pub(crate) fn publish(&self, ready: &mut Ready) -> Result<Stored, StoreError> {
        let name = trial_name(&ready.manifest.trial);
        let shelf = self.root.join(CHECKPOINTS).join(&name);
        let path = shelf.join(ready.manifest.stamp().to_string());
        if tree::ensure_dir(&shelf)? {
            tree::sync_dir(&self.root.join(CHECKPOINTS))?;
        }
        tree::rename(&ready.place, &path)?;
        self.lives().remove(&name);
        std::mem::take(&mut ready.mended).keep();
        tree::sync_dir(&shelf)?;
        self.steps.reach(Step::Renamed)?;
        for left in &ready.left_out {
            // It would take room that nobody counts; what cannot be removed goes with the rest.
            let left = path.join(DATA).join(&left.path);
            let _ = fs::remove_file(&left).or_else(|_| fs::remove_dir_all(&left));
        }
        let location = path.to_string_lossy().into_owned();
        Ok(Stored::sound(&ready.manifest, location))
    }

    /// What lies in a live folder, hashed and on the disk.
    fn hash(&self, place: &Path, name: &str, program: Program) -> Result<Scanned, StoreError> {
        let data = place.join(DATA);
        if !tree::is_real_dir(&data)? {
            self.check_mounted()?;
            return Err(StoreError::Refused {
                path: data,
                reason: "the live folder is gone",
            });
        }
        let mut scanned = Scanned::of(&data)?;
        if program == Program::HasEnded
            && private::make_private(&self.writers, place, &data, &scanned, &self.steps)?
        {
            // The modes are to be seen as the program left them.
            drop(std::mem::take(&mut scanned.mended));
            scanned = Scanned::of(&data)?;
        }
        // The calls that concern one trial do not overlap, so nobody misses it meanwhile.
        let known = self
            .lives()
            .get_mut(name)
            .map(|live| std::mem::take(&mut live.hashed));
        let mut hashed = known.unwrap_or_default();
        let filled = hashed.fill(&data, &mut scanned, program == Program::Waits);
        if let Some(live) = self.lives().get_mut(name) {
            live.hashed = hashed;
        }
        filled?;
        self.steps.reach(Step::Synced)?;
        Ok(scanned)
    }

    /// The manifest of a new checkpoint, under a number of its own.
    fn manifest(
        &self,
        trial: &str,
        level: u64,
        attempt: u64,
        content: Content,
    ) -> Result<Manifest, StoreError> {
        let sequence = self.number()?;
        let stamp = Stamp { sequence, level };
        Ok(Manifest::new(&self.run, trial, stamp, attempt, content))
    }

    fn write_manifest(
        &self,
        place: PathBuf,
        scanned: Scanned,
        manifest: Manifest,
    ) -> Result<Ready, StoreError> {
        let path = place.join(manifest::FILE);
        let bytes = manifest
            .to_bytes()
            .map_err(StoreError::place("write", &path))?;
        // One that is there already is good until this one is.
        tree::write_whole(&path, &bytes)?;
        self.steps.reach(Step::ManifestWritten)?;
        Ok(Ready::new(manifest, scanned, place))
    }
}
