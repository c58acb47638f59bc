//! The question in one glance: which budget is enough, and what does the tightest cost?

use maud::{Markup, html};

use super::super::{Mark, numbers, swatch};
use super::GOAL;
use super::grid::{Grid, Policy};

/// The smallest budget that is enough, for the policy that needs the least.
pub(super) fn sentence(grid: &Grid<'_>) -> Markup {
    let enough = grid
        .policies
        .iter()
        .filter_map(|policy| Some((policy, grid.enough(policy)?)));
    let best = enough.min_by(|(_, a), (_, b)| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let Some((policy, (budget, cost))) = best else {
        return html! { strong { "More than any budget tried" } (too_tight(grid)) };
    };
    html! {
        strong { (numbers::of(budget, "checkpoint")) } " with the " (policy.name) " policy: training again then costs "
        (numbers::percent(cost)) " of the training."
        @if grid.budgets.first() == Some(&budget) {
            " It is the smallest budget tried; fewer may do."
        } @else {
            " It is the smallest budget tried from which on the cost stays under " (numbers::percent_of_goal(GOAL)) "."
        }
    }
}

/// What the largest budget costs where none is enough.
fn too_tight(grid: &Grid<'_>) -> Markup {
    let Some(&largest) = grid.budgets.last() else {
        return html! { "." };
    };
    let costs = grid
        .policies
        .iter()
        .filter_map(|policy| Some((policy, grid.cost(policy, largest)?.mean)));
    let least = costs.min_by(|(_, a), (_, b)| a.total_cmp(b));
    html! {
        ": none costs less than " (numbers::percent_of_goal(GOAL)) " of the training."
        @if let Some((policy, cost)) = least {
            " The largest, " (numbers::of(largest, "checkpoint")) ", costs " (numbers::percent(cost)) " with the "
            (policy.name) " policy."
        }
    }
}

/// The card with the answers of every policy.
pub(super) fn card(grid: &Grid<'_>) -> Markup {
    let Some(&tightest) = grid.budgets.first() else {
        return html! {};
    };
    html! {
        div.card.answer {
            h3 { "At a glance" }
            table.answers {
                thead {
                    tr {
                        th scope="col" { "Policy" }
                        th scope="col" { "Smallest budget under " (numbers::percent_of_goal(GOAL)) }
                        th scope="col" { "Cost at the tightest budget, " (tightest) }
                    }
                }
                tbody { @for policy in &grid.policies { (row(grid, policy, tightest)) } }
            }
            @for line in in_words(grid, tightest) { p { (line) } }
        }
    }
}

fn row(grid: &Grid<'_>, policy: &Policy<'_>, tightest: u64) -> Markup {
    let cost = grid.cost(policy, tightest);
    html! {
        tr {
            th scope="row" { (swatch(policy.ink, Mark::Box)) " " (policy.name) }
            td.big {
                @match grid.enough(policy) {
                    Some((budget, _)) => (budget),
                    None => span.soft { "> " (grid.budgets.last().copied().unwrap_or(tightest)) },
                }
            }
            td.big { @if let Some(cost) = cost { (numbers::percent(cost.mean)) } @else { "–" } }
        }
    }
}

fn in_words(grid: &Grid<'_>, tightest: u64) -> [Markup; 3] {
    let costs = grid.policies.iter().filter_map(|policy| {
        let cost = grid.cost(policy, tightest)?.mean;
        Some(format!("{} ({})", numbers::percent(cost), policy.name))
    });
    let costs = numbers::list(&costs.collect::<Vec<_>>());
    let budgets: Vec<String> = grid.budgets.iter().map(u64::to_string).collect();
    [
        html! {
            "The tightest budget, " (numbers::of(tightest, "checkpoint")) ", costs " (costs) "."
            @if let Some(optimum) = grid.optimum(tightest) {
                " The best choice in hindsight would cost " (numbers::percent(optimum)) "."
            }
        },
        html! {
            span.soft {
                "A trial that is resumed after its checkpoint was removed trains from scratch. What it trains again is the cost, in \
                 per cent of the training that the run takes with every checkpoint kept."
            }
        },
        html! {
            span.soft {
                "Budgets tried: " (numbers::list(&budgets)) " checkpoints. Costs: " (grid.seeds_in_words()) "."
            }
        },
    ]
}
