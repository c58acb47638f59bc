//! The table on the terminal, 80 columns wide.

use std::io::{self, Write};

use rungkeeper_tuner::simulation::{
    CellResult, Curves, Grid, Levels, Retraining, Spread, SummaryRow, geometric_mean_over_optimum,
    geometric_mean_ratio, smallest_budget, summarize,
};
use rungkeeper_tuner_hooks::PolicySpec;

use crate::plain::{WIDTH, wrapped};
use crate::report::words;
use crate::simulate::search::Search;

/// A cost under this share of the training, in percent, is small enough to be the answer.
const SMALL_PERCENT: f64 = 1.0;

/// Columns for the budget.
const BUDGET_WIDTH: usize = 11;

/// Columns for a cost, with its range over seeds and without. The range is left out where there is no room for it.
const WITH_RANGE: usize = 17;
const WITHOUT_RANGE: usize = 13;

pub(super) fn write(
    grid: &Grid,
    results: &[CellResult],
    search: Option<&Search>,
    out: &mut impl Write,
) -> io::Result<()> {
    wrapped(
        "A budget is the number of checkpoints kept at a time, those of running trials included. \
         Its cost is what must be trained again because a checkpoint was removed and its trial \
         was resumed after all.",
        out,
    )?;
    if let Some(search) = search {
        let text = format!(
            "The search of {} proposes the configuration of each new trial, which has the curve of \
             the nearest one.",
            search.file()
        );
        writeln!(out)?;
        wrapped(&text, out)?;
    }
    let rows = summarize(results);
    for curves in &grid.curves {
        for levels in &grid.levels {
            for &workers in &grid.workers {
                writeln!(out)?;
                heading(grid, curves, levels, workers, out)?;
                let eta = levels.reduction_factor();
                let key = (curves.table.name(), eta, workers);
                let part = |row: &&SummaryRow| (row.curves.as_str(), row.eta, row.workers) == key;
                let part: Vec<SummaryRow> = rows.iter().filter(part).cloned().collect();
                table(grid, &part, out)?;
                writeln!(out)?;
                ratios(grid, &part, out)?;
                answer(grid, &part, out)?;
            }
        }
    }
    if grid.curves.len() * grid.levels.len() * grid.workers.len() > 1 {
        writeln!(out, "\nAll of these together:")?;
        ratios(grid, &rows, out)?;
    }
    Ok(())
}

fn heading(
    grid: &Grid,
    curves: &Curves,
    levels: &Levels,
    workers: u64,
    out: &mut impl Write,
) -> io::Result<()> {
    let table = &curves.table;
    let good = words::good(curves.mode);
    let (name, metric) = (table.name(), table.metric());
    writeln!(out, "{name}")?;
    // The grid was checked: there is such a scheduler.
    let Ok(spec) = levels.scheduler(table, grid.conditions.max_resource) else {
        return Ok(());
    };
    let levels: Vec<u64> = spec.model.rungs.iter().map(|rung| rung.level).collect();
    let unlisted = |level: &&u64| table.resources().binary_search(level).is_err();
    let between: Vec<u64> = levels.iter().filter(unlisted).copied().collect();
    let note = if between.is_empty() {
        String::new()
    } else {
        let between = list(&between);
        format!(" (the file does not list {between}: what it lists before counts there)")
    };
    let text = format!(
        "{} curves; {metric}, {good} is good; {}; trials pause at {} and stop at {}{note}",
        table.len(),
        count(workers, "worker"),
        list(&levels),
        spec.max_resource
    );
    wrapped(&text, out)
}

fn list(numbers: &[u64]) -> String {
    let words: Vec<String> = numbers.iter().map(u64::to_string).collect();
    words.join(", ")
}

fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn table(grid: &Grid, rows: &[SummaryRow], out: &mut impl Write) -> io::Result<()> {
    let frozen = grid.conditions.retraining == Retraining::Frozen;
    let columns = grid.policies.len() + usize::from(frozen);
    let with_range = grid.seeds.len() > 1 && BUDGET_WIDTH + columns * WITH_RANGE <= WIDTH;
    let seeds = match grid.seeds.len() {
        1 => "one run".to_owned(),
        seeds if with_range => format!("mean and range of {seeds} runs"),
        seeds => format!("mean of {seeds} runs"),
    };
    writeln!(out, "\nCost in % of the training ({seeds}):\n")?;
    let width = if with_range {
        WITH_RANGE
    } else {
        WITHOUT_RANGE
    };
    write!(out, "{:>BUDGET_WIDTH$}", "checkpoints")?;
    let optimum = frozen.then_some("optimum");
    for head in grid.policies.iter().map(PolicySpec::name).chain(optimum) {
        write!(out, "{head:>width$}")?;
    }
    writeln!(out)?;
    for budget in &grid.budgets {
        write!(out, "{budget:>BUDGET_WIDTH$}")?;
        let row = |policy: &PolicySpec| {
            let is_it = |row: &&SummaryRow| row.budget == *budget && row.policy == policy.name();
            rows.iter().find(is_it)
        };
        let rows: Vec<&SummaryRow> = grid.policies.iter().filter_map(row).collect();
        let optimum = rows.first().and_then(|row| row.optimum_percent);
        for spread in rows.iter().map(|row| row.cost_percent).chain(optimum) {
            write!(out, "{:>width$}", cost(spread, with_range))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn cost(spread: Spread, with_range: bool) -> String {
    let Spread { mean, least, most } = spread;
    if with_range {
        format!("{} ({}-{})", short(mean), shorter(least), shorter(most))
    } else {
        short(mean)
    }
}

/// Two decimals, fewer for large numbers, none for 0.
fn short(percent: f64) -> String {
    match percent {
        0.0 => "0".to_owned(),
        p if p < 0.005 => "<0.01".to_owned(),
        p if p < 9.995 => format!("{p:.2}"),
        p => format!("{p:.1}"),
    }
}

/// One decimal, none for large numbers and 0.
fn shorter(percent: f64) -> String {
    match percent {
        0.0 => "0".to_owned(),
        p if p < 9.95 => format!("{p:.1}"),
        p => format!("{p:.0}"),
    }
}

fn answer(grid: &Grid, rows: &[SummaryRow], out: &mut impl Write) -> io::Result<()> {
    let largest = grid.budgets.iter().max().copied().unwrap_or(0);
    let answers = grid.policies.iter().enumerate().map(|(place, policy)| {
        let budget = |number: u64| match place {
            0 => words::of(number, "checkpoint"),
            _ => number.to_string(),
        };
        match smallest_budget(rows, policy.name(), SMALL_PERCENT) {
            Some(smallest) => format!("{} ({policy})", budget(smallest)),
            None => format!("more than {} ({policy})", budget(largest)),
        }
    });
    let answers: Vec<String> = answers.collect();
    let text = format!(
        "Smallest budget whose cost is under {SMALL_PERCENT} % of the training: {}.",
        answers.join(", ")
    );
    wrapped(&text, out)
}

/// How the first policy compares with the others.
fn ratios(grid: &Grid, rows: &[SummaryRow], out: &mut impl Write) -> io::Result<()> {
    let Some((first, others)) = grid.policies.split_first() else {
        return Ok(());
    };
    let ratio = |other: &PolicySpec| {
        let ratio = geometric_mean_ratio(rows, first.name(), other.name())?;
        Some(format!("{} times that of {other}", times(ratio)))
    };
    let mut parts: Vec<String> = others.iter().filter_map(ratio).collect();
    if let Some(ratio) = geometric_mean_over_optimum(rows, first.name()) {
        parts.push(format!("{} times the optimum", times(ratio)));
    }
    if parts.is_empty() {
        return Ok(());
    }
    let text = format!(
        "The cost of {first} is {} (geometric mean over the budgets).",
        parts.join(", ")
    );
    wrapped(&text, out)
}

/// Two decimals, and one digit more for what would be 0.00.
fn times(ratio: f64) -> String {
    match ratio {
        r if r < 0.000_5 => "<0.001".to_owned(),
        r if r < 0.005 => format!("{r:.3}"),
        r => format!("{r:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_short() {
        let shown = [0.0, 0.004, 0.005, 1.234, 9.994, 9.995, 12.34].map(short);
        assert_eq!(
            shown,
            ["0", "<0.01", "0.01", "1.23", "9.99", "10.0", "12.3"]
        );
        let shown = [0.0, 0.04, 9.94, 9.95, 55.5].map(shorter);
        assert_eq!(shown, ["0", "0.0", "9.9", "10", "56"]);
        let widest = Spread {
            mean: 99.99,
            least: 99.99,
            most: 1234.0,
        };
        assert!(cost(widest, true).len() < WITH_RANGE);
    }

    #[test]
    fn ratios_are_not_0() {
        let shown = [0.000_4, 0.004, 0.005, 0.53, 12.345].map(times);
        assert_eq!(shown, ["<0.001", "0.004", "0.01", "0.53", "12.35"]);
    }

    /// A column is wide enough for the name of any policy and a space before it.
    #[test]
    fn all_policies_fit_with_their_ranges() {
        use rungkeeper_tuner_hooks::PolicySpec;
        assert!(BUDGET_WIDTH + PolicySpec::NAMES.len() * WITH_RANGE <= WIDTH);
        assert!(BUDGET_WIDTH + (PolicySpec::NAMES.len() + 1) * WITHOUT_RANGE <= WIDTH);
        assert!(
            PolicySpec::NAMES
                .iter()
                .all(|policy| policy.len() < WITHOUT_RANGE)
        );
    }
}
