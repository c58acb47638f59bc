//! Every checkpoint that was removed, and which of them were missed.

use maud::{Markup, html};
use rungkeeper_tuner_hooks::RemovalReason;

use super::super::plots::Axes;
use super::super::{Figure, LegendEntry, Mark, folded_table, numbers, palette};
use super::{View, amount};
use crate::report::given_up::GivenUp;

/// Rows that are shown at once.
const OPEN: usize = 20;

pub(super) fn section(view: &View<'_>) -> Markup {
    let all = view.history.given_up.all();
    html! {
        section id="given-up" {
            h2 { "Checkpoints that were removed" }
            @if all.is_empty() {
                p { "None was removed." }
            } @else {
                div.grid { (by_level(view, all)) }
                (regrets(view, all))
                (listed(view, all))
            }
        }
    }
}

/// How many were removed at each level, and how many of those were missed.
fn by_level(view: &View<'_>, all: &[GivenUp]) -> Markup {
    let (gone, missed) = (palette::series(5), palette::series(1));
    let counts = view.history.levels().into_iter().map(|level| {
        let here = all.iter().filter(|gone| gone.removal.level == level);
        let regretted = here.clone().filter(|gone| gone.regret.is_some());
        (level, here.count(), regretted.count())
    });
    let counts: Vec<(u64, usize, usize)> = counts.collect();
    let groups = counts.iter().map(|&(level, here, regretted)| {
        let bars = vec![(here as f64, gone), (regretted as f64, missed)];
        (level.to_string(), bars)
    });
    let words = counts.iter().map(|(level, here, regretted)| {
        format!("{here} at level {level}, {regretted} needed again")
    });
    let entry = |name, ink| LegendEntry {
        name,
        ink,
        mark: Mark::Box,
    };
    let figure = Figure {
        heading: "Removed by level",
        svg: Axes::new(format!("level ({})", view.folder.resource()), "checkpoints")
            .bars(&groups.collect::<Vec<_>>()),
        label: &format!(
            "Checkpoints removed by level: {}.",
            words.collect::<Vec<_>>().join("; ")
        ),
        legend: &[entry("removed", gone), entry("needed again", missed)],
        caption: html! {
            "One that was needed again costs its level in resource units, so those at high levels are expensive."
        },
    };
    figure.markup("by-level")
}

fn heads(time: &str) -> [&str; 8] {
    [
        time,
        "trial",
        "level",
        "rank",
        "bytes",
        "expected cost",
        "reason",
        "needed again",
    ]
}

/// The most expensive first.
fn regrets(view: &View<'_>, all: &[GivenUp]) -> Markup {
    let mut missed: Vec<(u64, &GivenUp)> = all
        .iter()
        .filter_map(|gone| Some((gone.regret?.cost, gone)))
        .collect();
    missed.sort_by_key(|&(cost, _)| std::cmp::Reverse(cost));
    let time = format!("time ({})", view.clock.unit);
    let heads = heads(&time);
    let rows = missed.iter().map(|(_, gone)| row(view, gone));
    html! {
        @if !missed.is_empty() {
            div id="regretted" {
                (folded_table("Needed again, the most expensive first", &heads, rows, OPEN, "they cost less."))
            }
        }
    }
}

/// In order of time.
fn listed(view: &View<'_>, all: &[GivenUp]) -> Markup {
    let time = format!("time ({})", view.clock.unit);
    let heads = heads(&time);
    let rows = all.iter().map(|gone| row(view, gone));
    let caption = format!("All {}", numbers::of(all.len() as u64, "removal"));
    let others = "the event log has them all.";
    html! {
        div id="removals" {
            (folded_table(&caption, &heads, rows, OPEN, others))
        }
    }
}

fn row(view: &View<'_>, gone: &GivenUp) -> Vec<Markup> {
    let removal = &gone.removal;
    let text = |text: String| html! { (text) };
    vec![
        text(view.clock.text(gone.time)),
        html! { (removal.trial) },
        html! { (removal.level) },
        html! { (removal.rank) " of " (removal.rung_len) },
        html! { @if removal.bytes > 0 { (numbers::bytes(removal.bytes)) } @else { "–" } },
        text(removal.expected_cost.map_or("–".to_owned(), numbers::cost)),
        html! { (reason(removal.reason)) },
        html! {
            @match gone.regret {
                Some(regret) => { strong { (amount(regret.cost)) } " at " (view.clock.text(regret.time)) },
                None => "–",
            }
        },
    ]
}

fn reason(reason: RemovalReason) -> &'static str {
    match reason {
        RemovalReason::MaxCheckpoints => "too many checkpoints",
        RemovalReason::MaxBytes => "too many bytes",
        RemovalReason::Asked => "asked for",
        other => other.name(),
    }
}
