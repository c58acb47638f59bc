//! The page of `rungkeeper report`: the results of a run, and what its budget cost.

mod best;
mod budget;
mod estimates;
mod given_up;
mod head;
mod ladder;
mod values;

use maud::{Markup, html};

use super::numbers::{self, Clock};
use crate::report::folder::RunFolder;
use crate::report::history::History;
use crate::report::standing;

/// A run with what every part of its page needs.
struct View<'r> {
    history: &'r History,
    folder: &'r RunFolder,
    clock: Clock,
}

/// The page about a run.
pub(crate) fn page(history: &History, folder: &RunFolder) -> String {
    let view = View {
        history,
        folder,
        clock: Clock::of(history.elapsed),
    };
    let name = folder.name();
    let body = html! {
        header {
            p.eyebrow { "rungkeeper report · " (folder.log().display()) }
            h1 { "Results of the run “" (name) "”" }
            (head::in_short(&view))
        }
        main {
            (best::section(&view))
            (values::section(&view))
            (budget::section(&view))
            (ladder::section(&view))
            (given_up::section(&view))
            (estimates::section(&view))
            (reading(&view))
        }
        footer { p { "Made by rungkeeper " (env!("CARGO_PKG_VERSION")) ". This page asks for nothing from the network." } }
    };
    super::document(&format!("Report on {name}"), &body)
}

/// "3 resource units".
fn amount(resource: u64) -> String {
    numbers::of(resource, "resource unit")
}

impl View<'_> {
    /// The trial has a checkpoint to go on from.
    fn holds_checkpoint(&self, trial: &str) -> bool {
        standing::holds_checkpoint(self.history, trial)
    }
}

fn reading(view: &View<'_>) -> Markup {
    html! {
        section {
            h2 { "How to read this page" }
            dl {
                dt { "Rung, level" }
                dd { "A rung holds the trials that reached its level, by their metric. Each is paused there; the best share is promoted, that is, resumed." }
                dt { "Budget" }
                dd {
                    "How many trials may hold a checkpoint (those in training included), and how many bytes the checkpoints may take. \
                     It is kept at the end of each turn of the loop; within a turn each worker may add one."
                }
                dt { "Removed, needed again" }
                dd {
                    "To keep the budget, checkpoints of paused trials are removed. A checkpoint is needed again if its trial is resumed after \
                     all: it trains from scratch. Its level, in resource units, is the cost."
                }
                dt { "Resource unit" }
                dd { "What levels are counted in" @match view.folder.resource() { "resource" => ".", name => { ": here one " (name) "." } } }
                dt { "Per cent of the training" }
                dd { "Of what the run needed in any case: for each trial the highest resource that it reported." }
                dt { "Expected cost" }
                dd { (estimates::expected_cost(view)) }
            }
        }
    }
}

#[cfg(test)]
mod ordinary_life;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
