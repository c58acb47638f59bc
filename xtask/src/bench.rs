//! `cargo xtask bench`: the benchmarks in one run, then a table of what it measured.
pub(crate) mod guard;
mod summary;

use std::time::SystemTime;

use anyhow::{Context, Result, ensure};
use cargo_metadata::TargetKind;

use crate::{process::Invocation, workspace::Workspace};

/// Options of `cargo xtask bench`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only benchmarks whose name matches this regular expression
    #[arg(short, long, value_name = "F")]
    filter: Option<String>,
    /// Only this package's benchmarks
    #[arg(short, long)]
    package: Option<String>,
    /// Count the kernels' instructions instead, and fail where they are above the baseline
    #[arg(long, conflicts_with_all = ["filter", "package", "save_baseline"])]
    check: bool,
    /// Count them and make that the baseline
    #[arg(long, conflicts_with_all = ["filter", "package"])]
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
    let packages = workspace.with_target(&TargetKind::Bench, "", args.package.as_deref())?;
    let criterion = [args.filter.as_slice(), args.criterion.as_slice()].concat();
    let started = SystemTime::now();
    call(&workspace, &packages, false, &criterion)
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
    let packages = workspace.with_target(&TargetKind::Bench, "", None);
    let packages = packages.context("the benchmarks are gone")?;
    call(workspace, &packages, true, &[]).run()
}

/// Builds a program of the package `rungkeeper-benches` as benchmarks are built, and says where it is.
pub(crate) fn program(workspace: &Workspace, name: &str) -> Result<String> {
    let package = ["-p", "rungkeeper-benches", "--bin", name];
    let build = ["build", "--profile", "bench", "--locked"];
    workspace.cargo([build, package].concat()).run()?;
    let target = &workspace.metadata.target_directory;
    Ok(target.join("release").join(name).into_string())
}

/// `cargo bench` for bench targets alone: without `--bench`, cargo would also build every crate's unit tests with full optimization.
fn call(
    workspace: &Workspace,
    packages: &[String],
    only_compile: bool,
    criterion: &[String],
) -> Invocation {
    let mut args: Vec<String> = ["bench", "--all-features", "--locked"]
        .map(Into::into)
        .into();
    if only_compile {
        args.push("--no-run".into());
    }
    for package in packages {
        args.extend(["--package".into(), package.clone()]);
    }
    args.extend(["--bench".into(), "*".into(), "--".into()]);
    args.extend_from_slice(criterion);
    workspace.cargo(args)
}
