//! Purity of the core crates: same input, same output, anywhere. They are `#![no_std]`, so the compiler knows neither
//! files nor clocks, threads, the environment, global random numbers, and no logarithm whose last digits depend on the
//! platform.
use anyhow::{Context, Result};
use xshell::cmd;

use super::table::{CORE, LAYERS};
use crate::workspace::Workspace;

/// A target for which there is no standard library at all: a crate that lacks `#![no_std]`, or a dependency that brings
/// one in, does not compile.
const BARE: &str = "wasm32v1-none";

/// Builds the core crates, with all features, for a target without a standard library.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    let sh = workspace.shell()?;
    let folder = cmd!(sh, "rustc --print target-libdir --target {BARE}").read()?;
    if !sh.path_exists(folder) {
        let add = cmd!(sh, "rustup target add {BARE}");
        add.run().context("or leave it out: --skip purity")?;
    }
    let packages = LAYERS[..CORE]
        .iter()
        .map(|it| format!("--package={}", it.package()));
    Ok(cmd!(
        sh,
        "cargo check --locked --all-features --target {BARE} {packages...}"
    )
    .run()?)
}

pub(super) fn broken(workspace: &Workspace) -> Result<Vec<String>> {
    let mut broken = Vec::new();
    for layer in &LAYERS[..CORE] {
        let package = layer.package();
        let options = [
            "--package",
            &package,
            "--no-default-features",
            "--edges",
            "normal",
        ];
        if workspace
            .tree(options)?
            .lines()
            .any(|line| line.starts_with("serde"))
        {
            broken.push(format!(
                "crates/{}/Cargo.toml: {package} depends on serde, which is optional in core crates",
                layer.folder
            ));
        }
    }
    Ok(broken)
}
