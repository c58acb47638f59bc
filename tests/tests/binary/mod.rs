//! The binaries that tests run, each built once per test program.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// Where the command line's is.
pub(crate) fn path() -> PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| of_package("rungkeeper")).clone()
}

/// Builds the one binary of a package.
pub(crate) fn of_package(package: &str) -> PathBuf {
    let mut arguments = vec!["build", "--locked", "--message-format=json", "-p", package];
    // As `cargo test --all-features` has built it, and with clients for the servers of the tests.
    if cfg!(feature = "s3") {
        arguments.push("--all-features");
    } else if cfg!(feature = "azure") && package == "rungkeeper" {
        arguments.extend(["--features", "azure"]);
    }
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let messages = String::from_utf8(output.stdout).unwrap();
    messages
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find_map(|message| Some(PathBuf::from(message.get("executable")?.as_str()?)))
        .unwrap()
}
