//! How much a run says, and to whom.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
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

/// Prints the first line of the log.
pub(super) fn header(run: &Path) -> anyhow::Result<()> {
    let log = run.join("log.jsonl");
    let mut line = String::new();
    File::open(&log)
        .and_then(|file| BufReader::new(file).read_line(&mut line))
        .with_context(|| format!("cannot read {}", log.display()))?;
    self::line(line.trim_end());
    Ok(())
}

/// Prints a line of the log. A pipe that is gone is no reason to stop training.
pub(super) fn line(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
