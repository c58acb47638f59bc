//! A training program that does nothing but speak the answered protocol, with a small checkpoint.
use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
    thread,
    time::Duration,
};

use anyhow::Result;

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
    let mut answer = String::new();
    while answer != "pause\n" {
        thread::sleep(Duration::from_millis(args.milliseconds));
        epoch += 1;
        fs::write(&file, epoch.to_string())?;
        let loss = args.loss;
        let report = serde_json::json!({"epoch": epoch, "loss": loss, "checkpoint": true});
        writeln!(io::stdout(), "{report}")?;
        answer.clear();
        // The end of the input: the runner is gone.
        if io::stdin().read_line(&mut answer)? == 0 {
            break;
        }
    }
    Ok(())
}
