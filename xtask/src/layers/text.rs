//! The text files of the project.
use std::{collections::BTreeSet, fs, path::PathBuf};

use anyhow::{Context, Result};
use xshell::cmd;

use crate::workspace::Workspace;

/// A file that is text.
pub(super) struct Text {
    /// Its path from the root.
    pub(super) name: PathBuf,
    /// All of it.
    pub(super) text: String,
}

impl Text {
    /// Whether it is of one of these kinds.
    pub(super) fn has_extension(&self, extensions: &[&str]) -> bool {
        let extension = self.name.extension().and_then(|it| it.to_str());
        extension.is_some_and(|it| extensions.contains(&it))
    }

    /// The number of the line at a place.
    pub(super) fn line(&self, place: usize) -> usize {
        self.text[..place].matches('\n').count() + 1
    }
}

/// The paths from the root of all files that git knows or would take.
pub(super) fn names(workspace: &Workspace) -> Result<BTreeSet<PathBuf>> {
    let sh = workspace.shell()?;
    let listed = cmd!(sh, "git ls-files -z --cached --others --exclude-standard").read();
    let listed = listed.context("the checks read the files that git knows")?;
    let names = listed.split_terminator('\0').map(PathBuf::from);
    // One that was removed may still be in the index.
    let names = names.filter(|name| workspace.root().join(name).symlink_metadata().is_ok());
    Ok(names.collect())
}

/// Those of them that are text. A link to a folder has none.
pub(super) fn read(workspace: &Workspace, names: &BTreeSet<PathBuf>) -> Vec<Text> {
    let read = |name: &PathBuf| {
        let text = fs::read_to_string(workspace.root().join(name)).ok()?;
        let name = name.clone();
        (!text.contains('\0')).then_some(Text { name, text })
    };
    names.iter().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn git_lists_this_file_and_nothing_that_was_built() {
        let workspace = Workspace::load().unwrap();
        let names = names(&workspace).unwrap();
        assert!(names.contains(Path::new("xtask/src/layers/text.rs")));
        assert!(names.contains(Path::new("docs/report-page.png")));
        assert!(names.iter().all(|name| !name.starts_with("target")));
        let files = read(&workspace, &names);
        assert!(files.iter().any(|file| file.name.ends_with("text.rs")));
        assert!(!files.iter().any(|file| file.has_extension(&["png"])));
    }
}
