//! The publishing rehearsal: what each package would contain, then `cargo publish` without the upload.
use anyhow::Result;

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
    let mut args = vec!["publish", "--workspace", "--dry-run", "--locked"];
    // While one works, files are changed; what CI sees is what would be uploaded.
    if std::env::var_os("CI").is_none() {
        args.push("--allow-dirty");
    }
    workspace.cargo(args).run()
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
