//! `cargo xtask layers`: the invariants of the design that a compiler does not see. Also run as a test.
mod direction;
mod manifests;
mod markdown;
pub(crate) mod purity;
mod table;
mod text;
mod tidy;
mod words;

use anyhow::Result;

use crate::{
    finding::{self, Finding},
    workspace::Workspace,
};

/// The command.
pub(crate) fn run() -> Result<()> {
    check(&Workspace::load()?)
}

/// All layer checks; an error lists every broken rule.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    finding::none_of(findings(workspace)?)?;
    println!("layers: direction, purity, manifests, tidiness, words and links hold");
    Ok(())
}

fn findings(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut findings = direction::findings(workspace);
    findings.extend(purity::findings(workspace)?);
    findings.extend(manifests::findings(workspace)?);
    let names = text::names(workspace)?;
    let files = text::read(workspace, &names);
    findings.extend(tidy::findings(&files));
    findings.extend(words::findings(&files));
    findings.extend(markdown::findings(&names, &files));
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_keeps_its_layers() {
        check(&Workspace::load().unwrap()).unwrap();
    }
}
