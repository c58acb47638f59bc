//! Documents hold together: links, anchors and paths lead somewhere, and the index names every page.
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Component, Path, PathBuf},
};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::text::Text;

/// The list of all pages.
const INDEX: &str = "docs/README.md";
/// Folders at the root; a path that begins with one of them and is set as code has to exist.
const FOLDERS: [&str; 4] = ["crates/", "docs/", "tests/", "xtask/"];

pub(super) fn broken(names: &BTreeSet<PathBuf>, files: &[Text]) -> Vec<String> {
    let pages = files.iter().filter(|file| file.has_extension(&["md"]));
    let documents: BTreeMap<_, _> = pages
        .map(|it| (it.name.as_path(), Document::of(it)))
        .collect();
    let (mut broken, mut in_index) = (Vec::new(), BTreeSet::new());
    for (name, document) in &documents {
        let shown = name.display();
        for (line, destination) in &document.links {
            if destination.contains("://") || destination.starts_with("mailto:") {
                continue; // another place of the network, which no test asks
            }
            let (path, anchor) = destination.split_once('#').unwrap_or((destination, ""));
            let target = resolved(name, path).filter(|target| exists(target, names));
            let there = target.as_ref().and_then(|it| documents.get(it.as_path()));
            let fails = match (&target, there) {
                (None, _) => "leads to no file of the project",
                (Some(_), None) if !anchor.is_empty() => "has an anchor, but leads to no document",
                (Some(_), Some(document)) if !document.has(anchor) => "leads to no heading",
                _ => "",
            };
            if !fails.is_empty() {
                broken.push(format!("{shown}:{line}: the link {destination} {fails}"));
            }
            if *name == Path::new(INDEX) {
                in_index.extend(target);
            }
        }
        let gone = document
            .paths
            .iter()
            .filter(|it| !exists(Path::new(&it.1), names));
        broken.extend(gone.map(|(line, path)| format!("{shown}:{line}: `{path}` is not there")));
    }
    let pages = documents.keys().filter(|name| name.starts_with("docs"));
    for page in pages.filter(|page| **page != Path::new(INDEX) && !in_index.contains(**page)) {
        let page = page.display();
        broken.push(format!(
            "{page}: {INDEX} does not link to it, so that few find it"
        ));
    }
    broken
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
    fn of(file: &Text) -> Self {
        let mut document = Self::default();
        let mut words = String::new(); // since the last heading began
        let parser = Parser::new_ext(&file.text, Options::ENABLE_TABLES);
        for (event, range) in parser.into_offset_iter() {
            let line = || file.line(range.start);
            match event {
                Event::Start(Tag::Heading { .. }) => words.clear(),
                Event::End(TagEnd::Heading(_)) => document.add_anchor(&words),
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    document.links.push((line(), dest_url.into_string()));
                }
                Event::Text(text) => words += &text,
                Event::Code(code) => {
                    words += &code;
                    if is_path(&code) {
                        document.paths.push((line(), code.into_string()));
                    }
                }
                _ => {}
            }
        }
        document
    }

    fn has(&self, anchor: &str) -> bool {
        anchor.is_empty() || self.anchors.contains(anchor)
    }

    /// Adds the anchor of a heading, as the pages of code hosts make it.
    fn add_anchor(&mut self, heading: &str) {
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        let slug: String = heading.to_lowercase().chars().filter(kept).collect();
        let slug = slug.replace(' ', "-");
        let numbered = (1..).map(|number| format!("{slug}-{number}"));
        let mut anchors = std::iter::once(slug.clone()).chain(numbered);
        let new = anchors.find(|anchor| !self.anchors.contains(anchor));
        self.anchors.extend(new);
    }
}

/// Whether the code is a path from the root, and not a pattern of paths.
fn is_path(code: &str) -> bool {
    let in_paths = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    FOLDERS.iter().any(|folder| code.starts_with(folder)) && code.chars().all(in_paths)
}

/// Where a link of a document leads, unless it leaves the project.
fn resolved(from: &Path, link: &str) -> Option<PathBuf> {
    if link.is_empty() {
        return Some(from.to_owned());
    }
    let mut target = from.parent()?.to_owned();
    for part in Path::new(link).components() {
        match part {
            Component::Normal(name) => target.push(name),
            Component::CurDir => {}
            Component::ParentDir if target.pop() => {}
            _ => return None,
        }
    }
    Some(target)
}

/// Whether it is a file, or a folder that has one.
fn exists(path: &Path, names: &BTreeSet<PathBuf>) -> bool {
    let mut from = names.range(path.to_path_buf()..);
    from.next().is_some_and(|name| name.starts_with(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(files: &[(&str, &str)]) -> Vec<String> {
        let names = files.iter().map(|(name, _)| PathBuf::from(name)).collect();
        let text = |(name, text): &(&str, &str)| Text {
            name: name.into(),
            text: (*text).to_owned(),
        };
        broken(&names, &files.iter().map(text).collect::<Vec<_>>())
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
                "3: the link b.md leads to no file of the project",
            ),
            (
                "[b](../../a.md)\n",
                "1: the link ../../a.md leads to no file of the project",
            ),
            ("[b](#b)\n", "1: the link #b leads to no heading"),
            (
                "[b][1]\n\n[1]: a.md#b\n",
                "1: the link a.md#b leads to no heading",
            ),
            (
                "| a |\n|---|\n| `docs/b.svg` |\n",
                "3: `docs/b.svg` is not there",
            ),
            (
                "[b](p.svg#b)\n",
                "1: the link p.svg#b has an anchor, but leads to no document",
            ),
        ] {
            let text = format!("{text}\n[a](a.md)\n");
            let index = (INDEX, text.as_str());
            let found = messages(&[index, ("docs/a.md", ""), ("docs/p.svg", "")]);
            assert_eq!(found, [format!("{INDEX}:{expected}")], "{text}");
        }
    }

    #[test]
    fn a_page_that_the_index_leaves_out_is_named() {
        let found = messages(&[(INDEX, "[a](a.md)\n"), ("docs/a.md", ""), ("docs/b.md", "")]);
        assert_eq!(
            found,
            ["docs/b.md: docs/README.md does not link to it, so that few find it"]
        );
    }
}
