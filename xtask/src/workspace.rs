//! The workspace as cargo sees it, and how programs are called there.
use std::{
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use cargo_metadata::{
    CargoOpt, Metadata, MetadataCommand, Package,
    camino::{Utf8Path, Utf8PathBuf},
};
use xshell::{Cmd, Shell, cmd};

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

    /// A path below the folder of what is built.
    pub(crate) fn target(&self, path: &str) -> Utf8PathBuf {
        self.metadata.target_directory.join(path)
    }

    /// Where commands are called, each echoed before it runs and named when it fails: at the root.
    pub(crate) fn shell(&self) -> Result<Shell> {
        let shell = Shell::new()?;
        shell.change_dir(self.root());
        Ok(shell)
    }

    /// The manifest of a member, seen from the root.
    pub(crate) fn manifest<'p>(&self, package: &'p Package) -> &'p Utf8Path {
        let path = &package.manifest_path;
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
    pub(crate) fn tree<'a>(&self, options: impl IntoIterator<Item = &'a str>) -> Result<String> {
        let sh = self.shell()?;
        let tree = cmd!(sh, "cargo tree --locked --target all --prefix none");
        Ok(tree.args(["--format", "{p}"]).args(options).read()?)
    }

    /// Builds the command line as it is released, and says where it is.
    pub(crate) fn release(&self) -> Result<Utf8PathBuf> {
        let sh = self.shell()?;
        cmd!(sh, "cargo build --release --locked -p rungkeeper").run()?;
        Ok(self.target("release/rungkeeper"))
    }
}

/// Whether the package goes to a registry.
pub(crate) fn is_published(package: &Package) -> bool {
    let registries = package.publish.as_ref();
    registries.is_none_or(|registries| !registries.is_empty())
}

/// The call of this program again as a shell would call it, without what `cargo run` told it of its package: some
/// dependencies are built anew where cargo finds other values. `None`: it was told nothing.
#[cfg(unix)]
pub(crate) fn as_from_a_shell() -> Option<Command> {
    let of_a_package =
        |name: &String| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let told: Vec<_> = names.filter(of_a_package).collect();
    let mut again = Command::new(env::current_exe().ok()?);
    again.args(env::args_os().skip(1));
    for name in &told {
        again.env_remove(name);
    }
    (!told.is_empty()).then_some(again)
}

/// An empty folder in place of what is there.
pub(crate) fn empty(folder: impl AsRef<Path>) -> Result<()> {
    let sh = Shell::new()?;
    sh.remove_path(&folder)?;
    sh.create_dir(&folder)?;
    Ok(())
}

/// Runs a command and hands each line of its standard output to `see`.
pub(crate) fn run_reading(command: Cmd<'_>, mut see: impl FnMut(&str)) -> Result<()> {
    let shown = command.to_string();
    eprintln!("$ {shown}");
    let mut command = Command::from(command);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = child.with_context(|| format!("cannot run `{shown}`"))?;
    let lines = BufReader::new(child.stdout.take().context("standard output is piped")?);
    for line in lines.split(b'\n') {
        see(&String::from_utf8_lossy(&line?));
    }
    let status = child.wait()?;
    ensure!(status.success(), "`{shown}` failed: {status}");
    Ok(())
}

/// An error that lists the broken rules, each with its place in front, unless there are none.
pub(crate) fn none_of(broken: &[String]) -> Result<()> {
    let number = broken.len();
    ensure!(number == 0, "{number} broken rules:\n{}", broken.join("\n"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_told_apart() {
        let workspace = Workspace::load().unwrap();
        let has = |packages: Vec<&Package>, name| packages.iter().any(|it| it.name == name);
        assert!(has(workspace.members(), "xtask"));
        assert!(has(workspace.published(), "rungkeeper-score"));
        assert!(!has(workspace.published(), "xtask"));
        let manifests: Vec<_> = workspace
            .members()
            .into_iter()
            .map(|it| workspace.manifest(it))
            .collect();
        assert!(manifests.contains(&Utf8Path::new("xtask/Cargo.toml")));
    }

    #[test]
    fn each_line_is_seen_and_a_failure_names_the_command() {
        let sh = Workspace::load().unwrap().shell().unwrap();
        let mut seen = 0;
        let version = cmd!(sh, "cargo --version --verbose");
        run_reading(version, |line| seen += usize::from(line.contains(':'))).unwrap();
        assert!(seen > 2);
        let error = run_reading(cmd!(sh, "git no-such-command"), |_| ()).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("`git no-such-command` failed")
        );
    }
}
