//! Where the checkpoints of a run are kept.

#[cfg(not(feature = "object-store"))]
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rungkeeper_checkpoints::{DirectoryStore, Store, StoreError, Stored, trial_name};
#[cfg(feature = "object-store")]
use rungkeeper_checkpoints::{ObjectStore, client_environment};

use crate::RunError;
use crate::directory::RunDirectory;
#[cfg(not(feature = "object-store"))]
use crate::error::file_error;
use crate::experiment::{Experiment, StorePlace};
use crate::origin::{Origin, Whereabouts};

/// Opens the store of a run. Once the log holds a checkpoint no new store is ever made: one that is not there is on a
/// disk that is not mounted, most likely.
pub(crate) fn open(
    directory: &RunDirectory,
    origin: &Origin,
    whereabouts: &Whereabouts,
    experiment: &Experiment,
    must_exist: bool,
) -> Result<Arc<dyn Store>, RunError> {
    let place = &experiment.store;
    if let (Whereabouts::Copied(original), false) = (whereabouts, place.is_inside_the_run()) {
        return Err(RunError::CopyOfAStore {
            directory: directory.path().to_owned(),
            original: original.clone(),
            store: place.name(),
        });
    }
    // Where another run could come to use the same place, of the same name or not, the mark that only this one has is
    // part of what it is called there.
    let name = &experiment.name;
    let run = if place.is_inside_the_run() {
        name.clone()
    } else {
        format!("{name} {}", origin.mark)
    };
    match place {
        StorePlace::Folder { folder, .. } => {
            let root = directory.path().join(folder);
            let store = if must_exist {
                DirectoryStore::open_existing(&root, &run)?
            } else {
                DirectoryStore::open(&root, &run)?
            };
            Ok(Arc::new(store))
        }
        StorePlace::Bucket {
            address,
            cache,
            timeout,
        } => {
            // Runs of other names lie beside it.
            let address = format!("{}/{}", address.trim_end_matches('/'), trial_name(name));
            let cache = directory.path().join(cache);
            open_bucket(&address, *timeout, &cache, &run, must_exist)
        }
    }
}

/// That the store inside the directory of a new run holds no checkpoint: it is of a run whose log is gone, and who begins
/// anew would delete it. One elsewhere is used by no other run.
pub(crate) fn check_that_nothing_is_kept(
    directory: &RunDirectory,
    experiment: &Experiment,
) -> Result<(), RunError> {
    let place = &experiment.store;
    let folder = match place {
        StorePlace::Folder { folder, .. } if place.is_inside_the_run() => folder,
        _ => return Ok(()),
    };
    let store =
        match DirectoryStore::open_existing(&directory.path().join(folder), &experiment.name) {
            Err(StoreError::Missing { .. }) => return Ok(()),
            opened => opened?,
        };
    let kept = store.list()?.len();
    if kept == 0 {
        return Ok(());
    }
    Err(RunError::NoLog {
        directory: directory.path().to_owned(),
        kept,
    })
}

#[cfg(feature = "object-store")]
fn open_bucket(
    address: &str,
    timeout: Duration,
    cache: &Path,
    run: &str,
    must_exist: bool,
) -> Result<Arc<dyn Store>, RunError> {
    let options = client_environment();
    let store = if must_exist {
        ObjectStore::from_address_existing(address, options, timeout, cache, run)?
    } else {
        ObjectStore::from_address(address, options, timeout, cache, run)?
    };
    Ok(Arc::new(store))
}

/// An experiment that needs one is refused before.
#[cfg(not(feature = "object-store"))]
fn open_bucket(
    address: &str,
    _timeout: Duration,
    _cache: &Path,
    _run: &str,
    _must_exist: bool,
) -> Result<Arc<dyn Store>, RunError> {
    let unsupported = io::ErrorKind::Unsupported.into();
    Err(file_error(Path::new(address), unsupported))
}

/// Whether a checkpoint is whole as far as a look tells: its manifest, and on this machine the sizes of its files.
pub(crate) fn is_there(store: &dyn Store, stored: &Stored) -> bool {
    let present = store.present(stored);
    stored.damaged.is_none() && present.is_none_or(|bytes| bytes == stored.bytes)
}

/// Whether nothing is left of a checkpoint's files on this machine.
pub(crate) fn is_emptied(store: &dyn Store, stored: &Stored) -> bool {
    stored.bytes > 0 && store.present(stored) == Some(0)
}
