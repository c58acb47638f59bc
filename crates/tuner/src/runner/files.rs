//! The directory of a run.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rungkeeper_checkpoints::{DirectoryStore, Store, trial_name};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::RunError;
use crate::experiment::Experiment;

/// The files of a run, held by one process at a time.
#[derive(Debug)]
pub struct RunFiles {
    directory: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

impl RunFiles {
    /// A directory for a new run, with the text of its experiment file.
    ///
    /// # Errors
    ///
    /// It holds a run already, another process works on it, or it cannot be written.
    pub(super) fn create(directory: &Path, experiment: &str) -> Result<Self, RunError> {
        fs::create_dir_all(directory).map_err(|e| file_error(directory, e))?;
        let files = Self::lock(directory)?;
        if files.log().exists() {
            return Err(RunError::Exists(directory.to_owned()));
        }
        let path = files.experiment();
        fs::write(&path, experiment).map_err(|e| file_error(&path, e))?;
        let output = files.directory.join("output");
        fs::create_dir_all(&output).map_err(|e| file_error(&output, e))?;
        Ok(files)
    }

    /// The directory of an interrupted run.
    ///
    /// # Errors
    ///
    /// It holds none, or another process works on it.
    pub(super) fn open(directory: &Path) -> Result<Self, RunError> {
        if !directory.join("log.jsonl").exists() {
            return Err(RunError::NoRun(directory.to_owned()));
        }
        Self::lock(directory)
    }

    fn lock(directory: &Path) -> Result<Self, RunError> {
        let directory = directory
            .canonicalize()
            .map_err(|e| file_error(directory, e))?;
        let path = directory.join("lock");
        let mut options = File::options();
        let lock = options.create(true).truncate(false).write(true).open(&path);
        let lock = lock.map_err(|e| file_error(&path, e))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self {
                directory,
                _lock: lock,
            }),
            Err(Errno::WOULDBLOCK) => Err(RunError::Locked(directory)),
            Err(error) => Err(file_error(&path, error.into())),
        }
    }

    /// The event log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.directory.join("log.jsonl")
    }

    /// The experiment file as it was at the start.
    #[must_use]
    pub fn experiment(&self) -> PathBuf {
        self.directory.join("experiment.toml")
    }

    /// What a trial printed.
    #[must_use]
    pub fn output(&self, trial: &str) -> PathBuf {
        let name = format!("{}.log", trial_name(trial));
        self.directory.join("output").join(name)
    }

    /// The folder that the experiment's own paths are relative to.
    pub(super) fn remember_base(&self, base: &Path) -> Result<(), RunError> {
        let base = if base.as_os_str().is_empty() {
            Path::new(".")
        } else {
            base
        };
        let base = base.canonicalize().map_err(|e| file_error(base, e))?;
        let link = self.directory.join("base");
        fs::write(&link, base.as_os_str().as_encoded_bytes()).map_err(|e| file_error(&link, e))
    }

    /// The folder the training command runs in.
    pub(super) fn working_directory(&self, experiment: &Experiment) -> Result<PathBuf, RunError> {
        let path = self.directory.join("base");
        let base = fs::read_to_string(&path).map_err(|e| file_error(&path, e))?;
        Ok(Path::new(&base).join(&experiment.directory))
    }

    /// The store of the run's checkpoints.
    pub(super) fn open_store(&self, experiment: &Experiment) -> Result<Arc<dyn Store>, RunError> {
        let root = self.directory.join(&experiment.store);
        Ok(Arc::new(DirectoryStore::open(&root, &experiment.name)?))
    }
}

/// Reads and checks an experiment file; its text comes with it.
pub(super) fn read_experiment(path: &Path) -> Result<(Experiment, String), RunError> {
    let text = fs::read_to_string(path).map_err(|e| file_error(path, e))?;
    match Experiment::read(&text) {
        Ok(experiment) => Ok((experiment, text)),
        Err(source) => Err(RunError::Experiment {
            path: path.to_owned(),
            source,
        }),
    }
}

pub(super) fn file_error(path: &Path, source: io::Error) -> RunError {
    RunError::File {
        path: path.to_owned(),
        source,
    }
}
