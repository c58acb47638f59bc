//! The trial, as its program sees it.
use std::env;
use std::error::Error;
use std::fs;
use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::TrialError;
use crate::checkpoint;
use crate::parameters::Parameters;
use crate::report::{Protocol, object, report};

/// A trial, as its training program sees it. A program has one.
#[derive(Debug)]
pub struct Trial {
    id: Option<String>,
    protocol: Protocol,
    resource: String,
    folder: PathBuf,
    parameters: Parameters,
    /// Level of the last save of this process.
    saved: Option<u64>,
}

impl Trial {
    /// Takes what the runner says from the environment, and touches no file.
    ///
    /// # Errors
    ///
    /// The runner speaks a protocol that this version does not know.
    pub fn from_environment() -> Result<Self, TrialError> {
        let variable = |name| env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        let arguments = env::args_os().map(|it| it.to_string_lossy().into_owned());
        let folder = env::var_os("RUNGKEEPER_CHECKPOINT_DIR");
        let config = env::var_os("RUNGKEEPER_CONFIG").map(PathBuf::from);
        Ok(Self {
            id: variable("RUNGKEEPER_TRIAL"),
            protocol: Protocol::of(variable("RUNGKEEPER_PROTOCOL"))?,
            resource: variable("RUNGKEEPER_RESOURCE").unwrap_or_else(|| "epoch".to_owned()),
            folder: folder.map_or_else(|| "checkpoints".into(), PathBuf::from),
            parameters: Parameters::new(arguments.skip(1).collect(), config),
            saved: None,
        })
    }

    /// With checkpoints in another folder than the runner says: a trial that is paused finds them again only if it is
    /// inside of that one.
    #[must_use]
    pub fn in_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = folder.into();
        self
    }

    /// Its id; none where the program runs by itself.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// A parameter: that of the trial, or the default.
    ///
    /// It is looked for among the arguments of the program (`--name VALUE` or `--name=VALUE`, with `-` or `_` inside;
    /// for a boolean `--name` alone is true, `--no-name` false), then in the JSON file that `--config FILE.json` or the
    /// variable `RUNGKEEPER_CONFIG` names.
    ///
    /// # Errors
    ///
    /// The value is missing or not of this type, or the file cannot be read.
    pub fn parameter<T: DeserializeOwned>(&self, name: &str, default: T) -> Result<T, TrialError> {
        self.parameters.get(name, default)
    }

    /// Folder of the checkpoint.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The resource of the newest complete checkpoint, in the experiment's unit; 0 where there is none.
    #[must_use]
    pub fn level(&self) -> u64 {
        checkpoint::newest(&self.folder).map_or(0, |newest| newest.level)
    }

    /// Folder with the files of the newest complete checkpoint; none: it trains from scratch.
    #[must_use]
    pub fn checkpoint(&self) -> Option<PathBuf> {
        checkpoint::newest(&self.folder).map(|newest| newest.path)
    }

    /// Path of a file in the newest complete checkpoint, if it is there.
    #[must_use]
    pub fn saved(&self, name: impl AsRef<Path>) -> Option<PathBuf> {
        let path = self.checkpoint()?.join(name);
        path.exists().then_some(path)
    }

    /// The epochs that are left: from behind the checkpoint's to the last one.
    #[must_use]
    pub fn epochs(&self, last: u64) -> RangeInclusive<u64> {
        self.level() + 1..=last
    }

    /// Saves a checkpoint as a whole.
    ///
    /// `write` puts its files into the folder that it is given. The folder becomes the checkpoint by a rename, once its
    /// files are on the disk; then the one before is deleted. So at any moment one of the two is complete.
    ///
    /// # Errors
    ///
    /// That of `write`, after which the checkpoint before is still the newest; the resource is 0; nothing was written;
    /// the disk is full or cannot be written.
    pub fn save<E>(
        &mut self,
        resource: u64,
        write: impl FnOnce(&Path) -> Result<(), E>,
    ) -> Result<(), TrialError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        self.check(resource)?;
        let (new, complete) = checkpoint::begin(&self.folder, resource)?;
        let written = write(&new).map_err(|error| TrialError::Write(error.into()));
        let finished = written.and_then(|()| checkpoint::finish(&new, &complete));
        if finished.is_err() {
            let _ = fs::remove_dir_all(&new);
            return finished;
        }
        self.saved = Some(resource);
        Ok(())
    }

    /// Reports a result and hears whether to go on. If not, the program should end soon.
    ///
    /// The values are what serializes as an object, a `struct` or `serde_json::json!({"loss": 0.25})`, or pairs of a
    /// name and a number, `&[("loss", 0.25)]`. A number that is not finite becomes null, which ranks behind all others.
    /// A checkpoint that was saved at this resource is named in the report. Until the answer nothing may be written
    /// into it.
    ///
    /// # Errors
    ///
    /// The resource is 0, the values are no object, or standard output or input does not work.
    pub fn report(&mut self, resource: u64, values: &impl Serialize) -> Result<bool, TrialError> {
        self.check(resource)?;
        let mut line = object(values)?;
        line.insert(self.resource.clone(), Value::from(resource));
        if self.saved == Some(resource) {
            line.insert("checkpoint".to_owned(), Value::Bool(true));
        }
        let (mut out, mut answers) = (io::stdout().lock(), io::stdin().lock());
        report(self.protocol, &line.into(), &mut out, &mut answers).map_err(TrialError::Output)
    }

    fn check(&self, resource: u64) -> Result<(), TrialError> {
        match resource {
            0 => Err(TrialError::Resource(self.resource.clone())),
            _ => Ok(()),
        }
    }
}
