//! What spans crates: see `tests/`.

#[cfg(feature = "azure")]
pub mod azurite;
#[cfg(feature = "s3")]
pub mod s3;
