use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::{CHECKPOINTS, DATA, DirectoryStore, Place, STAGING, names};
use crate::manifest::{self, Manifest};
use crate::names::trial_name;
use crate::stamp::Stamp;
use crate::{Handover, Step, StoreError, Stored, tree};

/// A directory that lacks nothing but its final name.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) manifest: Manifest,
    place: PathBuf,
    handover: Handover,
}

#[cfg(feature = "object-store")]
impl Prepared {
    pub(crate) fn data(&self) -> PathBuf {
        self.place.join(DATA)
    }

    /// After a commit that failed elsewhere. What the trial's program wrote stays.
    pub(crate) fn drop_copy(&self) {
        if self.handover == Handover::Copy {
            // What cannot be removed is swept later.
            let _ = tree::remove_tree(&self.place);
        }
    }
}

impl DirectoryStore {
    pub(super) fn new_staging(&self, trial: &str) -> Result<PathBuf, StoreError> {
        let name = format!("{}@{:010}", trial_name(trial), self.number());
        let place = self.root.join(STAGING).join(name);
        fs::create_dir(&place).map_err(StoreError::io("make", &place))?;
        Ok(place)
    }

    /// Everything of a commit before it can be seen.
    pub(crate) fn prepare(
        &self,
        trial: &str,
        level: u64,
        attempt: u64,
        handover: Handover,
    ) -> Result<Prepared, StoreError> {
        let staging = self.staging().get(trial).cloned();
        let staging = staging.ok_or_else(|| StoreError::NotBegun {
            trial: trial.to_owned(),
        })?;
        let place = match handover {
            Handover::Move => staging,
            Handover::Copy => self.copy_staging(trial, &staging)?,
        };
        let written = self.write_manifest(&place, trial, level, attempt);
        let manifest = or_drop_copy(written, &place, handover)?;
        Ok(Prepared {
            manifest,
            place,
            handover,
        })
    }

    /// The commits that an earlier process had prepared and did not get to end, under numbers of
    /// their own: of each trial the last one, if it is later than what `committed` says of the
    /// trial's name.
    pub(crate) fn cut_off(
        &self,
        committed: &dyn Fn(&str) -> Result<Option<u64>, StoreError>,
    ) -> Result<Vec<Prepared>, StoreError> {
        let mut last: BTreeMap<String, (Manifest, PathBuf)> = BTreeMap::new();
        let staging = self.root.join(STAGING);
        for name in names(&staging)? {
            let Some(place) = Place::parse(&name).filter(|place| place.number < self.first) else {
                continue;
            };
            let path = staging.join(&name);
            let Some(manifest) = self.sound_manifest(&path, &place.trial) else {
                continue;
            };
            let before = last.get(&place.trial).map(|(m, _)| m.sequence);
            if before.max(committed(&place.trial)?) < Some(manifest.sequence) {
                last.insert(place.trial, (manifest, path));
            }
        }
        let mut prepared = Vec::new();
        for (old, place) in last.into_values() {
            let manifest = self.write_manifest(&place, &old.trial, old.level, old.attempt)?;
            // What does not match was written to since, and is swept.
            if manifest.hash == old.hash {
                prepared.push(Prepared {
                    manifest,
                    place,
                    handover: Handover::Move,
                });
            }
        }
        Ok(prepared)
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
    pub(crate) fn publish(&self, prepared: &Prepared) -> Result<Stored, StoreError> {
        let trial = &prepared.manifest.trial;
        let shelf = self.trial_dir(trial);
        let path = shelf.join(prepared.manifest.stamp().to_string());
        let renamed = self.put_on_shelf(&prepared.place, &shelf, &path);
        or_drop_copy(renamed, &prepared.place, prepared.handover)?;
        if prepared.handover == Handover::Move {
            self.staging().remove(trial);
        }
        tree::sync_dir(&shelf)?;
        self.steps.reach(Step::Renamed)?;
        let location = path.to_string_lossy().into_owned();
        Ok(Stored::sound(&prepared.manifest, location))
    }

    fn put_on_shelf(&self, place: &Path, shelf: &Path, path: &Path) -> Result<(), StoreError> {
        if tree::ensure_dir(shelf)? {
            tree::sync_dir(&self.root.join(CHECKPOINTS))?;
        }
        tree::rename(place, path)
    }

    fn write_manifest(
        &self,
        place: &Path,
        trial: &str,
        level: u64,
        attempt: u64,
    ) -> Result<Manifest, StoreError> {
        let data = place.join(DATA);
        if !tree::is_real_dir(&data)? {
            return Err(StoreError::Refused {
                path: data,
                reason: "the staging directory is gone",
            });
        }
        let mut content = tree::scan(&data)?;
        tree::sync(&data, &mut content)?;
        self.steps.reach(Step::Synced)?;
        let stamp = Stamp {
            sequence: self.number(),
            level,
        };
        let manifest = Manifest::new(&self.run, trial, stamp, attempt, content);
        let path = place.join(manifest::FILE);
        let bytes = manifest
            .to_bytes()
            .map_err(StoreError::io("write", &path))?;
        // One that is there already is good until this one is.
        tree::write_whole(&path, &bytes)?;
        self.steps.reach(Step::ManifestWritten)?;
        Ok(manifest)
    }

    fn copy_staging(&self, trial: &str, staging: &Path) -> Result<PathBuf, StoreError> {
        let place = self.new_staging(trial)?;
        let copied = self.copy_data(&staging.join(DATA), &place.join(DATA));
        or_drop_copy(copied, &place, Handover::Copy)?;
        Ok(place)
    }

    fn copy_data(&self, from: &Path, to: &Path) -> Result<(), StoreError> {
        let content = tree::scan(from)?;
        fs::create_dir(to).map_err(StoreError::io("make", to))?;
        let directories = content.directories.iter().map(String::as_str);
        tree::make_dirs(to, directories, std::iter::empty())?;
        for file in &content.files {
            self.steps.reach(Step::Copying)?;
            let (source, target) = (from.join(&file.path), to.join(&file.path));
            let mut read = File::open(&source).map_err(StoreError::io("open", &source))?;
            let mut write = File::create_new(&target).map_err(StoreError::io("write", &target))?;
            // The system copies without a way through this program where it can.
            std::io::copy(&mut read, &mut write).map_err(StoreError::io("copy", &source))?;
        }
        tree::make_links(to, &content.links)
    }
}

/// A copy is of no use after an error. What the trial's program wrote stays.
fn or_drop_copy<T>(
    result: Result<T, StoreError>,
    place: &Path,
    handover: Handover,
) -> Result<T, StoreError> {
    if let Err(error) = &result
        && handover == Handover::Copy
        && !error.is_killed()
    {
        // What cannot be removed is swept later.
        let _ = tree::remove_tree(place);
    }
    result
}
