//! Files that somebody else can still write to.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::writers::Writers;
use crate::attributes::{Attributes, Mended};
use crate::holes::{self, Sparse};
use crate::scan::Scanned;
use crate::{Step, Steps, StoreError, tree};

/// Beside the live folder: a copy that is not whole yet.
const COPY: &str = "copy";

/// Replaces each file that has a name outside the folder, or that a process has open for writing,
/// by a copy of its own, so that later writes through the other way do not reach the checkpoint.
/// Whether there was any.
pub(super) fn make_private(
    writers: &Writers,
    place: &Path,
    data: &Path,
    scanned: &Scanned,
    steps: &Steps,
) -> Result<bool, StoreError> {
    let copy = place.join(COPY);
    remove_if_any(&copy)?; // a kill left it
    let open = writers.open_files(place, scanned);
    let mut groups: Vec<Vec<&str>> = Vec::new();
    for (inode, (names, inside)) in &scanned.linked {
        if *names > inside.len() as u64 || open.contains(inode) {
            groups.push(inside.iter().map(String::as_str).collect());
        }
    }
    for file in &scanned.content.files {
        let inode = scanned.stats.get(&file.path).map(|s| (s.device, s.inode));
        let single = inode.is_some_and(|i| open.contains(&i) && !scanned.linked.contains_key(&i));
        if single {
            groups.push(vec![&file.path]);
        }
    }
    // New names in a folder change its time, which is the program's.
    let _folders = Untouched::of(data, &groups)?;
    for names in &groups {
        steps.reach(Step::Copying)?;
        replace(data, &copy, names)?;
    }
    Ok(!groups.is_empty())
}

fn replace(data: &Path, copy: &Path, names: &[&str]) -> Result<(), StoreError> {
    let Some((first, others)) = names.split_first() else {
        return Ok(());
    };
    let path = data.join(first);
    let metadata = fs::symlink_metadata(&path).map_err(StoreError::io("look at", &path))?;
    let mut source = match tree::open_regular(&path) {
        // What the runner may not read is left out of the checkpoint.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(()),
        other => other.map_err(StoreError::io("open", &path))?,
    };
    if let Err(error) = copy_file(&mut source, copy) {
        // On a full disk each byte counts; what is left all the same goes at the next commit.
        let _ = fs::remove_file(copy);
        return Err(StoreError::io("copy", &path)(error));
    }
    if let Some(attributes) = Attributes::of(&metadata) {
        let kept = attributes.apply(copy);
        kept.map_err(StoreError::place("set the mode of", copy))?;
    }
    fs::rename(copy, &path).map_err(StoreError::io("replace", &path))?;
    for other in others {
        let other = data.join(other);
        let linked = fs::hard_link(&path, copy).and_then(|()| fs::rename(copy, &other));
        linked.map_err(StoreError::io("replace", &other))?;
    }
    Ok(())
}

fn copy_file(source: &mut File, copy: &Path) -> io::Result<()> {
    let mut target = tree::create_private(copy)?;
    if tree::share_blocks(source, &target) {
        return Ok(());
    }
    let holes = holes::find(source, &source.metadata()?);
    io::Seek::rewind(source)?;
    let mut sparse = Sparse::new(&mut target, &holes);
    io::copy(source, &mut sparse)?;
    sparse.finish()
}

fn remove_if_any(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::place("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// Puts the times of folders back when it is dropped, and the rights that were added.
struct Untouched {
    folders: Vec<(std::path::PathBuf, Attributes)>,
    _mended: Mended,
}

impl Untouched {
    fn of(data: &Path, groups: &[Vec<&str>]) -> Result<Self, StoreError> {
        let parent = |name: &&str| data.join(name.rsplit_once('/').map_or("", |parts| parts.0));
        let parents: BTreeSet<_> = groups.iter().flatten().map(parent).collect();
        let (mut folders, mut mended) = (Vec::new(), Mended::default());
        for folder in parents {
            let metadata = fs::symlink_metadata(&folder);
            let metadata = metadata.map_err(StoreError::io("look at", &folder))?;
            mended.change(&folder, &metadata);
            if let Some(attributes) = Attributes::of(&metadata) {
                folders.push((folder, attributes));
            }
        }
        Ok(Self {
            folders,
            _mended: mended,
        })
    }
}

impl Drop for Untouched {
    fn drop(&mut self) {
        for (folder, attributes) in &self.folders {
            // A time that could not be put back is the time of the copy.
            let _ = attributes.apply_time(folder);
        }
    }
}
