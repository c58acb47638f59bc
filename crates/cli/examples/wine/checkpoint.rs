//! The checkpoint: one file, replaced as a whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;
use serde::{Serialize, de::DeserializeOwned};

/// Reads what was saved; none where nothing was.
pub(crate) fn load<T: DeserializeOwned>(file: &Path) -> anyhow::Result<Option<T>> {
    match fs::read(file) {
        Ok(bytes) => Ok(Some(postcard::from_bytes(&bytes).with_context(|| {
            format!("{} is no checkpoint of this program", file.display())
        })?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| file.display().to_string()),
    }
}

/// Saves under another name and renames: the file is never half a checkpoint.
pub(crate) fn save<T: Serialize>(file: &Path, state: &T) -> anyhow::Result<()> {
    let new = file.with_extension("new");
    let bytes = postcard::to_allocvec(state)?;
    File::create(&new)
        .and_then(|mut out| out.write_all(&bytes))
        .and_then(|()| fs::rename(&new, file))
        .with_context(|| file.display().to_string())
}
