//! `cargo xtask python`: the Python package, from its environments to its tests.
//!
//! Nothing is skipped: what cannot be installed, built or imported fails.
mod environment;
mod reference;
mod trial;
mod wheel;

use std::{
    path::PathBuf,
    thread::{self, ScopedJoinHandle},
};

use anyhow::{Context, Result};
use clap::builder::PossibleValuesParser;

use self::{
    environment::{CORE, ENVIRONMENTS, Environment, NEPS, PIP_INSTALL},
    trial::Trial,
    wheel::only_file,
};
use crate::{
    process::Invocation,
    workspace::{Workspace, empty},
};

pub(crate) use reference::{Args as CompareArgs, Reference, run as compare};
pub(crate) use wheel::{Args as WheelArgs, run as wheel};

/// The folder of the package, from the root.
const PACKAGE: &str = "crates/python";
/// Its Python sources, from there.
const SOURCES: &str = "python";

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
        let program = trial::program(&workspace, false)?;
        Trial::of(&workspace).check_frameworks(&program)?;
        return Package::of(&workspace).check_neps();
    }
    check(&workspace, args, false)
}

/// As a step of `cargo xtask test`: everything.
pub(crate) fn check_all(workspace: &Workspace) -> Result<()> {
    check(workspace, &Args::default(), true)
}

/// Makes all environments, unless they are up to date.
pub(crate) fn prepare_all(workspace: &Workspace) -> Result<()> {
    let package = Package::of(workspace);
    ENVIRONMENTS
        .iter()
        .try_for_each(|environment| package.prepare(environment))
}

/// The Python of an environment, which is made unless it is there.
pub(crate) fn interpreter(workspace: &Workspace, name: &str) -> Result<PathBuf> {
    let package = Package::of(workspace);
    let environment = ENVIRONMENTS.iter().find(|it| it.name == name);
    let environment = environment.with_context(|| format!("there is no environment {name}"))?;
    package.prepare(environment)?;
    Ok(environment::program(&package.target, environment, "python"))
}

/// `beside_tests`: the tests of the workspace were built before.
fn check(workspace: &Workspace, args: &Args, beside_tests: bool) -> Result<()> {
    let package = &Package::of(workspace);
    let wheel = &package.build()?;
    package.lint()?;
    if args.environments().any(|it| it.name == CORE.name) {
        let program = trial::program(workspace, beside_tests)?;
        Trial::of(workspace).check(&program)?;
    }
    // All at a time: the tests wait for processes most of theirs.
    thread::scope(|scope| {
        let check = |environment: &'static Environment| {
            scope.spawn(move || package.check_in(environment, wheel, args.long))
        };
        let running: Vec<_> = args.environments().map(check).collect();
        let mut results = running.into_iter().map(ScopedJoinHandle::join);
        results.try_for_each(|result| result.expect("a check does not panic"))
    })?;
    let names: Vec<_> = args.environments().map(|e| e.name).collect();
    println!("python: all holds in {}", names.join(", "));
    Ok(())
}

/// The package, and where its environments and caches are.
struct Package {
    folder: PathBuf,
    target: PathBuf,
}

impl Package {
    fn of(workspace: &Workspace) -> Self {
        Self {
            folder: workspace.root().join(PACKAGE),
            target: workspace
                .metadata
                .target_directory
                .join("python")
                .into_std_path_buf(),
        }
    }

    /// The path of something under the target folder, as text.
    fn under_target(&self, name: &str) -> Result<String> {
        let path = self.target.join(name);
        let text = path.to_str().map(ToOwned::to_owned);
        text.with_context(|| format!("{} is not Unicode", path.display()))
    }

    /// A call of a program of an environment, in the folder of the package.
    fn call<S: AsRef<str>>(
        &self,
        environment: &Environment,
        program: &str,
        args: impl IntoIterator<Item = S>,
    ) -> Result<Invocation> {
        let program = self.program(environment, program)?;
        // Caches stay out of the sources.
        Ok(Invocation::new(&program, &self.folder, args)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONUNBUFFERED", "1"))
    }

    fn program(&self, environment: &Environment, name: &str) -> Result<String> {
        let path = environment::program(&self.target, environment, name);
        let text = path.to_str().map(ToOwned::to_owned);
        text.with_context(|| format!("{} is not Unicode", path.display()))
    }

    fn prepare(&self, environment: &Environment) -> Result<()> {
        environment::prepare(&self.folder, &self.target, environment)
            .with_context(|| format!("the environment {}", environment.name))
    }

    /// The tests with `NePS`.
    fn check_neps(&self) -> Result<()> {
        let wheel = self.build()?;
        self.check_in(NEPS, &wheel, false)
    }

    /// Everything in one environment.
    fn check_in(&self, environment: &Environment, wheel: &str, long: bool) -> Result<()> {
        let checked = || {
            if environment.name != CORE.name {
                self.prepare(environment)?;
            }
            self.install(environment, wheel)?;
            self.check_types(environment)?;
            self.test(environment, long)
        };
        checked().with_context(|| format!("Python, {}", environment.name))
    }

    /// Builds the wheel, optimized as the published one.
    fn build(&self) -> Result<String> {
        self.prepare(CORE)?; // the tools are there
        let wheels = self.under_target("wheels")?;
        empty(&wheels)?;
        let python = self.program(CORE, "python")?;
        let args = [
            "build",
            "--release",
            "--locked",
            "--interpreter",
            &python,
            "--out",
            &wheels,
        ];
        self.call(CORE, "maturin", args)?.run()?;
        only_file(&wheels)
    }

    fn install(&self, environment: &Environment, wheel: &str) -> Result<()> {
        let args = [
            PIP_INSTALL.as_slice(),
            &["--force-reinstall", "--no-deps", wheel],
        ];
        self.call(environment, "python", args.concat())?.run()?;
        // What the wheel needs must be among the requirements.
        let args = ["-m", "pip", "--disable-pip-version-check", "check"];
        self.call(environment, "python", args)?.run()
    }

    /// The linter and the formatter, over all Python files.
    fn lint(&self) -> Result<()> {
        let cache = self.under_target("cache/ruff")?;
        for args in [["check", "."].as_slice(), &["format", "--check", "."]] {
            self.call(CORE, "ruff", args)?
                .env("RUFF_CACHE_DIR", &cache)
                .run()?;
        }
        Ok(())
    }

    /// Types of the environment's modules, with what is installed there; and the stubs.
    fn check_types(&self, environment: &Environment) -> Result<()> {
        let cache = self.under_target(&format!("cache/mypy-{}", environment.name))?;
        let python = self.program(environment, "python")?;
        let mut args = vec!["--cache-dir", &cache, "--python-executable", &python];
        args.extend(["-m", environment.module]);
        self.call(CORE, "mypy", args)?
            .env("MYPYPATH", SOURCES)
            .run()?;
        if environment.name == CORE.name {
            let args = ["-m", "mypy.stubtest", "rungkeeper._core"];
            self.call(CORE, "python", args)?.run()?;
        }
        Ok(())
    }

    fn test(&self, environment: &Environment, long: bool) -> Result<()> {
        let name = environment.name;
        let cache = self.under_target(&format!("cache/pytest-{name}"))?;
        let cache = format!("cache_dir={cache}");
        let examples = self.under_target("cache/hypothesis")?;
        let slowest = "--durations=8";
        let args = ["-m", "pytest", "-o", &cache, slowest, &environment.tests()];
        let mut call = self.call(environment, "python", args)?;
        if long {
            call = call.env("RUNGKEEPER_LONG", "1");
        }
        call.env("HYPOTHESIS_STORAGE_DIRECTORY", &examples)
            .run_labelled(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_are_chosen_by_name() {
        let names = |only: &[&str]| -> Vec<&str> {
            let only = only.iter().map(ToString::to_string).collect();
            Args {
                only,
                ..Args::default()
            }
            .environments()
            .map(|e| e.name)
            .collect()
        };
        assert_eq!(names(&[]).len(), ENVIRONMENTS.len());
        assert_eq!(names(&["core"]), ["core"]);
    }

    #[test]
    fn what_the_table_names_is_there() {
        let package = Package::of(&Workspace::load().unwrap());
        assert!(package.folder.join(SOURCES).is_dir());
        for environment in ENVIRONMENTS.iter().chain([NEPS]) {
            let requirements = environment::requirements(&package.folder, environment);
            assert!(requirements.is_ok(), "{requirements:?}");
            assert!(package.folder.join(environment.tests()).is_dir());
        }
    }
}
