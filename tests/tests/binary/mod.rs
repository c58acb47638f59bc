//! The programs that tests run, each built once per test program.
#![allow(dead_code, reason = "not every test runs all of them")]

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// Where the command line is.
pub(crate) fn path() -> PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY
        .get_or_init(|| built(&["--bin", "rungkeeper"]))
        .clone()
}

/// The command line in a folder, which is given something to read.
pub(crate) fn fed(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(path())
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
    child.wait_with_output().unwrap()
}

/// Where the training program of the README is.
pub(crate) fn wine() -> PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| built(&["--example", "wine"])).clone()
}

/// Builds a target of the command line's package.
///
/// With all features both targets are built as `cargo test --workspace --all-features` builds what they depend on, so
/// that it is there already: for the workspace, and an example among them, since cargo then counts in the features that
/// only tests ask for.
fn built(target: &[&str; 2]) -> PathBuf {
    let mut arguments = vec!["build", "--locked", "--message-format=json"];
    if cfg!(all(feature = "azure", feature = "s3")) {
        let both = ["--bin", "rungkeeper", "--example", "wine"];
        arguments.extend(["--workspace", "--all-features"]);
        arguments.extend(both);
    } else {
        arguments.extend(["--package", "rungkeeper"]);
        arguments.extend(target);
        // With clients for the servers of the tests.
        if cfg!(feature = "s3") {
            arguments.extend(["--features", "aws"]);
        } else if cfg!(feature = "azure") {
            arguments.extend(["--features", "azure"]);
        }
    }
    let mut build = Command::new(env!("CARGO"));
    // What cargo tells this test of its package would have some dependencies built anew.
    let of_a_package =
        |name: &String| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for name in env::vars().map(|(name, _)| name).filter(of_a_package) {
        build.env_remove(name);
    }
    let output = build.args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let messages = String::from_utf8(output.stdout).unwrap();
    messages
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|message| message["target"]["name"] == target[1])
        .find_map(|message| Some(PathBuf::from(message["executable"].as_str()?)))
        .unwrap()
}
