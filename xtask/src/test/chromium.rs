//! Chromium, in which the tests look at pages: installed as Debian's package where it is not there.
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::{process::Invocation, workspace::Workspace};

/// The names under which distributions install it; the tests know the same.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// What installs it. Without fonts, which the package only recommends, pages would have no text.
const INSTALL: [&[&str]; 2] = [
    &["apt-get", "update", "--quiet"],
    &[
        "apt-get",
        "install",
        "--yes",
        "--quiet",
        "--no-install-recommends",
        "chromium",
        "fonts-dejavu-core",
    ],
];

/// Installs Chromium unless it is there.
pub(super) fn run(workspace: &Workspace) -> Result<()> {
    if let Some(name) = NAMES.into_iter().find(|name| starts(name)) {
        println!("{name} is there");
        return Ok(());
    }
    println!("Chromium, in which pages are tested, is not there: installing Debian's package");
    for line in INSTALL {
        Invocation::new(line[0], workspace.root(), line[1..].iter())
            .env("DEBIAN_FRONTEND", "noninteractive")
            .run()
            .with_context(advice)?;
    }
    ensure!(
        starts(NAMES[0]),
        "chromium was installed but does not start"
    );
    Ok(())
}

fn advice() -> String {
    let lines = INSTALL.map(|line| line.join(" "));
    format!(
        "Chromium could not be installed. Do it as root: {} (or leave it out: --skip chromium --skip test)",
        lines.join(" && ")
    )
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
        let advice = advice();
        assert!(advice.contains("as root: apt-get update --quiet && apt-get install --yes"));
        assert!(advice.contains("--skip chromium"));
    }
}
