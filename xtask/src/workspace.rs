//! The workspace as cargo sees it.
use std::{fs, path::Path};

use anyhow::{Context, Result};
use cargo_metadata::{CargoOpt, Metadata, MetadataCommand, Package};

use crate::process::Invocation;

/// The members, their targets and the resolved dependencies, all features on.
pub(crate) struct Workspace {
    pub(crate) metadata: Metadata,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn load() -> Result<Self> {
        let metadata = MetadataCommand::new()
            .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
            .features(CargoOpt::AllFeatures)
            .other_options(["--locked".to_owned()])
            .exec()
            .context("cannot read the workspace")?;
        Ok(Self { metadata })
    }

    /// The folder of the workspace.
    pub(crate) fn root(&self) -> &Path {
        self.metadata.workspace_root.as_std_path()
    }

    /// A path inside the workspace, seen from its root.
    pub(crate) fn relative<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(self.root()).unwrap_or(path)
    }

    /// All members.
    pub(crate) fn members(&self) -> Vec<&Package> {
        self.metadata.workspace_packages()
    }

    /// The members that go to the registry.
    pub(crate) fn published(&self) -> Vec<&Package> {
        let mut members = self.members();
        members.retain(|package| is_published(package));
        members
    }

    /// What cargo builds for all platforms with these options: `name v1.2.3` on a line, with a path or a mark behind some.
    pub(crate) fn tree(&self, options: &[&str]) -> Result<String> {
        let args = ["tree", "--locked", "--target", "all", "--prefix", "none"];
        let format = ["--format", "{p}"];
        self.cargo([&args, &format[..], options].concat()).output()
    }

    /// A cargo call at the root.
    pub(crate) fn cargo<S: AsRef<str>>(&self, args: impl IntoIterator<Item = S>) -> Invocation {
        Invocation::cargo(self.root(), args)
    }
}

/// Whether the package goes to a registry.
pub(crate) fn is_published(package: &Package) -> bool {
    package
        .publish
        .as_ref()
        .is_none_or(|registries| !registries.is_empty())
}

/// An empty folder in place of what is there.
pub(crate) fn empty(folder: impl AsRef<Path>) -> Result<()> {
    let folder = folder.as_ref();
    let named = || folder.display().to_string();
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("emptying {}", named()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("making {}", named()))
}

/// The folder of the package.
pub(crate) fn folder(package: &Package) -> &Path {
    let manifest = package.manifest_path.as_std_path();
    manifest.parent().unwrap_or(manifest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_told_apart() {
        let workspace = Workspace::load().unwrap();
        let names = |packages: Vec<&Package>| -> Vec<String> {
            packages.iter().map(|p| p.name.to_string()).collect()
        };
        assert!(names(workspace.members()).contains(&"xtask".to_owned()));
        let published = names(workspace.published());
        assert!(published.contains(&"rungkeeper-score".to_owned()));
        assert!(!published.contains(&"xtask".to_owned()));
        let root = workspace.root();
        assert_eq!(workspace.relative(&root.join("a/b")), Path::new("a/b"));
    }
}
