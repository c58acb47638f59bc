//! What spans crates: see `tests/`.

#[cfg(feature = "s3")]
pub mod s3;
