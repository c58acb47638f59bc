//! `cargo xtask props`: the laws of the mathematics over many random inputs.
use anyhow::{Context, Result, ensure};
use cargo_metadata::TargetKind;

use crate::workspace::Workspace;

const ADVICE: &str = "a law is broken. Above: its name and the smallest input found. \
Next to the test's source, the file *.proptest-regressions now holds the seed, and each later run tries it first: \
commit that file with the repair. To see it again: cargo xtask props -p PACKAGE NAME_OF_THE_LAW";

/// Options of `cargo xtask props`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// 20,000 cases for each law
    #[arg(long, conflicts_with = "cases")]
    long: bool,
    /// Number of cases for each law
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    cases: u32,
    /// Only this package's laws
    #[arg(short, long)]
    package: Option<String>,
    /// Only laws whose name contains this
    filter: Option<String>,
}

/// Runs `tests/props*.rs` of every member, or of one.
pub(crate) fn run(args: &Args) -> Result<()> {
    let workspace = Workspace::load()?;
    let mut call = vec!["test", "--release", "--all-features", "--locked"];
    call.push("--no-fail-fast");
    let packages = workspace.members().into_iter().filter(|package| {
        let mut tests = package
            .targets
            .iter()
            .filter(|t| t.is_kind(TargetKind::Test));
        let wanted = (args.package.as_ref()).is_none_or(|name| *name == *package.name);
        wanted && tests.any(|test| test.name.starts_with("props"))
    });
    let packages: Vec<_> = packages.flat_map(|p| ["--package", &p.name]).collect();
    ensure!(
        !packages.is_empty(),
        "no test of that package is named props*"
    );
    call.extend(packages);
    call.extend(["--test", "props*"]);
    if let Some(name) = &args.filter {
        call.extend(["--", name]);
    }
    let cases = if args.long { 20_000 } else { args.cases };
    let call = workspace.cargo(call);
    let call = call.env("PROPTEST_CASES", &cases.to_string());
    call.run().context(ADVICE)
}
