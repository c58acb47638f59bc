//! The examples of `docs/running.md`, run as it says.

use std::path::Path;
use std::process::Command;

use crate::binary;

fn runs(experiment: &str, trials: u64) {
    let folder = tempfile::tempdir().unwrap();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/cli/examples/python");
    let output = Command::new(binary::path())
        .args(["run", experiment, "--dir"])
        .arg(folder.path().join("run"))
        .current_dir(examples)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert!(!errors.contains("note: "), "{errors}");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.starts_with("finished after "), "{said}");
    assert!(said.contains("best: trial "), "{said}");
    assert!(said.contains(&format!("{trials} trials; ")), "{said}");
}

#[test]
fn answered() {
    runs("answered.toml", 60);
}

#[test]
fn one_way() {
    runs("one_way.toml", 20);
}
