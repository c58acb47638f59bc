//! Virtual environments: which there are, and how they are made.
use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

use crate::process::Invocation;

/// A virtual environment. In the folder of the package, `requirements/NAME.txt` is what is installed, and `tests/NAME`
/// what is tested in it.
pub(super) struct Environment {
    pub(super) name: &'static str,
    /// The module whose types are checked, with all that it imports.
    pub(super) module: &'static str,
}

/// All environments: first the core, with the tools that build and check the package, then one a
/// host of the package.
pub(super) const ENVIRONMENTS: &[Environment] = &[
    of("core", "rungkeeper"),
    of("syne_tune_013", "rungkeeper.syne_tune.install"),
    of("syne_tune_new", "rungkeeper.syne_tune.compare"),
    of("ray", "rungkeeper.ray"),
    of("optuna", "rungkeeper.optuna.__main__"),
    of("others", "rungkeeper"),
];

pub(super) const fn of(name: &'static str, module: &'static str) -> Environment {
    Environment { name, module }
}

impl Environment {
    fn requirements(&self) -> String {
        format!("requirements/{}.txt", self.name)
    }

    pub(super) fn tests(&self) -> String {
        format!("tests/{}", self.name)
    }
}

/// The core.
pub(super) const CORE: &Environment = &ENVIRONMENTS[0];

/// The one with the reference, Syne Tune 0.13.
pub(super) const REFERENCE: &Environment = &ENVIRONMENTS[1];

/// `NePS`, which brings `PyTorch`: several GB, on request only.
pub(super) const NEPS: &Environment = &of("neps", "rungkeeper");

/// Tools that build the wheel for old systems. Nothing is tested in it.
pub(super) const WHEEL: &Environment = &of("wheel", "rungkeeper");

/// What a Python is called with to install something.
pub(super) const PIP_INSTALL: [&str; 5] = [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
];

/// The oldest Python that the requirements of the environments are pinned for. The package itself runs on older ones.
const OLDEST: &str = "import sys; sys.exit(sys.version_info < (3, 11))";

/// A program of an environment.
pub(super) fn program(target: &Path, environment: &Environment, name: &str) -> PathBuf {
    let folder = if cfg!(windows) { "Scripts" } else { "bin" };
    target.join(environment.name).join(folder).join(name)
}

/// What is to be installed, as the file lists it.
pub(super) fn requirements(package: &Path, environment: &Environment) -> Result<String> {
    let path = package.join(environment.requirements());
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
    println!(
        "the environment {} is made in {}; pip installs there (downloads stay in its cache):\n{requirements}",
        environment.name,
        folder.display()
    );
    let path = folder.to_str().context("the path is not Unicode")?;
    Invocation::new(&python, package, ["-m", "venv", "--clear", path]).run()?;
    let pip = program(target, environment, "python");
    let pip = pip.to_str().context("the path is not Unicode")?;
    let file = environment.requirements();
    let args = [PIP_INSTALL.as_slice(), &["--requirement", &file]].concat();
    Invocation::new(pip, package, args).run()?;
    fs::write(&stamp, wanted).with_context(|| format!("writing {}", stamp.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_requirements_are_pinned() {
        let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/python");
        for environment in ENVIRONMENTS.iter().chain([NEPS, WHEEL]) {
            let requirements = requirements(&package, environment).unwrap();
            let lines = requirements.lines().filter(|line| !line.starts_with('#'));
            for line in lines.filter(|line| !line.is_empty()) {
                assert!(line.contains("=="), "{}: {line}", environment.name);
            }
        }
    }
}
