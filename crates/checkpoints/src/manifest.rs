//! What a committed checkpoint consists of, in the file that commits it.

use std::collections::BTreeSet;
use std::io;

use serde::{Deserialize, Serialize};

use crate::stamp::Stamp;

/// The file beside the data. Two lines: the manifest, and the hash of the first line.
pub(crate) const FILE: &str = "manifest.jsonl";
const FORMAT: u32 = 1;

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Manifest {
    pub(crate) format: u32,
    pub(crate) run: String,
    pub(crate) trial: String,
    pub(crate) level: u64,
    pub(crate) attempt: u64,
    pub(crate) sequence: u64,
    pub(crate) bytes: u64,
    pub(crate) hash: String,
    pub(crate) files: Vec<FileEntry>,
    pub(crate) links: Vec<LinkEntry>,
    pub(crate) directories: Vec<String>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct FileEntry {
    pub(crate) path: String,
    pub(crate) bytes: u64,
    pub(crate) hash: String,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct LinkEntry {
    pub(crate) path: String,
    pub(crate) target: String,
}

/// What lies in a checkpoint, without whose it is.
#[derive(Debug, Default)]
pub(crate) struct Content {
    pub(crate) files: Vec<FileEntry>,
    pub(crate) links: Vec<LinkEntry>,
    pub(crate) directories: Vec<String>,
}

#[derive(Deserialize, Serialize)]
struct Seal {
    seal: String,
}

impl Manifest {
    pub(crate) fn new(
        run: &str,
        trial: &str,
        stamp: Stamp,
        attempt: u64,
        content: Content,
    ) -> Self {
        let mut manifest = Self {
            format: FORMAT,
            run: run.to_owned(),
            trial: trial.to_owned(),
            level: stamp.level,
            attempt,
            sequence: stamp.sequence,
            bytes: content.files.iter().map(|file| file.bytes).sum(),
            hash: String::new(),
            files: content.files,
            links: content.links,
            directories: content.directories,
        };
        manifest.hash = manifest.content_hash();
        manifest
    }

    pub(crate) fn stamp(&self) -> Stamp {
        Stamp {
            sequence: self.sequence,
            level: self.level,
        }
    }

    pub(crate) fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec(self)?;
        let seal = Seal {
            seal: blake3::hash(&bytes).to_hex().to_string(),
        };
        bytes.push(b'\n');
        serde_json::to_writer(&mut bytes, &seal)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads a manifest; the error says what is wrong with it.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let end = bytes.iter().position(|&b| b == b'\n');
        let (body, seal) = bytes.split_at(end.ok_or("the manifest is cut off")?);
        let seal: Seal =
            serde_json::from_slice(seal).map_err(|_| "the manifest's seal cannot be read")?;
        if seal.seal != blake3::hash(body).to_hex().as_str() {
            return Err("the manifest does not match its seal".to_owned());
        }
        let manifest: Self = serde_json::from_slice(body)
            .map_err(|error| format!("the manifest cannot be read: {error}"))?;
        manifest.check()?;
        Ok(manifest)
    }

    /// That nothing in it leads outside, and its parts agree.
    fn check(&self) -> Result<(), String> {
        if self.format != FORMAT {
            return Err(format!("manifests of format {} are not known", self.format));
        }
        let mut seen = BTreeSet::new();
        let files = self.files.iter().map(|file| &file.path);
        let links = self.links.iter().map(|link| &link.path);
        for path in files.chain(links) {
            if !is_inside(path) || !seen.insert(path.as_str()) {
                return Err(format!("the manifest holds the path {path:?}"));
            }
        }
        let all = || seen.iter().copied();
        let directories = self.directories.iter().map(String::as_str);
        for path in all().chain(directories.clone()) {
            if parents(path).any(|parent| seen.contains(parent)) {
                return Err(format!(
                    "in the manifest {path:?} lies below a file or link"
                ));
            }
        }
        if let Some(path) = directories
            .into_iter()
            .find(|p| !is_inside(p) || seen.contains(p))
        {
            return Err(format!("the manifest holds the directory {path:?}"));
        }
        let outside = |link: &&LinkEntry| !stays_inside(&link.path, &link.target);
        if let Some(link) = self.links.iter().find(outside) {
            return Err(format!("in the manifest {:?} leads outside", link.path));
        }
        let bytes = self
            .files
            .iter()
            .try_fold(0_u64, |sum, f| sum.checked_add(f.bytes));
        if bytes != Some(self.bytes) || self.hash != self.content_hash() {
            return Err("the manifest's sum does not match its files".to_owned());
        }
        Ok(())
    }

    /// Hash of names, sizes, hashes and links; of what is in the checkpoint, not whose it is.
    fn content_hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let mut text = |kind: u8, text: &str| {
            hasher.update(&[kind]);
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        for file in &self.files {
            text(b'f', &file.path);
            text(b'n', &file.bytes.to_string());
            text(b'h', &file.hash);
        }
        for link in &self.links {
            text(b'l', &link.path);
            text(b't', &link.target);
        }
        for directory in &self.directories {
            text(b'd', directory);
        }
        hasher.finalize().to_hex().to_string()
    }
}

/// Whether a path of a manifest, parts divided by `/`, stays below the directory it is joined to.
fn is_inside(path: &str) -> bool {
    let foreign = |c| c == '\0' || (cfg!(windows) && matches!(c, '\\' | ':'));
    path.split('/').all(|part| !matches!(part, "" | "." | "..")) && !path.contains(foreign)
}

fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(place, _)| &path[..place])
}

/// Whether a link at `path` leads to a place inside the checkpoint: a relative target that goes up
/// no further than the link's own depth, and only at its beginning (further up within the target
/// the way back depends on other links).
pub(crate) fn stays_inside(path: &str, target: &str) -> bool {
    let mut depth = path.matches('/').count();
    let mut rest = target;
    while let Some(tail) = rest.strip_prefix("../") {
        if depth == 0 {
            return false;
        }
        depth -= 1;
        rest = tail;
    }
    match rest {
        ".." => depth > 0,
        "." => true,
        _ => is_inside(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(change: impl FnOnce(&mut Manifest)) -> Result<Manifest, String> {
        let content = Content {
            files: ["a", "b/c"].map(file).into(),
            links: vec![link("b/d", "../a")],
            directories: vec!["b".to_owned(), "e".to_owned()],
        };
        let stamp = Stamp {
            sequence: 4,
            level: 9,
        };
        let mut manifest = Manifest::new("run", "7", stamp, 1, content);
        change(&mut manifest);
        manifest.bytes = manifest.files.iter().map(|file| file.bytes).sum();
        manifest.hash = manifest.content_hash();
        Manifest::parse(&manifest.to_bytes().unwrap())
    }

    fn file(path: &str) -> FileEntry {
        FileEntry {
            path: path.to_owned(),
            bytes: 1,
            hash: String::new(),
        }
    }

    fn link(path: &str, target: &str) -> LinkEntry {
        LinkEntry {
            path: path.to_owned(),
            target: target.to_owned(),
        }
    }

    #[test]
    fn hostile_manifests_are_refused_although_their_seal_is_right() {
        assert!(manifest(|_| {}).is_ok());
        for path in [
            "",
            "..",
            "../x",
            "/etc/passwd",
            "x/../../y",
            "x//y",
            "./x",
            "a\0b",
            "x/",
        ] {
            let path = path.replace("\\0", "\0");
            assert!(manifest(|m| m.files[0] = file(&path)).is_err(), "{path:?}");
            assert!(
                manifest(|m| m.directories[1] = path.clone()).is_err(),
                "{path:?}"
            );
            assert!(
                manifest(|m| m.links[0].path = path.clone()).is_err(),
                "{path:?}"
            );
        }
        assert!(manifest(|m| m.files[1] = file("a")).is_err());
        assert!(manifest(|m| m.files[1] = file("a/b")).is_err());
        assert!(manifest(|m| m.files[1] = file("b/d/x")).is_err());
        assert!(manifest(|m| m.directories[1] = "b/d".to_owned()).is_err());
        assert!(manifest(|m| m.links[0].target = "../../x".to_owned()).is_err());
        assert!(manifest(|m| m.format = 2).is_err());
    }

    #[test]
    fn each_changed_byte_of_a_manifest_is_noticed() {
        let bytes = manifest(|_| {}).unwrap().to_bytes().unwrap();
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            assert!(Manifest::parse(&changed).is_err(), "{place}");
            assert!(Manifest::parse(&bytes[..place]).is_err() || place + 1 == bytes.len());
        }
    }

    #[test]
    fn sizes_that_do_not_fit_are_no_panic() {
        let mut broken = manifest(|_| {}).unwrap();
        broken.files[0].bytes = u64::MAX;
        assert!(Manifest::parse(&broken.to_bytes().unwrap()).is_err());
    }

    #[test]
    fn links_stay_inside_only_where_no_other_link_can_lead_them_out() {
        for (path, target) in [
            ("a", "b"),
            ("a/b", "../c"),
            ("a/b", ".."),
            ("a", "."),
            ("a", "b/c"),
        ] {
            assert!(stays_inside(path, target), "{path} {target}");
        }
        for (path, target) in [
            ("a", ".."),
            ("a", "../b"),
            ("a/b", "../../c"),
            ("a", "b/../../c"),
            ("a/b", "x/.."),
            ("a", "/b"),
            ("a", ""),
        ] {
            assert!(!stays_inside(path, target), "{path} {target}");
        }
    }
}
