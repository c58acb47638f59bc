//! Purity of the core crates: same input, same output, anywhere. They are `#![no_std]`, so the compiler knows neither
//! files nor clocks, threads, the environment, global random numbers, and no logarithm whose last digits depend on the
//! platform.
use std::path::Path;

use anyhow::{Context, Result};

use super::table::{LAYERS, Layer};
use crate::{finding::Finding, process::Invocation, workspace::Workspace};

/// A target for which there is no standard library at all: a crate that lacks `#![no_std]`, or a dependency that brings
/// one in, does not compile.
const BARE: &str = "wasm32v1-none";

/// Builds the core crates, with all features, for a target without a standard library.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    let folder = ["--print", "target-libdir", "--target", BARE];
    let folder = Invocation::new("rustc", workspace.root(), folder).output()?;
    if !Path::new(folder.trim()).exists() {
        Invocation::new("rustup", workspace.root(), ["target", "add", BARE])
            .run()
            .context("or leave it out: --skip purity")?;
    }
    let mut args = vec!["check", "--locked", "--all-features", "--target", BARE];
    let packages: Vec<_> = core().map(Layer::package).collect();
    for package in &packages {
        args.extend(["--package", package]);
    }
    workspace.cargo(args).run()
}

pub(super) fn findings(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for layer in core() {
        let package = layer.package();
        let options = ["--package", &package, "--no-default-features"];
        let tree = workspace.tree(&[&options[..], &["--edges", "normal"]].concat())?;
        if tree.lines().any(|line| line.starts_with("serde")) {
            let message = format!("{package} depends on serde, which is optional in core crates");
            let manifest = Path::new("crates").join(layer.folder).join("Cargo.toml");
            findings.push(Finding::new(&manifest, 0, message));
        }
    }
    Ok(findings)
}

fn core() -> impl Iterator<Item = &'static Layer> {
    LAYERS.iter().filter(|layer| layer.is_core)
}
