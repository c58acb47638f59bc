//! Instruction counts of the kernels against a committed baseline: they hardly depend on the machine
//! and not at all on what else it does.
mod commands;

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use cargo_metadata::camino::Utf8Path;
use xshell::cmd;

use crate::{debian::Program, workspace::Workspace};

const VALGRIND: Program = Program {
    names: &["valgrind"],
    packages: "valgrind",
    purpose: "which counts instructions",
    without: "--skip guard",
};

/// A rise of more than this fails.
const MOST_RISE: f64 = 0.10;

/// Instructions by kernel.
type Counts = BTreeMap<String, f64>;

/// Counts, and compares with the baseline or replaces it.
pub(crate) fn run(workspace: &Workspace, save: bool) -> Result<()> {
    VALGRIND.provide(workspace)?;
    let counted = count(workspace)?;
    let sh = workspace.shell()?;
    let baseline = "tests/benches/baseline.toml";
    let version = cmd!(sh, "rustc --version").read()?;
    if save {
        let lines = counted.iter();
        let lines = lines.map(|(name, count)| format!("{name:?} = {count:?}\n"));
        let counts: String = lines.collect();
        let text = format!(
            "# Instructions that a repetition of each kernel takes, written by\n\
             # `cargo xtask bench --save-baseline` ({version}).\n{counts}"
        );
        sh.write_file(baseline, text)?;
        println!("{baseline} is written");
        return Ok(());
    }
    let expected: Counts = toml::from_str(&sh.read_file(baseline)?).context(baseline)?;
    compare(&expected, &counted, &version)
}

/// Instructions of each kernel. What concerns the core is counted as it is released; the rest with little optimization, in
/// the programs that the tests have built: a release of all that it needs would take minutes, and what rises in one rises in
/// the other.
fn count(workspace: &Workspace) -> Result<Counts> {
    let mut counts = Counts::new();
    let released = super::program(workspace, "kernels", "kernels")?;
    count_kernels(workspace, &released, &mut counts)?;
    let sh = workspace.shell()?;
    let build = cmd!(sh, "cargo build --locked --workspace --all-features");
    build
        .args(["--bin", "rungkeeper", "--bin", "kernels"])
        .run()?;
    count_kernels(workspace, &workspace.target("debug/kernels"), &mut counts)?;
    commands::count(workspace, &mut counts)?;
    Ok(counts)
}

/// Those of a program that were not counted yet. What is done once is the same for two numbers of repetitions and drops out
/// of the difference.
fn count_kernels(workspace: &Workspace, program: &Utf8Path, counts: &mut Counts) -> Result<()> {
    let sh = workspace.shell()?;
    let list = cmd!(sh, "{program}").read()?;
    for line in list.lines() {
        let parts = line.split_once('\t');
        let (name, repetitions) = parts.context("a kernel has no repetitions")?;
        if counts.contains_key(name) {
            continue;
        }
        let repetitions: u64 = repetitions.parse()?;
        let repeat = |times: u64| instructions(workspace, program, &[name, &times.to_string()]);
        let (once, twice) = (repeat(repetitions)?, repeat(2 * repetitions)?);
        add(counts, name, twice as f64 - once as f64, repetitions);
    }
    Ok(())
}

/// Notes the instructions of each repetition.
fn add(counts: &mut Counts, name: &str, instructions: f64, repetitions: u64) {
    let each = instructions / repetitions as f64;
    println!("  {name}: {each:.0} instructions");
    counts.insert(name.to_owned(), each.round());
}

/// Instructions of a program with its arguments.
fn instructions(workspace: &Workspace, program: &Utf8Path, args: &[&str]) -> Result<u64> {
    let (sh, log) = (workspace.shell()?, workspace.target("callgrind.log"));
    let valgrind = cmd!(
        sh,
        "valgrind --tool=callgrind --callgrind-out-file=/dev/null"
    );
    let valgrind = valgrind.arg(format!("--log-file={log}")).arg(program);
    // What the program itself says there is of no interest unless it fails.
    valgrind.args(args).ignore_stderr().read()?;
    let said = sh.read_file(&log)?;
    collected(&said).with_context(|| format!("valgrind said:\n{said}"))
}

/// The number of instructions in what callgrind says at its end.
fn collected(said: &str) -> Result<u64> {
    let count = said.lines().find_map(|line| line.split_once("Collected :"));
    let (_, count) = count.context("there is no count")?;
    Ok(count.trim().parse()?)
}

fn compare(expected: &Counts, counted: &Counts, version: &str) -> Result<()> {
    ensure!(
        expected.keys().eq(counted.keys()),
        "the baseline is of other kernels: cargo xtask bench --save-baseline"
    );
    let mut risen = Vec::new();
    for (name, now) in counted {
        let change = now / expected[name] - 1.0;
        println!(
            "{name:35} {now:>9.0} instructions, {:+.1} %",
            100.0 * change
        );
        if change > MOST_RISE {
            risen.push(format!("{name} {:+.1} %", 100.0 * change));
        }
    }
    ensure!(
        risen.is_empty(),
        "more instructions than the baseline allows ({version}): {}; if that is as it should be: \
         cargo xtask bench --save-baseline",
        risen.join(", ")
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(values: [f64; 2]) -> Counts {
        let names = ["score", "rung"].map(ToOwned::to_owned);
        names.into_iter().zip(values).collect()
    }

    #[test]
    fn a_rise_of_more_than_ten_percent_fails() {
        let before = counts([1000.0, 200.0]);
        assert!(compare(&before, &counts([1099.0, 10.0]), "rustc").is_ok());
        let error = compare(&before, &counts([1101.0, 200.0]), "rustc 1").unwrap_err();
        let message = error.to_string();
        assert!(message.contains("(rustc 1): score +10.1 %;"), "{message}");
        let other = Counts::from([("score".to_owned(), 1000.0)]);
        assert!(compare(&other, &before, "rustc").is_err());
    }

    #[test]
    fn the_count_is_found() {
        let said = "==7== Events    : Ir\n==7== Collected : 123456\n==7== \n";
        assert_eq!(collected(said).unwrap(), 123_456);
        assert!(collected("==7== Events    : Ir\n").is_err());
    }
}
