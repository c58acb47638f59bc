//! Chromium, in which the tests look at pages.
use crate::debian::Program;

pub(super) const CHROMIUM: Program = Program {
    // The names under which distributions install it; the tests know the same.
    names: &["chromium", "chromium-browser", "google-chrome"],
    // Without fonts, which the package only recommends, pages would have no text.
    packages: "chromium fonts-dejavu-core",
    purpose: "in which pages are tested",
    without: "--skip chromium --skip test",
};
