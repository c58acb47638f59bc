//! `cargo xtask bench`: the benchmarks, or the kernels' instructions.
pub(crate) mod guard;

use anyhow::Result;

use crate::workspace::Workspace;

/// Options of `cargo xtask bench`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only benchmarks whose name matches this regular expression
    #[arg(short, long, value_name = "F")]
    filter: Option<String>,
    /// Count the kernels' instructions instead, and fail where they are above the baseline
    #[arg(long, conflicts_with_all = ["filter", "save_baseline"])]
    check: bool,
    /// Count them and make that the baseline
    #[arg(long, conflicts_with = "filter")]
    save_baseline: bool,
    /// Options for criterion, such as --quick, or --save-baseline NAME and --baseline NAME
    #[arg(last = true)]
    criterion: Vec<String>,
}

/// Runs the benchmarks. Criterion compares with the run before, or with a baseline that it was told to save.
pub(crate) fn run(args: &Args) -> Result<()> {
    let workspace = Workspace::load()?;
    if args.check || args.save_baseline {
        return guard::run(&workspace, args.save_baseline);
    }
    let criterion = [args.filter.as_slice(), args.criterion.as_slice()].concat();
    // Without `--bench`, cargo would also build unit tests with full optimization.
    let mut call = vec!["bench", "--locked", "--package", "rungkeeper-tests"];
    call.extend(["--features", "benches", "--bench", "*", "--"]);
    call.extend(criterion.iter().map(String::as_str));
    workspace.cargo(call).run()
}

/// Compiles all benchmarks, and runs none: with little optimization, as the tests, which share what they depend on.
pub(crate) fn compile(workspace: &Workspace) -> Result<()> {
    let build = ["build", "--workspace", "--all-features", "--benches"];
    workspace.cargo([&build[..], &["--locked"]].concat()).run()
}

/// Builds a program of the benchmarks, with the feature that it asks for, and says where it is.
pub(crate) fn program(workspace: &Workspace, name: &str, feature: &str) -> Result<String> {
    let build = ["build", "--release", "--locked", "--bin", name];
    let package = ["--package", "rungkeeper-tests", "--features", feature];
    workspace.cargo(build.iter().chain(&package)).run()?;
    let target = &workspace.metadata.target_directory;
    Ok(target.join("release").join(name).into_string())
}
