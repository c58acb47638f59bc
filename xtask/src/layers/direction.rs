//! Direction: each crate depends only on those that its row in the table allows.
use std::path::Path;

use cargo_metadata::{DependencyKind, Package};

use super::table::Layer;
use crate::{
    finding::{self, Finding},
    workspace::{Workspace, folder, is_published},
};

pub(super) fn findings(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in workspace.members() {
        let manifest = workspace.relative(package.manifest_path.as_std_path());
        let in_crates = workspace.relative(folder(package)).parent() == Some("crates".as_ref());
        let name = package.name.as_str();
        match Layer::of(name) {
            Some(layer) => findings.extend(forbidden(package, layer, manifest)),
            None if in_crates || is_published(package) => {
                let message = format!(
                    "{name} has no row in the table of layers, so nobody says what it may know"
                );
                findings.push(Finding::new(manifest, 0, message));
            }
            None => {}
        }
    }
    findings
}

fn forbidden(package: &Package, layer: &Layer, manifest: &Path) -> Vec<Finding> {
    let of_the_workspace = package.dependencies.iter().filter(|d| d.path.is_some());
    let built_with = of_the_workspace.filter(|d| d.kind != DependencyKind::Development);
    let mut findings = Vec::new();
    for dependency in built_with {
        let allowed = Layer::of(&dependency.name).is_some_and(|below| layer.may_use(below));
        if !allowed {
            let message = format!(
                "{} must not depend on {}: its layer must not know {}",
                layer.folder, dependency.name, layer.must_not_know
            );
            let text = std::fs::read_to_string(&package.manifest_path).unwrap_or_default();
            let line = finding::line_of(&text, &dependency.name);
            findings.push(Finding::new(manifest, line, message));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_upwards_is_refused() {
        let workspace = Workspace::load().unwrap();
        let members = workspace.members();
        let policies = *members
            .iter()
            .find(|p| p.name == "rungkeeper-policies")
            .unwrap();
        let as_score = Layer::of("rungkeeper-score").unwrap();
        let found = forbidden(policies, as_score, Path::new("Cargo.toml"));
        let text = found
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n");
        assert!(
            text.contains(": score must not depend on rungkeeper-estimators"),
            "{text}"
        );
        let own = Layer::of("rungkeeper-policies").unwrap();
        assert_eq!(forbidden(policies, own, Path::new("Cargo.toml")), []);
    }
}
