//! `rungkeeper pin` and `unpin`: checkpoints that a person wants to keep.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use rungkeeper_runner::{Request, ResumeOptions, RunError, Runner, ask};

use super::notes::Notes;
use crate::plain::plain;

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
/// The checkpoint of a trial that has ended goes at once.
#[derive(Debug, clap::Args)]
pub(crate) struct UnpinArguments {
    /// The trial.
    trial: String,
    /// Directory of the run.
    dir: PathBuf,
}

pub(crate) fn pin(arguments: &PinArguments) -> anyhow::Result<ExitCode> {
    let PinArguments { trial, dir } = arguments;
    request(dir, &Request::Pin(trial.clone()))?;
    writeln!(io::stdout(), "trial {} is pinned", plain(trial))?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn unpin(arguments: &UnpinArguments) -> anyhow::Result<ExitCode> {
    let UnpinArguments { trial, dir } = arguments;
    request(dir, &Request::Unpin(trial.clone()))?;
    writeln!(io::stdout(), "trial {} is no longer pinned", plain(trial))?;
    Ok(ExitCode::SUCCESS)
}

/// Done at once where nobody works on the run, and by that process otherwise.
fn request(dir: &std::path::Path, request: &Request) -> anyhow::Result<()> {
    let mut notes = Notes;
    match Runner::resume(dir, &ResumeOptions::default(), &mut notes) {
        Ok(mut runner) => {
            runner.fulfil(request)?;
            runner.settle()?;
        }
        Err(RunError::Locked(_)) => {
            if let Some(reason) = ask(dir, request, PATIENCE)? {
                bail!(reason);
            }
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
