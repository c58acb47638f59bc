//! `cargo xtask growth`: how time and memory of the removal callback grow with the number of trials, beside those of
//! Syne Tune 0.13's.
use std::fs;

use anyhow::{Context, Result};

use crate::{bench, process::Invocation, python::Reference, workspace::Workspace};

/// Where the table is written, from the root; the plots stand beside it.
const TABLE: &str = "docs/growth.csv";
const COLUMNS: &str = "callback,trials,microseconds a report,bytes,bytes with rungs";

/// Options of `cargo xtask growth`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Most trials
    #[arg(long, default_value_t = 1_000_000)]
    trials: u64,
    /// Most trials of the reference, which takes the longer for each the more there are
    #[arg(long, default_value_t = 30_000)]
    reference_trials: u64,
}

/// Measures each size in a process of its own, writes the table and draws it.
pub(crate) fn run(args: &Args) -> Result<()> {
    let workspace = Workspace::load()?;
    let program = bench::program(&workspace, "growth", "benches")?;
    let reference = Reference::prepare(&workspace)?;
    println!("{COLUMNS}");
    let mut table = format!("{COLUMNS}\n");
    let mut add = |callback: &str, said: &str| {
        // Syne Tune says more when it is loaded.
        let row = format!("{callback},{}", said.lines().last().unwrap_or_default());
        println!("{row}");
        table += &row;
        table.push('\n');
    };
    for trials in sizes(args.trials) {
        let call = Invocation::new(&program, workspace.root(), [trials.to_string()]);
        add("rungkeeper", &call.output()?);
    }
    for trials in sizes(args.reference_trials) {
        let call = reference.script("growth.py", &[trials.to_string()])?;
        add("Syne Tune 0.13", &call.output()?);
    }
    fs::write(workspace.root().join(TABLE), table).context(TABLE)?;
    Invocation::new(&program, workspace.root(), ["plot", TABLE, "docs"]).run()
}

/// 1,000, 3,000, 10,000 and so on.
fn sizes(most: u64) -> impl Iterator<Item = u64> {
    let decades = (3..19).map(|power| 10u64.pow(power));
    let sizes = decades.flat_map(|decade| [decade, 3 * decade]);
    sizes.take_while(move |size| *size <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_end_with_the_most() {
        let expected = [1_000, 3_000, 10_000, 30_000];
        assert!(sizes(30_000).eq(expected));
        assert!(sizes(99_999).eq(expected));
        assert_eq!(sizes(u64::MAX).count(), 32);
    }
}
