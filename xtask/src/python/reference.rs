//! `cargo xtask compare-reference`, and the environment with Syne Tune 0.13, the reference.
use anyhow::Result;
use xshell::{Cmd, Shell, cmd};

use super::{PACKAGE, Package, build, environment::REFERENCE, install};
use crate::workspace::Workspace;

/// Options of `cargo xtask compare-reference`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Options of the script, such as --trials 2000
    #[arg(last = true)]
    options: Vec<String>,
}

/// Syne Tune 0.13 and this project on the same candidates and the same events, in one process.
pub(crate) fn run(args: &Args) -> Result<()> {
    let reference = Reference::prepare(&Workspace::load()?)?;
    let script = reference.script("against_reference.py", &args.options);
    Ok(script.run()?)
}

/// The environment with the reference and this package, as it is now.
pub(crate) struct Reference(Shell);

impl Reference {
    pub(crate) fn prepare(workspace: &Workspace) -> Result<Self> {
        let package = Package::of(workspace, PACKAGE)?;
        let wheel = build(&package)?;
        package.prepare(REFERENCE)?;
        let sh = package.shell(REFERENCE)?;
        install(&sh, &wheel)?;
        Ok(Self(sh))
    }

    /// A call of a script in the folder `benchmarks`.
    pub(crate) fn script(&self, name: &str, options: &[String]) -> Cmd<'_> {
        cmd!(self.0, "python benchmarks/{name} {options...}")
    }
}
