//! Tuning a real training program on this machine, within a budget of checkpoints.
//!
//! - [`experiment`]: the experiment file.
//! - [`protocol`]: what programs print and are answered.
//! - [`journal`]: the event log as a file, with recovery.
//! - [`plain`]: text of others made fit to be shown.
//! - [`run`]: processes, checkpoints, the run loop (Unix).
//!
//! # Features
//!
//! All off by default.
//!
//! - `object-store`, `aws`, `gcp`, `azure`, `cloud`: checkpoints in a bucket.

pub mod experiment;
pub mod journal;
pub mod plain;
pub mod protocol;
#[cfg(unix)]
pub mod run;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
