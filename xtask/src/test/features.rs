//! Each feature alone: a crate taken with one feature must compile without a warning, whatever its siblings ask for.
use anyhow::Result;
use xshell::cmd;

use crate::workspace::Workspace;

/// Compiles each published crate without features, and with each by itself, the default ones being one if there are any.
pub(super) fn run(workspace: &Workspace) -> Result<()> {
    let sh = workspace.shell()?;
    for package in workspace.published() {
        let (name, features) = (package.name.as_str(), package.features.iter());
        let features = features.filter(|(name, implied)| *name != "default" || !implied.is_empty());
        for feature in std::iter::once("").chain(features.map(|(name, _)| name.as_str())) {
            // Clippy and not check: it denies warnings without changing the flags that dependencies were built with.
            let clippy = cmd!(sh, "cargo clippy --quiet --locked --package {name}");
            let clippy = clippy.args(["--no-default-features", "--features", feature]);
            // Those that it depends on are published too, and have their turn.
            clippy.args(["--no-deps", "--", "-D", "warnings"]).run()?;
        }
    }
    Ok(())
}
