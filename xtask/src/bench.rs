//! `cargo xtask bench`: the benchmarks, or the kernels' instructions.
pub(crate) mod guard;

use anyhow::Result;

use crate::{process::Invocation, workspace::Workspace};

/// Where the benchmarks are.
const PACKAGE: [&str; 4] = ["--package", "rungkeeper-tests", "--features", "benches"];

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
    call(&workspace, false, &criterion).run()
}

/// Compiles all benchmarks, as [`run`] would, and runs none.
pub(crate) fn compile(workspace: &Workspace) -> Result<()> {
    call(workspace, true, &[]).run()
}

/// Builds a program of the benchmarks as these are built, and says where it is.
pub(crate) fn program(workspace: &Workspace, name: &str) -> Result<String> {
    let build = ["build", "--profile", "bench", "--locked", "--bin", name];
    workspace.cargo(build.iter().chain(&PACKAGE)).run()?;
    let target = &workspace.metadata.target_directory;
    Ok(target.join("release").join(name).into_string())
}

/// `cargo bench` for bench targets alone: without `--bench`, cargo would also build unit tests with full optimization.
fn call(workspace: &Workspace, only_compile: bool, criterion: &[String]) -> Invocation {
    let mut args = vec!["bench", "--locked"];
    args.extend(PACKAGE);
    args.extend(only_compile.then_some("--no-run"));
    args.extend(["--bench", "*", "--"]);
    args.extend(criterion.iter().map(String::as_str));
    workspace.cargo(args)
}
