//! `cargo xtask fuzz`: hostile input through the doors of a user's. The driver is in `tests/`, which knows the formats.
use anyhow::Result;

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
    let build = ["build", "--locked", "-p", "rungkeeper"];
    workspace.cargo(build).run()?;
    let target = workspace.metadata.target_directory.as_std_path();
    let binary = target.join("debug/rungkeeper").display().to_string();
    let (cases, seed) = (args.cases.to_string(), args.seed.to_string());
    let driver = [
        "run",
        "--locked",
        "-p",
        "rungkeeper-tests",
        "--features",
        "fuzz",
        "--bin",
        "fuzz",
    ];
    let options = [
        "--", "--binary", &binary, "--cases", &cases, "--seed", &seed,
    ];
    let mut line: Vec<&str> = [&driver[..], &options[..]].concat();
    let case = args.case.map(|case| case.to_string());
    if let Some(case) = &case {
        line.extend(["--case", case]);
    }
    workspace.cargo(line).run()
}
