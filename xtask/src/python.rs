//! `cargo xtask python`: the Python package, from its environments to its tests.
//!
//! Nothing is skipped: what cannot be installed, built or imported fails.
mod environment;
mod reference;
mod trial;
mod wheel;

use std::thread::{self, ScopedJoinHandle};

use anyhow::{Context, Result, ensure};
use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use clap::builder::PossibleValuesParser;
use xshell::{Shell, cmd};

use self::environment::{CORE, ENVIRONMENTS, Environment, NEPS, Package, pytest};
use crate::workspace::{Workspace, empty, run_reading};

pub(crate) use reference::{Args as CompareArgs, Reference, run as compare};
pub(crate) use wheel::{Args as WheelArgs, run as wheel};

/// The folder of the package, from the root.
const PACKAGE: &str = "crates/python";
/// That of the script's side.
const TRIAL: &str = "crates/trial/python";

/// Options of `cargo xtask python`.
#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Test only in this environment (may be repeated)
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(ENVIRONMENTS.iter().map(|e| e.name)))]
    only: Vec<String>,
    /// All runs with as many trials as they should have: half an hour for Ray
    #[arg(long)]
    long: bool,
    /// Instead, what needs `PyTorch`: the callbacks of a training script with Lightning, Transformers and Keras, and the page
    /// on `choose` with `NePS`. Downloads several GB
    #[arg(long, conflicts_with_all = ["only", "long"])]
    frameworks: bool,
}

impl Args {
    fn environments(&self) -> impl Iterator<Item = &'static Environment> {
        let only = &self.only;
        ENVIRONMENTS
            .iter()
            .filter(move |e| only.is_empty() || only.iter().any(|name| name == e.name))
    }
}

/// The command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let workspace = Workspace::load()?;
    if args.frameworks {
        trial::check_frameworks(&workspace)?;
        let package = Package::of(&workspace, PACKAGE)?;
        let wheel = build(&package)?;
        package.prepare(NEPS)?;
        return check_in(&workspace, NEPS, &wheel, false);
    }
    check(&workspace, args, false)
}

/// As a step of `cargo xtask test`: everything.
pub(crate) fn check_all(workspace: &Workspace) -> Result<()> {
    check(workspace, &Args::default(), true)
}

/// The Python of an environment, which is made unless it is there.
pub(crate) fn interpreter(workspace: &Workspace, name: &str) -> Result<Utf8PathBuf> {
    let package = Package::of(workspace, PACKAGE)?;
    let environment = ENVIRONMENTS.iter().find(|it| it.name == name);
    let environment = environment.with_context(|| format!("there is no environment {name}"))?;
    package.prepare(environment)?;
    Ok(package.python(environment))
}

/// `beside_tests`: the tests of the workspace are built beside it.
fn check(workspace: &Workspace, args: &Args, beside_tests: bool) -> Result<()> {
    let package = Package::of(workspace, PACKAGE)?;
    package.prepare(CORE)?; // the tools are there
    // The others come from the network while the wheel compiles.
    let wheel = &thread::scope(|scope| {
        let prepared = scope.spawn(|| {
            let package = Package::of(workspace, PACKAGE)?;
            let mut all = args.environments();
            all.try_for_each(|environment| package.prepare(environment))
        });
        let wheel = lint(&package).and_then(|()| build(&package));
        prepared.join().expect("a preparation does not panic")?;
        wheel
    })?;
    // All at a time: the tests wait for processes most of theirs.
    thread::scope(|scope| {
        let check = |environment: &'static Environment| {
            scope.spawn(move || check_in(workspace, environment, wheel, args.long))
        };
        let running: Vec<_> = args.environments().map(check).collect();
        let mut results = running.into_iter().map(ScopedJoinHandle::join);
        results.try_for_each(|result| result.expect("a check does not panic"))
    })?;
    // At last, when what compiles at the same time has built the program.
    if args.environments().any(|it| it.name == CORE.name) {
        let program = trial::program(workspace, beside_tests)?;
        trial::check(workspace, &program)?;
    }
    let names: Vec<_> = args.environments().map(|e| e.name).collect();
    println!("python: all holds in {}", names.join(", "));
    Ok(())
}

/// Everything in one environment.
fn check_in(
    workspace: &Workspace,
    environment: &Environment,
    wheel: &Utf8Path,
    long: bool,
) -> Result<()> {
    let package = Package::of(workspace, PACKAGE)?;
    let checked = || {
        install(&package.shell(environment)?, wheel)?;
        check_types(&package, environment, environment.module)?;
        test(&package, environment, long)
    };
    checked().with_context(|| format!("Python, {}", environment.name))
}

/// Builds the wheel, optimized as the published one.
fn build(package: &Package) -> Result<Utf8PathBuf> {
    package.prepare(CORE)?; // the tools are there
    let (sh, wheels) = (package.shell(CORE)?, package.target.join("wheels"));
    empty(&wheels)?;
    let build = cmd!(sh, "maturin build --release --locked --interpreter python");
    build.arg("--out").arg(&wheels).run()?;
    only_file(&wheels)
}

/// The path of what lies alone in a folder.
fn only_file(folder: &Utf8Path) -> Result<Utf8PathBuf> {
    let entries = folder.read_dir_utf8()?;
    let mut found = entries.collect::<Result<Vec<_>, _>>()?;
    ensure!(
        found.len() == 1,
        "one file is expected in {folder}: {found:?}"
    );
    Ok(found.remove(0).into_path())
}

fn install(sh: &Shell, wheel: &Utf8Path) -> Result<()> {
    let install = cmd!(
        sh,
        "python -m pip install --quiet --force-reinstall --no-deps"
    );
    install.arg(wheel).run()?;
    // What the wheel needs must be among the requirements.
    Ok(cmd!(sh, "python -m pip check").run()?)
}

/// The linter and the formatter, over all Python files.
fn lint(package: &Package) -> Result<()> {
    let (sh, cache) = (package.shell(CORE)?, package.target.join("cache/ruff"));
    cmd!(sh, "ruff check --cache-dir {cache} .").run()?;
    Ok(cmd!(sh, "ruff format --check --cache-dir {cache} .").run()?)
}

/// Types of a module, with what is installed in an environment; and the stubs.
fn check_types(package: &Package, environment: &Environment, module: &str) -> Result<()> {
    let sh = package.shell(CORE)?;
    let cache = format!(
        "{}/cache/mypy-{}-{module}",
        package.target, environment.name
    );
    let python = package.python(environment);
    let check = cmd!(sh, "mypy --cache-dir {cache} --python-executable {python}");
    check.env("MYPYPATH", "python").args(["-m", module]).run()?;
    if module == CORE.module && environment.name == CORE.name {
        cmd!(sh, "python -m mypy.stubtest rungkeeper._core").run()?;
    }
    Ok(())
}

fn test(package: &Package, environment: &Environment, long: bool) -> Result<()> {
    let sh = package.shell(environment)?;
    let call = pytest(&sh, environment, &package.target.join("cache")).arg("--durations=8");
    let call = call.envs(long.then_some(("RUNGKEEPER_LONG", "1")));
    run_reading(call, |line| println!("{}: {line}", environment.name))
}
