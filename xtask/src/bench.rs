//! `cargo xtask bench`: the benchmarks, or the kernels' instructions.
pub(crate) mod guard;

use anyhow::Result;
use cargo_metadata::camino::Utf8PathBuf;
use xshell::cmd;

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
    let sh = workspace.shell()?;
    let criterion = [args.filter.as_slice(), args.criterion.as_slice()].concat();
    // Without `--bench`, cargo would also build unit tests with full optimization.
    let bench = cmd!(
        sh,
        "cargo bench --locked -p rungkeeper-tests --features benches"
    );
    bench.args(["--bench", "*", "--"]).args(criterion).run()?;
    Ok(())
}

/// Compiles all benchmarks, and runs none: with little optimization, as the tests, which share what they depend on.
pub(crate) fn compile(workspace: &Workspace) -> Result<()> {
    let sh = workspace.shell()?;
    cmd!(
        sh,
        "cargo build --workspace --all-features --benches --locked"
    )
    .run()?;
    Ok(())
}

/// Builds a program of the benchmarks, with the feature that it asks for, and says where it is.
pub(crate) fn program(workspace: &Workspace, name: &str, feature: &str) -> Result<Utf8PathBuf> {
    let sh = workspace.shell()?;
    let build = cmd!(sh, "cargo build --release --locked -p rungkeeper-tests");
    build.args(["--features", feature, "--bin", name]).run()?;
    Ok(workspace.target("release").join(name))
}
