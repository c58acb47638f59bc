//! Numbers that are given once, whatever is removed meanwhile.

use std::path::Path;
use std::sync::{MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::DirectoryStore;
use crate::{StoreError, tree};

/// The file that says below which number all that were given are.
pub(super) const FILE: &str = "rungkeeper-numbers.json";
/// How many numbers are reserved at once, so that few commits write the file.
const BLOCK: u64 = 32;

/// The next number, and the one up to which they are reserved on the disk.
#[derive(Debug)]
pub(super) struct Numbers {
    pub(super) next: u64,
    reserved: u64,
}

#[derive(Deserialize, Serialize)]
struct Reserved {
    format: u32,
    /// All numbers ever given are below this one.
    below: u64,
}

impl Numbers {
    /// Goes on above what is there and above all that were reserved. A root of an earlier version
    /// has no reservation.
    pub(super) fn load(root: &Path, highest: u64) -> Result<Self, StoreError> {
        let path = root.join(FILE);
        let reserved = tree::read_own(&path)?.map(|bytes| serde_json::from_slice(&bytes));
        let below = match reserved {
            None => 0,
            Some(Ok(Reserved { format: 1, below })) => below,
            Some(_) => {
                return Err(StoreError::Refused {
                    path,
                    reason: "it should say which numbers this store has given; remove it once no \
                             program of the run is left that could write into an old folder",
                });
            }
        };
        let next = below.max(highest.saturating_add(1));
        Ok(Self {
            next,
            reserved: next,
        })
    }
}

impl DirectoryStore {
    pub(super) fn numbers(&self) -> MutexGuard<'_, Numbers> {
        // Each change is whole before anything that could panic.
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number that was never given before.
    pub(super) fn number(&self) -> Result<u64, StoreError> {
        let mut numbers = self.numbers();
        if numbers.next >= numbers.reserved {
            let below = numbers.next.saturating_add(BLOCK);
            let path = self.root.join(FILE);
            let bytes = serde_json::to_vec(&Reserved { format: 1, below })
                .map_err(|error| StoreError::place("write", &path)(error.into()))?;
            tree::write_whole(&path, &bytes)?;
            numbers.reserved = below;
        }
        let number = numbers.next;
        numbers.next += 1;
        Ok(number)
    }

    /// Makes all later numbers exceed this one.
    #[cfg(feature = "object-store")]
    pub(crate) fn exceed(&self, number: u64) {
        let mut numbers = self.numbers();
        numbers.next = numbers.next.max(number.saturating_add(1));
    }
}
