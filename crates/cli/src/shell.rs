//! `rungkeeper completions` and `man`: what a shell and `man` want to know of the command line.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::CommandFactory;
use clap_complete::Shell;

use crate::plain::path;

const NAME: &str = "rungkeeper";

/// Print a script that completes commands and options in a shell
#[derive(Debug, clap::Args)]
pub(crate) struct CompletionArguments {
    /// The shell.
    shell: Shell,
}

/// Print the manual page, or write that of each command into a folder
#[derive(Debug, clap::Args)]
pub(crate) struct ManArguments {
    /// Folder for `rungkeeper.1`, `rungkeeper-run.1`, and so on; it is made if it is not there.
    dir: Option<PathBuf>,
}

pub(crate) fn completions<C: CommandFactory>(
    arguments: &CompletionArguments,
) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut C::command(), NAME, &mut script);
    io::stdout().lock().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn man<C: CommandFactory>(arguments: &ManArguments) -> anyhow::Result<ExitCode> {
    let Some(dir) = &arguments.dir else {
        let mut page = Vec::new();
        clap_mangen::Man::new(C::command()).render(&mut page)?;
        io::stdout().lock().write_all(&page)?;
        return Ok(ExitCode::SUCCESS);
    };
    std::fs::create_dir_all(dir)
        .and_then(|()| clap_mangen::generate_to(C::command(), dir))
        .with_context(|| format!("cannot write into {}", dir.display()))?;
    writeln!(io::stdout(), "the manual pages are in {}", path(dir))?;
    Ok(ExitCode::SUCCESS)
}
