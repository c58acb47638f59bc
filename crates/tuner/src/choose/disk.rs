//! What is asked of a disk, and the one of this machine.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::{env, fmt, fs};

use crate::choose::{ChooseError, Chosen, Question, RunTable, choose_on};

/// What of a disk tells which paths lead to the same place, and what is there.
pub struct Disk<'d> {
    /// Where relative paths begin.
    pub working_directory: PathBuf,
    /// Where a link leads; `None` for all that is no link.
    pub read_link: &'d mut dyn FnMut(&Path) -> Option<PathBuf>,
    /// Whether something is at a path, a link that leads nowhere included.
    pub is_there: &'d mut dyn FnMut(&Path) -> bool,
    /// Bytes of what is at a path, of a folder with all in it; `None` where that is not known. If the table
    /// tells no sizes, it is asked for those of all checkpoints under a budget of bytes, otherwise for those that can go.
    pub size: &'d mut dyn FnMut(&Path) -> Option<u64>,
}

impl fmt::Debug for Disk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk")
            .field("working_directory", &self.working_directory)
            .finish_non_exhaustive()
    }
}

/// [`choose_on`] the disk of this machine, with relative paths that begin in the working directory.
///
/// ```
/// use rungkeeper_tuner::choose::{Question, RunRow, RunTable, choose_here};
/// use rungkeeper_tuner_hooks::Budget;
///
/// let mut table = RunTable::new("my run", "loss");
/// for (trial, loss, path) in [("a", 0.5, "Cargo.toml"), ("b", 0.9, "src")] {
///     table.push(&RunRow { path: Some(path), ..RunRow::new(trial, 1, loss) });
/// }
/// let question = Question { max_resource: Some(27), ..Question::new(Budget::of_checkpoints(1)) };
/// let chosen = choose_here(&table, &question)?;
/// assert_eq!(chosen.removals[0].paths, ["src"]);
/// assert!(chosen.freed_bytes > Some(1000)); // the files of that folder
/// # Ok::<(), rungkeeper_tuner::choose::ChooseError>(())
/// ```
///
/// # Errors
///
/// As of [`choose`](crate::choose::choose()).
pub fn choose_here(table: &RunTable, question: &Question) -> Result<Chosen, ChooseError> {
    let mut disk = Disk {
        working_directory: env::current_dir().unwrap_or_default(),
        read_link: &mut |path: &Path| path.read_link().ok(),
        is_there: &mut |path: &Path| path.symlink_metadata().is_ok(),
        size: &mut size,
    };
    choose_on(table, question, &mut disk)
}

/// Bytes of a file, or of all files below a folder: links are not followed, what cannot be read counts nothing, and a file with
/// several names counts once.
fn size(path: &Path) -> Option<u64> {
    let found = path.symlink_metadata().ok()?;
    if !found.is_dir() {
        return Some(found.len());
    }
    let (mut sum, mut seen, mut folders) = (0_u64, HashSet::new(), vec![path.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(found) if found.is_dir() => folders.push(entry.path()),
                Ok(found) if found.is_file() && seen.insert(identity(&entry.path(), &found)) => {
                    sum = sum.saturating_add(found.len());
                }
                _ => {}
            }
        }
    }
    Some(sum)
}

/// What all names of a file have in common.
#[cfg(unix)]
fn identity(_: &Path, found: &fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    (found.dev(), found.ino())
}

/// Elsewhere the names of a file are taken for files.
#[cfg(not(unix))]
fn identity(path: &Path, _: &fs::Metadata) -> PathBuf {
    path.to_owned()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_files() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        fs::create_dir_all(here.join("a/b")).unwrap();
        fs::write(here.join("a/one"), [0; 100]).unwrap();
        fs::write(here.join("a/b/two"), [0; 20]).unwrap();
        fs::hard_link(here.join("a/one"), here.join("a/b/again")).unwrap();
        fs::write(here.join("far"), [0; 7000]).unwrap();
        std::os::unix::fs::symlink("../far", here.join("a/link")).unwrap();
        assert_eq!(size(&here.join("a")), Some(120));
        assert_eq!(size(&here.join("far")), Some(7000));
        assert!(size(&here.join("a/link")) < Some(7000), "the link itself");
        assert_eq!(size(&here.join("nowhere")), None);
    }
}
