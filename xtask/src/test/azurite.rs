//! Azurite, the emulator of Azure's blob storage, against which tests run the store.
use anyhow::{Context, Result};
use xshell::cmd;

use crate::{debian::Program, workspace::Workspace};

const VERSION: &str = "3.35.0";

const NPM: Program = Program {
    names: &["npm"],
    packages: "nodejs npm",
    purpose: "which brings Azurite",
    without: "--skip azurite --skip test",
};

/// Installs it below the target folder, where the tests look for it, unless it is there.
pub(super) fn provide(workspace: &Workspace) -> Result<()> {
    let (sh, folder) = (workspace.shell()?, workspace.target("azurite"));
    let manifest = sh.read_file(folder.join("node_modules/azurite/package.json"));
    if manifest.is_ok_and(|it| it.contains(&format!(r#""version": "{VERSION}""#))) {
        println!("azurite {VERSION} is there");
        return Ok(());
    }
    NPM.provide(workspace)?;
    sh.create_dir(&folder)?;
    let install = cmd!(
        sh,
        "npm install --no-audit --no-fund --prefix {folder} azurite@{VERSION}"
    );
    install
        .run()
        .with_context(|| format!("or leave it out: {}", NPM.without))
}
