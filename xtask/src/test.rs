//! `cargo xtask test`: everything a change must pass, in one command.
mod azurite;
mod chromium;
mod features;
mod msrv;
mod publish;
mod tally;

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;

use self::tally::Tally;
use crate::{bench, layers, python, workspace::Workspace};

/// Options of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Leave this step out (may be repeated)
    #[arg(long, value_name = "STEP")]
    skip: Vec<Step>,
    /// Take only this step (may be repeated)
    #[arg(long, value_name = "STEP")]
    only: Vec<Step>,
}

/// The steps, in the order in which they run: what fails fast comes first, what shares build products stands together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Step {
    /// Chromium, in which pages are tested, is installed
    Chromium,
    /// Azurite, against which the store is tested, is installed
    Azurite,
    /// Formatting
    Fmt,
    /// Lints, warnings as errors
    Clippy,
    /// Documentation, warnings as errors
    Doc,
    /// All tests, documentation examples included
    Test,
    /// The Python package, in all its environments
    Python,
    /// Each feature of each published crate alone
    Features,
    /// Direction, purity, manifests, tidiness
    Layers,
    /// The benchmarks compile
    Bench,
    /// Instruction counts of the kernels
    Guard,
    /// The declared minimum Rust version
    Msrv,
    /// The publishing rehearsal
    Publish,
}

impl Step {
    fn run(self, workspace: &Workspace, tally: &mut Tally) -> Result<()> {
        match self {
            Self::Chromium => chromium::CHROMIUM.provide(workspace),
            Self::Azurite => azurite::provide(workspace),
            Self::Fmt => workspace.cargo(["fmt", "--all", "--check"]).run(),
            Self::Clippy => clippy(workspace),
            Self::Doc => doc(workspace),
            Self::Test => tests(workspace, tally),
            Self::Python => python::check_all(workspace),
            Self::Features => features::run(workspace),
            Self::Layers => layers::check(workspace),
            Self::Bench => bench::compile(workspace),
            Self::Guard => bench::guard::run(workspace, false),
            Self::Msrv => msrv::check(workspace),
            Self::Publish => publish::run(workspace),
        }
    }
}

impl Args {
    fn steps(&self) -> Vec<Step> {
        let mut steps = Step::value_variants().to_vec();
        steps.retain(|step| self.only.is_empty() || self.only.contains(step));
        steps.retain(|step| !self.skip.contains(step));
        steps
    }
}

/// Runs the steps and stops at the first that fails.
pub(crate) fn run(args: &Args) -> Result<()> {
    let workspace = Workspace::load()?;
    let steps = args.steps();
    ensure!(!steps.is_empty(), "--only and --skip leave no step");
    let begin = Instant::now();
    let mut tally = Tally::default();
    for (index, step) in steps.iter().enumerate() {
        let label = format!("step {} of {}, {}", index + 1, steps.len(), name(*step));
        println!("== {label}");
        let begin = Instant::now();
        step.run(&workspace, &mut tally)
            .with_context(|| format!("{label}: failed"))?;
        println!(
            "== {label}: passed in {:.1} s",
            begin.elapsed().as_secs_f64()
        );
    }
    let names: Vec<_> = steps.into_iter().map(name).collect();
    let seconds = begin.elapsed().as_secs_f64();
    println!(
        "== all steps passed ({}) in {seconds:.1} s: {tally}",
        names.join(", ")
    );
    Ok(())
}

fn name(step: Step) -> String {
    step.to_possible_value()
        .map_or_else(String::new, |value| value.get_name().to_owned())
}

/// Clippy reads each member's `rust-version`, so it also refuses what is newer in the standard library.
fn clippy(workspace: &Workspace) -> Result<()> {
    let mut args = vec![
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--locked",
    ];
    args.extend(["--", "-D", "warnings", "-D", "clippy::incompatible_msrv"]);
    workspace.cargo(args).run()
}

fn doc(workspace: &Workspace) -> Result<()> {
    let args = [
        "doc",
        "--workspace",
        "--no-deps",
        "--all-features",
        "--locked",
    ];
    workspace
        .cargo(args)
        .env("RUSTDOCFLAGS", "-D warnings")
        .run()
}

fn tests(workspace: &Workspace, tally: &mut Tally) -> Result<()> {
    let args = ["test", "--workspace", "--all-features", "--locked"];
    // Many tests wait for processes most of their time: more of them at once than there are cores.
    let threads = std::env::var("RUST_TEST_THREADS").unwrap_or_else(|_| "4".to_owned());
    workspace
        .cargo(args)
        .env("RUST_TEST_THREADS", &threads)
        .run_seeing(|line| tally.see(line))?;
    ensure!(tally.passed() > 0, "no test ran");
    Ok(())
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

    fn steps(line: &str) -> String {
        let line = Line::try_parse_from(line.split(' ')).unwrap();
        line.args
            .steps()
            .into_iter()
            .map(name)
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn steps_are_chosen_in_their_order() {
        assert_eq!(
            steps("test"),
            "chromium azurite fmt clippy doc test python features layers bench guard msrv publish"
        );
        assert_eq!(steps("test --only layers --only fmt"), "fmt layers");
        assert_eq!(
            steps("test --skip publish --skip bench"),
            "chromium azurite fmt clippy doc test python features layers guard msrv"
        );
        assert_eq!(steps("test --only fmt --skip fmt"), "");
    }
}
