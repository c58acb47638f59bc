//! A training program that does nothing but speak the answered protocol, with a small checkpoint.
use std::{fs, path::PathBuf, thread, time::Duration};

use anyhow::Result;

use crate::report;

/// Arguments of the training program.
#[derive(clap::Args)]
pub(crate) struct Args {
    checkpoints: PathBuf,
    milliseconds: u64,
    loss: f64,
}

/// Trains until it is told to pause.
pub(crate) fn run(args: &Args) -> Result<()> {
    let file = args.checkpoints.join("epoch");
    let mut epoch = fs::read_to_string(&file).map_or(Ok(0), |text| text.parse::<u64>())?;
    loop {
        thread::sleep(Duration::from_millis(args.milliseconds));
        epoch += 1;
        fs::write(&file, epoch.to_string())?;
        // Told to pause, or at the end of the input: the runner is gone.
        if matches!(report(epoch, args.loss, true)?.as_str(), "pause\n" | "") {
            return Ok(());
        }
    }
}
