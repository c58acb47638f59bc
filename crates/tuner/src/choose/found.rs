//! What of a table is still on the disk.

use std::borrow::Cow;

use super::table::Trial;
use crate::choose::{Disk, Doomed, RunTable, Status};

impl RunTable {
    /// The table without paths at which nothing is any more, so that what was deleted is not chosen once more. Where none is
    /// there, the table speaks of another machine, and is taken as it is; so is the path of a store, such as `s3://runs/7`.
    /// If sizes are asked for and the table tells none, they are those that the disk tells.
    ///
    /// With it the number of paths that should be on the disk, if none of them is.
    pub(super) fn as_found(
        &self,
        disk: &mut Disk<'_>,
        needs_sizes: bool,
    ) -> (Cow<'_, Self>, usize) {
        let mut places = Vec::with_capacity(self.trials.len());
        let (mut is_any_there, mut absent) = (false, 0);
        for trial in &self.trials {
            let of_trial = trial.paths.iter().map(|(path, _)| {
                let is_elsewhere = is_elsewhere(path);
                let is_there =
                    !is_elsewhere && (disk.is_there)(&disk.working_directory.join(&**path));
                is_any_there |= is_there;
                absent += usize::from(!is_there && !is_elsewhere);
                is_there || is_elsewhere
            });
            places.push(of_trial.collect::<Vec<bool>>());
        }
        let measured = needs_sizes && !self.has_bytes;
        if !is_any_there {
            return (Cow::Borrowed(self), absent);
        }
        if absent == 0 && !measured {
            return (Cow::Borrowed(self), 0);
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
        (Cow::Owned(found), 0)
    }

    /// Adds the sizes of checkpoints that can go as the disk tells them, if the table tells none: to measure what is deleted
    /// takes no longer than to delete it.
    pub(super) fn measure(&self, removals: &mut [Doomed], disk: &mut Disk<'_>) {
        if self.has_bytes {
            return;
        }
        for doomed in removals {
            if let Some(trial) = self.find(&doomed.trial) {
                let mut trial = trial.clone();
                measure(&mut trial, disk);
                doomed.bytes = trial.size();
            }
        }
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rungkeeper_tuner_hooks::Budget;

    use crate::choose::{ChooseError, Chosen, Disk, Question, RunRow, RunTable, Status, choose_on};

    /// Four trials that wait at 1, one that trains beyond it, and one that is told to run.
    fn chosen(budget: Budget, there: &[&str], size: Option<u64>) -> Chosen {
        try_chosen(budget, there, size).unwrap()
    }

    fn try_chosen(
        budget: Budget,
        there: &[&str],
        size: Option<u64>,
    ) -> Result<Chosen, ChooseError> {
        let mut table = RunTable::new("test", "loss");
        for (trial, resource, path, status) in [
            ("a", 1, "a", None),
            ("b", 1, "b", None),
            ("c", 1, "s3://runs/c", None),
            ("d", 1, "d", Some(Status::Pinned)),
            ("e", 1, "e", None),
            ("e", 2, "e", None),
            ("f", 1, "f", Some(Status::Running)),
        ] {
            let (path, loss) = (Some(path), resource as f64);
            table.push(&RunRow {
                path,
                status,
                ..RunRow::new(trial, resource, loss)
            });
        }
        let question = Question {
            levels: Question::levels_of(Some(vec![1, 3]), None, None),
            max_resource: Some(9),
            ..Question::new(budget)
        };
        let mut disk = Disk {
            working_directory: "/runs".into(),
            read_link: &mut |_| None,
            is_there: &mut |path: &Path| there.iter().any(|it| Path::new("/runs").join(it) == path),
            size: &mut |_| size,
        };
        choose_on(&table, &question, &mut disk)
    }

    #[test]
    fn what_is_gone_is_not_held() {
        let none = Budget::of_checkpoints(0);
        for (there, waiting, without, goes) in [
            (&["a", "b", "d", "e", "f"][..], 4, 0, 3),
            (&["b", "d", "e"], 3, 1, 2),
            // Addresses are on no disk, and who runs holds one whether it was written or not.
            (&["e"], 1, 3, 1),
            // Nothing is there: on another machine.
            (&[], 4, 0, 3),
        ] {
            let found = chosen(none, there, None);
            assert_eq!(found.trials.running, 2, "{there:?}");
            assert_eq!(found.trials.waiting, waiting, "{there:?}");
            assert_eq!(found.trials.without_checkpoint, without, "{there:?}");
            assert_eq!(found.held, waiting + 2, "{there:?}");
            assert_eq!(found.removals.len(), goes, "{there:?}");
        }
    }

    #[test]
    fn the_disk_tells_sizes_that_the_table_does_not() {
        let budget = Budget {
            max_bytes: Some(100),
            ..Budget::default()
        };
        let found = chosen(budget, &["a", "b", "d", "e", "f"], Some(30));
        assert_eq!((found.held_bytes, found.removals.len()), (Some(150), 2));
    }

    #[test]
    fn the_disk_tells_sizes_of_what_can_go() {
        let none = Budget::of_checkpoints(0);
        let found = chosen(none, &["a", "b", "d"], Some(30));
        let sizes: Vec<_> = found
            .removals
            .iter()
            .map(|it| (&*it.trial, it.bytes))
            .collect();
        // An address has no size.
        assert_eq!(sizes, [("c", None), ("b", Some(30)), ("a", Some(30))]);
        assert_eq!((found.held_bytes, found.freed_bytes), (None, Some(60)));
        let unknown = chosen(none, &["a", "b", "d"], None);
        assert_eq!(unknown.freed_bytes, None);
        let enough = chosen(Budget::of_checkpoints(9), &["a"], None);
        assert_eq!(enough.freed_bytes, Some(0));
    }

    #[test]
    fn paths_of_which_none_is_there_are_counted() {
        let none = Budget::of_checkpoints(0);
        assert_eq!(chosen(none, &["e"], None).absent_paths, 0);
        // The address is none of them.
        assert_eq!(chosen(none, &[], None).absent_paths, 5);
        let budget = Budget {
            max_bytes: Some(100),
            ..Budget::default()
        };
        let refused = try_chosen(budget, &[], None).unwrap_err().to_string();
        let reason = "none of the 5 paths is there, seen from /runs";
        assert!(refused.contains(reason), "{refused}");
    }
}
