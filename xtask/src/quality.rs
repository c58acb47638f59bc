//! `cargo xtask quality`: what each removal policy loses, and `docs/decision-quality.md` that tells of it.
use anyhow::Result;
use xshell::cmd;

use crate::workspace::Workspace;

/// Options of `cargo xtask quality`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// More seeds
    #[arg(long)]
    long: bool,
}

/// Runs the study with full optimization; it writes the page and its plots.
pub(crate) fn run(args: &Args) -> Result<()> {
    let sh = Workspace::load()?.shell()?;
    let run = cmd!(
        sh,
        "cargo run --release --locked -p rungkeeper-tests --features quality"
    );
    let long = args.long.then_some("--long");
    run.args(["--bin", "quality", "--", "docs"])
        .args(long)
        .run()?;
    Ok(())
}
