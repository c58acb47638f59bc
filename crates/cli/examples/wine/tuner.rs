//! The `answered` protocol: a JSON object on a line for each report, and a word on a line back.

use std::io::{self, Write};

use serde_json::json;

/// Reports an epoch, whose checkpoint must be complete, and returns whether to go on.
///
/// A metric that is no finite number is written as null, which ranks behind all others.
pub(crate) fn report(epoch: u64, log_loss: f32, error: f32) -> io::Result<bool> {
    let report = json!({
        "epoch": epoch,
        "log_loss": log_loss,
        "error": error,
        "checkpoint": true,
    });
    let mut out = io::stdout();
    writeln!(out, "{report}")?;
    out.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    // No answer at all: the tuner is gone.
    Ok(answer.trim() == "continue")
}
