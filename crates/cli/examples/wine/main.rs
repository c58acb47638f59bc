//! A training program to tune: how good is a red wine, from eleven measurements?
//!
//! It trains a small neural network by stochastic gradient descent, saves a checkpoint after each
//! epoch, and goes on from it when it is started again. `rungkeeper run` starts it as
//! `experiment.toml` beside it says; what it needs for that is the crate `rungkeeper-trial`.

mod checkpoint;
mod network;
mod wine;

use clap::Parser;
use rand::SeedableRng;
use rand_pcg::Pcg64;
use rungkeeper_trial::Trial;
use serde_json::json;

use network::{Descent, Network};

/// Train a network on the red wines of the UCI wine quality data
#[derive(Parser)]
struct Arguments {
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

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let (learn, check) = wine::split();
    let mut trial = Trial::from_environment()?;
    let mut network = match trial.saved("network") {
        Some(file) => checkpoint::load(&file)?,
        None => begin(&arguments),
    };
    for epoch in trial.epochs(arguments.epochs) {
        // The order of an epoch depends on its number alone, so a checkpoint needs no generator.
        let mut random = random(arguments.seed, epoch);
        network.train(&learn, &arguments.descent, &mut random);
        trial.save(epoch, |folder| {
            checkpoint::save(&folder.join("network"), &network)
        })?;
        let (log_loss, error) = network.evaluate(&check);
        if !trial.report(epoch, &json!({"log_loss": log_loss, "error": error}))? {
            break;
        }
    }
    Ok(())
}

fn begin(arguments: &Arguments) -> Network {
    let hidden = std::iter::repeat_n(arguments.units, arguments.layers);
    let widths: Vec<usize> = std::iter::once(wine::MEASUREMENTS)
        .chain(hidden)
        .chain([wine::GRADES])
        .collect();
    Network::new(&widths, &mut random(arguments.seed, 0))
}

fn random(seed: u64, epoch: u64) -> Pcg64 {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&epoch.to_le_bytes());
    Pcg64::from_seed(bytes)
}
