//! What can go wrong on the side of a training program.
use std::error::Error;
use std::io;
use std::path::PathBuf;

/// Why a parameter cannot be read, a checkpoint not saved, or a report not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrialError {
    /// The runner speaks a protocol that this version does not know.
    #[error(
        "the runner speaks the protocol {0:?}, but this program knows answered and one_way: \
         update rungkeeper-trial"
    )]
    Protocol(String),
    /// An argument has no value, or one that is not of the type that is asked for.
    #[error("--{name} {problem}")]
    Argument {
        /// The parameter's name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The value in the configuration file is not of the type that is asked for.
    #[error("{name} in {file} {problem}")]
    Configuration {
        /// The parameter's name.
        name: String,
        /// The file that was named.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The configuration file is not JSON, or no object.
    #[error("{0} holds no JSON object, from names to values")]
    ConfigurationFile(PathBuf),
    /// Training begins with 1.
    #[error("{0} is 0, but must be a positive whole number: count from 1")]
    Resource(String),
    /// Nothing was written into the folder of a checkpoint.
    #[error("the checkpoint is empty: nothing was written into {0}")]
    Empty(PathBuf),
    /// What is reported is no object, from names to values.
    #[error("a report must be an object, from names to values, but is {0}")]
    Report(String),
    /// A file could not be read or written.
    #[error("{path}: {reason}")]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// The program could not write the files of a checkpoint: its own error.
    #[error(transparent)]
    Write(Box<dyn Error + Send + Sync>),
    /// The report could not be printed, or its answer not be read.
    #[error("reporting: {0}")]
    Output(io::Error),
}

impl TrialError {
    /// With the file that it is about.
    pub(crate) fn of(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |reason| Self::File { path, reason }
    }
}
