//! `cargo xtask test`: everything a change must pass, in one command.
mod azurite;
mod chromium;
mod features;
mod msrv;
mod publish;

use std::{
    thread::{self, ScopedJoinHandle},
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use xshell::cmd;

use crate::{
    bench, layers, python, usage,
    workspace::{Workspace, run_reading},
};

/// The core: what decides, and nothing that reads files or starts programs.
const CORE: [&str; 5] = [
    "rungkeeper-estimators",
    "rungkeeper-score",
    "rungkeeper-rung-model",
    "rungkeeper-policies",
    "rungkeeper-tuner-hooks",
];

/// Options of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Leave this step out (may be repeated)
    #[arg(long, value_name = "STEP")]
    skip: Vec<Step>,
    /// Take only this step (may be repeated)
    #[arg(long, value_name = "STEP")]
    only: Vec<Step>,
    /// The five core crates alone: formatting, lints, tests and laws, documentation; needs neither root nor Python
    #[arg(long, conflicts_with_all = ["skip", "only"])]
    core: bool,
}

/// The steps, in the order in which they begin: what fails fast comes first, what shares build products stands together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Step {
    /// Formatting
    Fmt,
    /// Chromium, in which pages are tested, is installed
    Chromium,
    /// Azurite, against which the store is tested, is installed
    Azurite,
    /// The Python package, in all its environments
    Python,
    /// Lints, warnings as errors
    Clippy,
    /// Documentation, that of private items too, warnings as errors
    Doc,
    /// All tests compile
    Build,
    /// Each feature of each published crate alone
    Features,
    /// Direction, purity, manifests, tidiness, words, links of documents
    Layers,
    /// The core crates build where there is no standard library
    Purity,
    /// The benchmarks compile
    Bench,
    /// Instruction counts of the kernels
    Guard,
    /// The declared minimum Rust version
    Msrv,
    /// The publishing rehearsal
    Publish,
    /// All tests, documentation examples included
    Test,
}

/// What a step does most of its time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It waits for the network or for processes: it runs beside others.
    Waits,
    /// It compiles: such steps come one after the other.
    Compiles,
    /// It measures time, among others: it runs alone.
    Tests,
}

impl Step {
    fn kind(self) -> Kind {
        match self {
            Self::Chromium | Self::Azurite | Self::Python => Kind::Waits,
            Self::Test => Kind::Tests,
            _ => Kind::Compiles,
        }
    }

    /// Takes it; how many tests of each test program passed, where cargo ran them.
    fn run(self, workspace: &Workspace, packages: &[String]) -> Result<Vec<u64>> {
        let sh = workspace.shell()?;
        match self {
            Self::Test => return tests(workspace, packages),
            Self::Chromium => chromium::CHROMIUM.provide(workspace),
            Self::Azurite => azurite::provide(workspace),
            Self::Fmt => Ok(cmd!(sh, "cargo fmt --all --check").run()?),
            // Clippy reads each member's `rust-version`, so it also refuses what is newer in the standard library.
            Self::Clippy => {
                let clippy = cmd!(sh, "cargo clippy --all-targets --all-features --locked");
                let lints = ["--", "-D", "warnings", "-D", "clippy::incompatible_msrv"];
                Ok(clippy.args(packages).args(lints).run()?)
            }
            Self::Doc => {
                // The public pages last: those are what is looked at then.
                let all = [Some("--document-private-items"), None];
                all.into_iter().try_for_each(|private| {
                    let doc = cmd!(sh, "cargo doc --no-deps --all-features --locked");
                    let doc = doc.args(packages).args(private);
                    Ok(doc.env("RUSTDOCFLAGS", "-D warnings").run()?)
                })
            }
            Self::Build => {
                let build = cmd!(sh, "cargo test --no-run --all-features --locked");
                Ok(build.args(packages).run()?)
            }
            Self::Python => python::check_all(workspace),
            Self::Features => features::run(workspace),
            Self::Layers => layers::check(workspace),
            Self::Purity => layers::purity::build(workspace),
            Self::Bench => bench::compile(workspace),
            Self::Guard => bench::guard::run(workspace, false),
            Self::Msrv => msrv::check(workspace),
            Self::Publish => publish::run(workspace),
        }?;
        Ok(Vec::new())
    }
}

impl Args {
    fn steps(&self) -> Vec<Step> {
        if self.core {
            return vec![Step::Fmt, Step::Clippy, Step::Doc, Step::Test];
        }
        let mut steps = Step::value_variants().to_vec();
        steps.retain(|step| self.only.is_empty() || self.only.contains(step));
        steps.retain(|step| !self.skip.contains(step));
        steps
    }

    /// Which packages are built.
    fn packages(&self) -> Vec<String> {
        if self.core {
            CORE.iter()
                .map(|name| format!("--package={name}"))
                .collect()
        } else {
            vec!["--workspace".to_owned()]
        }
    }
}

/// Runs the steps and stops at the first that fails. Steps that wait run beside those that compile; the tests run alone.
pub(crate) fn run(args: &Args) -> Result<()> {
    let workspace = Workspace::load()?;
    let (steps, packages) = (args.steps(), args.packages());
    ensure!(!steps.is_empty(), "--only and --skip leave no step");
    let begin = Instant::now();
    let take = |index: usize| {
        let step = steps[index];
        let label = format!("step {} of {}, {}", index + 1, steps.len(), name(step));
        println!("== {label}");
        let begin = Instant::now();
        let passed = step.run(&workspace, &packages);
        let seconds = begin.elapsed().as_secs_f64();
        let end = if passed.is_ok() { "passed" } else { "failed" };
        println!("== {label}: {end} in {seconds:.1} s");
        let passed = passed.with_context(|| format!("{label}: failed"))?;
        anyhow::Ok((step, seconds, passed))
    };
    let of = |kind| {
        let all = steps.iter().enumerate();
        let of_kind = all.filter(move |(_, step)| step.kind() == kind);
        of_kind.map(|(index, _)| index)
    };
    let take = &take;
    let mut taken = thread::scope(|scope| {
        let beside = of(Kind::Waits).map(|index| scope.spawn(move || take(index)));
        let beside: Vec<_> = beside.collect();
        // What waits is not the last to end where it has the way.
        let compiling = scope.spawn(|| {
            give_way();
            of(Kind::Compiles).map(take).collect::<Result<Vec<_>>>()
        });
        let mut taken = ended(compiling)?;
        for step in beside {
            taken.push(ended(step)?);
        }
        anyhow::Ok(taken)
    })?;
    for index in of(Kind::Tests) {
        taken.push(take(index)?);
    }
    taken.sort_by(|one, other| other.1.total_cmp(&one.1));
    let took = (taken.iter()).map(|(step, seconds, _)| format!("{} {seconds:.1} s", name(*step)));
    let took = took.collect::<Vec<_>>().join(", ");
    let seconds = begin.elapsed().as_secs_f64();
    println!("== all steps passed in {seconds:.1} s: {took}");
    if let Ok(processor) = usage::of_children() {
        println!("== {processor:.1} s of processor time");
    }
    let passed = taken.iter().flat_map(|(.., passed)| passed);
    let (number, programs) = (passed.clone().sum::<u64>(), passed.count());
    println!("== {number} tests passed in {programs} test programs");
    Ok(())
}

/// What a thread comes to.
fn ended<T>(thread: ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread.join().expect("a step does not panic")
}

/// Lets other threads, and what they start, have the processor first. Elsewhere it would hold for all threads.
fn give_way() {
    #[cfg(target_os = "linux")]
    rustix::process::nice(10).ok();
}

fn name(step: Step) -> String {
    format!("{step:?}").to_lowercase()
}

fn tests(workspace: &Workspace, packages: &[String]) -> Result<Vec<u64>> {
    let sh = workspace.shell()?;
    // Many tests wait for processes most of their time: more of them at once than there are cores.
    let threads = sh
        .var("RUST_TEST_THREADS")
        .unwrap_or_else(|_| "6".to_owned());
    let call = cmd!(sh, "cargo test --all-features --locked {packages...}");
    let mut passed = Vec::new();
    run_reading(call.env("RUST_TEST_THREADS", threads), |line| {
        println!("{line}");
        passed.extend(passed_in_program(line));
    })?;
    ensure!(passed.iter().any(|number| *number > 0), "no test ran");
    Ok(passed)
}

/// How many tests of a test program passed, from its line `test result: ok. 3 passed; 0 failed; 1 ignored; ...`.
fn passed_in_program(line: &str) -> Option<u64> {
    let result = line.strip_prefix("test result: ok. ")?;
    result.split_once(" passed")?.0.parse().ok()
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
        let names: Vec<_> = line.args.steps().into_iter().map(name).collect();
        names.join(" ")
    }

    #[test]
    fn steps_are_chosen_in_their_order() {
        assert_eq!(
            steps("test"),
            "fmt chromium azurite python clippy doc build features layers purity bench guard msrv publish test"
        );
        assert_eq!(steps("test --only layers --only fmt"), "fmt layers");
        assert_eq!(
            steps("test --skip publish --skip bench"),
            "fmt chromium azurite python clippy doc build features layers purity guard msrv test"
        );
        assert_eq!(steps("test --only fmt --skip fmt"), "");
        assert_eq!(steps("test --core"), "fmt clippy doc test");
        assert!(Line::try_parse_from(["test", "--core", "--only", "fmt"]).is_err());
    }

    #[test]
    fn passed_tests_are_read_from_the_lines_of_their_programs() {
        let result = "test result: ok. 12 passed; 0 failed; 1 ignored; finished in 0.01s";
        assert_eq!(passed_in_program(result), Some(12));
        for other in ["running 12 tests", "test a::test result: ok", ""] {
            assert_eq!(passed_in_program(other), None);
        }
    }
}
