//! `cargo xtask mutants`: changes to the crates that decide which their tests must notice (mutation testing, with the
//! published program cargo-mutants; `.cargo/mutants.toml` says how).
use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, bail, ensure};

use crate::workspace::Workspace;

/// The crates that are changed unless others are named.
const CRATES: [&str; 4] = ["policies", "tuner-hooks", "rung-model", "score"];
/// Mutants that no test can notice, and why: `MUTANT because REASON` on a line, the mutant as cargo-mutants shows it, but
/// without line and column.
const EQUIVALENT: &str = "xtask/equivalent-mutants.txt";
const BECAUSE: &str = " because ";

/// Options of `cargo xtask mutants`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Names of folders in `crates`: policies, tuner-hooks, rung-model and score unless said otherwise
    crates: Vec<String>,
    /// Options for cargo-mutants, such as --file '*undeleted.rs', --shard 1/4 or --in-diff FILE
    #[arg(last = true)]
    options: Vec<String>,
}

/// Tries the mutants and fails where one survives that nobody has explained.
pub(crate) fn run(args: &Args) -> Result<()> {
    let workspace = Workspace::load()?;
    let file = workspace.root().join(EQUIVALENT);
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let explained = explained(&text)?;
    if workspace.cargo(["mutants", "--version"]).output().is_err() {
        let install = ["install", "--locked", "cargo-mutants"];
        workspace.cargo(install).run()?;
    }
    let target = &workspace.metadata.target_directory;
    let mut call = vec!["mutants", "--no-shuffle", "--output", target.as_str()];
    let names = if args.crates.is_empty() {
        CRATES.map(String::from).to_vec()
    } else {
        args.crates.clone()
    };
    let packages: Vec<_> = names
        .iter()
        .map(|name| format!("rungkeeper-{name}"))
        .collect();
    for package in &packages {
        call.extend(["--package", package]);
    }
    call.extend(args.options.iter().map(String::as_str));
    // 2 and 3: a mutant has survived, or was not done in time, which its tests have then noticed.
    let code = workspace.cargo(call).code()?;
    ensure!(
        matches!(code, Some(0 | 2 | 3)),
        "cargo mutants ended with {code:?}"
    );
    let missed = target.join("mutants.out/missed.txt");
    let missed = fs::read_to_string(&missed).with_context(|| missed.to_string())?;
    judge(&missed, &explained)
}

/// The reason of each equivalent mutant.
fn explained(text: &str) -> Result<BTreeMap<&str, &str>> {
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let parts = lines.map(|line| {
        let parts = line.split_once(BECAUSE);
        let parts = parts.filter(|(mutant, reason)| !mutant.is_empty() && !reason.is_empty());
        parts.with_context(|| {
            format!("{EQUIVALENT} says of a mutant not why no test can notice it: {line}")
        })
    });
    parts.collect()
}

/// Fails if one of the survivors is not explained.
fn judge(missed: &str, explained: &BTreeMap<&str, &str>) -> Result<()> {
    let (mut unexplained, mut equivalent) = (Vec::new(), 0);
    for line in missed.lines() {
        if explained.contains_key(without_place(line).as_str()) {
            equivalent += 1;
        } else {
            unexplained.push(line);
        }
    }
    if !unexplained.is_empty() {
        bail!(
            "{} mutants survive. Write a test that fails with the change, or say in {EQUIVALENT} why none can:\n{}",
            unexplained.len(),
            unexplained.join("\n")
        );
    }
    println!("no mutant survives but {equivalent} that are equivalent");
    Ok(())
}

/// `src/lib.rs:3:9: replace ...` without line and column, which change with every edit.
fn without_place(mutant: &str) -> String {
    let (place, change) = mutant.split_once(": ").unwrap_or((mutant, ""));
    let file = place.split(':').next().unwrap_or(place);
    format!("{}: {change}", Path::new(file).display())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MISSED: &str = "crates/a/src/b.rs:3:9: replace > with >= in f\n";

    #[test]
    fn an_explained_survivor_passes_wherever_it_stands() {
        let text =
            "# equal\n\ncrates/a/src/b.rs: replace > with >= in f because both are 0 there\n";
        let explained = explained(text).unwrap();
        judge(MISSED, &explained).unwrap();
        judge(&MISSED.replace(":3:9:", ":700:1:"), &explained).unwrap();
        judge("", &explained).unwrap();
        for other in [MISSED.replace("b.rs", "c.rs"), MISSED.replace(">=", "==")] {
            let error = judge(&other, &explained).unwrap_err().to_string();
            assert!(
                error.starts_with("1 mutants survive.") && error.ends_with(other.trim()),
                "{error}"
            );
        }
    }

    #[test]
    fn a_mutant_without_a_reason_is_refused() {
        for line in [
            "crates/a/src/b.rs: replace > with >= in f",
            "a because ",
            " because b",
        ] {
            assert!(explained(line).is_err(), "{line}");
        }
    }

    #[test]
    fn the_list_can_be_read() {
        let text = include_str!("../equivalent-mutants.txt");
        let root = Workspace::load().unwrap().root().to_owned();
        for mutant in explained(text).unwrap().keys() {
            let (file, _) = mutant.split_once(": ").unwrap();
            assert!(root.join(file).is_file(), "{file} is gone");
        }
    }
}
