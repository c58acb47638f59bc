//! Each feature alone: a crate taken with one feature must compile without a warning, whatever its siblings ask for.
use anyhow::{Context, Result};
use cargo_metadata::Package;
use xshell::{Shell, cmd};

use crate::workspace::Workspace;

/// Compiles each published crate without features, and with each by itself that changes what is compiled of it.
pub(super) fn run(workspace: &Workspace) -> Result<()> {
    let sh = workspace.shell()?;
    for package in workspace.published() {
        let (name, features) = (package.name.as_str(), package.features.keys());
        let features = features.filter(|feature| is_its_own(&sh, package, feature));
        for feature in std::iter::once("").chain(features.map(String::as_str)) {
            // Clippy and not check: it denies warnings without changing the flags that dependencies were built with.
            let clippy = cmd!(sh, "cargo clippy --quiet --locked --package {name}");
            let clippy = clippy.args(["--no-default-features", "--features", feature]);
            // Those that it depends on are published too, and have their turn.
            let clippy = clippy.args(["--no-deps", "--", "-D", "warnings"]);
            clippy
                .run()
                .with_context(|| format!("{name}, {feature:?}"))?;
        }
    }
    Ok(())
}

/// Whether sources of the package name the feature, or it brings a dependency: one that does neither only hands on to
/// features of others, and these have their turn.
fn is_its_own(sh: &Shell, package: &Package, feature: &str) -> bool {
    let implied = package.features[feature].iter();
    let (sources, named) = (
        package.manifest_path.with_file_name("src"),
        format!("feature = {feature:?}"),
    );
    let grep = cmd!(
        sh,
        "git grep --untracked --quiet --fixed-strings -e {named} -- {sources}"
    );
    implied.clone().any(|implied| implied.starts_with("dep:")) || grep.quiet().run().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_hands_on_is_told_from_what_decides() {
        let workspace = Workspace::load().unwrap();
        let (sh, members) = (workspace.shell().unwrap(), workspace.published());
        let own = |package: &str, feature| {
            let package = members.iter().find(|it| it.name == package);
            is_its_own(&sh, package.unwrap(), feature)
        };
        assert!(own("rungkeeper-checkpoints", "aws") && own("rungkeeper-score", "serde"));
        assert!(!own("rungkeeper", "aws") && own("rungkeeper-runner", "object-store"));
    }
}
