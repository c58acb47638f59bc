//! The publishing rehearsal: what each package would contain, `cargo publish` without the upload, and whether what is
//! packed compiles.
use std::fs;

use anyhow::Result;

use crate::{
    finding::{self, Finding},
    process::Invocation,
    workspace::{Workspace, empty, folder},
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
    // While one works, files are changed; what CI sees is what would be uploaded.
    let dirty = std::env::var_os("CI").is_none().then_some("--allow-dirty");
    let unbuilt = ["--locked", "--no-verify"].into_iter().chain(dirty);
    let publish = ["publish", "--workspace", "--dry-run"].into_iter();
    workspace.cargo(publish.chain(unbuilt.clone())).run()?;
    let names = workspace.published();
    let names = names.iter().flat_map(|it| ["--package", &it.name]);
    workspace
        .cargo(["package"].into_iter().chain(unbuilt).chain(names))
        .run()?;
    check_what_was_packed(workspace)
}

/// Unpacks the packages into a workspace of their own and checks it: what was not packed is found missing.
///
/// Cargo's own rehearsal compiles each package instead, which takes twenty times as long and finds no more.
fn check_what_was_packed(workspace: &Workspace) -> Result<()> {
    let packed = workspace.metadata.target_directory.join("package");
    let place = packed.join("unpacked");
    empty(&place)?;
    let mut manifest =
        vec!["[workspace]\nresolver = \"3\"\nmembers = [\"*\"]\n\n[patch.crates-io]".to_owned()];
    for package in workspace.published() {
        let folder = format!("{}-{}", package.name, package.version);
        let file = packed.join(format!("{folder}.crate"));
        Invocation::new("tar", place.as_std_path(), ["-xzf", file.as_str()]).run()?;
        manifest.push(format!("{} = {{ path = {folder:?} }}", package.name));
    }
    fs::write(place.join("Cargo.toml"), manifest.join("\n"))?;
    // The same versions of what they depend on, most of which the lint step has checked.
    fs::copy(
        workspace.root().join("Cargo.lock"),
        place.join("Cargo.lock"),
    )?;
    let (manifest, target) = (
        place.join("Cargo.toml"),
        &workspace.metadata.target_directory,
    );
    let mut args = vec![
        "--config",
        "Cargo.toml",
        "check",
        "--workspace",
        "--all-features",
    ];
    args.extend(["--offline", "--manifest-path", manifest.as_str()]);
    args.extend(["--target-dir", target.as_str()]);
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
