//! `cargo xtask mutants`: changes to the crates that decide which their tests must notice (mutation testing, with the
//! published program cargo-mutants; `.cargo/mutants.toml` says how, and which mutants no test can notice).
use std::process::Command;

use anyhow::{Context, Result, ensure};
use cargo_metadata::{Target, TargetKind};
use xshell::cmd;

use crate::workspace::Workspace;

/// The crates that are changed unless others are named, and how many percent of its mutants the tests of each must notice:
/// all where checkpoints are chosen, which is also what holds for others.
const CRATES: [(&str, f64); 4] = [
    ("policies", 100.0),
    ("tuner-hooks", 100.0),
    ("rung-model", 95.0),
    ("score", 95.0),
];

/// Options of `cargo xtask mutants`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Names of folders in `crates`: policies, tuner-hooks, rung-model and score unless said otherwise
    crates: Vec<String>,
    /// Options for cargo-mutants, such as --file '*undeleted.rs', --in-diff FILE, or --shard 0/8 for a sample of an eighth
    #[arg(last = true)]
    options: Vec<String>,
}

/// Tries the mutants and fails where more survive than may.
pub(crate) fn run(args: &Args) -> Result<()> {
    let workspace = Workspace::load()?;
    let sh = workspace.shell()?;
    if cmd!(sh, "cargo mutants --version").read().is_err() {
        cmd!(sh, "cargo install --locked cargo-mutants").run()?;
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
            let these = missed
                .lines()
                .map(|it| format!("--re=^{}$", regex::escape(it)));
            let (later, rest) = try_all(&workspace, &package, &these.collect::<Vec<_>>())?;
            (noticed, missed) = (noticed + later, rest);
        }
        too_many.extend(judge(name, noticed, &missed));
    }
    ensure!(
        too_many.is_empty(),
        "{} mutants survive. Write a test that fails with the change, or say in .cargo/mutants.toml why none can:\n{}",
        too_many.len(),
        too_many.join("\n")
    );
    Ok(())
}

/// Options that choose the tests of a crate without random inputs.
fn quick_tests(workspace: &Workspace, package: &str) -> Result<Vec<String>> {
    let members = workspace.members();
    let member = members.iter().find(|member| *member.name == package);
    let member = member.with_context(|| format!("no crate {package}"))?;
    let tests = (member.targets.iter()).filter(|it| it.is_kind(TargetKind::Test));
    let quick = tests.filter(|it| !it.name.starts_with("props"));
    let option = |it: &Target| format!("--cargo-arg=--test={}", it.name);
    // They take a second or less, so a loop without an end is soon known.
    let timeout = "--minimum-test-timeout=10".to_owned();
    Ok(quick.map(option).chain([timeout]).collect())
}

/// How many mutants of a package its tests notice, and those that they do not.
fn try_all(workspace: &Workspace, package: &str, options: &[String]) -> Result<(usize, String)> {
    let (sh, target) = (workspace.shell()?, workspace.target(""));
    // Of lines in backtraces nobody reads any.
    sh.set_var("CARGO_PROFILE_DEV_DEBUG", "0");
    // That a law is broken is enough: no smaller input is looked for, and few are tried.
    sh.set_var("PROPTEST_MAX_SHRINK_ITERS", "0");
    sh.set_var("PROPTEST_CASES", "64");
    let call = cmd!(
        sh,
        "cargo mutants --shuffle --output {target} --package {package} {options...}"
    );
    println!("$ {call}");
    // 2 and 3: a mutant has survived, or was not done in time, which its tests have then noticed.
    let code = Command::from(call).status()?.code();
    ensure!(
        matches!(code, Some(0 | 2 | 3)),
        "cargo mutants ended with {code:?}"
    );
    let read = |name| sh.read_file(target.join("mutants.out").join(name));
    let noticed = read("caught.txt")? + &read("timeout.txt")?;
    Ok((noticed.lines().count(), read("missed.txt")?))
}

/// Tells how many mutants of a crate were noticed, and returns the survivors where those are too many.
fn judge(name: &str, noticed: usize, missed: &str) -> Vec<String> {
    let all = noticed + missed.lines().count();
    println!("{name}: {noticed} of {all} mutants noticed");
    let of_name = CRATES.iter().find(|of| of.0 == name);
    let least = of_name.map_or(100.0, |of| of.1);
    let enough = 100.0 * noticed as f64 >= least * all as f64;
    let survivors = missed.lines().filter(|_| !enough);
    survivors.map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_twenty_may_survive_where_nothing_is_chosen() {
        let missed = "crates/a/src/b.rs:3:9: replace > with >= in f\n";
        let survivors = |name, noticed| judge(name, noticed, missed).len();
        assert_eq!([19, 18].map(|noticed| survivors("score", noticed)), [0, 1]);
        assert_eq!(survivors("policies", 19) + survivors("tuner", 19), 2);
    }

    #[test]
    fn files_of_mutants_that_no_test_can_notice_are_there() {
        let root = Workspace::load().unwrap().root().to_owned();
        let options = include_str!("../../.cargo/mutants.toml");
        let options: toml::Table = options.parse().unwrap();
        let patterns = options["exclude_re"].as_array().unwrap().iter();
        let named = patterns.filter_map(|it| it.as_str()?.strip_prefix('^'));
        for pattern in named {
            let file = pattern.split(':').next().unwrap().replace('\\', "");
            assert!(root.join(&file).is_file(), "{file} is gone");
        }
    }
}
