//! That what is deleted belongs to nobody else.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use foldhash::fast::FixedState;
use thiserror::Error;

use crate::choose::{Disk, Doomed, RunTable};

/// Links that are followed on the way along one path, as many as a system follows.
const MOST_LINKS: usize = 40;

/// A path of a checkpoint that can go leads to, holds, or lies in one that stays.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error(
    "the checkpoint of trial `{doomed}` at `{path}` could go, but the one of trial `{kept}` lies \
     there too and stays: give each trial a path of its own"
)]
pub struct SharedPath {
    /// The trial whose checkpoint could go.
    pub doomed: String,
    /// Its path, as the table tells it.
    pub path: String,
    /// The trial whose checkpoint stays.
    pub kept: String,
}

/// Refuses paths that are, hold, or lie in the path of another trial that keeps its own.
pub(super) fn check(
    table: &RunTable,
    removals: &[Doomed],
    disk: &mut Disk<'_>,
) -> Result<(), SharedPath> {
    let paths = removals.iter().map(|it| it.paths.len()).sum();
    if paths == 0 {
        return Ok(());
    }
    let mut walk = Walk::new(disk);
    let mut doomed = HashMap::with_capacity_and_hasher(paths, FixedState::default());
    for it in removals {
        for path in &it.paths {
            let place = walk.along(path);
            doomed.insert(place.itself.into_os_string(), (it, path));
            doomed.insert(place.target.into_os_string(), (it, path));
        }
    }
    let going = removals.iter().map(|it| it.trial.as_str());
    let going: HashSet<&str, FixedState> = going.collect();
    let shared = |(doomed, path): (&Doomed, &String), kept: &str| SharedPath {
        doomed: doomed.trial.clone(),
        path: path.clone(),
        kept: kept.to_owned(),
    };
    let staying = table.trials.iter().filter(|it| !going.contains(&*it.id));
    let mut kept = HashMap::<OsString, &str, FixedState>::default();
    for trial in staying {
        for (path, _) in &trial.paths {
            let place = walk.along(path);
            let needed = place.links.iter().chain([&place.target]);
            let found = needed
                .flat_map(|it| above(it))
                .find_map(|it| doomed.get(it));
            if let Some(&doomed) = found {
                return Err(shared(doomed, &trial.id));
            }
            kept.insert(place.target.into_os_string(), &trial.id);
        }
    }
    for (place, &it) in &doomed {
        if let Some(kept) = above(Path::new(place)).find_map(|it| kept.get(it)) {
            return Err(shared(it, kept));
        }
    }
    Ok(())
}

/// A path, and the folders that it lies in.
fn above(path: &Path) -> impl Iterator<Item = &OsStr> {
    path.ancestors().map(Path::as_os_str)
}

/// Where a path leads. All paths here are without `.` and `..`, and the folders that they lie in are no links.
#[derive(Debug, PartialEq)]
struct Place {
    /// What is deleted with the path: a link itself, not what it leads to.
    itself: PathBuf,
    /// What is found there.
    target: PathBuf,
    /// Links on the way, without which it is not found.
    links: Vec<PathBuf>,
}

/// The way along many paths, which have most of their folders in common.
struct Walk<'w, 'd> {
    disk: &'w mut Disk<'d>,
    folders: HashMap<OsString, Option<PathBuf>, FixedState>,
}

impl<'w, 'd> Walk<'w, 'd> {
    fn new(disk: &'w mut Disk<'d>) -> Self {
        Self {
            disk,
            folders: HashMap::default(),
        }
    }

    fn along(&mut self, path: &str) -> Place {
        let mut at = PathBuf::new();
        let mut ahead = parts(&self.disk.working_directory.join(path));
        let (mut itself, mut links) = (None, Vec::new());
        while let Some(part) = ahead.pop() {
            step(&mut at, &part);
            // What a link puts before the rest comes later: here the path itself is at its end.
            if ahead.is_empty() && itself.is_none() {
                itself = Some(at.clone());
            }
            let leads = self.link(&at, ahead.is_empty());
            if let Some(target) = leads.filter(|_| links.len() < MOST_LINKS) {
                links.push(at.clone());
                at.pop();
                ahead.extend(parts(&target));
            }
        }
        Place {
            itself: itself.unwrap_or_else(|| at.clone()),
            target: at,
            links,
        }
    }

    fn link(&mut self, path: &Path, is_last: bool) -> Option<PathBuf> {
        path.file_name()?;
        if is_last {
            return (self.disk.read_link)(path);
        }
        if let Some(known) = self.folders.get(path.as_os_str()) {
            return known.clone();
        }
        let found = (self.disk.read_link)(path);
        self.folders.insert(path.into(), found.clone());
        found
    }
}

/// The parts of a path, the last one first.
fn parts(path: &Path) -> Vec<OsString> {
    let parts = path.components().rev();
    parts.map(|part| part.as_os_str().to_owned()).collect()
}

/// Goes on by one part. Behind a root nothing is above; without one nobody knows what is.
fn step(at: &mut PathBuf, part: &OsStr) {
    match Path::new(part).components().next() {
        Some(Component::CurDir) | None => {}
        Some(Component::ParentDir) if at.file_name().is_some() => drop(at.pop()),
        Some(Component::ParentDir) if at.has_root() => {}
        _ => at.push(part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a path leads, on a disk with these links.
    fn place(here: &str, links: &[(&str, &str)], path: &str) -> Place {
        let mut read_link = |path: &Path| {
            let found = links.iter().find(|link| Path::new(link.0) == path)?;
            Some(PathBuf::from(found.1))
        };
        let mut disk = Disk {
            working_directory: here.into(),
            read_link: &mut read_link,
            is_there: &mut |_| true,
            size: &mut |_| None,
        };
        Walk::new(&mut disk).along(path)
    }

    #[test]
    fn what_changes_nothing_is_left_out() {
        let pairs = [
            ("/a/b", "/a/b"),
            ("a/b", "a/b"),
            ("//a/./b//", "/a/b"),
            ("./a/b/.", "a/b"),
            ("/", "/"),
            ("/../a", "/a"),
            ("../../a", "../../a"),
            ("a/../b/c/..", "b"),
            ("a/../../b", "../b"),
            (".", ""),
            ("a b\n", "a b\n"),
        ];
        for (path, expected) in pairs {
            let place = place("", &[], path);
            assert_eq!(place.target.as_os_str(), expected, "{path}");
            assert_eq!(place.itself, place.target, "{path}");
            assert!(place.links.is_empty(), "{path}");
        }
    }

    #[test]
    fn a_relative_path_begins_in_the_working_directory() {
        let pairs = [("b", "/x/y/b"), ("..", "/x"), (".", "/x/y"), ("/b", "/b")];
        for (path, expected) in pairs {
            let target = place("/x/y", &[], path).target;
            assert_eq!(target.as_os_str(), expected, "{path}");
        }
    }

    #[test]
    fn links_are_followed() {
        let links = [
            ("/x/last", "real"),
            ("/x/folder", "/far/away"),
            ("/x/twice", "last"),
            ("/far/away/up", "../here"),
            ("/x/round", "round"),
        ];
        // What is deleted, what is found, and the links between.
        let cases: [(&str, &str, &str, &[&str]); 6] = [
            ("plain", "/x/plain", "/x/plain", &[]),
            ("last", "/x/last", "/x/real", &["/x/last"]),
            ("folder/a", "/far/away/a", "/far/away/a", &["/x/folder"]),
            ("folder/../a", "/far/a", "/far/a", &["/x/folder"]),
            ("twice", "/x/twice", "/x/real", &["/x/twice", "/x/last"]),
            (
                "folder/up",
                "/far/away/up",
                "/far/here",
                &["/x/folder", "/far/away/up"],
            ),
        ];
        for (path, itself, target, through) in cases {
            let expected = Place {
                itself: itself.into(),
                target: target.into(),
                links: through.iter().map(PathBuf::from).collect(),
            };
            assert_eq!(place("/x", &links, path), expected, "{path}");
        }
        let round = place("/x", &links, "round/a");
        assert_eq!(round.target, Path::new("/x/round/a"));
    }
}
