//! `rungkeeper schema`: the experiment file, described for editors.

use std::io::{self, Write};
use std::process::ExitCode;

/// Print a JSON schema of the experiment file, with which editors complete it
///
/// Save it beside the experiment file, and name it in that file's first line:
/// `#:schema ./experiment.schema.json`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(_: &Arguments) -> anyhow::Result<ExitCode> {
    let schema = serde_json::to_string_pretty(&rungkeeper_runner::experiment::schema())?;
    writeln!(io::stdout().lock(), "{schema}")?;
    Ok(ExitCode::SUCCESS)
}
