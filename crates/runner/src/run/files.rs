//! The directory of a run.

use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rungkeeper_checkpoints::{DirectoryStore, Store, trial_name};
#[cfg(feature = "object-store")]
use rungkeeper_checkpoints::{ObjectStore, client_environment};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::RunError;
use super::process::start_time;
use crate::experiment::{Experiment, StorePlace};
#[cfg(not(feature = "object-store"))]
use crate::plain::without_secrets;

/// How long a lock is waited for.
///
/// A runner that is killed while it starts a program leaves its lock to the new process, which has it until the program
/// itself runs there.
const PATIENCE: Duration = Duration::from_millis(500);

fn patiently(lock: &File) -> Result<(), Errno> {
    let begin = Instant::now();
    loop {
        match flock(lock, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) if begin.elapsed() < PATIENCE => {
                sleep(Duration::from_millis(10));
            }
            done => return done,
        }
    }
}

/// The files of a run, held by one process at a time.
#[derive(Debug)]
pub struct RunFiles {
    directory: PathBuf,
    /// Locked as long as it is open; `None`: only looked at.
    _lock: Option<File>,
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
        Self::look_at(directory)?;
        Self::lock(directory)
    }

    /// The directory of a run that another process may work on: nothing in it is changed.
    ///
    /// # Errors
    ///
    /// It holds none.
    pub(super) fn look_at(directory: &Path) -> Result<Self, RunError> {
        if !directory.join("log.jsonl").exists() {
            return Err(RunError::NoRun(directory.to_owned()));
        }
        let directory = directory
            .canonicalize()
            .map_err(|e| file_error(directory, e))?;
        Ok(Self {
            directory,
            _lock: None,
        })
    }

    fn lock(directory: &Path) -> Result<Self, RunError> {
        let directory = directory
            .canonicalize()
            .map_err(|e| file_error(directory, e))?;
        let path = directory.join("lock");
        let mut options = File::options();
        let lock = options.create(true).truncate(false).write(true).open(&path);
        let lock = lock.map_err(|e| file_error(&path, e))?;
        match patiently(&lock) {
            Ok(()) => {
                sign(&lock).map_err(|e| file_error(&path, e))?;
                Ok(Self {
                    directory,
                    _lock: Some(lock),
                })
            }
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

    /// What people ask of the run.
    pub(super) fn requests(&self) -> PathBuf {
        requests_folder(&self.directory)
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
        let run = self.name_in_store(experiment)?;
        match &experiment.store {
            StorePlace::Folder { folder, .. } => {
                let root = self.directory.join(folder);
                Ok(Arc::new(DirectoryStore::open(&root, &run)?))
            }
            StorePlace::Bucket {
                address,
                cache,
                timeout,
            } => {
                // Runs of other names lie beside it.
                let folder = trial_name(&experiment.name);
                let address = format!("{}/{folder}", address.trim_end_matches('/'));
                open_bucket(&address, *timeout, &self.directory.join(cache), &run)
            }
        }
    }

    /// What the run is called in its store. Where another run could come to use the same place, of
    /// the same name or not, a mark that only this one has is part of it.
    fn name_in_store(&self, experiment: &Experiment) -> Result<String, RunError> {
        let name = &experiment.name;
        if experiment.store.is_inside_the_run() {
            return Ok(name.clone());
        }
        let path = self.directory.join("mark");
        let mark = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // The keys of the standard library's hash maps are drawn from the system.
                let mark = format!("{:016x}", RandomState::new().hash_one(name));
                fs::write(&path, &mark).map(|()| mark)
            }
            read => read,
        };
        let mark = mark.map_err(|e| file_error(&path, e))?;
        Ok(format!("{name} {mark}"))
    }
}

/// Number of the process that works on a run, if one on this machine does.
#[must_use]
pub fn worked_on_by(directory: &Path) -> Option<u32> {
    let text = fs::read_to_string(directory.join("lock")).ok()?;
    let (id, started) = text.trim().split_once(' ')?;
    let id = id.parse().ok()?;
    (start_time(id).as_deref() == Some(started)).then_some(id)
}

/// Whoever holds the lock is told from a later process with the same number by its start time.
fn sign(mut lock: &File) -> io::Result<()> {
    let id = std::process::id();
    let started = start_time(id).unwrap_or_default();
    lock.set_len(0)?;
    lock.write_all(format!("{id} {started}\n").as_bytes())
}

#[cfg(feature = "object-store")]
fn open_bucket(
    address: &str,
    timeout: Duration,
    cache: &Path,
    run: &str,
) -> Result<Arc<dyn Store>, RunError> {
    let options = client_environment();
    let store = ObjectStore::from_address(address, options, timeout, cache, run)?;
    Ok(Arc::new(store))
}

/// An experiment that needs one is refused before.
#[cfg(not(feature = "object-store"))]
fn open_bucket(
    address: &str,
    _timeout: Duration,
    _cache: &Path,
    _run: &str,
) -> Result<Arc<dyn Store>, RunError> {
    let unsupported = io::ErrorKind::Unsupported.into();
    Err(file_error(
        Path::new(&without_secrets(address)),
        unsupported,
    ))
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

pub(super) fn requests_folder(run: &Path) -> PathBuf {
    run.join("requests")
}

pub(super) fn file_error(path: &Path, source: io::Error) -> RunError {
    RunError::File {
        path: path.to_owned(),
        source,
    }
}
