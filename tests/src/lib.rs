//! What spans crates: see `tests/`.

#[cfg(feature = "azure")]
pub mod azurite;
#[cfg(unix)]
pub mod fuzz;
pub mod mutation;
#[cfg(feature = "s3")]
pub mod s3;
