//! The page of `rungkeeper simulate`: which budget is enough, and what each policy costs at each budget.

mod answer;
mod figures;
mod grid;
mod table;

use std::path::Path;

use maud::{Markup, html};
use rungkeeper_tuner::simulation::CellResult;

use self::grid::Grid;
use super::numbers;

/// A budget is enough if it costs less than this, in per cent of the training.
const GOAL: f64 = 1.0;

/// What the page says about the run besides its results.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The command that made the page, as one can paste it.
    pub(crate) command_line: String,
    /// All policies saw the same schedule: training again took no time on the clock.
    pub(crate) frozen: bool,
}

/// Writes the page to the file at `path`.
pub(crate) fn write(path: &Path, cells: &[CellResult], settings: &Settings) -> anyhow::Result<()> {
    let page = page(cells, settings);
    crate::output::write(path, &page)
}

fn page(cells: &[CellResult], settings: &Settings) -> String {
    let grids = Grid::split(cells);
    let mut curves: Vec<String> = grids.iter().map(|grid| grid.curves.to_owned()).collect();
    curves.dedup();
    let body = html! {
        header {
            p.eyebrow { "rungkeeper simulate · " (numbers::list(&curves)) }
            h1 { "How many checkpoints must be kept?" }
            (in_short(&grids))
        }
        main {
            @for (index, grid) in grids.iter().enumerate() { (section(index, grid)) }
            (reading(settings))
        }
        footer { p { "Made by rungkeeper " (env!("CARGO_PKG_VERSION")) ". This page asks for nothing from the network." } }
    };
    super::document(
        &format!("Checkpoint budgets for {}", numbers::list(&curves)),
        &body,
    )
}

/// The answers in a sentence each.
fn in_short(grids: &[Grid<'_>]) -> Markup {
    html! {
        @match grids {
            [] => p.lede { "Nothing was simulated." },
            [grid] => p.lede { (answer::sentence(grid)) },
            several => ul.lede {
                @for (index, grid) in several.iter().enumerate() {
                    li { a href={ "#" (section_id(index)) } { (grid.title()) } ": " (answer::sentence(grid)) }
                }
            },
        }
    }
}

fn section_id(index: usize) -> String {
    format!("s{}", index + 1)
}

fn section(index: usize, grid: &Grid<'_>) -> Markup {
    let id = section_id(index);
    html! {
        section id=(id) {
            h2 { (grid.title()) }
            div.grid {
                (answer::card(grid))
                (figures::cost(grid, &id))
                (figures::held(grid, &id))
                (figures::losses(grid, &id))
            }
            (table::all(grid))
        }
    }
}

fn reading(settings: &Settings) -> Markup {
    html! {
        section {
            h2 { "How to read this page" }
            dl {
                dt { "Budget" }
                dd {
                    "How many trials may hold a checkpoint, those in training included. It is kept at the end of each turn of the \
                     scheduler; within a turn each worker may add one."
                }
                dt { "Optimum" }
                dd {
                    "The cost of the best choice that anyone could have made who knew in advance which trials would be resumed. \
                     No policy can be below it."
                }
                dt { @if settings.frozen { "Frozen: yes" } @else { "Frozen: no" } }
                dd { (frozen(settings.frozen)) }
            }
            h2 { "The command that made it" }
            pre tabindex="0" { code { (settings.command_line) } }
        }
    }
}

fn frozen(frozen: bool) -> &'static str {
    if frozen {
        "Training again was counted, but took no time on the clock. So all policies saw one and the same schedule, their costs can be \
         compared decision by decision, and the optimum is known. In a real run training again also delays what comes after."
    } else {
        "Training again took its time on the clock, as in a real run. So schedules differ a little from policy to policy, part of a \
         difference in cost may be chance, and no optimum is given."
    }
}

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
