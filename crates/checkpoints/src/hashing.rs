//! Hashing what lies in a live folder, and waiting until it is on the disk.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::fingerprint::Stat;
use crate::scan::Scanned;
use crate::tree::{self, PourError};
use crate::{StoreError, holes};

/// From this number of files on, the whole file system is synced once instead of each file.
const MANY: usize = 64;
/// Threads that read at once; more would not make a disk faster.
const THREADS: usize = 4;
/// No clock of a file system that counts nanoseconds stands still for longer.
const TICK: Duration = Duration::from_millis(20);

/// What was hashed before, and need not be read again as long as it has not changed.
#[derive(Debug, Default)]
pub(crate) struct Hashed {
    files: BTreeMap<String, (Stat, Found)>,
    /// What has been synced along with them.
    folders: BTreeMap<String, Stat>,
}

#[derive(Clone, Debug, Default)]
struct Found {
    bytes: u64,
    hash: String,
    holes: Vec<(u64, u64)>,
}

impl Hashed {
    /// Fills in sizes, hashes and holes, and waits until everything is on the disk. What is told
    /// apart by nothing but its content is read, the rest is known from before. With `again` it is
    /// remembered for the next time.
    ///
    /// # Errors
    ///
    /// [`StoreError::Changed`] if something was written to meanwhile.
    pub(crate) fn fill(
        &mut self,
        root: &Path,
        scanned: &mut Scanned,
        again: bool,
    ) -> Result<(), StoreError> {
        let files = &scanned.content.files;
        let is_new = |path: &String| {
            let before = self.files.get(path).map(|(stat, _)| stat);
            before != scanned.stats.get(path)
        };
        let own = files.iter().filter(|file| file.same_as.is_none());
        let new: Vec<&str> = own
            .map(|file| &file.path)
            .filter(|path| is_new(path))
            .map(String::as_str)
            .collect();
        let times = new.iter().filter_map(|&path| scanned.stats.get(path));
        let trusted = again && wait_for_the_clock(times);
        let together = new.len() >= MANY && sync_all(root)?;
        let results = in_threads(&new, |path| {
            hash_file(root, path, scanned.stats.get(path), !together)
        })?;
        if !together {
            self.sync_folders(root, scanned)?;
        }
        let results: BTreeMap<String, Option<Found>> =
            new.into_iter().map(str::to_owned).zip(results).collect();
        self.enter(results, scanned);
        check_unchanged(root, scanned)?;
        if !trusted {
            self.files.clear();
        }
        Ok(())
    }

    /// Folders that were synced before and have not changed are passed over.
    fn sync_folders(&self, root: &Path, scanned: &Scanned) -> Result<(), StoreError> {
        let folders = scanned.content.directories.iter().map(String::as_str);
        // Deeper ones come later in the order.
        let all: Vec<&str> = std::iter::once("").chain(folders).collect();
        for folder in all.into_iter().rev() {
            if self.folders.get(folder) != scanned.stats.get(folder) {
                tree::sync_dir(&root.join(folder))?;
            }
        }
        Ok(())
    }

    fn enter(&mut self, mut results: BTreeMap<String, Option<Found>>, scanned: &mut Scanned) {
        let mut before = std::mem::take(&mut self.files);
        let mut unreadable = Vec::new();
        let mut files = std::mem::take(&mut scanned.content.files);
        files.retain_mut(|file| {
            // The names of one file are sorted, so the first comes first.
            let known = match &file.same_as {
                Some(first) => self.files.get(first).map(|(_, found)| found.clone()),
                None => match results.remove(&file.path) {
                    Some(result) => result,
                    None => before.remove(&file.path).map(|(_, found)| found),
                },
            };
            let (Some(found), Some(&stat)) = (known, scanned.stats.get(&file.path)) else {
                unreadable.push(file.path.clone());
                return false;
            };
            file.bytes = found.bytes;
            file.hash.clone_from(&found.hash);
            file.holes.clone_from(&found.holes);
            self.files.insert(file.path.clone(), (stat, found));
            true
        });
        scanned.content.files = files;
        for path in unreadable {
            scanned.stats.remove(&path);
            scanned.leave_out(path.into(), "the runner may not read it".to_owned());
        }
        let folders = scanned.content.directories.iter().chain([&ROOT]);
        let stat = |path: &String| Some((path.clone(), *scanned.stats.get(path)?));
        self.folders = folders.filter_map(stat).collect();
    }
}

static ROOT: String = String::new();

/// Waits until the file system's clock has moved on since the newest of these was written, so that
/// a later write has a later time. False: its clock is too coarse to wait for, or ahead.
fn wait_for_the_clock<'a>(stats: impl Iterator<Item = &'a Stat>) -> bool {
    let newest = stats.map(|stat| stat.modified.max(stat.changed)).max();
    let Some((seconds, nanoseconds)) = newest else {
        return true;
    };
    let newest = Duration::new(
        u64::try_from(seconds).unwrap_or(0),
        u32::try_from(nanoseconds).unwrap_or(0),
    );
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let age = now.unwrap_or_default().checked_sub(newest);
    match age {
        Some(age) if age >= Duration::from_secs(3) => true,
        Some(_) if nanoseconds == 0 => false,
        Some(age) => {
            thread::sleep(TICK.saturating_sub(age));
            true
        }
        None => false,
    }
}

/// Calls a function for each path in a few threads; the results in the same order.
fn in_threads<T: Send>(
    paths: &[&str],
    call: impl Fn(&str) -> Result<T, StoreError> + Sync,
) -> Result<Vec<T>, StoreError> {
    // To ask for the number of cores takes longer than to hash one small file.
    let cores = || thread::available_parallelism().map_or(1, usize::from);
    let threads = if paths.len() < 2 {
        1
    } else {
        cores().min(THREADS).min(paths.len())
    };
    if threads < 2 {
        return paths.iter().map(|path| call(path)).collect();
    }
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(paths.len()));
    let work = || {
        let mut own = Vec::new();
        while let Some((place, path)) = {
            let place = next.fetch_add(1, Ordering::Relaxed);
            paths.get(place).map(|path| (place, path))
        } {
            let result = call(path);
            if result.is_err() {
                // The others need not go on.
                next.store(paths.len(), Ordering::Relaxed);
            }
            own.push((place, result));
        }
        let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
        results.extend(own);
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(place, _)| *place);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Syncs and hashes a file. None: the runner may not read it.
fn hash_file(
    root: &Path,
    below: &str,
    expected: Option<&Stat>,
    sync: bool,
) -> Result<Option<Found>, StoreError> {
    let path = root.join(below);
    let mut file = match tree::open_regular(&path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(StoreError::Changed { path });
        }
        other => other.map_err(StoreError::io("open", &path))?,
    };
    if sync {
        tree::sync_file(&path, &file)?;
    }
    let metadata = file.metadata().map_err(StoreError::io("look at", &path))?;
    let holes = holes::find(&file, &metadata);
    rewind(&mut file).map_err(StoreError::io("read", &path))?;
    let poured = tree::pour(&mut file, &mut io::sink());
    let (bytes, hash) = poured.map_err(|error| match error {
        PourError::Read(error) | PourError::Write(error) => StoreError::io("read", &path)(error),
    })?;
    // Rights that were added have changed the time of the last change, and nothing else.
    let same = |stat: &Stat| (stat.inode, stat.modified) == now(&metadata);
    if bytes != metadata.len() || !expected.is_some_and(same) {
        return Err(StoreError::Changed { path });
    }
    Ok(Some(Found { bytes, hash, holes }))
}

fn now(metadata: &fs::Metadata) -> (u64, (i64, i64)) {
    let stat = Stat::of(metadata);
    (stat.inode, stat.modified)
}

fn rewind(file: &mut File) -> io::Result<()> {
    io::Seek::rewind(file)
}

/// That what was looked at is still as it was.
fn check_unchanged(root: &Path, scanned: &Scanned) -> Result<(), StoreError> {
    for (below, stat) in &scanned.stats {
        let path = root.join(below);
        let same = fs::symlink_metadata(&path).is_ok_and(|metadata| {
            let now = Stat::of(&metadata);
            let size = metadata.is_dir() || now.bytes == stat.bytes;
            size && (now.inode, now.modified) == (stat.inode, stat.modified)
        });
        if !same {
            return Err(StoreError::Changed { path });
        }
    }
    Ok(())
}

/// Waits until everything that was written to a file system is on the disk; false where the system
/// has no such call.
#[cfg(target_os = "linux")]
fn sync_all(root: &Path) -> Result<bool, StoreError> {
    /// A file system in a process of its own, which is not asked to sync all of it.
    const FUSE: u64 = 0x6573_5546;
    let synced = || {
        let root = File::open(root)?;
        let together = rustix::fs::fstatfs(&root)?.f_type as u64 != FUSE;
        if together {
            rustix::fs::syncfs(root)?;
        }
        Ok(together)
    };
    synced().map_err(StoreError::io("write to the disk", root))
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "as on Linux")]
fn sync_all(_: &Path) -> Result<bool, StoreError> {
    Ok(false)
}
