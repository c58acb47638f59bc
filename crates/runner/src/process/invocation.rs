//! How a program of a run is started.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use super::{Group, Output};

/// A program, where and with what it runs.
#[derive(Clone, Debug)]
pub(crate) struct Invocation {
    /// Program and arguments.
    pub(crate) command: Vec<String>,
    /// Folder it runs in.
    pub(crate) directory: PathBuf,
    /// Variables added to the runner's own environment.
    pub(crate) environment: BTreeMap<String, String>,
    /// Where what it prints as errors goes.
    pub(crate) output: Arc<Output>,
}

impl Invocation {
    /// Starts it in a group of its own, with pipes for what it reads and prints.
    pub(crate) fn spawn(&self) -> io::Result<Group> {
        let (program, arguments) = self
            .command
            .split_first()
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the command is empty"))?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(&self.directory)
            .envs(&self.environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Not through the runner: who prints an error after the runner was killed must not be ended by that.
            .stderr(self.output.open()?);
        Group::spawn(&mut command)
    }
}
