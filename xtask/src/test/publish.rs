//! The publishing rehearsal: what each package would contain, then `cargo publish` without the upload.
use std::{env, fs, io, path::PathBuf};

use anyhow::{Context, Result};

use crate::{
    finding::{self, Finding},
    workspace::{Workspace, folder},
};

const CONTENTS: [&str; 4] = ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"];

/// Rehearses; members with `publish = false` are left out.
pub(super) fn run(workspace: &Workspace) -> Result<()> {
    let mut findings = Vec::new();
    for package in workspace.published() {
        let args = [
            "package",
            "--list",
            "--locked",
            "--allow-dirty",
            "--package",
            &package.name,
        ];
        let listed = workspace.cargo(args).output()?;
        let manifest = workspace.relative(folder(package));
        for name in absent(&listed) {
            let message = format!("the package lacks {name}, which its users need");
            findings.push(Finding::new(&manifest.join(name), 0, message));
        }
    }
    finding::none_of(findings)?;
    forget_former_rehearsals(workspace)?;
    // What was unpacked is compiled by itself, without the profiles of the workspace: with these, most of what it
    // depends on is there already.
    let mut args = vec!["--config", "Cargo.toml", "publish", "--workspace"];
    args.extend(["--dry-run", "--locked"]);
    // While one works, files are changed; what CI sees is what would be uploaded.
    if std::env::var_os("CI").is_none() {
        args.push("--allow-dirty");
    }
    workspace.cargo(args).run()
}

/// Cargo unpacks what it rehearses once a version and place, and would compile a former state of the same version.
fn forget_former_rehearsals(workspace: &Workspace) -> Result<()> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    let sources = home.context("no home folder")?.join("registry/src");
    let Ok(registries) = fs::read_dir(&sources) else {
        return Ok(()); // nothing was unpacked yet
    };
    for registry in registries {
        let registry = registry.with_context(|| sources.display().to_string())?;
        // Those on this machine have no host in their name.
        if !registry.file_name().as_encoded_bytes().starts_with(b"-") {
            continue;
        }
        for package in workspace.published() {
            let unpacked = (registry.path()).join(format!("{}-{}", package.name, package.version));
            match fs::remove_dir_all(&unpacked) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| unpacked.display().to_string());
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn absent(listed: &str) -> Vec<&'static str> {
    CONTENTS
        .into_iter()
        .filter(|name| !listed.lines().any(|line| line == *name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_is_named() {
        let listed = "Cargo.toml\nLICENSE-APACHE\nREADME.md\ndocs/CHANGELOG.md\nsrc/lib.rs\n";
        assert_eq!(absent(listed), ["CHANGELOG.md", "LICENSE-MIT"]);
        assert!(absent("CHANGELOG.md\nLICENSE-APACHE\nLICENSE-MIT\nREADME.md").is_empty());
    }
}
