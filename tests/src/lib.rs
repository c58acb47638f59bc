//! What is not published: helpers of the tests that span crates, benchmarks and the fuzz driver, each behind a feature.

#[cfg(feature = "azure")]
pub mod azurite;
#[cfg(feature = "kernels")]
pub mod benches;
#[cfg(all(unix, feature = "fuzz"))]
pub mod fuzz;
#[cfg(feature = "fuzz")]
pub mod mutation;
#[cfg(feature = "s3")]
pub mod s3;

/// The programs of the project's README and pages are compiled and run.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../README.md")]
    struct Readme;
}
