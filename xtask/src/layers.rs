//! `cargo xtask layers`: the invariants of the design that a compiler does not see. Also run as a test.
mod manifests;
mod markdown;
pub(crate) mod purity;
mod table;
mod text;
mod words;

use anyhow::Result;

use crate::workspace::{Workspace, none_of};

/// The command.
pub(crate) fn run() -> Result<()> {
    check(&Workspace::load()?)
}

/// All layer checks; an error lists every broken rule.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let mut broken = table::broken(workspace);
    broken.extend(purity::broken(workspace)?);
    broken.extend(manifests::broken(workspace)?);
    let names = text::names(workspace)?;
    let files = text::read(workspace, &names);
    broken.extend(words::broken(&files));
    broken.extend(markdown::broken(&names, &files));
    none_of(&broken)?;
    println!("layers: direction, purity, manifests, tidiness, words and links hold");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_keeps_its_layers() {
        check(&Workspace::load().unwrap()).unwrap();
    }
}
