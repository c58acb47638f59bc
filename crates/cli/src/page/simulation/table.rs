//! All figures of a grid, as numbers.

use maud::{Markup, html};
use rungkeeper_tuner::simulation::CellResult;

use super::super::{Mark, numbers, swatch};
use super::grid::{Grid, Policy};

/// A column of counts: its head, and the count of a cell.
type Column = (&'static str, fn(&CellResult) -> f64);

const COUNTS: [Column; 8] = [
    ("trained again (resource)", |cell| {
        cell.cost_resources as f64
    }),
    ("trained again (seconds)", |cell| cell.cost_seconds),
    ("most within a turn", |cell| cell.peak_checkpoints as f64),
    ("started", |cell| cell.started as f64),
    ("resumed", |cell| cell.resumed as f64),
    ("checkpoints removed", |cell| cell.removed as f64),
    ("resumed without one", |cell| {
        cell.resumed_without_checkpoint as f64
    }),
    ("reports", |cell| cell.reports as f64),
];

/// One row for each policy and budget.
pub(super) fn all(grid: &Grid<'_>) -> Markup {
    let optimum = grid
        .budgets
        .iter()
        .any(|&budget| grid.optimum(budget).is_some());
    let mut heads = vec!["policy", "budget", "cost (%)", "least to most"];
    if optimum {
        heads.extend(["optimum (%)", "times the optimum"]);
    }
    heads.extend(COUNTS.iter().map(|(head, _)| *head));
    let policies = grid.policies.iter();
    let rows = policies.flat_map(|policy| {
        grid.budgets
            .iter()
            .filter_map(move |&budget| row(grid, policy, budget, optimum))
    });
    super::super::table(
        &format!("All figures, {}", grid.seeds_in_words()),
        &heads,
        &rows.collect::<Vec<_>>(),
    )
}

fn row(
    grid: &Grid<'_>,
    policy: &Policy<'_>,
    budget: u64,
    with_optimum: bool,
) -> Option<Vec<Markup>> {
    let cost = grid.cost(policy, budget)?;
    let text = |text: String| html! { (text) };
    let mut row = vec![
        html! { (swatch(policy.ink, Mark::Box)) " " (policy.name) },
        text(numbers::whole(budget as f64)),
        text(numbers::bare_percent(cost.mean)),
        text(range(
            numbers::bare_percent(cost.least),
            &numbers::bare_percent(cost.most),
        )),
    ];
    if with_optimum {
        let optimum = grid.optimum(budget);
        row.push(text(
            optimum.map_or_else(|| "–".to_owned(), numbers::bare_percent),
        ));
        let ratio = optimum
            .filter(|optimum| *optimum > 0.0)
            .map(|optimum| cost.mean / optimum);
        row.push(text(
            ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}")),
        ));
    }
    for (_, count) in COUNTS {
        row.push(text(numbers::count(grid.mean(policy, budget, count))));
    }
    Some(row)
}

fn range(least: String, most: &str) -> String {
    if least == most {
        least
    } else {
        format!("{least} – {most}")
    }
}
