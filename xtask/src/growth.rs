//! `cargo xtask growth`: how time and memory of the removal callback grow with the number of trials, beside those of
//! Syne Tune 0.13's.
use anyhow::Result;
use xshell::cmd;

use crate::{bench, python::Reference, workspace::Workspace};

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
    let sh = workspace.shell()?;
    let program = bench::program(&workspace, "growth", "benches")?;
    let reference = Reference::prepare(&workspace)?;
    println!("{COLUMNS}");
    let mut table = vec![COLUMNS.to_owned()];
    let mut add = |callback: &str, said: &str| {
        // Syne Tune says more when it is loaded.
        let row = format!("{callback},{}", said.lines().last().unwrap_or_default());
        println!("{row}");
        table.push(row);
    };
    for trials in sizes(args.trials) {
        add("rungkeeper", &cmd!(sh, "{program} {trials}").read()?);
    }
    for trials in sizes(args.reference_trials) {
        let call = reference.script("growth.py", &[trials]);
        add("Syne Tune 0.13", &call.read()?);
    }
    sh.write_file(TABLE, table.join("\n") + "\n")?;
    Ok(cmd!(sh, "{program} plot {TABLE} docs").run()?)
}

/// 1,000, 3,000, 10,000 and so on.
fn sizes(most: u64) -> impl Iterator<Item = String> {
    let decades = (3..19).map(|power| 10u64.pow(power));
    let sizes = decades.flat_map(|decade| [decade, 3 * decade]);
    let sizes = sizes.take_while(move |size| *size <= most);
    sizes.map(|size| size.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_end_with_the_most() {
        assert!(sizes(30_000).eq(["1000", "3000", "10000", "30000"]));
        assert_eq!(sizes(99_999).count(), 4);
        assert_eq!(sizes(u64::MAX).count(), 32);
    }
}
