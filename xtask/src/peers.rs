//! `cargo xtask compare-peers`: a run of a training program that does next to nothing, by this project's runner, by Syne
//! Tune's local backend and by Ray Tune on this machine. The script `compare.py` measures them.
use anyhow::Result;
use clap::builder::PossibleValuesParser;
use xshell::cmd;

use crate::{python, workspace::Workspace};

/// What is compared: this project first.
const PEERS: [&str; 3] = ["rungkeeper", "syne_tune", "ray"];

/// Options of `cargo xtask compare-peers`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Trials of each run
    #[arg(long, default_value_t = 60)]
    trials: u64,
    /// Programs that run at a time
    #[arg(long, default_value_t = 2)]
    workers: u64,
    /// Only this one (may be repeated)
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(PEERS))]
    only: Vec<String>,
}

/// Runs one after the other and prints a table in Markdown.
pub(crate) fn run(args: &Args) -> Result<()> {
    let workspace = Workspace::load()?;
    let runner = workspace.release()?;
    let python = python::interpreter(&workspace, "syne_tune_013")?;
    let ray = python::interpreter(&workspace, "ray")?;
    let sh = workspace.shell()?;
    let script = "crates/python/benchmarks/peers/compare.py";
    let compare = cmd!(sh, "{python} {script} --runner {runner} --ray {ray}");
    let (trials, workers) = (args.trials.to_string(), args.workers.to_string());
    let compare = compare.args(["--trials", &trials, "--workers", &workers]);
    let names = PEERS
        .iter()
        .filter(|it| args.only.is_empty() || args.only.iter().any(|only| only == *it));
    Ok(compare
        .args(names)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .run()?)
}
