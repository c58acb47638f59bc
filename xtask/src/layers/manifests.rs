//! Manifests: what the workspace says once is inherited, and a published package can be built from the registry alone.
use std::{fs, path::Path};

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, Package};
use toml::{Table, Value};

use crate::{
    finding::{self, Finding},
    workspace::{Workspace, is_published},
};

/// Fields that a crate may have of its own, as long as it has them.
const OWN: [&str; 2] = ["categories", "keywords"];
/// Fields that all members inherit, published or not.
const SHARED: [&str; 3] = ["edition", "rust-version", "license"];

pub(super) fn findings(workspace: &Workspace) -> Result<Vec<Finding>> {
    let path = workspace.root().join("Cargo.toml");
    let root = table(&path, &read(&path)?)?;
    let shared = root["workspace"]["package"]
        .as_table()
        .context("no [workspace.package]")?;
    let mut findings = Vec::new();
    for package in workspace.members() {
        let path = package.manifest_path.as_std_path();
        let (file, text) = (workspace.relative(path), read(path)?);
        let mut broken = not_inherited(&table(path, &text)?, shared, is_published(package));
        if is_published(package) {
            broken.extend(not_publishable(package));
        }
        for (key, message) in broken {
            findings.push(Finding::new(file, finding::line_of(&text, &key), message));
        }
    }
    Ok(findings)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

fn table(path: &Path, text: &str) -> Result<Table> {
    text.parse()
        .with_context(|| format!("{} is not TOML", path.display()))
}

/// What is wrong, by the word to look for in the manifest and the message.
type Broken = Vec<(String, String)>;

fn not_inherited(manifest: &Table, shared: &Table, published: bool) -> Broken {
    let inherits = |value: Option<&Value>| {
        value
            .and_then(|value| value.get("workspace"))
            .and_then(Value::as_bool)
            == Some(true)
    };
    let package = manifest.get("package");
    let mut broken = Vec::new();
    for key in shared.keys().map(String::as_str) {
        let value = package.and_then(|package| package.get(key));
        let wanted = published || SHARED.contains(&key);
        let own = OWN.contains(&key) && value.is_some();
        if wanted && !own && !inherits(value) {
            let message = format!("lacks `{key}.workspace = true`: said once, it stays the same");
            broken.push((key.to_owned(), message));
        }
    }
    if !inherits(manifest.get("lints")) {
        let message = "lacks `[lints] workspace = true`: one set of lints holds for all";
        broken.push(("[lints".to_owned(), message.to_owned()));
    }
    broken
}

fn not_publishable(package: &Package) -> Broken {
    let mut broken = Vec::new();
    if package.description.as_ref().is_none_or(String::is_empty) {
        let message = "lacks a description: the registry shows it";
        broken.push(("description".to_owned(), message.to_owned()));
    }
    for dependency in package.dependencies.iter().filter(|d| d.path.is_some()) {
        let name = &dependency.name;
        let is_development = dependency.kind == DependencyKind::Development;
        let has_version = !dependency.req.comparators.is_empty();
        let message = match (is_development, has_version) {
            (true, true) => format!(
                "dev-dependency {name} carries a version, so this crate could not be published before that one: path alone"
            ),
            (false, false) => format!(
                "dependency {name} carries no version, so the registry would not find it: path and version"
            ),
            _ => continue,
        };
        broken.push((name.clone(), message));
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARED_FIELDS: &str =
        "edition = '2024'\nlicense = 'X'\nkeywords = []\nrepository = 'R'\n";

    fn broken(manifest: &str, published: bool) -> String {
        let shared = SHARED_FIELDS.parse().unwrap();
        let broken = not_inherited(&manifest.parse().unwrap(), &shared, published);
        broken
            .into_iter()
            .map(|(_, message)| message)
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn what_is_not_inherited_is_named() {
        let whole = "[package]\nedition.workspace = true\nlicense.workspace = true\nkeywords = ['a']\n\
                     repository.workspace = true\n[lints]\nworkspace = true";
        assert_eq!(broken(whole, true), "");
        assert!(
            broken(
                &whole.replace("edition.workspace = true", "edition = '2021'"),
                false
            )
            .contains("lacks `edition.workspace = true`")
        );
        assert!(broken(&whole.replace("keywords = ['a']", ""), true).contains("keywords"));
        let unlisted = whole.replace("repository.workspace = true", "");
        assert!(broken(&unlisted, true).contains("repository"));
        assert_eq!(broken(&unlisted, false), "");
        assert!(broken(&whole.replace("[lints]", "[other]"), false).contains("lints"));
    }

    #[test]
    fn versions_of_siblings_are_checked_by_kind() {
        let workspace = Workspace::load().unwrap();
        let members = workspace.members();
        let mut policies = (*members
            .iter()
            .find(|p| p.name == "rungkeeper-policies")
            .unwrap())
        .clone();
        assert_eq!(not_publishable(&policies), []);
        policies
            .dependencies
            .retain(|dependency| dependency.path.is_some());
        policies.dependencies.truncate(1);
        policies.dependencies[0].kind = DependencyKind::Development;
        assert!(not_publishable(&policies)[0].1.contains("path alone"));
        policies.dependencies[0].req = "*".parse().unwrap();
        assert_eq!(not_publishable(&policies), []);
        policies.dependencies[0].kind = DependencyKind::Normal;
        assert!(not_publishable(&policies)[0].1.contains("path and version"));
    }
}
