//! Stores for the checkpoints of a tuning run.
//!
//! A trial that is paused may be resumed, so its checkpoint has to be kept until somebody decides
//! that it goes. This crate keeps it: a [`Store`] commits, restores, lists and deletes the
//! checkpoints of one run. It decides nothing; which checkpoint goes is told to it.
//!
//! - [`DirectoryStore`]: a directory of the local machine.
//! - `ObjectStore` (feature `object-store`): a bucket, with a directory as its local copy.
//! - [`Deleter`]: deletions in the background, tried again when they fail.
//! - [`FaultyStore`] and [`Faults`]: errors, delays and kills on request, for tests.
//! - [`conformance`]: what your own store has to pass.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//! use rungkeeper_checkpoints::{Deleter, DeleterSettings, DirectoryStore, Store};
//!
//! let folder = tempfile::tempdir()?;
//! let store = Arc::new(DirectoryStore::open(&folder.path().join("my-run"), "my-run")?);
//! store.sweep()?; // what an earlier process of this run left half-done
//! let (deleter, events) = Deleter::new(store.clone(), DeleterSettings::default());
//!
//! let live = store.begin("0007")?;
//! std::fs::write(live.join("weights"), "0.25")?;
//! let committed = store.commit("0007", 1, 1)?;
//!
//! deleter.delete("0007", committed.stored.bytes); // returns at once
//! assert!(store.list()?.is_empty()); // nothing resumes from it any more
//! assert!(deleter.drain(Duration::from_secs(60)).is_empty()); // and now its room is free
//! # drop(events);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What can be relied on
//!
//! - A commit is there as a whole or not at all, whenever the process is killed: files and manifest
//!   are on the disk before a single rename (in a bucket: the manifest object, written last) makes
//!   them visible.
//! - The older checkpoint of a trial goes only after the newer one is durable.
//! - What is restored has the sizes and hashes it was committed with, or an older one is taken, and
//!   the broken one named.
//! - What is restored is as it was left: modes, times, hard links inside, holes.
//! - What is not there because its disk is not mounted is an error, not a loss
//!   ([`StoreError::is_unavailable`]); an older checkpoint goes only after the newer one was read.
//! - Only what this run committed is removed. Links are never followed. Ids of trials, whatever is
//!   in them, become safe and different names ([`trial_name`]).
//! - Numbers of commits ([`Stored::sequence`]) grow and never return, so a deletion that is tried again later never
//!   takes a checkpoint that was committed meanwhile.
//!
//! A runner writes the report that led to a checkpoint down before it commits, and what was
//! committed afterwards. Killed in between it finds a checkpoint in [`Store::list`] that its log
//! does not name, newer than the one it names: that one is the trial's.
//!
//! # Features
//!
//! All off by default.
//!
//! - `object-store`: `ObjectStore`, over any implementation of the `object_store` crate.
//! - `aws`, `gcp`, `azure`: its clients for Amazon S3 (and what speaks its protocol), Google Cloud
//!   Storage and Azure Blob Storage. TLS is rustls with ring, unless the program installs another
//!   provider first.

mod attributes;
pub mod conformance;
mod deleter;
mod directory;
mod error;
mod fingerprint;
mod hashing;
mod holes;
mod manifest;
mod names;
#[cfg(feature = "object-store")]
mod object;
mod outcome;
mod scan;
mod stamp;
mod steps;
mod store;
mod testing;
mod tree;

pub use deleter::{Deleter, DeleterSettings, DeletionEvent, Pending, Request};
pub use directory::DirectoryStore;
pub use error::StoreError;
#[cfg(unix)]
pub use fingerprint::{Fingerprint, fingerprint};
pub use names::{trial_id, trial_name};
#[cfg(feature = "object-store")]
pub use object::{ObjectStore, client_environment};
pub use outcome::{
    Aside, Broken, Committed, LeftOut, Orphan, Prepared, Restored, Stored, Swept, Verified,
};
pub use steps::{Step, Steps};
pub use store::Store;
pub use testing::{Fault, Faults, FaultyStore, Operation};
pub use tree::{size as size_of_files, size_at};

/// Below the root of a bucket's local copy: what is to be deleted from the bucket.
const BUCKET_TRASH: &str = "bucket-trash";

/// Sets the older checkpoints of a trial aside; what could not be is found again by the next commit.
fn supersede(
    store: &dyn Store,
    newest: &Stored,
) -> Result<(Vec<Aside>, Option<StoreError>), StoreError> {
    let mut superseded = Vec::new();
    loop {
        match store.set_aside(&newest.trial, newest.sequence) {
            Ok(Some(aside)) => superseded.push(aside),
            Ok(None) => return Ok((superseded, None)),
            Err(error) if error.is_killed() => return Err(error),
            Err(error) => return Ok((superseded, Some(error))),
        }
    }
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
