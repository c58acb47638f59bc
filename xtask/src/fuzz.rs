//! `cargo xtask fuzz`: hostile input through the doors of a user's. The driver is in `tests/`, which knows the formats.
use anyhow::Result;
use xshell::cmd;

use crate::workspace::Workspace;

/// Options of `cargo xtask fuzz`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Number of cases
    #[arg(long, default_value_t = 1_000_000)]
    cases: u64,
    /// From which all cases follow
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only this case of the seed's
    #[arg(long)]
    case: Option<u64>,
}

/// Builds the command line and the driver, and runs it. Overflows and failed assertions are found as well: not a release.
pub(crate) fn run(args: &Args) -> Result<()> {
    let workspace = Workspace::load()?;
    let sh = workspace.shell()?;
    cmd!(sh, "cargo build --locked -p rungkeeper").run()?;
    let driver = cmd!(
        sh,
        "cargo run --locked -p rungkeeper-tests --features fuzz --bin fuzz --"
    );
    let driver = driver
        .arg("--binary")
        .arg(workspace.target("debug/rungkeeper"));
    let (cases, seed) = (args.cases.to_string(), args.seed.to_string());
    let driver = driver.args(["--cases", &cases, "--seed", &seed]);
    let case = args.case.map(|case| format!("--case={case}"));
    driver.args(case).run()?;
    Ok(())
}
