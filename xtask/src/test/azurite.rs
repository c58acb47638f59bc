//! Azurite, the emulator of Azure's blob storage, against which tests run the store.
use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{debian::Program, process::Invocation, workspace::Workspace};

const VERSION: &str = "3.35.0";

const NPM: Program = Program {
    names: &["npm"],
    packages: &["nodejs", "npm"],
    purpose: "which brings Azurite",
    without: "--skip azurite --skip test",
};

/// Installs it below the target folder, where the tests look for it, unless it is there.
pub(super) fn provide(workspace: &Workspace) -> Result<()> {
    let target = workspace.metadata.target_directory.as_std_path();
    let folder = target.join("azurite");
    let manifest = folder.join("node_modules/azurite/package.json");
    let manifest = fs::read_to_string(manifest).unwrap_or_default();
    let manifest: Value = serde_json::from_str(&manifest).unwrap_or_default();
    if manifest["version"] == VERSION {
        println!("azurite {VERSION} is there");
        return Ok(());
    }
    NPM.provide(workspace)?;
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let place = folder.to_str().context("the target folder is no text")?;
    let package = format!("azurite@{VERSION}");
    let install = [
        "install",
        "--no-audit",
        "--no-fund",
        "--prefix",
        place,
        &package,
    ];
    let installed = Invocation::new("npm", workspace.root(), install).run();
    installed.with_context(|| format!("or leave it out: {}", NPM.without))?;
    ensure!(
        folder.join("node_modules/.bin/azurite-blob").exists(),
        "azurite was installed but is not where it should be"
    );
    Ok(())
}
