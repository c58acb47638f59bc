//! Which run a directory holds, and where its experiment's paths lead.
//!
//! A directory may be moved, and it may be copied. A run that was moved is the same run. A copy is another one: the
//! programs and the store of the original are not its own.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::file_error;
use crate::experiment::Experiment;
use crate::{RunError, whole};

const FILE: &str = "origin.json";
/// What the first versions kept in files of their own.
const FORMER_BASE: &str = "base";
const FORMER_MARK: &str = "mark";

/// Where a run comes from.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Origin {
    /// Tells the run from all others: every process that it starts carries it.
    pub(crate) mark: String,
    /// The run's directory when it was last worked on.
    directory: PathBuf,
    /// The folder of the experiment file.
    base: PathBuf,
    /// The same, as it is reached from the run's directory.
    from_directory: PathBuf,
    /// Name of the experiment file; unknown for runs of the first versions.
    file: Option<PathBuf>,
}

/// What became of a run's directory since it was last worked on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Whereabouts {
    /// It is where it was.
    Same,
    /// It is elsewhere now, and was here before.
    Moved(PathBuf),
    /// It is a copy, and this is the original.
    Copied(PathBuf),
}

impl Origin {
    /// Of a new run; both paths exist.
    pub(crate) fn new(experiment_file: &Path, directory: &Path) -> Result<Self, RunError> {
        let base = match experiment_file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let base = base.canonicalize().map_err(|e| file_error(base, e))?;
        // A start that came to nothing may have made a store elsewhere, which carries its mark.
        let before = Self::read(directory).ok();
        let mark = before
            .filter(|before| before.directory == directory)
            .map_or_else(new_mark, |before| before.mark);
        Ok(Self {
            mark,
            directory: directory.to_owned(),
            from_directory: relative(directory, &base),
            base,
            file: experiment_file.file_name().map(PathBuf::from),
        })
    }

    /// Of the run in a directory.
    pub(crate) fn read(directory: &Path) -> Result<Self, RunError> {
        let path = directory.join(FILE);
        match whole::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|e| file_error(&path, e.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::former(directory),
            Err(error) => Err(file_error(&path, error)),
        }
    }

    /// The first versions wrote down the absolute folder, and a mark where the store is outside of the directory.
    fn former(directory: &Path) -> Result<Self, RunError> {
        let path = directory.join(FORMER_BASE);
        let base = whole::read_text(&path).map_err(|e| file_error(&path, e))?;
        let base = PathBuf::from(base);
        let mark = whole::read_text(&directory.join(FORMER_MARK));
        Ok(Self {
            mark: mark.unwrap_or_else(|_| new_mark()),
            directory: directory.to_owned(),
            from_directory: relative(directory, &base),
            base,
            file: None,
        })
    }

    /// Whether it was written down in a directory; the first versions kept it elsewhere.
    pub(crate) fn is_written(directory: &Path) -> bool {
        directory.join(FILE).exists()
    }

    pub(crate) fn write(&self, directory: &Path) -> Result<(), RunError> {
        let path = directory.join(FILE);
        let bytes = serde_json::to_vec(self).map_err(io::Error::from);
        bytes
            .and_then(|bytes| whole::write(&path, &bytes, None))
            .map_err(|e| file_error(&path, e))
    }

    /// What became of the directory that now is `directory`.
    pub(crate) fn whereabouts(&self, directory: &Path) -> Whereabouts {
        let original = &self.directory;
        if original == directory || is_same_directory(original, directory) {
            return Whereabouts::Same;
        }
        match Self::read(original) {
            Ok(other) if other.mark == self.mark => Whereabouts::Copied(original.clone()),
            _ => Whereabouts::Moved(original.clone()),
        }
    }

    /// From now on the run is in this directory; a copy becomes a run of its own.
    pub(crate) fn settle(&mut self, directory: &Path, whereabouts: &Whereabouts) {
        directory.clone_into(&mut self.directory);
        if matches!(whereabouts, Whereabouts::Copied(_)) {
            self.mark = new_mark();
        }
    }

    /// The folder that the experiment's paths are relative to, with what a person should know of it. A `given` one is
    /// kept for good. The folder of the original is never used for a copy, and for a run that was moved only if the
    /// experiment file did not come along.
    pub(crate) fn find_base(
        &mut self,
        directory: &Path,
        whereabouts: &Whereabouts,
        given: Option<&Path>,
    ) -> Result<Option<String>, RunError> {
        if let Some(given) = given {
            let base = given.canonicalize().map_err(|e| file_error(given, e))?;
            self.use_base(directory, base);
            return Ok(None);
        }
        let beside = directory.join(&self.from_directory).canonicalize();
        let beside = beside.ok().filter(|base| self.holds_the_file(base));
        let as_before = self.base.is_dir() && self.holds_the_file(&self.base);
        let (base, note) = match (whereabouts, beside) {
            (Whereabouts::Same, _) if self.base.is_dir() => return Ok(None),
            (Whereabouts::Moved(_) | Whereabouts::Copied(_), Some(beside))
                if beside != self.base =>
            {
                let text = format!("its programs run in {} now", beside.display());
                (beside, Some(text))
            }
            (_, Some(beside)) => (beside, None),
            (Whereabouts::Moved(_), None) if as_before => {
                let text = format!(
                    "the run was moved; its programs run in {} as before (`--base DIR` names another folder)",
                    self.base.display()
                );
                (self.base.clone(), Some(text))
            }
            _ => {
                return Err(RunError::NoBase {
                    directory: directory.to_owned(),
                    base: self.base.clone(),
                    file: self.file.clone().unwrap_or_default(),
                });
            }
        };
        self.use_base(directory, base);
        Ok(note)
    }

    /// The folder that the experiment's paths are relative to.
    pub(crate) fn base(&self) -> &Path {
        &self.base
    }

    fn use_base(&mut self, directory: &Path, base: PathBuf) {
        self.from_directory = relative(directory, &base);
        self.base = base;
    }

    fn holds_the_file(&self, base: &Path) -> bool {
        self.file
            .as_ref()
            .is_none_or(|file| base.join(file).is_file())
    }
}

/// The folder that the programs of a run start in, as [`crate::Runner::resume`] would find it now.
/// Nothing is written.
///
/// # Errors
///
/// The directory holds no run, or the run was moved and its experiment file is at neither place.
pub fn working_directory(directory: &Path, experiment: &Experiment) -> Result<PathBuf, RunError> {
    let directory = directory
        .canonicalize()
        .map_err(|e| file_error(directory, e))?;
    let mut origin = Origin::read(&directory)?;
    let whereabouts = origin.whereabouts(&directory);
    origin.find_base(&directory, &whereabouts, None)?;
    let folder = origin.base().join(&experiment.directory);
    Ok(folder.components().collect())
}

/// The keys of the standard library's hash maps are drawn from the system.
fn new_mark() -> String {
    format!("{:016x}", RandomState::new().hash_one("rungkeeper"))
}

/// Two names of one directory, as behind a link or a mount.
fn is_same_directory(one: &Path, other: &Path) -> bool {
    match (fs::metadata(one), fs::metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

/// The way from one absolute directory to another.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let (from, to): (Vec<_>, Vec<_>) = (from.components().collect(), to.components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from[shared..].iter().map(|_| Component::ParentDir);
    let down = to[shared..].iter().copied();
    let way: PathBuf = up.chain(down).collect();
    if way.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        way
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Project {
        folder: tempfile::TempDir,
    }

    impl Project {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let run = folder.path().join("project/runs/x");
            fs::create_dir_all(&run).unwrap();
            fs::write(folder.path().join("project/e.toml"), "").unwrap();
            let run = run.canonicalize().unwrap();
            let origin = Origin::new(&folder.path().join("project/e.toml"), &run).unwrap();
            origin.write(&run).unwrap();
            Self { folder }
        }

        fn path(&self, below: &str) -> PathBuf {
            self.folder.path().canonicalize().unwrap().join(below)
        }

        /// Where the run in a directory comes from, and the folder its programs run in.
        fn resumed(&self, run: &str) -> (Whereabouts, Result<PathBuf, String>) {
            let run = self.path(run);
            let mut origin = Origin::read(&run).unwrap();
            let whereabouts = origin.whereabouts(&run);
            let base = origin.find_base(&run, &whereabouts, None);
            let base = base.map(|_| origin.base().to_owned());
            (whereabouts, base.map_err(|e| e.to_string()))
        }
    }

    #[test]
    fn a_run_is_where_it_was() {
        let project = Project::new();
        let found = project.resumed("project/runs/x");
        assert_eq!(found, (Whereabouts::Same, Ok(project.path("project"))));
    }

    #[test]
    fn a_project_that_was_moved_takes_its_programs_along() {
        let project = Project::new();
        fs::rename(project.path("project"), project.path("other")).unwrap();
        let (whereabouts, base) = project.resumed("other/runs/x");
        let before = project.path("project/runs/x");
        assert_eq!(whereabouts, Whereabouts::Moved(before));
        assert_eq!(base, Ok(project.path("other")));
    }

    #[test]
    fn a_run_that_was_moved_alone_uses_its_folder_as_before() {
        let project = Project::new();
        fs::rename(project.path("project/runs/x"), project.path("x")).unwrap();
        assert_eq!(project.resumed("x").1, Ok(project.path("project")));
        fs::remove_file(project.path("project/e.toml")).unwrap();
        let error = project.resumed("x").1.unwrap_err();
        assert!(error.contains("--base"), "{error}");
    }

    #[test]
    fn a_copy_knows_that_it_is_one() {
        let project = Project::new();
        fs::create_dir_all(project.path("copy/runs/x")).unwrap();
        let origin = project.path("project/runs/x/origin.json");
        fs::copy(&origin, project.path("copy/runs/x/origin.json")).unwrap();
        let (whereabouts, base) = project.resumed("copy/runs/x");
        let original = project.path("project/runs/x");
        assert_eq!(whereabouts, Whereabouts::Copied(original));
        assert!(base.is_err(), "the old folder's program is not a copy's");
        fs::write(project.path("copy/e.toml"), "").unwrap();
        assert_eq!(project.resumed("copy/runs/x").1, Ok(project.path("copy")));
    }

    #[test]
    fn ways_between_directories() {
        let way = |from: &str, to: &str| relative(Path::new(from), Path::new(to));
        assert_eq!(way("/a/runs/x", "/a"), Path::new("../.."));
        assert_eq!(way("/a", "/a"), Path::new("."));
        assert_eq!(way("/a/x", "/b/c"), Path::new("../../b/c"));
    }
}
