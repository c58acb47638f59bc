//! What of a table is still on the disk.

use std::borrow::Cow;

use super::paths::Disk;
use super::table::Trial;
use crate::choose::{RunTable, Status};

impl RunTable {
    /// The table without paths at which nothing is any more, so that what was deleted is not chosen once more. Where none is
    /// there, the table speaks of another machine, and is taken as it is; so is the path of a store, such as `s3://runs/7`.
    /// If sizes are asked for and the table tells none, they are those that the disk tells.
    pub(super) fn as_found(&self, disk: &mut Disk<'_>, needs_sizes: bool) -> Cow<'_, Self> {
        let mut places = Vec::with_capacity(self.trials.len());
        let (mut is_any_there, mut are_all_there) = (false, true);
        for trial in &self.trials {
            let of_trial = trial.paths.iter().map(|(path, _)| {
                let is_elsewhere = is_elsewhere(path);
                let is_there =
                    !is_elsewhere && (disk.is_there)(&disk.working_directory.join(&**path));
                is_any_there |= is_there;
                are_all_there &= is_there || is_elsewhere;
                is_there || is_elsewhere
            });
            places.push(of_trial.collect::<Vec<bool>>());
        }
        let measured = needs_sizes && !self.has_bytes;
        if !is_any_there || (are_all_there && !measured) {
            return Cow::Borrowed(self);
        }
        let mut found = self.clone();
        for (trial, are_there) in found.trials.iter_mut().zip(&places) {
            if trial.status != Some(Status::Running) {
                let mut are_there = are_there.iter();
                let mut is_there = || are_there.next().is_none_or(|is_there| *is_there);
                trial.paths.retain(|_| is_there());
            }
            if measured && trial.status != Some(Status::Ended) {
                found.has_bytes |= measure(trial, disk);
            }
        }
        Cow::Owned(found)
    }
}

/// Asks for the sizes of the paths of a trial; whether one was told.
fn measure(trial: &mut Trial, disk: &mut Disk<'_>) -> bool {
    let mut is_told = false;
    for (path, bytes) in trial
        .paths
        .iter_mut()
        .filter(|(path, _)| !is_elsewhere(path))
    {
        *bytes = (disk.size)(&disk.working_directory.join(&**path));
        is_told |= bytes.is_some();
    }
    is_told
}

/// Whether a path is the address of something that is on no disk.
fn is_elsewhere(path: &str) -> bool {
    path.contains("://")
}
