//! How much a run says, and to whom.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::Context;

/// For people, for programs, or next to nothing.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(super) struct OutputArguments {
    /// Print each event as a JSON line, as it is in the event log; what is for people goes to the
    /// standard error.
    #[arg(long)]
    pub(super) json: bool,
    /// Say nothing but notes and errors.
    #[arg(long, short)]
    pub(super) quiet: bool,
}

/// The first line of the log.
pub(super) fn header(run: &Path) -> anyhow::Result<String> {
    let log = run.join("log.jsonl");
    let mut line = String::new();
    File::open(&log)
        .and_then(|file| BufReader::new(file).read_line(&mut line))
        .with_context(|| format!("cannot read {}", log.display()))?;
    line.truncate(line.trim_end().len());
    Ok(line)
}
