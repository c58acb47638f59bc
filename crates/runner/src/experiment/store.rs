//! Where checkpoints are kept.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use rungkeeper_checkpoints::trial_name;

use super::error::Problems;
use super::file;
use crate::plain::without_secrets;

const CACHE: &str = "checkpoints";
const TIMEOUT: Duration = Duration::from_secs(180);
const FOLDER_TIMEOUT: Duration = Duration::from_secs(10);

/// Where checkpoints are kept.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum StorePlace {
    /// A folder.
    Folder {
        /// The folder, relative to the run's directory.
        folder: PathBuf,
        /// How long an operation is tried again while the disk is full or cannot be written.
        timeout: Duration,
    },
    /// A bucket, with a folder as its local copy.
    Bucket {
        /// Its address, such as `s3://bucket/prefix`; the run gets a folder of its own below.
        address: String,
        /// The local copy, relative to the run's directory.
        cache: PathBuf,
        /// How long a request is tried again before the run stops.
        timeout: Duration,
    },
}

impl Default for StorePlace {
    /// A folder in the run's directory.
    fn default() -> Self {
        Self::Folder {
            folder: CACHE.into(),
            timeout: FOLDER_TIMEOUT,
        }
    }
}

impl StorePlace {
    /// What people call it: the address without what it keeps secret, or the folder as it was
    /// written.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Folder { folder, .. } => folder.display().to_string(),
            Self::Bucket { address, .. } => without_secrets(address),
        }
    }

    /// The folder in which the checkpoints of a trial lie, of a run in `directory`; none of a bucket.
    ///
    /// ```
    /// use std::path::Path;
    ///
    /// use rungkeeper_runner::experiment::StorePlace;
    ///
    /// let place = StorePlace::default().checkpoints_of(Path::new("run"), "7");
    /// assert_eq!(place.as_deref(), Some(Path::new("run/checkpoints/checkpoints/7")));
    /// ```
    #[must_use]
    pub fn checkpoints_of(&self, directory: &Path, trial: &str) -> Option<PathBuf> {
        let Self::Folder { folder, .. } = self else {
            return None;
        };
        let store = directory.join(folder);
        Some(store.join("checkpoints").join(trial_name(trial)))
    }

    /// Where it writes on this machine, relative to the run's directory: the folder, or the local copy of a bucket.
    pub(crate) fn local(&self) -> &Path {
        match self {
            Self::Folder { folder, .. } => folder,
            Self::Bucket { cache, .. } => cache,
        }
    }

    /// How long an operation on this machine is tried again. The client of a bucket tries again by itself, for longer.
    pub(crate) fn patience(&self) -> Duration {
        match self {
            Self::Folder { timeout, .. } => *timeout,
            Self::Bucket { .. } => FOLDER_TIMEOUT,
        }
    }

    /// Whether no other run can come to use it.
    pub(crate) fn is_inside_the_run(&self) -> bool {
        let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        match self {
            Self::Folder { folder, .. } => folder.components().all(inside),
            Self::Bucket { .. } => false,
        }
    }
}

/// Schemes of addresses, the feature that brings their client, and whether this build has it.
const CLIENTS: [(&[&str], &str, bool); 4] = [
    (&["s3", "s3a"], "aws", cfg!(feature = "aws")),
    (&["gs"], "gcp", cfg!(feature = "gcp")),
    (
        &["az", "adl", "azure", "abfs", "abfss"],
        "azure",
        cfg!(feature = "azure"),
    ),
    (&["file"], "object-store", cfg!(feature = "object-store")),
];

/// Why an address cannot be used by this build, if it cannot.
fn unusable(scheme: &str, rest: &str) -> Option<String> {
    let known = CLIENTS.iter().find(|(names, _, _)| names.contains(&scheme));
    let Some((_, feature, built)) = known else {
        let mut all = CLIENTS.iter().flat_map(|(names, _, _)| *names);
        let first = all
            .next()
            .map_or(String::new(), |name| format!("{name}://"));
        let all = all.fold(first, |list, name| format!("{list}, {name}://"));
        return Some(format!(
            "{scheme}:// is unknown, there are {all}; a folder is written as its path alone"
        ));
    };
    if !built {
        return Some(format!(
            "{scheme}:// needs a client that this build leaves out; with it, from a \
             checkout: cargo install --path crates/cli --features {feature}"
        ));
    }
    if rest.trim_matches('/').is_empty() || rest.contains(['?', '#']) {
        return Some(format!(
            "{scheme}://{rest} is no place in a bucket; write it as {scheme}://bucket/prefix"
        ));
    }
    None
}

pub(super) fn check(table: file::Store, problems: &mut Problems<'_>) -> StorePlace {
    let span = table.location.as_ref().map_or(0..0, toml::Spanned::span);
    let location = table.location.map(toml::Spanned::into_inner);
    let location = location.unwrap_or_else(|| CACHE.to_owned());
    let Some((scheme, rest)) = location.split_once("://") else {
        if let Some(cache) = table.cache {
            let message = "store.cache is for buckets, but store.location is a folder";
            problems.add(&cache.span(), message);
        }
        let timeout = table.timeout.map(|timeout| timeout.into_inner().duration());
        return StorePlace::Folder {
            folder: location.into(),
            timeout: timeout.unwrap_or(FOLDER_TIMEOUT),
        };
    };
    if let Some(message) = unusable(scheme, rest) {
        problems.add(&span, message);
    }
    let cache = table.cache.map(toml::Spanned::into_inner);
    let timeout = table.timeout.map(|timeout| timeout.into_inner().duration());
    StorePlace::Bucket {
        cache: cache.unwrap_or_else(|| Path::new(CACHE).to_owned()),
        timeout: timeout.unwrap_or(TIMEOUT),
        address: location,
    }
}
