//! Virtual environments: which there are, and how they are made and called.
use std::env;

use anyhow::{Context, Result, ensure};
use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
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
pub(super) const ENVIRONMENTS: &[Environment] = &[
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

/// What makes the environments: in half of pip's processor time.
const UV: &str = "uv==0.13.9";

const fn of(name: &'static str, module: &'static str) -> Environment {
    Environment { name, module }
}

/// The oldest Python that the requirements of the environments are pinned for. The package itself runs on older ones.
const OLDEST: &str = "import sys; sys.exit(sys.version_info < (3, 11))";

/// A Python package.
pub(super) struct Package {
    /// In the folder of the package.
    sh: Shell,
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
        let target = workspace.target("python");
        sh.set_var("UV_CACHE_DIR", target.join("cache/uv"));
        // The certificates and the Python of this machine, as pip takes them.
        sh.set_var("UV_SYSTEM_CERTS", "true");
        sh.set_var("UV_PYTHON_DOWNLOADS", "never");
        // A print without a buffer writes its text and the end of the line one by one, and a training program may be stopped
        // between them. Empty is off.
        sh.set_var("PYTHONUNBUFFERED", "");
        sh.set_var("PIP_DISABLE_PIP_VERSION_CHECK", "1");
        sh.set_var(
            "HYPOTHESIS_STORAGE_DIRECTORY",
            target.join("cache/hypothesis"),
        );
        Ok(Self { sh, target })
    }

    /// The folder of an environment.
    pub(super) fn folder(&self, environment: &Environment) -> Utf8PathBuf {
        self.target.join(environment.name)
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
        let folder = self.folder(environment);
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
        println!("the environment {name} is made in {folder}:\n{requirements}");
        let uv = self.uv(&python)?;
        let venv = cmd!(sh, "{uv} venv --quiet --clear --seed");
        venv.args(["--python", &python, folder.as_str()]).run()?;
        let own = self.python(environment);
        let install = cmd!(sh, "{uv} pip install --quiet --compile-bytecode");
        let install = install.args(["--python", own.as_str(), "--requirement", &file]);
        let made = install.run();
        made.with_context(|| format!("the environment {name}"))?;
        Ok(sh.write_file(stamp, wanted)?)
    }

    /// The program that makes environments, which is installed unless it is there.
    fn uv(&self, python: &str) -> Result<Utf8PathBuf> {
        let (sh, folder) = (&self.sh, self.target.join(UV.replace("==", "-")));
        let programs = programs(&folder);
        let uv = programs.join(format!("uv{}", env::consts::EXE_SUFFIX));
        if !uv.exists() {
            cmd!(sh, "{python} -m venv --clear {folder}").run()?;
            let own = programs.join("python");
            cmd!(sh, "{own} -m pip install --quiet {UV}").run()?;
        }
        Ok(uv)
    }

    /// The interpreter of an environment.
    pub(super) fn python(&self, environment: &Environment) -> Utf8PathBuf {
        programs(&self.folder(environment)).join("python")
    }

    /// A shell in the folder of the package that finds the programs of an environment first.
    pub(super) fn activated(&self, environment: &Utf8Path) -> Result<Shell> {
        let sh = self.sh.clone();
        let others = sh.var_os("PATH").unwrap_or_default();
        let all = std::iter::once(programs(environment).into()).chain(env::split_paths(&others));
        sh.set_var("PATH", env::join_paths(all)?);
        Ok(sh)
    }

    /// The same, of one of the table's.
    pub(super) fn shell(&self, environment: &Environment) -> Result<Shell> {
        self.activated(&self.folder(environment))
    }
}

fn programs(environment: &Utf8Path) -> Utf8PathBuf {
    environment.join(if cfg!(windows) { "Scripts" } else { "bin" })
}

/// The call of the tests for an environment.
pub(super) fn pytest<'s>(sh: &'s Shell, tests: &Environment, cache: &Utf8Path) -> Cmd<'s> {
    let name = tests.name;
    cmd!(
        sh,
        "python -u -m pytest -o cache_dir={cache}/pytest-{name} tests/{name}"
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
