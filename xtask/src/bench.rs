//! `cargo xtask bench`: the benchmarks in one run, then a table of what it measured.
pub(crate) mod guard;
mod summary;

use std::time::SystemTime;

use anyhow::{Result, ensure};

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
    /// Options for criterion, such as --quick
    #[arg(last = true)]
    criterion: Vec<String>,
}

/// Runs the benchmarks and prints the table.
pub(crate) fn run(args: &Args) -> Result<()> {
    let workspace = Workspace::load()?;
    if args.check || args.save_baseline {
        return guard::run(&workspace, args.save_baseline);
    }
    let results = workspace.metadata.target_directory.join("criterion");
    let criterion = [args.filter.as_slice(), args.criterion.as_slice()].concat();
    let started = SystemTime::now();
    call(&workspace, false, &criterion)
        .env("CRITERION_HOME", results.as_str())
        .run()?;

    let rows = summary::read(results.as_std_path(), started)?;
    ensure!(
        !rows.is_empty(),
        "no benchmark ran: no name matches the filter"
    );
    println!("\n{}", summary::table(&rows));
    Ok(())
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
