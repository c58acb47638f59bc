//! The file of a checkpoint.

use std::fs;
use std::path::Path;

use anyhow::Context;
use serde::{Serialize, de::DeserializeOwned};

/// Reads what was saved.
pub(crate) fn load<T: DeserializeOwned>(file: &Path) -> anyhow::Result<T> {
    let bytes = fs::read(file).with_context(|| file.display().to_string())?;
    postcard::from_bytes(&bytes)
        .with_context(|| format!("{} is no checkpoint of this program", file.display()))
}

/// Saves it; that a checkpoint is never half there is seen to elsewhere.
pub(crate) fn save<T: Serialize>(file: &Path, state: &T) -> anyhow::Result<()> {
    let bytes = postcard::to_allocvec(state)?;
    fs::write(file, bytes).with_context(|| file.display().to_string())
}
