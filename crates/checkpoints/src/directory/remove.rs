use std::fs;
use std::path::Path;

use super::{
    CHECKPOINTS, DATA, DirectoryStore, LIVE, MARKER, Place, STAGING, TRASH, names, numbers,
};
use crate::manifest::{self, Manifest};
use crate::names::{is_trial_name, trial_id, trial_name};
use crate::stamp::Stamp;
use crate::{Aside, Orphan, Step, Store, StoreError, Swept, tree};

use super::shelf::Found;

impl DirectoryStore {
    pub(super) fn set_oldest_aside(
        &self,
        trial: &str,
        before: u64,
    ) -> Result<Option<Aside>, StoreError> {
        let found = self.found(&trial_name(trial))?;
        let oldest = found.iter().find(|found| found.is_ours());
        match oldest.filter(|found| found.stamp.sequence < before) {
            Some(found) => self.move_aside(found, trial).map(Some),
            None => self.check_mounted().map(|()| None),
        }
    }

    pub(crate) fn move_aside(&self, found: &Found, trial: &str) -> Result<Aside, StoreError> {
        let bytes = match found.manifest() {
            Some(manifest) => manifest.bytes,
            None => tree::size(&found.path),
        };
        let key = trash_key(&found.name, found.stamp);
        self.steps.reach(Step::SettingAside)?;
        tree::rename(&found.path, &self.root.join(TRASH).join(&key))?;
        self.steps.reach(Step::SetAside)?;
        let shelf = self.root.join(CHECKPOINTS).join(&found.name);
        tree::sync_dir(&shelf)?;
        // Goes if it is empty; the system sees to that.
        let _ = fs::remove_dir(&shelf);
        Ok(Aside {
            trial: trial.to_owned(),
            level: Some(found.stamp.level),
            bytes,
            key,
        })
    }

    pub(crate) fn purge_key(&self, key: &str) -> Result<(), StoreError> {
        let path = self.root.join(TRASH).join(key);
        if Place::parse(key).is_none() {
            return Err(StoreError::Refused {
                path,
                reason: "nothing that this store sets aside has such a name",
            });
        }
        self.steps.reach(Step::Purging)?;
        self.finish_setting_aside(key, &path)?;
        tree::remove_tree(&path)?;
        self.check_mounted()?;
        self.steps.reach(Step::Purged)
    }

    /// What could not be moved aside is still at its old place.
    fn finish_setting_aside(&self, key: &str, trash: &Path) -> Result<(), StoreError> {
        let Some((name, stamp)) = key.split_once('@') else {
            return Ok(());
        };
        let staging = self.root.join(STAGING).join(key);
        let shelf = self.root.join(CHECKPOINTS).join(name).join(stamp);
        for old in [staging, shelf] {
            if is_dir(&old) {
                tree::rename(&old, trash)?;
            }
        }
        // A live folder has no number. What this process began is another one than was set aside.
        let lives = self.lives();
        let live = self.live_place(name);
        if Stamp::parse(stamp).is_none()
            && !lives.contains_key(name)
            && is_dir(&live)
            && !is_dir(trash)
        {
            tree::rename(&live, trash)?;
        }
        Ok(())
    }

    pub(super) fn sweep_all(&self) -> Result<Swept, StoreError> {
        self.check_mounted()?;
        let mut swept = Swept::default();
        self.sweep_staging(&mut swept)?;
        self.sweep_lives(&mut swept)?;
        for trial in self.trials()? {
            self.sweep_superseded(&trial, &mut swept)?;
            // Left by a kill after its last checkpoint was moved; goes only if it is empty.
            let _ = fs::remove_dir(self.root.join(CHECKPOINTS).join(&trial));
        }
        let trash = self.root.join(TRASH);
        for name in names(&trash)? {
            let path = trash.join(&name);
            if let Some(place) = Place::parse(&name).filter(|_| is_dir(&path)) {
                let aside = place.aside(&name, &path);
                let purged = self.purge(&aside);
                swept.count(aside, purged);
            }
        }
        Ok(swept)
    }

    /// Moves what a run of the earlier layout left aside.
    fn sweep_staging(&self, swept: &mut Swept) -> Result<(), StoreError> {
        let staging = self.root.join(STAGING);
        for name in names(&staging)? {
            let path = staging.join(&name);
            if let Some(place) = Place::parse(&name).filter(|_| is_dir(&path)) {
                // What cannot be moved stays where it is, unseen, and is named.
                if let Err(error) = tree::rename(&path, &self.root.join(TRASH).join(&name)) {
                    swept.failed.push((place.aside(&name, &path), error));
                }
            }
        }
        Ok(())
    }

    /// Moves the live folders of earlier processes aside.
    fn sweep_lives(&self, swept: &mut Swept) -> Result<(), StoreError> {
        let mut left = names(&self.root.join(LIVE))?;
        let lives = self.lives();
        left.retain(|name| is_trial_name(name) && !lives.contains_key(name));
        drop(lives);
        for name in left {
            let path = self.live_place(&name);
            if !is_dir(&path) {
                continue;
            }
            let trial = trial_id(&name).unwrap_or_else(|| name.clone());
            if let Err(error) = self.trash_live(&name, &trial) {
                let key = format!("{name}@{:010}", 0);
                if let Some(place) = Place::parse(&key) {
                    swept.failed.push((place.aside(&key, &path), error));
                }
            }
        }
        Ok(())
    }

    /// Moves aside what is older than the newest checkpoint that is whole. Files are compared with
    /// their hashes before anything that could stand in for them goes.
    fn sweep_superseded(&self, name: &str, swept: &mut Swept) -> Result<(), StoreError> {
        let mut found = self.found(name)?;
        found.retain(Found::is_ours);
        let Some(newest) = self.newest_whole(&found)? else {
            return Ok(());
        };
        for older in found.iter().filter(|f| f.stamp < newest) {
            let trial = trial_id(name).unwrap_or_else(|| name.to_owned());
            if let Err(error) = self.move_aside(older, &trial) {
                let aside = Aside {
                    trial,
                    level: Some(older.stamp.level),
                    bytes: tree::size(&older.path),
                    key: trash_key(name, older.stamp),
                };
                swept.failed.push((aside, error));
            }
        }
        Ok(())
    }

    fn newest_whole(&self, found: &[Found]) -> Result<Option<Stamp>, StoreError> {
        // The oldest one is not read: there is nothing that it would replace.
        for newer in found.iter().skip(1).rev() {
            if self.check_found(newer)?.is_ok() {
                return Ok(Some(newer.stamp));
            }
        }
        Ok(None)
    }

    pub(super) fn find_orphans(
        &self,
        owned: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<Orphan>, StoreError> {
        let mut orphans: Vec<Orphan> = self
            .list()?
            .into_iter()
            .filter(|stored| !owned(&stored.trial))
            .map(Orphan::Checkpoint)
            .collect();
        let parts = [CHECKPOINTS, LIVE, STAGING, TRASH];
        add_foreign(&self.root, &mut orphans, |name, is_dir| {
            name == MARKER
                || name == numbers::FILE
                || (is_dir && (parts.contains(&name) || name == crate::BUCKET_TRASH))
        })?;
        for part in [STAGING, TRASH] {
            add_foreign(&self.root.join(part), &mut orphans, |name, is_dir| {
                is_dir && Place::parse(name).is_some()
            })?;
        }
        let shelf = self.root.join(CHECKPOINTS);
        for part in [LIVE, CHECKPOINTS] {
            add_foreign(&self.root.join(part), &mut orphans, |name, is_dir| {
                is_dir && is_trial_name(name)
            })?;
        }
        for trial in self.trials()? {
            let found = self.found(&trial)?;
            let ours = |name: &str, _| {
                let stamp = Stamp::parse(name);
                found.iter().any(|f| f.is_ours() && Some(f.stamp) == stamp)
            };
            add_foreign(&shelf.join(&trial), &mut orphans, ours)?;
        }
        Ok(orphans)
    }
}

/// Adds what lies in a directory and is none of the store's.
fn add_foreign(
    directory: &Path,
    orphans: &mut Vec<Orphan>,
    ours: impl Fn(&str, bool) -> bool,
) -> Result<(), StoreError> {
    let mut foreign = Vec::new();
    for entry in tree::read_dir_if_any(directory)? {
        let path = entry.path();
        let metadata = entry.metadata().map_err(StoreError::io("look at", &path))?;
        let name = entry.file_name();
        if !name
            .to_str()
            .is_some_and(|name| ours(name, metadata.is_dir()))
        {
            foreign.push(Orphan::Foreign {
                location: path.to_string_lossy().into_owned(),
                bytes: match () {
                    () if metadata.is_dir() => tree::size(&path),
                    () if metadata.is_file() => metadata.len(),
                    () => 0,
                },
            });
        }
    }
    foreign.sort_by(|a, b| a.location().cmp(b.location()));
    orphans.extend(foreign);
    Ok(())
}

impl Orphan {
    /// Where it lies.
    #[must_use]
    pub fn location(&self) -> &str {
        match self {
            Self::Checkpoint(stored) => &stored.location,
            Self::Foreign { location, .. } => location,
        }
    }
}

impl Place {
    fn trial(&self) -> String {
        trial_id(&self.trial).unwrap_or_else(|| self.trial.clone())
    }

    /// What lies at a path of the store under this name.
    fn aside(&self, key: &str, path: &Path) -> Aside {
        let manifest = tree::read_regular(&path.join(manifest::FILE)).ok();
        let manifest = manifest.and_then(|bytes| Manifest::parse(&bytes).ok());
        Aside {
            trial: manifest.map_or_else(|| self.trial(), |manifest| manifest.trial),
            level: self.level,
            bytes: tree::size(&path.join(DATA)),
            key: key.to_owned(),
        }
    }
}

pub(crate) fn trash_key(name: &str, stamp: Stamp) -> String {
    format!("{name}@{stamp}")
}

fn is_dir(path: &Path) -> bool {
    tree::is_real_dir(path).unwrap_or(false)
}
