//! The minimum Rust version, as far as one toolchain can tell: no dependency of a published crate asks for more. That
//! all members declare the same is a rule of `layers`.
//!
//! What is newer in the standard library is found by the lint step. A newer feature of the language itself would show only under the declared version.
use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};

use crate::workspace::{Workspace, none_of};

/// Packages whose locked version is newer than what users need, and why. Cargo gives users of an older compiler an
/// older version, since those who depend on them take one.
const LOCKED_HIGHER: [(&str, &str); 1] = [(
    "crc-fast",
    "the S3 server of the tests asks for 1.10; object_store takes 1.6, which needs Rust 1.81",
)];

/// Compares what the dependencies declare with what we promise.
pub(super) fn check(workspace: &Workspace) -> Result<()> {
    let members = workspace.members();
    let declared = members.iter().find_map(|it| it.rust_version.as_ref());
    let declared = declared.context("no member declares a rust-version")?;
    let needed = needed_by_published(workspace)?;
    ensure!(!needed.is_empty(), "no member is published");
    let mut broken = Vec::new();
    for package in &workspace.metadata.packages {
        let is_needed = needed.contains(&format!("{} v{}", package.name, package.version));
        let is_newer = package
            .rust_version
            .as_ref()
            .is_some_and(|it| it > declared);
        if !is_needed || !is_newer {
            continue;
        }
        match LOCKED_HIGHER.iter().find(|it| package.name == it.0) {
            Some((name, why)) => println!("{name} {}: {why}", package.version),
            None => broken.push(format!(
                "Cargo.lock: {} asks for more than Rust {declared}",
                package.id
            )),
        }
    }
    println!(
        "{} packages that users build stay within Rust {declared}",
        needed.len()
    );
    none_of(&broken)
}

/// The published members and all they need to be built by others, as `name v1.2.3`.
fn needed_by_published(workspace: &Workspace) -> Result<BTreeSet<String>> {
    let published = workspace.published();
    let packages = published.iter().flat_map(|it| ["--package", &it.name]);
    let options = ["--all-features", "--edges", "normal,build"];
    let tree = workspace.tree(options.into_iter().chain(packages))?;
    let package = |line: &str| Some(line.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" "));
    Ok(tree.lines().filter_map(package).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_users_build_counts() {
        let needed = needed_by_published(&Workspace::load().unwrap()).unwrap();
        let has = |name: &str| needed.iter().any(|p| p.starts_with(&format!("{name} v")));
        assert!(has("thiserror") && has("rungkeeper-score"));
        assert!(!has("proptest") && !has("cargo_metadata"));
    }
}
