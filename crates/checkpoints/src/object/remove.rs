use std::collections::{BTreeMap, BTreeSet};

use super::listing::Key;
use super::{ObjectStore, tombstones};
use crate::directory::{Found, State, trash_key};
use crate::names::{trial_id, trial_name};
use crate::stamp::Stamp;
use crate::{Aside, Orphan, Step, Store, StoreError, Stored, Swept};

impl ObjectStore {
    pub(super) fn set_oldest_aside(
        &self,
        trial: &str,
        before: u64,
    ) -> Result<Option<Aside>, StoreError> {
        let name = trial_name(trial);
        let local = self.cache.found(&name)?;
        let oldest = self.stamps(&name, &local).into_iter().next();
        let Some(stamp) = oldest.filter(|stamp| stamp.sequence < before) else {
            return Ok(None);
        };
        let copy = local.iter().find(|found| found.stamp == stamp);
        let bytes = match self.known().get(&name, stamp) {
            Some(stored) => stored.bytes,
            None => copy.and_then(Found::stored).map_or(0, |s| s.bytes),
        };
        self.condemn(&name, stamp, trial, bytes)?;
        self.cache.steps().reach(Step::Condemned)?;
        if let Some(copy) = copy
            && let Err(error) = self.cache.move_aside(copy, trial)
            && error.is_killed()
        {
            return Err(error);
        }
        // A copy that could not be moved is condemned all the same, and moved by the purge.
        Ok(Some(Aside {
            trial: trial.to_owned(),
            level: Some(stamp.level),
            bytes,
            key: trash_key(&name, stamp),
        }))
    }

    fn condemn(&self, name: &str, stamp: Stamp, trial: &str, bytes: u64) -> Result<(), StoreError> {
        let mut known = self.known();
        let key = Key {
            name: name.to_owned(),
            stamp,
        };
        known.tombstones.add(key, trial, bytes)?;
        known.remove(name, stamp);
        Ok(())
    }

    pub(super) fn purge_key(&self, key: &str) -> Result<(), StoreError> {
        match tombstones::parse(key) {
            Some(parsed) if self.known().tombstones.contains(&parsed) => self.empty(&parsed, key),
            // A staging directory, or gone from the bucket already.
            _ => self.cache.purge_key(key),
        }
    }

    /// Removes a condemned checkpoint, the commit mark first.
    pub(super) fn empty(&self, key: &Key, trash: &str) -> Result<(), StoreError> {
        let steps = self.cache.steps();
        self.bucket.delete_manifest(key)?;
        steps.reach(Step::Unmarked)?;
        self.bucket.delete(&self.bucket.list_one(key)?.data)?;
        steps.reach(Step::Emptied)?;
        self.cache.purge_key(trash)?;
        self.known().tombstones.remove(key)
    }

    pub(super) fn sweep_all(&self) -> Result<Swept, StoreError> {
        let mut swept = Swept::default();
        self.ask_for_the_unlisted()?;
        self.set_superseded_aside()?;
        let condemned = self.known().tombstones.all();
        for aside in condemned {
            let purged = self.purge(&aside);
            swept.count(aside, purged);
        }
        self.sweep_half_uploaded(&mut swept)?;
        let local = self.cache.sweep()?;
        swept.half_written += local.half_written;
        swept.aside += local.aside;
        swept.bytes += local.bytes;
        swept.failed.extend(local.failed);
        Ok(swept)
    }

    /// Condemns what is older than the newest checkpoint of a trial that is whole, here or in the
    /// bucket. Files are compared with their hashes before anything that could stand in for them
    /// goes.
    fn set_superseded_aside(&self) -> Result<(), StoreError> {
        let several = |versions: &&BTreeMap<Stamp, Stored>| versions.len() > 1;
        let trials: Vec<BTreeMap<Stamp, Stored>> = {
            let known = self.known();
            known.stored.values().filter(several).cloned().collect()
        };
        for versions in trials {
            // The oldest one is not read: there is nothing that it would replace.
            for (&stamp, newer) in versions.iter().skip(1).rev() {
                let name = trial_name(&newer.trial);
                let local = self.cache.found(&name)?;
                let copy = local.iter().find(|found| found.stamp == stamp);
                if self.check_either(copy, &Key { name, stamp })?.is_ok() {
                    if let (_, Some(error)) = crate::supersede(self, newer)? {
                        return Err(error);
                    }
                    break;
                }
            }
        }
        Ok(())
    }

    /// Removes objects of commits that were never marked, as far as an earlier process left them.
    fn sweep_half_uploaded(&self, swept: &mut Swept) -> Result<(), StoreError> {
        let listing = self.bucket.list(&Key::all())?;
        for (key, group) in listing.groups {
            if group.marked || key.stamp.sequence >= self.first {
                continue;
            }
            // A listing may be incomplete; the mark itself tells.
            if self.known().get(&key.name, key.stamp).is_some() || self.ask(&key)?.is_some() {
                continue;
            }
            let trial = trial_id(&key.name).unwrap_or_else(|| key.name.clone());
            self.condemn(&key.name, key.stamp, &trial, group.bytes)?;
            let aside = Aside {
                trial,
                level: None,
                bytes: group.bytes,
                key: trash_key(&key.name, key.stamp),
            };
            let purged = self.purge(&aside);
            swept.count(aside, purged);
        }
        Ok(())
    }

    pub(super) fn find_orphans(
        &self,
        owned: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<Orphan>, StoreError> {
        let listed = self.list()?;
        let here: BTreeSet<(String, u64)> = listed
            .iter()
            .map(|stored| (stored.trial.clone(), stored.sequence))
            .collect();
        let not_owned = |stored: &Stored| !owned(&stored.trial);
        let mut orphans: Vec<Orphan> = listed
            .into_iter()
            .filter(not_owned)
            .map(Orphan::Checkpoint)
            .collect();
        let listing = self.bucket.list_everything()?;
        let foreign = |(location, bytes)| Orphan::Foreign { location, bytes };
        for (key, state) in self.manifests(listing.marked())? {
            if matches!(state, State::Foreign) {
                orphans.push(foreign((self.bucket.location(&key), listing.bytes(&key))));
            }
        }
        orphans.extend(listing.foreign.into_iter().map(foreign));
        // Local copies of what the bucket holds are no orphans of their own.
        orphans.extend(self.cache.orphans(owned)?.into_iter().filter(|o| match o {
            Orphan::Checkpoint(s) => !here.contains(&(s.trial.clone(), s.sequence)),
            Orphan::Foreign { .. } => true,
        }));
        Ok(orphans)
    }
}
