//! What lies in a live folder, and what of it a checkpoint keeps.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use crate::attributes::{Attributes, Mended};
use crate::fingerprint::Stat;
use crate::manifest::{Content, FileEntry, Folder, LinkEntry, stays_inside};
use crate::{LeftOut, StoreError, tree};

/// What lies below a directory.
#[derive(Debug, Default)]
pub(crate) struct Scanned {
    /// Sorted; sizes, hashes and holes are not filled in.
    pub(crate) content: Content,
    /// By path, of each file and of each folder; the root is "".
    pub(crate) stats: BTreeMap<String, Stat>,
    /// By device and inode: how many names a file has anywhere, where it is more than one, and those
    /// below the root.
    pub(crate) linked: BTreeMap<(u64, u64), (u64, Vec<String>)>,
    pub(crate) left_out: Vec<LeftOut>,
    pub(crate) mended: Mended,
}

impl Scanned {
    /// Looks at what lies below a directory. The rights that are needed to read it are added.
    pub(crate) fn of(root: &Path) -> Result<Self, StoreError> {
        let mut scanned = Self::default();
        let metadata = fs::symlink_metadata(root).map_err(StoreError::io("look at", root))?;
        let mut open = scanned.add_folder(root, String::new(), &metadata);
        while let Some(parent) = open.pop() {
            let directory = root.join(&parent);
            let entries = match tree::read_dir(&directory) {
                Err(error) if is_denied(&error) && !parent.is_empty() => {
                    scanned.forget_folder(&parent);
                    scanned.leave_out(parent.into(), "the runner may not read it".to_owned());
                    continue;
                }
                other => other?,
            };
            for entry in entries {
                let name = entry.file_name();
                let Some(name) = name.to_str() else {
                    let path = Path::new(&parent).join(&name);
                    scanned.leave_out(path, "its name is not Unicode".to_owned());
                    continue;
                };
                let below = if parent.is_empty() {
                    name.to_owned()
                } else {
                    format!("{parent}/{name}")
                };
                open.extend(scanned.add(root, below, &entry.path())?);
            }
        }
        scanned.sort();
        Ok(scanned)
    }

    /// Returns what is to be looked into as well.
    fn add(
        &mut self,
        root: &Path,
        below: String,
        path: &Path,
    ) -> Result<Option<String>, StoreError> {
        let metadata = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(StoreError::Changed {
                    path: path.to_owned(),
                });
            }
            other => other.map_err(StoreError::io("look at", path))?,
        };
        if metadata.is_dir() {
            self.content.directories.push(below.clone());
            return Ok(self.add_folder(path, below, &metadata).pop());
        }
        if metadata.is_file() {
            self.add_file(path, below, &metadata);
        } else if metadata.is_symlink() {
            match link(root, path, &below)? {
                Ok(target) => self.content.links.push(LinkEntry {
                    path: below,
                    target,
                }),
                Err(reason) => self.leave_out(below.into(), reason),
            }
        } else {
            let reason = "it is a pipe, a socket or a device";
            self.leave_out(below.into(), reason.to_owned());
        }
        Ok(None)
    }

    fn add_folder(&mut self, path: &Path, below: String, metadata: &Metadata) -> Vec<String> {
        self.content
            .folders
            .extend(Attributes::of(metadata).map(|attributes| Folder {
                path: below.clone(),
                attributes,
            }));
        self.mended.read(path, metadata);
        self.stats.insert(below.clone(), Stat::of(metadata));
        vec![below]
    }

    fn forget_folder(&mut self, below: &str) {
        self.content.directories.retain(|path| path != below);
        self.content.folders.retain(|folder| folder.path != below);
        self.stats.remove(below);
    }

    fn add_file(&mut self, path: &Path, below: String, metadata: &Metadata) {
        let stat = Stat::of(metadata);
        let names = names_of(metadata);
        if names > 1 {
            let inode = (stat.device, stat.inode);
            let linked = self.linked.entry(inode).or_default();
            linked.0 = names;
            linked.1.push(below.clone());
        }
        self.mended.read(path, metadata);
        self.stats.insert(below.clone(), stat);
        self.content.files.push(FileEntry {
            attributes: Attributes::of(metadata),
            ..FileEntry::new(below)
        });
    }

    pub(crate) fn leave_out(&mut self, path: PathBuf, reason: String) {
        self.left_out.push(LeftOut { path, reason });
    }

    fn sort(&mut self) {
        let content = &mut self.content;
        content.files.sort_by(|a, b| a.path.cmp(&b.path));
        content.links.sort_by(|a, b| a.path.cmp(&b.path));
        content.folders.sort_by(|a, b| a.path.cmp(&b.path));
        content.directories.sort();
        self.left_out.sort_by(|a, b| a.path.cmp(&b.path));
        for (_, names) in self.linked.values_mut() {
            names.sort();
        }
        // The first name of a file stands for it; the others say that they are the same.
        let firsts: BTreeMap<&String, &String> = self
            .linked
            .values()
            .flat_map(|(_, names)| names[1..].iter().map(|name| (name, &names[0])))
            .collect();
        for file in &mut content.files {
            file.same_as = firsts.get(&file.path).map(|&first| first.clone());
        }
    }
}

fn is_denied(error: &StoreError) -> bool {
    error.io_kind() == Some(std::io::ErrorKind::PermissionDenied)
}

#[cfg(unix)]
fn names_of(metadata: &Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    metadata.nlink()
}

#[cfg(not(unix))]
fn names_of(_: &Metadata) -> u64 {
    1
}

/// Where a link leads, from its own folder on; the inner error says why it cannot be kept.
fn link(root: &Path, path: &Path, below: &str) -> Result<Result<String, String>, StoreError> {
    let target = fs::read_link(path).map_err(StoreError::io("read the link", path))?;
    if !cfg!(unix) {
        return Ok(Err("it is a link".to_owned()));
    }
    let Some(text) = target.to_str() else {
        return Ok(Err("it is a link to a name that is not Unicode".to_owned()));
    };
    if stays_inside(below, text) {
        return Ok(Ok(text.to_owned()));
    }
    // An absolute target may be written out, or lead here by way of other links.
    let written = target.strip_prefix(root).ok().map(Path::to_owned);
    let real = || {
        let real = fs::canonicalize(path).ok()?;
        Some(real.strip_prefix(root).ok()?.to_owned())
    };
    let relative = |inside: PathBuf| relative(below, &inside);
    let inside = written
        .and_then(relative)
        .or_else(|| real().and_then(relative));
    Ok(inside.ok_or_else(|| format!("it is a link to {text:?}, outside the checkpoint")))
}

/// The way from the folder of a link to a place below the same root.
fn relative(link: &str, inside: &Path) -> Option<String> {
    let to: Vec<&str> = inside
        .components()
        .map(|part| match part {
            std::path::Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let mut from: Vec<&str> = link.split('/').collect();
    from.pop();
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", from.len() - common);
    let way: Vec<&str> = up.chain(to[common..].iter().copied()).collect();
    let way = if way.is_empty() {
        ".".to_owned()
    } else {
        way.join("/")
    };
    stays_inside(link, &way).then_some(way)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_is_as_short_as_can_be_and_stays_inside() {
        for (link, inside, way) in [
            ("last", "steps/9", Some("steps/9")),
            ("steps/last", "steps/9/weights", Some("9/weights")),
            ("steps/last", "weights", Some("../weights")),
            ("a/b/c", "a", Some("..")),
            ("a/b/c", "", Some("../..")),
            ("a", "", Some(".")),
            ("a/b", "a", Some(".")),
            ("a", "x/../y", None),
        ] {
            let found = relative(link, Path::new(inside));
            assert_eq!(found.as_deref(), way, "{link} {inside}");
        }
    }
}
