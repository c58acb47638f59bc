//! Documents hold together: links, anchors and paths lead somewhere, and the index names every page.
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Component, Path, PathBuf},
};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::text::{Text, has_extension};
use crate::finding::Finding;

/// The list of all pages.
const INDEX: &str = "docs/README.md";
/// Folders at the root; a path that begins with one of them and is set as code has to exist.
const FOLDERS: [&str; 4] = ["crates", "docs", "tests", "xtask"];

pub(super) fn findings(names: &BTreeSet<PathBuf>, files: &[Text]) -> Vec<Finding> {
    let documents = files
        .iter()
        .filter(|file| has_extension(&file.name, &["md"]));
    let documents: BTreeMap<_, _> = documents
        .map(|file| (file.name.clone(), Document::of(&file.text)))
        .collect();
    let mut findings = Vec::new();
    for (name, document) in &documents {
        for (line, destination) in &document.links {
            if let Err(message) = follow(name, destination, names, &documents) {
                findings.push(Finding::new(name, *line, message));
            }
        }
        for (line, path) in &document.paths {
            if !exists(Path::new(path), names) {
                let message = format!("`{path}` is not there");
                findings.push(Finding::new(name, *line, message));
            }
        }
    }
    findings.extend(not_in_index(&documents));
    findings
}

/// What of a document concerns others.
#[derive(Default)]
struct Document {
    /// Anchors of the headings.
    anchors: BTreeSet<String>,
    /// Destinations of links and images, with their lines.
    links: Vec<(usize, String)>,
    /// Paths set as code, with their lines.
    paths: Vec<(usize, String)>,
}

impl Document {
    fn of(text: &str) -> Self {
        let mut document = Self::default();
        let (mut heading, mut times) = (None::<String>, BTreeMap::new());
        let line = |place: usize| text[..place].matches('\n').count() + 1;
        for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let slug = slug(&heading.take().unwrap_or_default());
                    let before: &mut usize = times.entry(slug.clone()).or_default();
                    let anchor = match *before {
                        0 => slug,
                        n => format!("{slug}-{n}"),
                    };
                    *before += 1;
                    document.anchors.insert(anchor);
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    document
                        .links
                        .push((line(range.start), dest_url.into_string()));
                }
                Event::Text(words) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&words);
                    }
                }
                Event::Code(code) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&code);
                    }
                    if is_path(&code) {
                        document.paths.push((line(range.start), code.into_string()));
                    }
                }
                _ => {}
            }
        }
        document
    }
}

/// The anchor of a heading, as the pages of code hosts make it.
fn slug(heading: &str) -> String {
    let heading = heading.to_lowercase();
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    heading
        .chars()
        .filter(kept)
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// Whether the code is a path from the root, and not a pattern of paths.
fn is_path(code: &str) -> bool {
    let in_paths = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    let folder = code.split_once('/').map(|(folder, _)| folder);
    folder.is_some_and(|folder| FOLDERS.contains(&folder)) && code.chars().all(in_paths)
}

/// Follows a link of a document; the error says where it leads.
fn follow(
    from: &Path,
    destination: &str,
    names: &BTreeSet<PathBuf>,
    documents: &BTreeMap<PathBuf, Document>,
) -> Result<(), String> {
    if destination.contains("://") || destination.starts_with("mailto:") {
        return Ok(()); // another place of the network, which no test asks
    }
    let (path, anchor) = destination.split_once('#').unwrap_or((destination, ""));
    let target = match path {
        "" => from.to_path_buf(),
        path => from
            .parent()
            .map_or_else(PathBuf::new, |folder| folder.join(path)),
    };
    let target =
        without_dots(&target).ok_or(format!("the link {destination} leaves the project"))?;
    if !exists(&target, names) {
        return Err(format!("the link {destination} leads to no file"));
    }
    if anchor.is_empty() {
        return Ok(());
    }
    match documents.get(&target) {
        Some(document) if document.anchors.contains(anchor) => Ok(()),
        Some(_) => Err(format!(
            "the link {destination} leads to no heading of {}",
            target.display()
        )),
        None => Err(format!(
            "the link {destination} has an anchor, but leads to no document"
        )),
    }
}

/// The path with its dots followed, unless it leaves the root.
fn without_dots(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => plain.push(name),
            Component::CurDir => {}
            Component::ParentDir if plain.pop() => {}
            _ => return None,
        }
    }
    Some(plain)
}

/// Whether it is a file, or a folder that has one.
fn exists(path: &Path, names: &BTreeSet<PathBuf>) -> bool {
    let mut from = names.range(path.to_path_buf()..);
    from.next().is_some_and(|name| name.starts_with(path))
}

/// The pages that the index does not link to.
fn not_in_index(documents: &BTreeMap<PathBuf, Document>) -> Vec<Finding> {
    let index = Path::new(INDEX);
    let linked: BTreeSet<_> = documents
        .get(index)
        .into_iter()
        .flat_map(|document| &document.links)
        .filter_map(|(_, destination)| without_dots(&index.with_file_name(destination)))
        .collect();
    let folder = |name: &&PathBuf| name.starts_with("docs") && name.as_path() != index;
    let pages = documents.keys().filter(folder);
    let missing = pages.filter(|name| !linked.contains(*name));
    let message = format!("{INDEX} does not link to it, so that few find it");
    missing
        .map(|name| Finding::new(name, 0, message.as_str()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(files: &[(&str, &str)]) -> Vec<String> {
        let names = files.iter().map(|(name, _)| PathBuf::from(name)).collect();
        let texts: Vec<_> = files
            .iter()
            .map(|(name, text)| Text {
                name: name.into(),
                text: (*text).to_owned(),
            })
            .collect();
        let findings = findings(&names, &texts);
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_leads_somewhere_passes() {
        let files = [
            (
                "README.md",
                "[a](docs/a.md#so-is-b-2024) ![p](docs/p.svg) [c](crates/c) [w](https://a.b/c#d)\n",
            ),
            (
                "crates/c/README.md",
                "[up](../../README.md) `crates/c` `crates/*/x` `crates/{a}`\n",
            ),
            ("docs/README.md", "# A\n## A\n[a](a.md) [own](#a-1)\n"),
            (
                "docs/a.md",
                "## So *is* `b`, (2024)\n\n```sh\n[no](link.md)\n```\n",
            ),
            ("docs/p.svg", ""),
        ];
        assert_eq!(messages(&files), [""; 0]);
    }

    #[test]
    fn what_leads_nowhere_is_named_with_its_line() {
        for (text, expected) in [
            (
                "a\n\n[b](b.md)\n",
                "docs/README.md:3: the link b.md leads to no file",
            ),
            (
                "[b](../../b.md)\n",
                "docs/README.md:1: the link ../../b.md leaves the project",
            ),
            (
                "[b](#b)\n",
                "docs/README.md:1: the link #b leads to no heading of docs/README.md",
            ),
            (
                "[b][1]\n\n[1]: a.md#b\n",
                "docs/README.md:1: the link a.md#b leads to no heading of docs/a.md",
            ),
            (
                "| a |\n|---|\n| `docs/b.svg` |\n",
                "docs/README.md:3: `docs/b.svg` is not there",
            ),
            (
                "[b](../docs/p.svg#b)\n",
                "docs/README.md:1: the link ../docs/p.svg#b has an anchor, but leads to no document",
            ),
        ] {
            let text = format!("{text}\n[a](a.md)\n");
            let files = [
                ("docs/README.md", text.as_str()),
                ("docs/a.md", ""),
                ("docs/p.svg", ""),
            ];
            assert_eq!(messages(&files), [expected], "{text}");
        }
    }

    #[test]
    fn a_page_that_the_index_leaves_out_is_named() {
        let files = [
            ("docs/README.md", "[a](a.md)\n"),
            ("docs/a.md", ""),
            ("docs/b.md", ""),
        ];
        assert_eq!(
            messages(&files),
            ["docs/b.md: docs/README.md does not link to it, so that few find it"]
        );
    }
}
