//! `cargo xtask wheel`: the wheel that is published, for Linux systems from 2014 on, with the command `rungkeeper` inside;
//! and its tests in clean environments of the oldest and the newest Python that is here.
use std::{collections::BTreeMap, env, ffi::OsString};

use anyhow::{Context, Result, ensure};
use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;
use xshell::{Shell, cmd};

use super::{
    PACKAGE, Package,
    environment::{CORE, WHEEL, pytest},
    only_file,
};
use crate::workspace::{Workspace, empty};

/// The minor version of the oldest C library on which the wheel runs, 2.17, as `manylinux2014` has it.
const GLIBC: u32 = 17;
/// The oldest Python, as the package's manifest says.
const OLDEST: u32 = 9;

/// Options of `cargo xtask wheel`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Build only; test nothing
    #[arg(long)]
    no_tests: bool,
}

/// What is tried in an environment that has nothing but the wheel and what it needs.
const SMOKE: &str = "
import rungkeeper
callback = rungkeeper.RemovalCallback.geometric(1, 3, 27, max_checkpoints=1)
for trial, loss in enumerate([0.3, 0.5]):
    callback.start(trial)
    callback.result(trial, 1, loss, 'PAUSE')
    callback.checkpoint_committed(trial, 1)
assert [removal.trial for removal in callback.loop_end(1.0)] == ['1']
print(rungkeeper.__version__)
";

/// The command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let workspace = Workspace::load()?;
    let package = Package::of(&workspace, PACKAGE)?;
    package.prepare(WHEEL)?;
    let wheel = build(&workspace, &package)?;
    println!("the wheel: {wheel}");
    if args.no_tests {
        return Ok(());
    }
    let mut pythons = pythons(&workspace.shell()?)?.into_iter();
    for (minor, python) in pythons.next().into_iter().chain(pythons.next_back()) {
        test_in(&package, minor, &python, &wheel).with_context(|| format!("Python 3.{minor}"))?;
    }
    Ok(())
}

/// The wheel for old systems, with the program of the crate `rungkeeper` among its scripts.
fn build(workspace: &Workspace, package: &Package) -> Result<Utf8PathBuf> {
    let sh = package.shell(WHEEL)?;
    let triple = format!("{}-unknown-linux-gnu", env::consts::ARCH);
    let build = cmd!(
        sh,
        "cargo-zigbuild zigbuild --release --locked --package rungkeeper"
    );
    build.arg(format!("--target={triple}.2.{GLIBC}")).run()?;
    let command = workspace.target(&triple).join("release/rungkeeper");

    let folders =
        ["plain", "unpacked", "wheels"].map(|it| package.target.join("portable").join(it));
    folders.iter().try_for_each(empty)?;
    let [plain, unpacked, packed] = folders;
    let build = cmd!(
        sh,
        "maturin build --release --locked --zig --target {triple} --out {plain}"
    );
    build.args(["--compatibility", "manylinux2014"]).run()?;
    let plain = only_file(&plain)?;
    cmd!(sh, "python -m wheel unpack --dest {unpacked} {plain}").run()?;
    let root = only_file(&unpacked)?;
    let name = root.file_name().context("a folder has a name")?;
    let scripts = root.join(format!("{name}.data/scripts"));
    sh.create_dir(&scripts)?;
    sh.copy_file(command, scripts.join("rungkeeper"))?;
    cmd!(sh, "python -m wheel pack --dest-dir {packed} {root}").run()?;
    let wheel = only_file(&packed)?;
    let audit = cmd!(sh, "auditwheel show --json {wheel}").read()?;
    let audit: Value = serde_json::from_str(&audit)?;
    let tag = audit["overall_tag"].as_str().unwrap_or_default();
    ensure!(
        runs_on_old_systems(tag),
        "the wheel needs a newer system than it promises: {tag}\n{audit:#}"
    );
    Ok(wheel)
}

/// Whether a wheel with this tag needs no newer C library than is promised.
fn runs_on_old_systems(tag: &str) -> bool {
    let version = tag.strip_prefix("manylinux_2_").unwrap_or_default();
    let minor = version.split('_').next().unwrap_or_default();
    minor.parse().is_ok_and(|minor: u32| minor <= GLIBC)
}

/// The interpreters that are here, by their minor version: on the search path, or installed by pyenv.
fn pythons(sh: &Shell) -> Result<BTreeMap<u32, OsString>> {
    let named = (OLDEST..30).map(|minor| format!("python3.{minor}").into());
    let mut candidates: Vec<OsString> = named.chain(sh.var_os("PYTHON")).collect();
    let home = sh.var("HOME").map(|home| home + "/.pyenv");
    let home = sh.var("PYENV_ROOT").or(home).unwrap_or_default();
    let installed = sh.read_dir(home + "/versions").unwrap_or_default();
    candidates.extend(installed.iter().map(|it| it.join("bin/python").into()));
    let mut found = BTreeMap::new();
    for python in candidates {
        let ask = "import sys; print(*sys.version_info[:2])";
        let version = cmd!(sh, "{python} -c {ask}").ignore_stderr().read();
        let version = version.unwrap_or_default();
        let minor = version.strip_prefix("3 ").unwrap_or_default();
        match minor.parse() {
            Ok(minor) if minor >= OLDEST => _ = found.entry(minor).or_insert(python),
            _ => {}
        }
    }
    ensure!(!found.is_empty(), "no Python from 3.{OLDEST} on was found");
    Ok(found)
}

/// Installs the wheel where nothing else is, tries what is in it, and runs the tests of the core.
fn test_in(package: &Package, minor: u32, python: &OsString, wheel: &Utf8Path) -> Result<()> {
    let folder = package.target.join(format!("portable/python3.{minor}"));
    let sh = package.activated(&folder)?;
    cmd!(sh, "{python} -m venv --clear {folder}").run()?;
    cmd!(sh, "python -m pip install --quiet {wheel}").run()?;
    cmd!(sh, "python -c {SMOKE}").run()?;
    cmd!(sh, "rungkeeper --version").run()?;
    let curves = "../cli/curves/openml_41150.csv";
    let simulate = cmd!(
        sh,
        "rungkeeper simulate {curves} --seeds 2 --budget 8 --json"
    );
    let simulated = simulate.read()?;
    ensure!(
        simulated.contains("cost_resources"),
        "simulate printed: {simulated}"
    );
    let requirements = if minor <= 10 { "oldest" } else { CORE.name };
    let requirements = format!("requirements/{requirements}.txt");
    cmd!(
        sh,
        "python -m pip install --quiet --requirement {requirements}"
    )
    .run()?;
    Ok(pytest(&sh, CORE, &folder.join("cache")).run()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_systems_are_those_with_an_old_library() {
        assert!(runs_on_old_systems("manylinux_2_17_x86_64"));
        assert!(runs_on_old_systems("manylinux_2_5_aarch64"));
        assert!(!runs_on_old_systems("manylinux_2_34_x86_64"));
        assert!(!runs_on_old_systems("linux_x86_64"));
    }
}
