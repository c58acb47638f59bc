//! The proof of removal decisions: what each policy loses on the very same runs.
//!
//! A run on a frozen schedule ([`Frozen`]) is the same whatever is removed. So all policies are
//! [replayed](Frozen::replay) on it, and the least that any choice could have lost is known. [`families()`] says what the
//! runs are on, [`measures`] how costs compare, [`Plan`] which runs are looked at.

// The page is put together from short pieces of text.
#![allow(
    clippy::format_push_string,
    clippy::format_collect,
    clippy::trivially_copy_pass_by_ref
)]

mod document;
mod families;
mod frozen;
mod live;
pub mod measures;
mod part;
mod study;

pub use document::Study;
pub use families::{Arrivals, Family, Group, Shape, families};
pub use frozen::{Frozen, Setting, cell, conditions};
pub use part::{Of, Part};
pub use study::{Column, Configuration, POLICIES, PROVED, Plan, REFERENCE, Row};
