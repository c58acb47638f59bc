//! `cargo xtask mutants`: changes to the crates that decide which their tests must notice (mutation testing, with the
//! published program cargo-mutants; `.cargo/mutants.toml` says how).
use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, ensure};
use cargo_metadata::{Target, TargetKind};

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
    let mut names = args.crates.clone();
    if names.is_empty() {
        names = CRATES.map(|(name, _)| name.to_owned()).to_vec();
    }
    let mut too_many = Vec::new();
    for name in &names {
        let package = format!("rungkeeper-{name}");
        // Most are noticed by tests that are soon built and done; only what survives those meets random inputs too.
        let quick = [quick_tests(&workspace, &package)?, args.options.clone()].concat();
        let (mut noticed, mut missed) = try_all(&workspace, &package, &quick)?;
        if !missed.is_empty() {
            let these = missed.lines().map(|it| format!("--re=^{}$", escaped(it)));
            let (later, rest) = try_all(&workspace, &package, &these.collect::<Vec<_>>())?;
            (noticed, missed) = (noticed + later, rest);
        }
        too_many.extend(judge(name, noticed, &missed, &explained));
    }
    ensure!(
        too_many.is_empty(),
        "{} mutants survive. Write a test that fails with the change, or say in {EQUIVALENT} why none can:\n{}",
        too_many.len(),
        too_many.join("\n")
    );
    Ok(())
}

/// Options that choose the tests of a crate without random inputs.
fn quick_tests(workspace: &Workspace, package: &str) -> Result<Vec<String>> {
    let members = workspace.members();
    let member = members.iter().find(|member| *member.name == package);
    let targets = &member
        .with_context(|| format!("no crate {package}"))?
        .targets;
    let tests = targets.iter().filter(|it| it.is_kind(TargetKind::Test));
    let quick = tests.filter(|it| !it.name.starts_with("props"));
    let option = |it: &Target| format!("--cargo-test-arg=--test={}", it.name);
    Ok(quick.map(option).collect())
}

/// How many mutants of a package its tests notice, and those that they do not.
fn try_all(workspace: &Workspace, package: &str, options: &[String]) -> Result<(usize, String)> {
    let target = &workspace.metadata.target_directory;
    let mut call = vec!["mutants", "--shuffle", "--output", target.as_str()];
    call.extend(["--package", package]);
    call.extend(options.iter().map(String::as_str));
    let call = workspace.cargo(call);
    // What the crates depend on is compiled once.
    let call = call.env("CARGO_TARGET_DIR", target.join("mutants").as_str());
    // That a law is broken is enough: no smaller input is looked for, and few are tried.
    let call = call.env("PROPTEST_MAX_SHRINK_ITERS", "0");
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
    Ok((noticed.lines().count(), read("missed.txt")?))
}

/// A regular expression of this text alone.
fn escaped(text: &str) -> String {
    let escape = |c: char| r"\.+*?()|[]{}^$".contains(c).then_some('\\');
    (text.chars().flat_map(|c| escape(c).into_iter().chain([c]))).collect()
}

/// The reason of each equivalent mutant.
fn explained(text: &str) -> Result<BTreeMap<&str, &str>> {
    let lines = (text.lines()).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let parts = lines.map(|line| {
        let parts = line.split_once(" because ");
        let parts = parts.filter(|(mutant, reason)| !mutant.is_empty() && !reason.is_empty());
        parts.with_context(|| format!("{EQUIVALENT} does not say why no test can notice: {line}"))
    });
    parts.collect()
}

/// Tells how many mutants of a crate were noticed, and returns the survivors where those are too many; explained ones do
/// not count.
fn judge(
    name: &str,
    noticed: usize,
    missed: &str,
    explained: &BTreeMap<&str, &str>,
) -> Vec<String> {
    let is_explained = |line: &String| explained.contains_key(without_place(line).as_str());
    let missed = missed.lines().map(ToOwned::to_owned);
    let (equivalent, mut survivors): (Vec<_>, Vec<_>) = missed.partition(is_explained);
    let (all, equivalent) = (noticed + survivors.len(), equivalent.len());
    println!("{name}: {noticed} of {all} mutants noticed, {equivalent} equivalent ones apart");
    let of_name = CRATES.iter().find(|of| of.0 == name);
    let least = of_name.map_or(100.0, |of| of.1);
    if 100.0 * noticed as f64 >= least * all as f64 {
        survivors.clear();
    }
    survivors
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
        for missed in [MISSED, &MISSED.replace(":3:9:", ":700:1:"), ""] {
            assert_eq!(judge("policies", 0, missed, &explained), [""; 0]);
        }
        for other in [MISSED.replace("b.rs", "c.rs"), MISSED.replace(">=", "==")] {
            assert_eq!(judge("policies", 99, &other, &explained), [other.trim()]);
        }
    }

    #[test]
    fn one_in_twenty_may_survive_where_nothing_is_chosen() {
        let survivors = |name, noticed| judge(name, noticed, MISSED, &BTreeMap::new()).len();
        assert_eq!([19, 18].map(|noticed| survivors("score", noticed)), [0, 1]);
        assert_eq!(survivors("policies", 19) + survivors("tuner", 19), 2);
    }

    #[test]
    fn a_mutant_is_found_by_its_name() {
        let name = "a.rs:3:9: replace <impl A for B<'_>>::f -> (u64, &[u8]) with (0, &[])";
        let expected =
            r"a\.rs:3:9: replace <impl A for B<'_>>::f -> \(u64, &\[u8\]\) with \(0, &\[\]\)";
        assert_eq!(escaped(name), expected);
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
