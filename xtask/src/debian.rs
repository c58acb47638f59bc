//! Programs that are installed as Debian's packages where they are not there.
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::{process::Invocation, workspace::Workspace};

/// A program, and what brings it.
pub(crate) struct Program {
    /// The names under which it may be found, Debian's first.
    pub(crate) names: &'static [&'static str],
    /// Debian's packages.
    pub(crate) packages: &'static [&'static str],
    /// What it is needed for.
    pub(crate) purpose: &'static str,
    /// How to do without it.
    pub(crate) without: &'static str,
}

impl Program {
    /// Installs it unless it is there.
    pub(crate) fn provide(&self, workspace: &Workspace) -> Result<()> {
        if let Some(name) = self.names.iter().find(|name| starts(name)) {
            println!("{name} is there");
            return Ok(());
        }
        let Self { purpose, names, .. } = self;
        println!(
            "{}, {purpose}, is not there: installing Debian's package",
            names[0]
        );
        for line in self.install() {
            Invocation::new(line[0], workspace.root(), line[1..].iter())
                .env("DEBIAN_FRONTEND", "noninteractive")
                .run()
                .with_context(|| self.advice())?;
        }
        ensure!(
            starts(names[0]),
            "{} was installed but does not start",
            names[0]
        );
        Ok(())
    }

    fn install(&self) -> [Vec<&str>; 2] {
        let options = ["--yes", "--quiet", "--no-install-recommends"];
        let mut install = vec!["apt-get", "install"];
        install.extend(options);
        install.extend(self.packages);
        [vec!["apt-get", "update", "--quiet"], install]
    }

    fn advice(&self) -> String {
        let lines = self.install().map(|line| line.join(" "));
        format!(
            "{} could not be installed. Do it as root: {} (or leave it out: {})",
            self.names[0],
            lines.join(" && "),
            self.without
        )
    }
}

/// Whether the program can be run.
fn starts(program: &str) -> bool {
    let mut version = Command::new(program);
    version.arg("--version").stdin(Stdio::null());
    version.output().is_ok_and(|output| output.status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_run_does_not_start() {
        assert!(starts("git"));
        assert!(!starts("no-such-program-anywhere"));
    }

    #[test]
    fn the_advice_can_be_pasted() {
        let program = Program {
            names: &["thing"],
            packages: &["thing", "fonts-thing"],
            purpose: "which does things",
            without: "--skip things",
        };
        assert_eq!(
            program.advice(),
            "thing could not be installed. Do it as root: apt-get update --quiet && apt-get \
             install --yes --quiet --no-install-recommends thing fonts-thing (or leave it out: \
             --skip things)"
        );
    }
}
