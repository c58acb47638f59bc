//! `rungkeeper pin` and `unpin`: checkpoints that a person wants to keep.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use bytesize::ByteSize;
use rungkeeper_runner::{Request, ResumeOptions, RunError, Runner, ask};
use rungkeeper_tuner_hooks::{RungModel, TrialStatus};

use super::notes::Notes;
use crate::plain::{path, plain};
use crate::report::folder::{Place, RunFolder};
use crate::report::history::History;

/// How long a run that goes on has to take up a request.
const PATIENCE: Duration = Duration::from_secs(30);

/// Keep the checkpoint of a trial, whatever the policy says; the run may be going on
#[derive(Debug, clap::Args)]
pub(crate) struct PinArguments {
    /// The trial.
    trial: String,
    /// Directory of the run.
    dir: PathBuf,
}

/// End a pin: the policy may remove the checkpoint again
///
/// The checkpoint of a trial that has ended is deleted at once. For the best
/// trial, which the run keeps, that has to be asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct UnpinArguments {
    /// The trial.
    trial: String,
    /// Directory of the run.
    dir: PathBuf,
    /// Also where the trial is the best one: its checkpoint is deleted.
    #[arg(long)]
    delete_best: bool,
}

pub(crate) fn pin(arguments: &PinArguments) -> anyhow::Result<ExitCode> {
    let PinArguments { trial, dir } = arguments;
    request(dir, &Request::Pin(trial.clone()))?;
    writeln!(io::stdout(), "trial {} is pinned", plain(trial))?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn unpin(arguments: &UnpinArguments) -> anyhow::Result<ExitCode> {
    let UnpinArguments {
        trial,
        dir,
        delete_best,
    } = arguments;
    // Once it is deleted nothing tells where it was.
    let folder = RunFolder::open(dir).ok();
    let place = folder.map_or(Place::Unknown, |folder| folder.checkpoint(trial));
    let request = match delete_best {
        false => Request::Unpin(trial.clone()),
        true => Request::UnpinBest(trial.clone()),
    };
    let deleted = self::request(dir, &request)?;
    let mut out = io::stdout();
    writeln!(out, "trial {} is no longer pinned", plain(trial))?;
    if let Some(bytes) = deleted {
        let size = ByteSize(bytes).display().si();
        match place {
            Place::Folder(folder) => {
                let folder = path(&folder);
                writeln!(out, "its checkpoint is deleted, {size}:\n  {folder}")?;
            }
            Place::Store(address) => {
                let address = plain(address);
                writeln!(out, "its checkpoint in {address} is deleted, {size}")?;
            }
            Place::Missing(_) | Place::Unknown => {
                writeln!(out, "its checkpoint is deleted, {size}")?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Done at once where nobody works on the run, and by that process otherwise. Returns the bytes of the checkpoint that
/// is needed no longer if a pin ends.
fn request(dir: &Path, request: &Request) -> anyhow::Result<Option<u64>> {
    let mut notes = Notes;
    match Runner::resume(dir, &ResumeOptions::default(), &mut notes) {
        Ok(mut runner) => {
            let deleted = held_by_its_pin(runner.view().model, request);
            runner.fulfil(request)?;
            // What could not be deleted was told by a note.
            let left = runner.settle()?;
            Ok(deleted.filter(|_| left.is_empty()))
        }
        Err(RunError::Locked(_)) => {
            let history = History::read(&dir.join("log.jsonl"))?;
            let deleted = held_by_its_pin(history.model(), request);
            if let Some(reason) = ask(dir, request, PATIENCE)? {
                bail!(reason);
            }
            Ok(deleted)
        }
        Err(error) => Err(error.into()),
    }
}

/// Bytes of a checkpoint that goes with its pin: that of a trial that has ended.
fn held_by_its_pin(model: &RungModel, request: &Request) -> Option<u64> {
    let (Request::Unpin(trial) | Request::UnpinBest(trial)) = request else {
        return None;
    };
    let ended = model.status(trial) == Some(TrialStatus::StoppedOrCompleted);
    let held = model.checkpoint(trial).filter(|_| ended)?;
    Some(held.bytes)
}
