//! What is asked of a disk.

use std::fmt;
use std::path::{Path, PathBuf};

/// What of a disk tells which paths lead to the same place, and what is there.
pub struct Disk<'d> {
    /// Where relative paths begin.
    pub working_directory: PathBuf,
    /// Where a link leads; `None` for all that is no link.
    pub read_link: &'d mut dyn FnMut(&Path) -> Option<PathBuf>,
    /// Whether something is at a path, a link that leads nowhere included.
    pub is_there: &'d mut dyn FnMut(&Path) -> bool,
    /// Bytes of what is at a path, of a folder with all in it; `None` where that is not known. If the table
    /// tells no sizes, it is asked for those of all checkpoints under a budget of bytes, otherwise for those that can go.
    pub size: &'d mut dyn FnMut(&Path) -> Option<u64>,
}

impl fmt::Debug for Disk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk")
            .field("working_directory", &self.working_directory)
            .finish_non_exhaustive()
    }
}
