//! Processes that have files of a live folder open for writing.

use std::collections::{BTreeSet, HashSet};
use std::ffi::CStr;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, RawDir, StatxFlags, makedev, openat, statx};

use crate::scan::Scanned;

const FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

/// What is known of the processes on this machine that could write to live folders.
#[derive(Debug)]
pub(super) struct Writers {
    /// Processes that were there when the store was opened, by their number and the inode of their folder in `/proc`,
    /// which another process of the same number does not have. No program of this run has started them, and there may
    /// be thousands, so a pause does not look at them again.
    before: HashSet<(u32, u64)>,
    /// Live folders that were there as well: a program of an earlier process of the run may write to them still.
    left: BTreeSet<String>,
}

impl Writers {
    /// The store has just been opened, with these live folders.
    pub(super) fn new(left: Vec<String>) -> Self {
        let mut before = HashSet::new();
        let own = std::process::id();
        if let Ok(processes) = openat(CWD, c"/proc", FLAGS, Mode::empty()) {
            for_each_number(&processes, |name, inode| {
                before.extend(number(name).filter(|id| *id != own).map(|id| (id, inode)));
            });
        }
        Self {
            before,
            left: left.into_iter().collect(),
        }
    }

    /// Device and inode of the files of a live folder that some process has open for writing, as far as this user may
    /// know.
    pub(super) fn open_files(&self, place: &Path, scanned: &Scanned) -> BTreeSet<(u64, u64)> {
        let name = place.file_name().and_then(|name| name.to_str());
        let all = name.is_none_or(|name| self.left.contains(name));
        let files = &scanned.content.files;
        let stats = files
            .iter()
            .filter_map(|file| scanned.stats.get(&file.path));
        let ours: BTreeSet<(u64, u64)> = stats.map(|stat| (stat.device, stat.inode)).collect();
        let mut open = BTreeSet::new();
        let Ok(processes) = openat(CWD, c"/proc", FLAGS, Mode::empty()) else {
            return open;
        };
        for_each_number(&processes, |process, inode| {
            let old = number(process).is_some_and(|id| self.before.contains(&(id, inode)));
            if old && !all {
                return;
            }
            // Those of other users cannot be read.
            let path = [process.to_bytes(), b"/fd"].concat();
            let Ok(handles) = openat(&processes, path, FLAGS, Mode::empty()) else {
                return;
            };
            for_each_number(&handles, |handle, _| {
                if let Some(file) = file(&handles, handle)
                    && ours.contains(&file)
                    && may_write(process, handle)
                {
                    open.insert(file);
                }
            });
        });
        open
    }
}

fn number(name: &CStr) -> Option<u32> {
    name.to_str().ok()?.parse().ok()
}

/// Calls `found` with each entry of a folder of `/proc` whose name is a number, and with its inode.
fn for_each_number(folder: &impl AsFd, mut found: impl FnMut(&CStr, u64)) {
    let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
    let mut entries = RawDir::new(folder, &mut buffer);
    // An error is that of a process that has ended.
    while let Some(Ok(entry)) = entries.next() {
        if entry.file_name().to_bytes().iter().all(u8::is_ascii_digit) {
            found(entry.file_name(), entry.ino());
        }
    }
}

/// Device and inode of an open file, as far as they are known without asking its file system: that of a dead network
/// would never answer.
fn file(handles: &impl AsFd, handle: &CStr) -> Option<(u64, u64)> {
    let stat = statx(handles, handle, AtFlags::STATX_DONT_SYNC, StatxFlags::INO).ok()?;
    let device = makedev(stat.stx_dev_major, stat.stx_dev_minor);
    Some((device, stat.stx_ino))
}

fn may_write(process: &CStr, handle: &CStr) -> bool {
    let (process, handle) = (process.to_string_lossy(), handle.to_string_lossy());
    let Ok(text) = std::fs::read_to_string(format!("/proc/{process}/fdinfo/{handle}")) else {
        return true;
    };
    let flags = text.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok());
    // The lowest two bits are 0 for reading only.
    flags.is_none_or(|flags| flags & 0o3 != 0)
}
