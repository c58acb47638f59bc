//! `cargo xtask quality`: what each removal policy loses, and `docs/decision-quality.md` that tells of it.
use anyhow::{Context, Result};

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
    let workspace = Workspace::load()?;
    let docs = workspace.root().join("docs");
    let docs = docs.to_str().context("the path is not Unicode")?;
    let mut call = vec!["run", "--release", "--locked", "-p", "rungkeeper-tests"];
    call.extend(["--features", "quality", "--bin", "quality", "--"]);
    call.extend(args.long.then_some("--long"));
    call.push(docs);
    workspace.cargo(call).run()
}
