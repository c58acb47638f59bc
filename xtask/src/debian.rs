//! Programs that are installed as Debian's packages where they are not there.
use std::sync::Mutex;

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use crate::workspace::Workspace;

/// Debian's tools refuse to work beside each other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A program, and what brings it.
pub(crate) struct Program {
    /// The names under which it may be found, Debian's first.
    pub(crate) names: &'static [&'static str],
    /// Debian's packages, with spaces between them.
    pub(crate) packages: &'static str,
    /// What it is needed for.
    pub(crate) purpose: &'static str,
    /// How to do without it.
    pub(crate) without: &'static str,
}

impl Program {
    /// Installs it unless it is there.
    pub(crate) fn provide(&self, workspace: &Workspace) -> Result<()> {
        let (sh, name) = (workspace.shell()?, self.names[0]);
        if let Some(name) = self.names.iter().find(|name| starts(&sh, name)) {
            println!("{name} is there");
            return Ok(());
        }
        println!(
            "{name}, {}, is not there: installing Debian's package",
            self.purpose
        );
        let _alone = ONE_AT_A_TIME.lock();
        sh.set_var("DEBIAN_FRONTEND", "noninteractive");
        let update = cmd!(sh, "apt-get update --quiet");
        let install = cmd!(sh, "apt-get install --yes --quiet --no-install-recommends");
        let install = install.args(self.packages.split(' '));
        let installed = update.run().and_then(|()| install.run());
        installed.with_context(|| {
            format!(
                "{name} could not be installed. Do it as root: {update} && {install} (or leave it out: {})",
                self.without
            )
        })?;
        ensure!(starts(&sh, name), "{name} was installed but does not start");
        Ok(())
    }
}

/// Whether the program can be run.
fn starts(sh: &Shell, program: &str) -> bool {
    let version = cmd!(sh, "{program} --version").quiet();
    version.ignore_stdout().ignore_stderr().run().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_run_does_not_start() {
        let sh = Shell::new().unwrap();
        assert!(starts(&sh, "git"));
        assert!(!starts(&sh, "no-such-program-anywhere"));
    }
}
