//! The publishing rehearsal: what each package would contain, `cargo publish` without the upload, and whether what is
//! packed compiles.
use anyhow::Result;
use xshell::cmd;

use crate::workspace::{Workspace, empty, none_of};

const CONTENTS: [&str; 4] = ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"];

/// Rehearses; members with `publish = false` are left out.
pub(super) fn run(workspace: &Workspace) -> Result<()> {
    let sh = workspace.shell()?;
    let mut broken = Vec::new();
    for package in workspace.published() {
        let name = package.name.as_str();
        let listed = cmd!(
            sh,
            "cargo package --list --locked --allow-dirty --package {name}"
        );
        for absent in absent(&listed.read()?) {
            broken.push(format!(
                "{name}: the package lacks {absent}, which its users need"
            ));
        }
    }
    none_of(&broken)?;
    // While one works, files are changed; what CI sees is what would be uploaded.
    let dirty = sh.var("CI").is_err().then_some("--allow-dirty");
    cmd!(
        sh,
        "cargo publish --workspace --dry-run --locked --no-verify {dirty...}"
    )
    .run()?;
    let names = workspace.published();
    let names = names.iter().map(|it| format!("--package={}", it.name));
    cmd!(
        sh,
        "cargo package --locked --no-verify {dirty...} {names...}"
    )
    .run()?;
    check_what_was_packed(workspace)
}

/// Unpacks the packages into a workspace of their own and checks it: what was not packed is found missing.
///
/// Cargo's own rehearsal compiles each package instead, which takes twenty times as long and finds no more.
fn check_what_was_packed(workspace: &Workspace) -> Result<()> {
    let sh = workspace.shell()?;
    let (packed, target) = (workspace.target("package"), workspace.target(""));
    let place = packed.join("unpacked");
    empty(&place)?;
    let mut manifest =
        vec!["[workspace]\nresolver = \"3\"\nmembers = [\"*\"]\n\n[patch.crates-io]".to_owned()];
    for package in workspace.published() {
        let folder = format!("{}-{}", package.name, package.version);
        cmd!(sh, "tar -xzf {packed}/{folder}.crate -C {place}").run()?;
        manifest.push(format!("{} = {{ path = {folder:?} }}", package.name));
    }
    sh.write_file(place.join("Cargo.toml"), manifest.join("\n"))?;
    // The same versions of what they depend on, most of which the lint step has checked.
    sh.copy_file("Cargo.lock", place.join("Cargo.lock"))?;
    let check = cmd!(
        sh,
        "cargo --config Cargo.toml check --workspace --all-features --offline"
    );
    let check = check.arg("--manifest-path").arg(place.join("Cargo.toml"));
    Ok(check.arg("--target-dir").arg(target).run()?)
}

fn absent(listed: &str) -> impl Iterator<Item = &'static str> {
    let is_absent = |name: &&str| !listed.lines().any(|line| line == *name);
    CONTENTS.into_iter().filter(is_absent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_is_named() {
        let listed = "Cargo.toml\nLICENSE-APACHE\nREADME.md\ndocs/CHANGELOG.md\nsrc/lib.rs\n";
        assert!(absent(listed).eq(["CHANGELOG.md", "LICENSE-MIT"]));
    }
}
