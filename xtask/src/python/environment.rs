//! Virtual environments: which there are, and how they are made.
use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

use crate::process::Invocation;

/// A virtual environment and what is tested in it.
pub(super) struct Environment {
    pub(super) name: &'static str,
    /// What is installed: a file under `requirements` in the folder of the package.
    pub(super) requirements: &'static str,
    /// The folder of the tests, from the folder of the package.
    pub(super) tests: &'static str,
    /// Modules whose types are checked.
    pub(super) modules: &'static [&'static str],
}

/// All environments: first the core, with the tools that build and check the package, then one a
/// host of the package.
pub(super) const ENVIRONMENTS: &[Environment] = &[
    Environment {
        name: "core",
        requirements: "core.txt",
        tests: "tests/core",
        modules: &["rungkeeper"],
    },
    Environment {
        name: "syne_tune_013",
        requirements: "syne_tune_013.txt",
        tests: "tests/syne_tune_013",
        modules: &["rungkeeper.syne_tune"],
    },
    Environment {
        name: "syne_tune_new",
        requirements: "syne_tune_new.txt",
        tests: "tests/syne_tune_new",
        modules: &["rungkeeper.syne_tune"],
    },
    Environment {
        name: "ray",
        requirements: "ray.txt",
        tests: "tests/ray",
        modules: &["rungkeeper.ray"],
    },
];

/// The core.
pub(super) const CORE: &Environment = &ENVIRONMENTS[0];

/// The one with the reference, Syne Tune 0.13.
pub(super) const REFERENCE: &Environment = &ENVIRONMENTS[1];

/// What a Python is called with to install something.
pub(super) const PIP_INSTALL: [&str; 5] = [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
];

/// The oldest Python, as the package's manifest says.
const OLDEST: &str = "import sys; sys.exit(sys.version_info < (3, 11))";

/// A program of an environment.
pub(super) fn program(target: &Path, environment: &Environment, name: &str) -> PathBuf {
    let folder = if cfg!(windows) { "Scripts" } else { "bin" };
    target.join(environment.name).join(folder).join(name)
}

/// What is to be installed, as the file lists it.
pub(super) fn requirements(package: &Path, environment: &Environment) -> Result<String> {
    let path = package.join("requirements").join(environment.requirements);
    fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
}

/// Makes the environment unless it is there and up to date.
pub(super) fn prepare(package: &Path, target: &Path, environment: &Environment) -> Result<()> {
    let requirements = requirements(package, environment)?;
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let version = Invocation::new(&python, package, ["--version"]).output();
    let version = version.context("a Python is needed: python3, or the one that PYTHON names")?;
    let wanted = format!("{version}{requirements}");
    let folder = target.join(environment.name);
    let stamp = folder.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        println!("the environment {} is up to date", environment.name);
        return Ok(());
    }
    let oldest = Invocation::new(&python, package, ["-c", OLDEST]).output();
    ensure!(
        oldest.is_ok(),
        "{} is too old: 3.11 is needed; set PYTHON to another one",
        version.trim()
    );
    say(environment, &folder, &requirements);
    let path = folder.to_str().context("the path is not Unicode")?;
    Invocation::new(&python, package, ["-m", "venv", "--clear", path]).run()?;
    let pip = program(target, environment, "python");
    let pip = pip.to_str().context("the path is not Unicode")?;
    let file = format!("requirements/{}", environment.requirements);
    let args = [PIP_INSTALL.as_slice(), &["--requirement", &file]].concat();
    Invocation::new(pip, package, args).run()?;
    fs::write(&stamp, wanted).with_context(|| format!("writing {}", stamp.display()))
}

/// Says plainly what is installed, and where.
fn say(environment: &Environment, folder: &Path, requirements: &str) {
    let name = environment.name;
    println!(
        "the environment {name} is made in {}; pip installs there (downloads stay in its cache):",
        folder.display()
    );
    for line in requirements.lines() {
        println!("    {line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_folders_differ() {
        for (index, one) in ENVIRONMENTS.iter().enumerate() {
            for other in &ENVIRONMENTS[..index] {
                assert_ne!(one.name, other.name);
                assert_ne!(one.tests, other.tests);
            }
        }
    }

    #[test]
    fn all_requirements_are_pinned() {
        let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/python");
        for environment in ENVIRONMENTS {
            let requirements = requirements(&package, environment).unwrap();
            let lines = requirements.lines().filter(|line| !line.starts_with('#'));
            for line in lines.filter(|line| !line.is_empty()) {
                assert!(line.contains("=="), "{}: {line}", environment.requirements);
            }
        }
    }
}
