//! What a committed checkpoint consists of, in the file that commits it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::{Deserialize, Serialize};

use crate::attributes::Attributes;
use crate::holes;
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
    /// Modes and times of directories, the root's under the empty path; earlier manifests have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) folders: Vec<Folder>,
}

/// What is optional here is not in earlier manifests, and not in the content's hash.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct FileEntry {
    pub(crate) path: String,
    pub(crate) bytes: u64,
    pub(crate) hash: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) attributes: Option<Attributes>,
    /// Another file before this one, of which this is a second name. It takes no room of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) same_as: Option<String>,
    /// Start and length of the parts that take no room.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) holes: Vec<(u64, u64)>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Folder {
    pub(crate) path: String,
    pub(crate) attributes: Attributes,
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
    pub(crate) folders: Vec<Folder>,
}

impl FileEntry {
    pub(crate) fn new(path: String) -> Self {
        Self {
            path,
            bytes: 0,
            hash: String::new(),
            attributes: None,
            same_as: None,
            holes: Vec::new(),
        }
    }

    /// What it takes.
    fn room(&self) -> u64 {
        if self.same_as.is_none() {
            self.bytes
        } else {
            0
        }
    }
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
            bytes: content.files.iter().map(FileEntry::room).sum(),
            hash: String::new(),
            files: content.files,
            links: content.links,
            directories: content.directories,
            folders: content.folders,
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
        self.check_extras()?;
        let bytes = self
            .files
            .iter()
            .try_fold(0_u64, |sum, f| sum.checked_add(f.room()));
        if bytes != Some(self.bytes) || self.hash != self.content_hash() {
            return Err("the manifest's sum does not match its files".to_owned());
        }
        Ok(())
    }

    /// That second names, holes and folders are of what there is.
    fn check_extras(&self) -> Result<(), String> {
        let mut firsts = BTreeMap::new();
        for file in &self.files {
            let first = match &file.same_as {
                Some(first) => firsts.get(first.as_str()).copied(),
                None => Some(file),
            };
            let content = |f: &FileEntry| (f.bytes, f.hash.clone());
            if first.map(content) != Some(content(file)) {
                return Err(format!("in the manifest {:?} is no second name", file.path));
            }
            if !holes::fit(&file.holes, file.bytes) {
                return Err(format!("in the manifest {:?} has odd holes", file.path));
            }
            if file.same_as.is_none() {
                firsts.insert(file.path.as_str(), file);
            }
        }
        let known: BTreeSet<&str> = self.directories.iter().map(String::as_str).collect();
        let odd = |folder: &&Folder| !folder.path.is_empty() && !known.contains(&*folder.path);
        match self.folders.iter().find(odd) {
            Some(folder) => Err(format!("the manifest lacks the folder {:?}", folder.path)),
            None => Ok(()),
        }
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
#[path = "manifest_tests.rs"]
mod tests;
