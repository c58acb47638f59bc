//! Virtual environments: which there are, and how they are made and called.
use anyhow::{Context, Result, ensure};
use cargo_metadata::camino::Utf8PathBuf;
use xshell::{Cmd, Shell, cmd};

use crate::workspace::Workspace;

/// A virtual environment. In the folder of the package, `requirements/NAME.txt` is what is installed, and `tests/NAME`
/// what is tested in it.
pub(super) struct Environment {
    pub(super) name: &'static str,
    /// The module whose types are checked, with all that it imports.
    pub(super) module: &'static str,
}

/// All environments: first the core, with the tools that build and check the package, then one a
/// host of the package.
pub(super) const ENVIRONMENTS: [Environment; 6] = [
    of("core", "rungkeeper"),
    of("syne_tune_013", "rungkeeper.syne_tune.install"),
    of("syne_tune_new", "rungkeeper.syne_tune.compare"),
    of("ray", "rungkeeper.ray"),
    of("optuna", "rungkeeper.optuna.__main__"),
    of("others", "rungkeeper"),
];

/// The core.
pub(super) const CORE: &Environment = &ENVIRONMENTS[0];

/// The one with the reference, Syne Tune 0.13.
pub(super) const REFERENCE: &Environment = &ENVIRONMENTS[1];

/// `NePS`, which brings `PyTorch`: several GB, on request only.
pub(super) const NEPS: &Environment = &of("neps", "rungkeeper");

/// Lightning, Transformers and Keras, for the script's side; likewise.
pub(super) const FRAMEWORKS: &Environment = &of("frameworks", "rungkeeper_trial_callbacks");

/// Tools that build the wheel for old systems. Nothing is tested in it.
pub(super) const WHEEL: &Environment = &of("wheel", "rungkeeper");

const fn of(name: &'static str, module: &'static str) -> Environment {
    Environment { name, module }
}

/// The oldest Python that the requirements of the environments are pinned for. The package itself runs on older ones.
const OLDEST: &str = "import sys; sys.exit(sys.version_info < (3, 11))";

/// A Python package.
pub(super) struct Package {
    /// In the folder of the package.
    pub(super) sh: Shell,
    /// Where environments and caches are.
    pub(super) target: Utf8PathBuf,
}

impl Package {
    /// The package in a folder, seen from the root.
    pub(super) fn of(workspace: &Workspace, folder: &str) -> Result<Self> {
        let sh = workspace.shell()?;
        sh.change_dir(folder);
        // Caches stay out of the sources.
        sh.set_var("PYTHONDONTWRITEBYTECODE", "1");
        sh.set_var("PYTHONUNBUFFERED", "1");
        let target = workspace.target("python");
        Ok(Self { sh, target })
    }

    /// A program of an environment.
    pub(super) fn program(&self, environment: &Environment, name: &str) -> Utf8PathBuf {
        let folder = if cfg!(windows) { "Scripts" } else { "bin" };
        self.target.join(environment.name).join(folder).join(name)
    }

    /// Installs something in an environment.
    pub(super) fn install(&self, environment: &Environment, what: &[&str]) -> Result<()> {
        let python = self.program(environment, "python");
        Ok(pip_install(&self.sh, &python).args(what).run()?)
    }

    /// Makes an environment unless it is there and up to date.
    pub(super) fn prepare(&self, environment: &Environment) -> Result<()> {
        let (sh, name) = (&self.sh, environment.name);
        let file = format!("requirements/{name}.txt");
        let requirements = sh.read_file(&file)?;
        let python = sh.var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let version = cmd!(sh, "{python} --version").read();
        let version =
            version.context("a Python is needed: python3, or the one that PYTHON names")?;
        let wanted = format!("{version}\n{requirements}");
        let folder = self.target.join(name);
        let stamp = folder.join("installed.txt");
        if sh
            .read_file(&stamp)
            .is_ok_and(|installed| installed == wanted)
        {
            println!("the environment {name} is up to date");
            return Ok(());
        }
        ensure!(
            cmd!(sh, "{python} -c {OLDEST}").read().is_ok(),
            "{version} is too old: 3.11 is needed; set PYTHON to another one"
        );
        println!(
            "the environment {name} is made in {folder}; pip installs there (downloads stay in its cache):\n{requirements}"
        );
        cmd!(sh, "{python} -m venv --clear {folder}").run()?;
        self.install(environment, &["--requirement", &file])
            .with_context(|| format!("the environment {name}"))?;
        Ok(sh.write_file(stamp, wanted)?)
    }

    /// The tests for an environment, with a Python.
    pub(super) fn pytest(
        &self,
        environment: &Environment,
        python: &Utf8PathBuf,
        cache: &Utf8PathBuf,
    ) -> Cmd<'_> {
        let (sh, name) = (&self.sh, environment.name);
        let pytest = cmd!(
            sh,
            "{python} -m pytest -o cache_dir={cache}/pytest-{name} tests/{name}"
        );
        pytest.env("HYPOTHESIS_STORAGE_DIRECTORY", cache.join("hypothesis"))
    }
}

/// The call with which a Python installs something.
pub(super) fn pip_install<'s>(sh: &'s Shell, python: &Utf8PathBuf) -> Cmd<'s> {
    cmd!(
        sh,
        "{python} -m pip install --quiet --disable-pip-version-check"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::{PACKAGE, TRIAL};

    #[test]
    fn requirements_are_pinned_and_tests_are_there() {
        let workspace = Workspace::load().unwrap();
        let hosts = ENVIRONMENTS.iter().chain([NEPS, WHEEL]);
        let all = hosts.map(|it| (PACKAGE, it)).chain([(TRIAL, FRAMEWORKS)]);
        for (folder, Environment { name, .. }) in all {
            let sh = Package::of(&workspace, folder).unwrap().sh;
            let requirements = sh.read_file(format!("requirements/{name}.txt")).unwrap();
            let mut lines = requirements.lines().filter(|line| !line.starts_with('#'));
            assert!(lines.all(|line| line.contains("==")), "{name}");
            assert!(sh.path_exists(format!("tests/{name}")) || *name == WHEEL.name);
        }
    }
}
