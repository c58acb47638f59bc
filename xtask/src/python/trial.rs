//! The script's side, `crates/trial/python`: files without dependencies, so the core's environment checks them; and their
//! callbacks with the real frameworks, on request.
use anyhow::{Context, Result};
use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use xshell::cmd;

use super::{
    Package, TRIAL, check_types,
    environment::{CORE, Environment, FRAMEWORKS, pytest},
    lint,
};
use crate::workspace::{Workspace, run_reading};

/// Lints, types, the wheel, and the tests, of which some tune a script with this program.
pub(super) fn check(workspace: &Workspace, program: &Utf8Path) -> Result<()> {
    let package = Package::of(workspace, TRIAL)?;
    let checked = || {
        lint(&package)?;
        check_types(&package, CORE, FRAMEWORKS.module)?;
        // The package can be built and installed as its users do it.
        let sh = package.shell(CORE)?;
        let install = cmd!(sh, "python -m pip install --quiet --no-build-isolation");
        install
            .args(["--no-deps", "--force-reinstall", "."])
            .run()?;
        test(&package, CORE, program)
    };
    checked().context("Python, the script's side")
}

/// The tests with the real frameworks.
pub(super) fn check_frameworks(workspace: &Workspace) -> Result<()> {
    let program = program(workspace, false)?;
    let package = Package::of(workspace, TRIAL)?;
    package.prepare(FRAMEWORKS)?;
    test(&package, FRAMEWORKS, &program)
}

fn test(package: &Package, environment: &Environment, program: &Utf8Path) -> Result<()> {
    let sh = package.shell(environment)?;
    let call = pytest(&sh, environment, &package.target.join("cache/trial"));
    let name = environment.name;
    run_reading(call.env("RUNGKEEPER_PROGRAM", program), |line| {
        println!("trial, {name}: {line}");
    })
}

/// Builds the command line; where it is. `everything`: as the tests of the workspace build it.
pub(super) fn program(workspace: &Workspace, everything: bool) -> Result<Utf8PathBuf> {
    let options = if everything {
        "--workspace --all-features --example wine"
    } else {
        "--package rungkeeper"
    };
    let (sh, options) = (workspace.shell()?, options.split(' '));
    cmd!(sh, "cargo build --locked --bin rungkeeper {options...}").run()?;
    Ok(workspace.target("debug/rungkeeper"))
}
