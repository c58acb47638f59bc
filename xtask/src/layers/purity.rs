//! Purity of the core crates: same input, same output, anywhere. They are `#![no_std]`, so the compiler knows neither
//! files nor clocks, threads, the environment, global random numbers, and no logarithm whose last digits depend on the
//! platform.
use std::path::Path;

use anyhow::{Context, Result};

use super::{
    table::{LAYERS, Layer},
    tidy,
};
use crate::{finding::Finding, process::Invocation, workspace::Workspace};

/// A target for which there is no standard library at all, so none comes in by a dependency either.
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
    let files = tidy::text_files(workspace)?;
    let mut findings = Vec::new();
    for layer in core() {
        let folder = Path::new("crates").join(layer.folder);
        let sources = files.iter().filter(|(file, _)| {
            file.starts_with(folder.join("src")) && file.extension() == Some("rs".as_ref())
        });
        findings.extend(sources.flat_map(|(file, text)| with_std(file, text)));
        let package = layer.package();
        let mut tree = vec!["tree", "--locked", "--package", &package];
        tree.extend([
            "--no-default-features",
            "--target",
            "all",
            "--edges",
            "normal",
        ]);
        tree.extend(["--prefix", "none", "--format", "{p}"]);
        let tree = workspace.cargo(tree).output()?;
        if tree.lines().any(|line| line.starts_with("serde")) {
            let message = format!("{package} depends on serde, which is optional in core crates");
            findings.push(Finding::new(&folder.join("Cargo.toml"), 0, message));
        }
    }
    Ok(findings)
}

fn core() -> impl Iterator<Item = &'static Layer> {
    LAYERS.iter().filter(|layer| layer.is_core)
}

/// Where a source file lets the standard library in other than for tests.
fn with_std(file: &Path, text: &str) -> Vec<Finding> {
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let mut findings = Vec::new();
    if file.ends_with("src/lib.rs") && !lines.contains(&"#![no_std]") {
        let message = "lacks `#![no_std]`: core crates do without files, clocks and threads";
        findings.push(Finding::new(file, 0, message));
    }
    for (place, line) in lines.iter().enumerate() {
        let for_tests = place > 0 && lines[place - 1] == "#[cfg(test)]";
        if line.contains("extern crate std") && !line.starts_with("//") && !for_tests {
            let message = "core crates use the standard library in tests only";
            findings.push(Finding::new(file, place + 1, message));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_library_is_for_tests() {
        let file = Path::new("crates/score/src/lib.rs");
        let found = |text: &str| {
            let found = with_std(file, text);
            found.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let pure =
            "//! Docs.\n#![no_std]\n\n#[cfg(test)]\nextern crate std;\nextern crate alloc;\n";
        assert_eq!(found(pure), [""; 0]);
        let whole = found(&pure.replace("#![no_std]", "// #![no_std]"));
        assert!(whole.len() == 1 && whole[0].starts_with("crates/score/src/lib.rs: lacks"));
        let let_in = found(&pure.replace("#[cfg(test)]", ""));
        assert!(let_in.len() == 1 && let_in[0].starts_with("crates/score/src/lib.rs:5: core"));
        let other = Path::new("crates/score/src/other.rs");
        assert_eq!(with_std(other, "fn f() {}\n"), []);
        assert_eq!(
            with_std(other, "pub extern crate std as anything;\n").len(),
            1
        );
    }
}
