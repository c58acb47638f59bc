//! The minimum Rust version, as far as one toolchain can tell: no dependency of a published crate asks for more. That
//! all members declare the same is a rule of `layers`.
//!
//! What is newer in the standard library is found by the lint step. A newer feature of the language itself would show only under the declared version.
use std::collections::BTreeSet;

use anyhow::{Context, Result};

use crate::{
    finding::{self, Finding},
    workspace::Workspace,
};

/// Packages whose locked version is newer than what users need, and why. Cargo gives users of an older compiler an
/// older version, since those who depend on them take one.
const LOCKED_HIGHER: [(&str, &str); 1] = [(
    "crc-fast",
    "the S3 server of the tests asks for 1.10; object_store takes 1.6, which needs Rust 1.81",
)];

/// Compares what the dependencies declare with what we promise.
pub(super) fn check(workspace: &Workspace) -> Result<()> {
    let members = workspace.members();
    let declared = members
        .iter()
        .find_map(|member| member.rust_version.clone());
    let declared = declared.context("no member declares a rust-version")?;
    let needed = needed_by_published(workspace)?;
    let mut findings = Vec::new();
    let packages = workspace.metadata.packages.iter();
    for package in packages.filter(|p| needed.contains(&format!("{} v{}", p.name, p.version))) {
        if let Some((name, why)) = LOCKED_HIGHER.iter().find(|(name, _)| package.name == *name) {
            println!("{name} {}: {why}", package.version);
        } else if package
            .rust_version
            .as_ref()
            .is_some_and(|version| *version > declared)
        {
            let message = format!("{} asks for more than Rust {declared}", package.id);
            findings.push(Finding::new("Cargo.lock".as_ref(), 0, message));
        }
    }
    println!(
        "{} packages that users build stay within Rust {declared}",
        needed.len()
    );
    finding::none_of(findings)
}

/// The published members and all they need to be built by others, as `name v1.2.3`.
fn needed_by_published(workspace: &Workspace) -> Result<BTreeSet<String>> {
    let mut options = vec!["--all-features", "--edges", "normal,build"];
    for package in workspace.published() {
        options.extend(["--package", &package.name]);
    }
    let tree = workspace.tree(&options)?;
    let packages = tree.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some(format!("{} {}", words.next()?, words.next()?))
    });
    let packages: BTreeSet<_> = packages.collect();
    packages.first().context("no member is published")?;
    Ok(packages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_users_build_counts() {
        let workspace = Workspace::load().unwrap();
        let needed = needed_by_published(&workspace).unwrap();
        let has = |name: &str| needed.iter().any(|p| p.starts_with(&format!("{name} v")));
        assert!(has("thiserror") && has("rungkeeper-score"));
        assert!(!has("proptest") && !has("cargo_metadata"));
    }
}
