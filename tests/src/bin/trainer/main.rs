//! The training programs of `cargo xtask overhead` and `long-run`.
mod alone;
mod beside;

use std::io::{self, Write};

use anyhow::Result;
use clap::Parser;

#[derive(Parser)]
enum Program {
    Alone(alone::Args),
    Beside(beside::Args),
}

fn main() -> Result<()> {
    match Program::parse() {
        Program::Alone(args) => alone::run(&args),
        Program::Beside(args) => beside::run(&args),
    }
}

/// Prints a report and returns its answer; empty at the end of the input.
fn report(resource: u64, loss: f64, checkpoint: bool) -> Result<String> {
    let report = serde_json::json!({"epoch": resource, "loss": loss, "checkpoint": checkpoint});
    writeln!(io::stdout(), "{report}")?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(answer)
}
