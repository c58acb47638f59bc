//! `cargo xtask props`: the laws of the mathematics over many random inputs.
use anyhow::{Context, Result, ensure};
use cargo_metadata::TargetKind;
use xshell::cmd;

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
    let packages = workspace.members().into_iter().filter(|package| {
        let mut tests = (package.targets.iter()).filter(|it| it.is_kind(TargetKind::Test));
        let wanted = (args.package.as_ref()).is_none_or(|name| *name == *package.name);
        wanted && tests.any(|test| test.name.starts_with("props"))
    });
    let packages: Vec<_> = packages
        .map(|it| format!("--package={}", it.name))
        .collect();
    ensure!(
        !packages.is_empty(),
        "no test of that package is named props*"
    );
    let cases = if args.long { 20_000 } else { args.cases };
    let sh = workspace.shell()?;
    sh.set_var("PROPTEST_CASES", cases.to_string());
    let filter = &args.filter;
    cmd!(
        sh,
        "cargo test --release --all-features --locked --no-fail-fast {packages...} --test props* -- {filter...}"
    )
    .run()
    .context(ADVICE)
}
