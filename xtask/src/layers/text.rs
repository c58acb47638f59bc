//! The text files of the project, and how words are found in them.
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::{process::Invocation, workspace::Workspace};

/// A file that is text.
pub(super) struct Text {
    /// Its path from the root.
    pub(super) name: PathBuf,
    /// All of it.
    pub(super) text: String,
}

/// The paths from the root of all files that git knows or would take.
pub(super) fn names(workspace: &Workspace) -> Result<BTreeSet<PathBuf>> {
    let args = [
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ];
    let listed = Invocation::new("git", workspace.root(), args).output();
    let listed = listed.context("the checks read the files that git knows")?;
    let names = listed.split('\0').filter(|name| !name.is_empty());
    // One that was removed may still be in the index.
    let names = names.filter(|name| workspace.root().join(name).symlink_metadata().is_ok());
    Ok(names.map(PathBuf::from).collect())
}

/// Those of them that are text.
pub(super) fn read(workspace: &Workspace, names: &BTreeSet<PathBuf>) -> Vec<Text> {
    let mut files = Vec::new();
    for name in names {
        // A link to a folder has no text.
        let Ok(bytes) = fs::read(workspace.root().join(name)) else {
            continue;
        };
        if let Ok(text) = String::from_utf8(bytes)
            && !text.contains('\0')
        {
            let name = name.clone();
            files.push(Text { name, text });
        }
    }
    files
}

/// Whether a file is of one of these kinds.
pub(super) fn has_extension(file: &Path, extensions: &[&str]) -> bool {
    let extension = file.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| extensions.contains(&extension))
}

/// Where a word or phrase stands by itself in a text.
pub(super) fn words<'t>(text: &'t str, phrase: &'t str) -> impl Iterator<Item = usize> + 't {
    occurrences(text, phrase, |before, after| {
        !is_part_of_word(before) && !is_part_of_word(after)
    })
}

/// Where something stands in a text between characters that fit.
pub(super) fn occurrences<'t>(
    text: &'t str,
    what: &'t str,
    fits: impl Fn(Option<char>, Option<char>) -> bool + 't,
) -> impl Iterator<Item = usize> + 't {
    let places = text.match_indices(what).map(|(place, _)| place);
    places.filter(move |&place| {
        let after = text[place + what.len()..].chars().next();
        fits(text[..place].chars().next_back(), after)
    })
}

/// Whether this continues a word or name.
pub(super) fn is_part_of_word(character: Option<char>) -> bool {
    character.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

#[cfg(test)]
mod tests {
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
        assert!(!files.iter().any(|file| has_extension(&file.name, &["png"])));
    }

    #[test]
    fn words_stand_by_themselves() {
        assert_eq!(
            words("a word, wordy word", "word").collect::<Vec<_>>(),
            [2, 14]
        );
        assert_eq!(words("no_word word_", "word").count(), 0);
    }
}
