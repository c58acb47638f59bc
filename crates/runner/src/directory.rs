//! The directory of a run.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rungkeeper_checkpoints::trial_name;
use rungkeeper_tuner_hooks::log::Event;
use rustix::fs::OFlags;

use crate::error::file_error;
use crate::experiment::{Experiment, ExperimentError};
use crate::journal::Journal;
use crate::origin::{Origin, Whereabouts};
use crate::process::start_time;
use crate::{RunError, lock, whole};

const LOG: &str = "log.jsonl";
const EXPERIMENT: &str = "experiment.toml";
const LOCK: &str = "lock";
const OUTPUT: &str = "output";
const TRIALS: &str = "trials";

/// What a start that came to nothing may have left behind.
const OURS: [&str; 11] = [
    LOG,
    EXPERIMENT,
    LOCK,
    OUTPUT,
    TRIALS,
    "origin.json",
    "base",
    "mark",
    "clock",
    "requests",
    "checkpoints",
];

/// The files of a run, held by one process at a time.
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
    /// Locked as long as it is open; `None`: only looked at.
    _lock: Option<File>,
}

impl RunDirectory {
    /// A directory for a new run, which is made unless it is there. Nothing in it is changed: a run that never started a
    /// trial is begun anew by [`RunDirectory::begin`].
    ///
    /// # Errors
    ///
    /// It holds a run already or something else, another process works on it, or it cannot be made.
    pub(crate) fn claim(path: &Path) -> Result<Self, RunError> {
        check_that_it_may_be_used(path)?;
        fs::create_dir_all(path).map_err(|e| file_error(path, e))?;
        let directory = Self::lock(path)?;
        let log = directory.log();
        if fs::symlink_metadata(&log).is_ok() && has_begun(&log) {
            return Err(RunError::Exists(path.to_owned()));
        }
        Ok(directory)
    }

    /// Begins a run in it, with a copy of its experiment file; that file's mode goes with it, since it may hold secrets.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub(crate) fn begin(&self, experiment_file: &Path, text: &str) -> Result<(), RunError> {
        let log = self.log();
        match fs::remove_file(&log) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(file_error(&log, error));
            }
            _ => {}
        }
        let mode = fs::metadata(experiment_file).map_or(0o644, |metadata| metadata.mode() & 0o777);
        let copy = self.experiment();
        whole::write(&copy, text.as_bytes(), Some(mode)).map_err(|e| file_error(&copy, e))?;
        let output = self.path.join(OUTPUT);
        match fs::create_dir(&output) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(file_error(&output, error))
            }
            _ => Ok(()),
        }
    }

    /// The directory of an interrupted run.
    ///
    /// # Errors
    ///
    /// It holds none, or another process works on it.
    pub(crate) fn open(path: &Path) -> Result<Self, RunError> {
        let directory = Self::look_at(path)?;
        // Somebody may have removed the lock file: the log is locked as well.
        if Journal::is_locked(&directory.log())? {
            return Err(RunError::Locked(directory.path));
        }
        Self::lock(path)
    }

    /// The directory of a run that another process may work on: nothing in it is changed.
    ///
    /// # Errors
    ///
    /// It holds none.
    pub fn look_at(path: &Path) -> Result<Self, RunError> {
        if fs::symlink_metadata(path.join(LOG)).is_err() {
            let why = why_no_run(path);
            let path = path.to_owned();
            return Err(RunError::NoRun { path, why });
        }
        let path = path.canonicalize().map_err(|e| file_error(path, e))?;
        Ok(Self { path, _lock: None })
    }

    fn lock(path: &Path) -> Result<Self, RunError> {
        let path = path.canonicalize().map_err(|e| file_error(path, e))?;
        let file = path.join(LOCK);
        let mut options = File::options();
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.create(true).truncate(false).write(true);
        let lock = options.custom_flags(flags.bits().cast_signed()).open(&file);
        let lock = lock.map_err(|e| file_error(&file, e))?;
        match lock::patiently(&lock) {
            Ok(true) => {
                sign(&lock).map_err(|e| file_error(&file, e))?;
                Ok(Self {
                    path,
                    _lock: Some(lock),
                })
            }
            Ok(false) => Err(RunError::Locked(path)),
            Err(error) => Err(file_error(&file, error)),
        }
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The event log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.path.join(LOG)
    }

    /// The experiment file.
    #[must_use]
    pub fn experiment(&self) -> PathBuf {
        self.path.join(EXPERIMENT)
    }

    /// What a trial printed.
    #[must_use]
    pub fn output(&self, trial: &str) -> PathBuf {
        let name = format!("{}.log", trial_name(trial));
        self.path.join(OUTPUT).join(name)
    }

    /// The JSON file of a trial's hyper-parameters, for programs that ask for one.
    #[must_use]
    pub fn config(&self, trial: &str) -> PathBuf {
        self.path
            .join(TRIALS)
            .join(trial_name(trial))
            .join("config.json")
    }

    /// How late it is in the run: the elapsed seconds, rewritten every second.
    #[must_use]
    pub fn clock(&self) -> PathBuf {
        self.path.join("clock")
    }

    /// What people ask of the run.
    pub(crate) fn requests(&self) -> PathBuf {
        requests_folder(&self.path)
    }

    /// Where the run comes from, as its directory tells, and what became of that directory.
    pub(crate) fn origin(&self) -> Result<(Origin, Whereabouts), RunError> {
        let origin = Origin::read(&self.path)?;
        let whereabouts = origin.whereabouts(&self.path);
        Ok((origin, whereabouts))
    }
}

/// A directory that is new, empty, or holds nothing but what a start that came to nothing left.
fn check_that_it_may_be_used(path: &Path) -> Result<(), RunError> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(file_error(path, error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|e| file_error(path, e))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    if names.iter().any(|name| name == LOG) && names.iter().any(|name| name == LOCK) {
        return Ok(()); // a run, of which more is known once it is locked
    }
    // Without its lock nothing of it was made by a run, and a lock that nobody signed is somebody else's file.
    let ours = |name: &&String| OURS.contains(&name.trim_end_matches(".partial"));
    let is_ours = whole::read_text(&path.join(LOCK)).is_ok_and(|lock| is_signature(&lock));
    let foreign = names.iter().find(|name| !is_ours || !ours(name));
    foreign.map_or(Ok(()), |name| {
        Err(RunError::NotOurs {
            directory: path.to_owned(),
            entry: name.clone(),
        })
    })
}

/// Whether a trial was ever started. A log that cannot be read is not thrown away.
fn has_begun(log: &Path) -> bool {
    let Ok((_, mut events)) = Journal::read(log) else {
        return fs::symlink_metadata(log).is_ok_and(|log| log.len() > 0);
    };
    events.any(|event| {
        !matches!(
            event,
            Ok((
                Event::Limits { .. } | Event::Budget { .. } | Event::End(_),
                _
            ))
        )
    })
}

/// Number of the process that works on a run, if one on this machine does.
#[must_use]
pub fn worked_on_by(directory: &Path) -> Option<u32> {
    let text = whole::read_text(&directory.join(LOCK)).ok()?;
    let (id, started) = text.trim().split_once(' ')?;
    let id = id.parse().ok()?;
    (start_time(id).as_deref() == Some(started)).then_some(id)
}

/// Whether it is what [`sign`] writes, or nothing yet.
fn is_signature(lock: &str) -> bool {
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    lock.trim().split(' ').all(is_number)
}

/// Whoever holds the lock is told from a later process with the same number by its start time.
fn sign(mut lock: &File) -> io::Result<()> {
    let id = std::process::id();
    let started = start_time(id).unwrap_or_default();
    lock.set_len(0)?;
    lock.write_all(format!("{id} {started}\n").as_bytes())
}

/// Reads and checks an experiment file; its text comes with it.
pub(crate) fn read_experiment(path: &Path) -> Result<(Experiment, String), RunError> {
    read_by(path, Experiment::read)
}

/// As [`read_experiment`], with what the file names: configurations of another file or run.
pub(crate) fn read_experiment_to_begin(path: &Path) -> Result<(Experiment, String), RunError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    read_by(path, |text| Experiment::read_in(text, folder))
}

fn read_by(
    path: &Path,
    read: impl Fn(&str) -> Result<Experiment, ExperimentError>,
) -> Result<(Experiment, String), RunError> {
    let text = whole::read_text(path).map_err(|e| file_error(path, e))?;
    match read(&text) {
        Ok(experiment) => Ok((experiment, text)),
        Err(source) => Err(RunError::Experiment {
            path: path.to_owned(),
            source,
        }),
    }
}

pub(crate) fn requests_folder(run: &Path) -> PathBuf {
    run.join("requests")
}

/// What a path is that holds no run.
fn why_no_run(path: &Path) -> &'static str {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => "holds no run (there is no log.jsonl in it)",
        Ok(_) => "is a file: give the directory of a run",
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            "is not there: give the directory of a run"
        }
        // Another reason, such as a missing right, is told by whoever looks into it.
        Err(_) => "holds no run that can be read",
    }
}
