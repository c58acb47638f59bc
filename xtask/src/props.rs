//! `cargo xtask props`: the laws of the mathematics over many random inputs.
use anyhow::{Context, Result};
use cargo_metadata::TargetKind;

use crate::workspace::Workspace;

const CASES: u32 = 1_000;
const CASES_LONG: u32 = 20_000;
const ADVICE: &str = "a law is broken. Above: its name and the smallest input found. \
Next to the test's source, the file *.proptest-regressions now holds the seed, and each later run tries it first: \
commit that file with the repair. To see it again: cargo xtask props -p PACKAGE NAME_OF_THE_LAW";

/// Options of `cargo xtask props`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// 20,000 cases for each law instead of 1,000
    #[arg(long, conflicts_with = "cases")]
    long: bool,
    /// Number of cases for each law
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    cases: Option<u32>,
    /// Only this package's laws
    #[arg(short, long)]
    package: Option<String>,
    /// Only laws whose name contains this
    filter: Option<String>,
}

impl Args {
    fn cases(&self) -> u32 {
        self.cases
            .unwrap_or(if self.long { CASES_LONG } else { CASES })
    }
}

/// Runs `tests/props*.rs` of every member, or of one.
pub(crate) fn run(args: &Args) -> Result<()> {
    let workspace = Workspace::load()?;
    let packages = workspace.with_target(&TargetKind::Test, "props", args.package.as_deref())?;
    workspace
        .cargo(cargo_args(&packages, args.filter.as_deref()))
        .env("PROPTEST_CASES", &args.cases().to_string())
        .run()
        .context(ADVICE)
}

fn cargo_args(packages: &[String], filter: Option<&str>) -> Vec<String> {
    let mut args: Vec<String> = [
        "test",
        "--release",
        "--all-features",
        "--locked",
        "--no-fail-fast",
    ]
    .map(Into::into)
    .into();
    for package in packages {
        args.extend(["--package".into(), package.clone()]);
    }
    args.extend(["--test".into(), "props*".into()]);
    if let Some(name) = filter {
        args.extend(["--".into(), name.into()]);
    }
    args
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn cases(line: &[&str]) -> u32 {
        Line::try_parse_from([&["props"], line].concat())
            .unwrap()
            .args
            .cases()
    }

    #[test]
    fn the_number_of_cases_follows_the_options() {
        assert_eq!(cases(&[]), 1_000);
        assert_eq!(cases(&["--long"]), 20_000);
        assert_eq!(cases(&["--cases", "7"]), 7);
        assert!(Line::try_parse_from(["props", "--cases", "0"]).is_err());
        assert!(Line::try_parse_from(["props", "--cases", "7", "--long"]).is_err());
    }

    #[test]
    fn the_filter_goes_to_the_test_program() {
        let args = cargo_args(&["a".into(), "b".into()], Some("law")).join(" ");
        assert!(
            args.ends_with("--package a --package b --test props* -- law"),
            "{args}"
        );
        assert!(!cargo_args(&["a".into()], None).contains(&"--".to_owned()));
    }
}
