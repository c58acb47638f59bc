//! Each feature alone: a crate taken with one feature must compile without a warning, whatever its siblings ask for.
use anyhow::{Context, Result};
use cargo_metadata::Package;
use xshell::cmd;

use crate::workspace::Workspace;

/// Compiles each published crate without features, and with each by itself that changes what is compiled of it.
pub(super) fn run(workspace: &Workspace) -> Result<()> {
    let sh = workspace.shell()?;
    for package in workspace.published() {
        let (name, features) = (package.name.as_str(), package.features.keys());
        let features = features.filter(|feature| is_its_own(workspace, package, feature));
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
fn is_its_own(workspace: &Workspace, package: &Package, feature: &str) -> bool {
    let brings = |implied: &String| implied.starts_with("dep:");
    let sources = workspace.manifest(package).with_file_name("src");
    package.features[feature].iter().any(brings) || {
        let named = format!("feature = \"{feature}\"");
        let grep = workspace.shell().map(|sh| {
            let grep = cmd!(
                sh,
                "git grep --untracked --quiet --fixed-strings -e {named}"
            );
            grep.args(["--", sources.as_str()]).quiet().run().is_ok()
        });
        grep.is_ok_and(|found| found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_hands_on_is_told_from_what_decides() {
        let workspace = Workspace::load().unwrap();
        let own = |package: &str, feature| {
            let members = workspace.published();
            let package = members.iter().find(|it| it.name == package).unwrap();
            is_its_own(&workspace, package, feature)
        };
        assert!(own("rungkeeper-score", "serde"));
        assert!(own("rungkeeper-checkpoints", "aws"));
        assert!(own("rungkeeper-runner", "object-store"));
        assert!(!own("rungkeeper", "aws"));
        assert!(!own("rungkeeper-runner", "cloud"));
    }
}
