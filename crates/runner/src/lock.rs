//! Locks on files, which end with the process that holds them.

use std::fs::File;
use std::io;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// How long a lock is waited for.
///
/// A runner that is killed while it starts a program leaves its lock to the new process, which has it until the program
/// itself runs there.
const PATIENCE: Duration = Duration::from_millis(500);

/// Locks a file as long as it is open; false: another process holds the lock.
pub(crate) fn patiently(file: &File) -> io::Result<bool> {
    let begin = Instant::now();
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(true),
            Err(Errno::WOULDBLOCK) if begin.elapsed() < PATIENCE => {
                sleep(Duration::from_millis(10));
            }
            Err(Errno::WOULDBLOCK) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
}
