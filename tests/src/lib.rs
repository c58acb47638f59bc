//! What spans crates: see `tests/`.
