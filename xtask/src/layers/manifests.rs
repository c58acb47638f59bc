//! Manifests: what the workspace says once is inherited, and a published package can be built from the registry alone:
//! that its dependencies carry versions `cargo publish` asks for itself.
use std::fs;

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, Package, camino::Utf8Path};
use toml::Table;

use crate::workspace::{Workspace, is_published};

/// Fields that a crate may have of its own, as long as it has them.
const OWN: [&str; 2] = ["categories", "keywords"];
/// Fields that all members inherit, published or not.
const SHARED: [&str; 3] = ["edition", "rust-version", "license"];

pub(super) fn broken(workspace: &Workspace) -> Result<Vec<String>> {
    let read = |path: &Utf8Path| -> Result<Table> {
        let text = fs::read_to_string(path).with_context(|| path.to_string())?;
        text.parse().with_context(|| path.to_string())
    };
    let root = read(&workspace.metadata.workspace_root.join("Cargo.toml"))?;
    let shared = root["workspace"]["package"].as_table();
    let shared = shared.context("no [workspace.package]")?;
    let mut broken = Vec::new();
    for package in workspace.members() {
        let (file, manifest) = (workspace.manifest(package), read(&package.manifest_path)?);
        let mut messages = not_inherited(&manifest, shared, is_published(package));
        messages.extend(not_publishable(package));
        broken.extend(messages.iter().map(|message| format!("{file}: {message}")));
    }
    Ok(broken)
}

fn not_inherited(manifest: &Table, shared: &Table, published: bool) -> Vec<String> {
    let inherited = toml::toml! { workspace = true }.into();
    let package = &manifest["package"];
    let mut messages = Vec::new();
    for key in shared.keys().map(String::as_str) {
        let value = package.get(key);
        let own = OWN.contains(&key) && value.is_some();
        if (published || SHARED.contains(&key)) && !own && value != Some(&inherited) {
            messages.push(format!(
                "lacks `{key}.workspace = true`: said once, it stays the same"
            ));
        }
    }
    if manifest.get("lints") != Some(&inherited) {
        messages
            .push("lacks `[lints] workspace = true`: one set of lints holds for all".to_owned());
    }
    messages
}

fn not_publishable(package: &Package) -> Vec<String> {
    if !is_published(package) {
        return Vec::new();
    }
    let own = package.dependencies.iter().filter(|it| it.path.is_some());
    let early =
        own.filter(|it| it.kind == DependencyKind::Development && !it.req.comparators.is_empty());
    let early = early.map(|it| {
        format!(
            "dev-dependency {} carries a version, so this crate could not be published before that one: path alone",
            it.name
        )
    });
    let undescribed = package.description.as_ref().is_none_or(String::is_empty);
    let undescribed = undescribed.then(|| "lacks a description: the registry shows it".to_owned());
    early.chain(undescribed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_inherited_is_named() {
        let shared = "edition = '2024'\nlicense = 'X'\nkeywords = []\nrepository = 'R'\n";
        let broken = |manifest: &str, published| {
            let (manifest, shared) = (manifest.parse().unwrap(), shared.parse().unwrap());
            not_inherited(&manifest, &shared, published).join("\n")
        };
        let whole = "[package]\nedition.workspace = true\nlicense.workspace = true\nkeywords = ['a']\n\
                     repository.workspace = true\n[lints]\nworkspace = true";
        assert_eq!(broken(whole, true), "");
        let own = whole.replace("edition.workspace = true", "edition = '2021'");
        assert!(broken(&own, false).contains("lacks `edition.workspace = true`"));
        assert!(broken(&whole.replace("keywords = ['a']", ""), true).contains("keywords"));
        let unlisted = whole.replace("repository.workspace = true", "");
        assert!(broken(&unlisted, true).contains("repository"));
        assert_eq!(broken(&unlisted, false), "");
        assert!(broken(&whole.replace("[lints]", "[other]"), false).contains("lints"));
    }

    #[test]
    fn development_takes_siblings_by_path_alone() {
        let workspace = Workspace::load().unwrap();
        let members = workspace.members();
        let policies = members.iter().find(|it| it.name == "rungkeeper-policies");
        let mut policies = (*policies.unwrap()).clone();
        assert_eq!(not_publishable(&policies), [""; 0]);
        let own = policies
            .dependencies
            .iter_mut()
            .find(|it| it.path.is_some());
        own.unwrap().kind = DependencyKind::Development;
        assert!(not_publishable(&policies)[0].contains("path alone"));
    }
}
