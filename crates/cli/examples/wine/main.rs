//! A training program to tune: how good is a red wine, from eleven measurements?
//!
//! It trains a small neural network by stochastic gradient descent, saves a checkpoint after each
//! epoch, and goes on from it when it is started again. `rungkeeper run` starts it as
//! `experiment.toml` beside it says; all that it knows of rungkeeper is in `tuner.rs`.

mod checkpoint;
mod network;
mod tuner;
mod wine;

use std::path::PathBuf;

use clap::Parser;
use rand::SeedableRng;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use network::{Descent, Network};

/// Train a network on the red wines of the UCI wine quality data
#[derive(Parser)]
struct Arguments {
    /// Folder of the checkpoint
    #[arg(long)]
    checkpoints: PathBuf,
    /// Seed of the first weights and of the order of the wines
    #[arg(long)]
    seed: u64,
    /// Epochs to train, unless told to pause before
    #[arg(long, default_value_t = 81)]
    epochs: u64,
    /// Hidden layers
    #[arg(long)]
    layers: usize,
    /// Units of each hidden layer
    #[arg(long)]
    units: usize,
    #[command(flatten)]
    descent: Descent,
}

/// All that training goes on from.
#[derive(Deserialize, Serialize)]
struct Training {
    epoch: u64,
    network: Network,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let (learn, check) = wine::split();
    let file = arguments.checkpoints.join("network");
    let mut training = match checkpoint::load(&file)? {
        Some(training) => training,
        None => begin(&arguments),
    };
    while training.epoch < arguments.epochs {
        training.epoch += 1;
        // The order of an epoch depends on its number alone, so a checkpoint needs no generator.
        let mut random = random(arguments.seed, training.epoch);
        let Training { network, .. } = &mut training;
        network.train(&learn, &arguments.descent, &mut random);
        checkpoint::save(&file, &training)?;
        let (log_loss, error) = training.network.evaluate(&check);
        if !tuner::report(training.epoch, log_loss, error)? {
            break;
        }
    }
    Ok(())
}

fn begin(arguments: &Arguments) -> Training {
    let hidden = std::iter::repeat_n(arguments.units, arguments.layers);
    let widths: Vec<usize> = std::iter::once(wine::MEASUREMENTS)
        .chain(hidden)
        .chain([wine::GRADES])
        .collect();
    Training {
        epoch: 0,
        network: Network::new(&widths, &mut random(arguments.seed, 0)),
    }
}

fn random(seed: u64, epoch: u64) -> Pcg64 {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&epoch.to_le_bytes());
    Pcg64::from_seed(bytes)
}
