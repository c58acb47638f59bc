//! The minimum Rust version, as far as one toolchain can tell: it is declared by all, and no dependency of a published crate asks for more.
//!
//! What is newer in the standard library is found by the lint step. A newer feature of the language itself would show only under the declared version.
use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use cargo_metadata::{DependencyKind, Metadata, PackageId};

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

/// Compares the declared versions.
pub(super) fn check(workspace: &Workspace) -> Result<()> {
    let members = workspace.members();
    let xtask = members
        .iter()
        .find(|member| member.name == env!("CARGO_PKG_NAME"));
    let declared = xtask.and_then(|member| member.rust_version.as_ref());
    let declared = declared.context("xtask declares no rust-version")?;
    let mut findings = Vec::new();
    for member in members {
        if member.rust_version.as_ref() != Some(declared) {
            let manifest = workspace.relative(member.manifest_path.as_std_path());
            let message = format!("rust-version is not the workspace's {declared}");
            findings.push(Finding::new(manifest, 0, message));
        }
    }
    let needed = needed_by_published(workspace)?;
    for package in workspace
        .metadata
        .packages
        .iter()
        .filter(|p| needed.contains(&p.id))
    {
        if let Some((name, why)) = LOCKED_HIGHER.iter().find(|(name, _)| package.name == *name) {
            println!("{name} {}: {why}", package.version);
            continue;
        }
        if let Some(version) = package
            .rust_version
            .as_ref()
            .filter(|version| *version > declared)
        {
            let message = format!(
                "{} asks for Rust {version}, we promise {declared}",
                package.id
            );
            findings.push(Finding::new("Cargo.lock".as_ref(), 0, message));
        }
    }
    println!(
        "{} packages that users build stay within Rust {declared}",
        needed.len()
    );
    finding::none_of(findings)
}

/// The published members and all they need to be built by others.
fn needed_by_published(workspace: &Workspace) -> Result<BTreeSet<PackageId>> {
    let mut needed = BTreeSet::new();
    let mut open: Vec<_> = workspace
        .published()
        .iter()
        .map(|member| member.id.clone())
        .collect();
    ensure!(!open.is_empty(), "no member is published");
    while let Some(id) = open.pop() {
        if needed.insert(id.clone()) {
            open.extend(dependencies(&workspace.metadata, &id)?);
        }
    }
    Ok(needed)
}

fn dependencies(metadata: &Metadata, id: &PackageId) -> Result<Vec<PackageId>> {
    let resolve = metadata
        .resolve
        .as_ref()
        .context("cargo resolved no dependencies")?;
    let node = resolve.nodes.iter().find(|node| node.id == *id);
    let node = node.with_context(|| format!("{id} is not in the resolved graph"))?;
    let mut found = Vec::new();
    for dependency in &node.deps {
        if dependency
            .dep_kinds
            .iter()
            .any(|kind| kind.kind != DependencyKind::Development)
        {
            found.push(dependency.pkg.clone());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_users_build_counts() {
        let workspace = Workspace::load().unwrap();
        let needed = needed_by_published(&workspace).unwrap();
        let has = |name: &str| {
            workspace
                .metadata
                .packages
                .iter()
                .any(|p| p.name == name && needed.contains(&p.id))
        };
        assert!(has("thiserror") && has("rungkeeper-score"));
        assert!(!has("proptest") && !has("cargo_metadata"));
    }
}
