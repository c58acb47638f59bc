//! Training programs of which one measures how long it waits for its answers, while the others hand over large checkpoints.
use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use crate::report;

/// Time between two reports of the one that measures.
const BETWEEN: Duration = Duration::from_millis(20);
/// It goes on for so long after the last of the others has been answered.
const AFTERWARDS: Duration = Duration::from_millis(500);
/// The one that measures.
const REPORTER: u64 = 0;

/// Arguments of the training program.
#[derive(clap::Args)]
pub(crate) struct Args {
    checkpoints: PathBuf,
    trial: u64,
    /// How many others there are.
    others: u64,
    /// Files of each of their checkpoints.
    files: u64,
    /// Bytes of each file.
    bytes: usize,
    /// Resource at which the others pause. The one that measures counts its reports, and never comes so far.
    rung: u64,
    /// An experiment has a hyper-parameter, and this one makes no difference.
    _x: f64,
}

/// Reports, or hands over checkpoints, as the number of the trial says.
pub(crate) fn run(args: &Args) -> Result<()> {
    if args.trial == REPORTER {
        measure(args.others)
    } else {
        hand_over(args)
    }
}

/// Reports until all others have been answered, then writes down how long each answer took.
fn measure(others: u64) -> Result<()> {
    let mut waits = Vec::new();
    let mut resource = 0;
    let mut until = None;
    while until.is_none_or(|until| Instant::now() < until) {
        thread::sleep(BETWEEN);
        resource += 1;
        let begin = Instant::now();
        if report(resource, 0.5, false)?.is_empty() {
            break; // the runner is gone
        }
        writeln!(waits, "{}", begin.elapsed().as_micros())?;
        if until.is_none() && (1..=others).all(|other| answered(other).exists()) {
            until = Some(Instant::now() + AFTERWARDS);
        }
    }
    fs::write("waits", waits).context("waits")
}

/// Writes a checkpoint, unless it was given one, and reports it at the rung, or at the end.
fn hand_over(args: &Args) -> Result<()> {
    let first = args.checkpoints.join("0");
    let restored = first.exists();
    if !restored {
        write_files(args)?;
    }
    let resource = if restored { 2 * args.rung } else { args.rung };
    // The later the better, so that each may be promoted.
    let loss = 1.0 / (args.trial as f64 + 1.0);
    report(resource, loss, true)?;
    let file = answered(args.trial);
    File::create(&file).with_context(|| file.display().to_string())?;
    Ok(())
}

fn write_files(args: &Args) -> Result<()> {
    // No zeros, which a file system may leave out, and another content in each trial.
    let block: Vec<u8> = (0..1_u64 << 20)
        .map(|i| (i * 31 + args.trial) as u8 | 1)
        .collect();
    for number in 0..args.files {
        let mut file = File::create(args.checkpoints.join(number.to_string()))?;
        let mut left = args.bytes;
        while left > 0 {
            let now = left.min(block.len());
            file.write_all(&block[..now])?;
            left -= now;
        }
    }
    Ok(())
}

/// The file that says that a trial has been answered.
fn answered(trial: u64) -> PathBuf {
    Path::new("answered").with_extension(trial.to_string())
}
