//! The script's side, `crates/trial/python`: files without dependencies, so the core's environment checks them; and their
//! callbacks with the real frameworks, on request.
use anyhow::{Context, Result};

use super::{
    Package,
    environment::{CORE, Environment, PIP_INSTALL, of},
};
use crate::workspace::Workspace;

/// The folder of its package, from the root.
const PACKAGE: &str = "crates/trial/python";

/// Lightning, Transformers and Keras.
const FRAMEWORKS: &Environment = &of("frameworks", "rungkeeper_trial_callbacks");

/// The package of the script's side.
pub(super) struct Trial(Package);

impl Trial {
    pub(super) fn of(workspace: &Workspace) -> Self {
        let package = Package::of(workspace);
        Self(Package {
            folder: workspace.root().join(PACKAGE),
            ..package
        })
    }

    /// Lints, types, the wheel, and the tests, of which some tune a script with this program.
    pub(super) fn check(&self, program: &str) -> Result<()> {
        let checked = || {
            self.0.lint()?;
            self.check_types()?;
            self.install()?;
            self.test(CORE, program)
        };
        checked().context("Python, the script's side")
    }

    /// The tests with the real frameworks.
    pub(super) fn check_frameworks(&self, program: &str) -> Result<()> {
        self.0.prepare(FRAMEWORKS)?;
        self.test(FRAMEWORKS, program)
    }

    fn check_types(&self) -> Result<()> {
        let cache = self.0.under_target("cache/mypy-trial")?;
        let args = ["--cache-dir", &cache, "-m", FRAMEWORKS.module];
        self.0.call(CORE, "mypy", args)?.run()
    }

    /// The package can be built and installed as its users do it.
    fn install(&self) -> Result<()> {
        let args = [
            "--no-build-isolation",
            "--no-deps",
            "--force-reinstall",
            ".",
        ];
        let args = [PIP_INSTALL.as_slice(), &args].concat();
        self.0.call(CORE, "python", args)?.run()
    }

    fn test(&self, environment: &Environment, program: &str) -> Result<()> {
        let cache = self.0.under_target("cache/pytest-trial")?;
        let cache = format!("cache_dir={cache}");
        let args = ["-m", "pytest", "-o", &cache, &environment.tests()];
        let call = self.0.call(environment, "python", args)?;
        let label = format!("trial, {}", environment.name);
        call.env("RUNGKEEPER_PROGRAM", program).run_labelled(&label)
    }
}

/// Builds the command line; where it is. `everything`: as the tests of the workspace have built it already.
pub(super) fn program(workspace: &Workspace, everything: bool) -> Result<String> {
    let mut args = vec!["build", "--locked", "--bin", "rungkeeper"];
    args.extend(if everything {
        ["--workspace", "--all-features", "--example", "wine"].as_slice()
    } else {
        &["--package", "rungkeeper"]
    });
    workspace.cargo(args).run()?;
    let target = &workspace.metadata.target_directory;
    Ok(target.join("debug/rungkeeper").into_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_names_is_there() {
        let Trial(package) = Trial::of(&Workspace::load().unwrap());
        for environment in [CORE, FRAMEWORKS] {
            assert!(package.folder.join(environment.tests()).is_dir());
        }
        let pinned = super::super::environment::requirements(&package.folder, FRAMEWORKS).unwrap();
        let mut lines = pinned.lines().filter(|line| !line.starts_with('#'));
        assert!(lines.all(|line| line.contains("==")), "{pinned}");
        assert!(
            package
                .folder
                .join("rungkeeper_trial_callbacks.py")
                .is_file()
        );
    }
}
