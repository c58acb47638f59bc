//! `cargo xtask mutants`: changes to the crates that decide which their tests must notice (mutation testing, with the
//! published program cargo-mutants; `.cargo/mutants.toml` says how).
use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, ensure};

use crate::workspace::Workspace;

/// The crates that are changed unless others are named, and how many percent of its mutants the tests of each must notice:
/// all where checkpoints are chosen, which is also what holds for others.
const CRATES: [(&str, f64); 4] = [
    ("policies", 100.0),
    ("tuner-hooks", 100.0),
    ("rung-model", 95.0),
    ("score", 95.0),
];
/// Mutants that no test can notice, and why: `MUTANT because REASON` on a line, the mutant as cargo-mutants shows it, but
/// without line and column.
const EQUIVALENT: &str = "xtask/equivalent-mutants.txt";
const BECAUSE: &str = " because ";

/// Options of `cargo xtask mutants`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Names of folders in `crates`: policies, tuner-hooks, rung-model and score unless said otherwise
    crates: Vec<String>,
    /// Options for cargo-mutants, such as --file '*undeleted.rs', --in-diff FILE, or --shard 0/8 for a sample of an eighth
    #[arg(last = true)]
    options: Vec<String>,
}

/// Tries the mutants and fails where more survive than may, of those that nobody has explained.
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
    // A shard is every so-manieth mutant, and the order is random: a part of a run is a sample of it.
    let mut call = vec!["mutants", "--shuffle", "--sharding", "round-robin"];
    call.extend(["--output", target.as_str()]);
    let names = if args.crates.is_empty() {
        CRATES.map(|(name, _)| name.to_owned()).to_vec()
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
    // That a law is broken is enough: no smaller input is looked for, and few are tried.
    let call = workspace.cargo(call).env("PROPTEST_MAX_SHRINK_ITERS", "0");
    // 2 and 3: a mutant has survived, or was not done in time, which its tests have then noticed.
    let code = call.env("PROPTEST_CASES", "64").code()?;
    ensure!(
        matches!(code, Some(0 | 2 | 3)),
        "cargo mutants ended with {code:?}"
    );
    let read = |name: &str| {
        let path = target.join("mutants.out").join(name);
        fs::read_to_string(&path).with_context(|| path.to_string())
    };
    let noticed = read("caught.txt")? + &read("timeout.txt")?;
    judge(&names, &noticed, &read("missed.txt")?, &explained)
}

/// The reason of each equivalent mutant.
fn explained(text: &str) -> Result<BTreeMap<&str, &str>> {
    let lines = (text.lines()).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let parts = lines.map(|line| {
        let parts = line.split_once(BECAUSE);
        let parts = parts.filter(|(mutant, reason)| !mutant.is_empty() && !reason.is_empty());
        parts.with_context(|| format!("{EQUIVALENT} does not say why no test can notice: {line}"))
    });
    parts.collect()
}

/// Tells how many mutants of each crate were noticed, and fails if those are too few. Explained ones do not count.
fn judge(
    crates: &[String],
    noticed: &str,
    missed: &str,
    explained: &BTreeMap<&str, &str>,
) -> Result<()> {
    let mut too_many = Vec::new();
    for name in crates {
        let folder = format!("crates/{name}/");
        let is_here = |line: &&str| line.starts_with(&folder);
        let is_explained = |line: &&str| explained.contains_key(without_place(line).as_str());
        let (equivalent, survivors): (Vec<_>, Vec<_>) =
            missed.lines().filter(is_here).partition(is_explained);
        let noticed = noticed.lines().filter(is_here).count();
        let all = noticed + survivors.len();
        let equivalent = equivalent.len();
        println!("{name}: {noticed} of {all} mutants noticed, {equivalent} equivalent ones apart");
        let of_name = CRATES.iter().find(|of| of.0 == name);
        let least = of_name.map_or(100.0, |of| of.1);
        if 100.0 * (noticed as f64) < least * all as f64 {
            too_many.extend(survivors);
        }
    }
    ensure!(
        too_many.is_empty(),
        "{} mutants survive. Write a test that fails with the change, or say in {EQUIVALENT} why none can:\n{}",
        too_many.len(),
        too_many.join("\n")
    );
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

    /// What is said of the survivors of a crate.
    fn said(name: &str, noticed: &str, missed: &str, text: &str) -> String {
        let explained = explained(text).unwrap();
        let judged = judge(&[name.to_owned()], noticed, missed, &explained);
        judged.map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn an_explained_survivor_passes_wherever_it_stands() {
        let text =
            "# equal\n\ncrates/a/src/b.rs: replace > with >= in f because both are 0 there\n";
        for missed in [MISSED, &MISSED.replace(":3:9:", ":700:1:"), ""] {
            assert_eq!(said("a", "", missed, text), "");
        }
        for other in [MISSED.replace("b.rs", "c.rs"), MISSED.replace(">=", "==")] {
            let error = said("a", "", &other, text);
            assert!(
                error.starts_with("1 mutants survive.") && error.ends_with(other.trim()),
                "{error}"
            );
            assert_eq!(said("b", "", &other, text), "");
        }
    }

    #[test]
    fn a_few_may_survive_where_nothing_is_chosen() {
        for (name, noticed) in [("score", 19), ("score", 18), ("policies", 19)] {
            let line = MISSED.replace("crates/a", &format!("crates/{name}"));
            let error = said(name, &line.repeat(noticed), &line, "");
            assert_eq!(
                error.is_empty(),
                (name, noticed) == ("score", 19),
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
