//! Direction: each crate depends only on those that its row in the table allows. `docs/architecture.md` tells the story;
//! this table is what is enforced.
use cargo_metadata::{DependencyKind, Package};

use crate::workspace::{Workspace, is_published};

/// A crate under `crates/`.
pub(super) struct Layer {
    /// The name of its folder.
    pub(super) folder: &'static str,
    /// The crates that it may depend on, which stand above it in the table.
    may_use: &'static str,
    /// What it must not know.
    must_not_know: &'static str,
}

/// The first of them are pure: they do without the standard library, and without `serde` unless asked for.
pub(super) const CORE: usize = 4;

#[rustfmt::skip]
pub(super) static LAYERS: [Layer; 11] = [
    layer("estimators", "", "rungs, trials, scores"),
    layer("rung-model", "", "scores, policies, clocks, files"),
    layer("score", "rung-model", "trials, estimators, time, randomness"),
    layer("policies", "estimators rung-model score", "files, tuners, clocks"),
    layer("tuner-hooks", "estimators rung-model score policies", "schedulers, processes, concrete stores"),
    layer("checkpoints", "rung-model tuner-hooks", "policies, scores"),
    layer("tuner", "estimators rung-model score policies tuner-hooks", "processes, stores, the command line, Python"),
    layer("runner", "estimators rung-model score policies tuner-hooks checkpoints tuner", "the command line, Python"),
    layer("trial", "", "everything else: it is a training program's side"),
    layer("cli", "estimators rung-model score policies tuner-hooks checkpoints tuner runner", "Python, the side of training programs"),
    layer("python", "estimators rung-model score policies tuner-hooks checkpoints tuner", "the command line, the side of training programs"),
];

const fn layer(folder: &'static str, may_use: &'static str, must_not_know: &'static str) -> Layer {
    Layer {
        folder,
        may_use,
        must_not_know,
    }
}

impl Layer {
    /// The package's name.
    pub(super) fn package(&self) -> String {
        match self.folder {
            "cli" => "rungkeeper".to_owned(),
            folder => format!("rungkeeper-{folder}"),
        }
    }

    /// What is wrong with the dependencies of a package in this layer.
    fn forbidden(&self, package: &Package) -> Vec<String> {
        let of_the_workspace = package.dependencies.iter().filter(|it| it.path.is_some());
        let built_with = of_the_workspace.filter(|it| it.kind != DependencyKind::Development);
        let may_use = |name: &str| {
            let used = LAYERS.iter().find(|layer| layer.package() == name);
            used.is_some_and(|used| self.may_use.split(' ').any(|it| it == used.folder))
        };
        let Self {
            folder,
            must_not_know,
            ..
        } = self;
        let forbidden = built_with.filter(|it| !may_use(&it.name));
        let message = |name: &str| {
            format!(
                "crates/{folder}/Cargo.toml: {folder} must not depend on {name}: its layer must not know {must_not_know}"
            )
        };
        forbidden.map(|it| message(&it.name)).collect()
    }
}

pub(super) fn broken(workspace: &Workspace) -> Vec<String> {
    let mut broken = Vec::new();
    for package in workspace.members() {
        let manifest = workspace.manifest(package);
        match LAYERS.iter().find(|it| it.package() == *package.name) {
            Some(layer) => broken.extend(layer.forbidden(package)),
            None if manifest.starts_with("crates") || is_published(package) => {
                broken.push(format!(
                    "{manifest}: no row in the table of layers, so nobody says what it may know"
                ));
            }
            None => {}
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_upwards_is_refused() {
        let workspace = Workspace::load().unwrap();
        let members = workspace.members();
        let policies = members
            .iter()
            .find(|it| it.name == "rungkeeper-policies")
            .unwrap();
        assert_eq!(LAYERS[3].forbidden(policies), [""; 0]);
        let as_score = LAYERS[2].forbidden(policies).join("\n");
        assert!(
            as_score.contains(": score must not depend on rungkeeper-estimators"),
            "{as_score}"
        );
    }

    #[test]
    fn what_a_crate_may_use_stands_above_it() {
        for (place, layer) in LAYERS.iter().enumerate() {
            for used in layer.may_use.split_terminator(' ') {
                let is_above = LAYERS[..place].iter().any(|it| it.folder == used);
                assert!(is_above, "{} uses {used}", layer.folder);
            }
        }
    }
}
