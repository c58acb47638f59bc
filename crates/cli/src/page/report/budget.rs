//! Checkpoints and bytes against the budget.

use maud::{Markup, html};
use rungkeeper_tuner_hooks::{Budget, TrialStatus};

use super::super::palette::{self, Ink};
use super::super::plots::{Axes, Series};
use super::super::{Figure, LegendEntry, Mark, numbers, policy_name};
use super::View;
use crate::report::holdings::Held;
use crate::report::words;

pub(super) fn section(view: &View<'_>) -> Markup {
    html! {
        section id="budget" {
            h2 { "Checkpoints and the budget" }
            div.grid {
                (facts(view))
                (checkpoints(view))
                (bytes(view))
            }
        }
    }
}

fn facts(view: &View<'_>) -> Markup {
    let history = view.history;
    let model = history.model();
    let results = history.extra_results();
    let holdings = &history.holdings;
    let expected: Option<f64> = history
        .given_up
        .all()
        .iter()
        .filter(|gone| !gone.is_lost())
        .map(|gone| gone.removal.expected_cost)
        .sum();
    let lost = history.given_up.all().iter().filter(|gone| gone.is_lost());
    let lost = lost.count();
    html! {
        div.card.answer.tall {
            h3 { "In numbers" }
            table.answers.facts {
                tbody {
                    (fact("Trials started", &html! { (model.num_trials()) }))
                    (fact("in training", &html! { (history.count(TrialStatus::Running)) }))
                    (fact("paused with a checkpoint", &html! { (history.count(TrialStatus::PausedWithCheckpoint)) }))
                    (fact("paused without", &html! { (history.count(TrialStatus::PausedNoCheckpoint)) }))
                    (fact("ended", &html! { (history.count(TrialStatus::StoppedOrCompleted)) }))
                    (fact("Promotions", &html! { (results.num_trials_resumed) }))
                    (fact("Checkpoints at the end", &html! { (model.num_with_checkpoint()) }))
                    (at_most(&holdings.checkpoints, |number| number.to_string()))
                    @if holdings.bytes.most() > 0 {
                        (fact("Bytes at the end", &html! { (numbers::bytes(model.checkpoint_bytes())) }))
                        (at_most(&holdings.bytes, numbers::bytes))
                    }
                    (fact("Checkpoints removed", &html! { (results.num_checkpoints_removed) }))
                    (fact("needed again", &html! { (history.given_up.regretted()) }))
                    @if let Some(taken) = history.room_taken() {
                        (fact("not deleted", &html! { (taken.number) " (" (numbers::bytes(taken.bytes)) ")" }))
                    }
                    @if lost > 0 { (fact("Lost: never complete, or broken", &html! { (lost) })) }
                    (fact("Trained (resource units)", &html! { (numbers::whole(history.trained() as f64)) }))
                    (fact("again", &html! {
                        (numbers::whole(results.cost_resources as f64))
                        " (" (numbers::percent(history.cost_percent())) ")"
                    }))
                    @if let Some(expected) = expected.filter(|_| results.num_checkpoints_removed > 0) {
                        (fact("as the policy expected", &html! { (numbers::cost(expected)) }))
                    }
                }
            }
            p.soft { (settings(view)) }
        }
    }
}

fn fact(name: &str, value: &Markup) -> Markup {
    let is_part = name.starts_with(char::is_lowercase);
    html! { tr class=[is_part.then_some("part")] { th scope="row" { (name) } td { (value) } } }
}

/// A row each for the end of a turn and within one, where that makes a difference.
fn at_most(held: &Held, text: impl Fn(u64) -> String) -> Markup {
    let (after, within) = (text(held.most_after_turns()), text(held.most()));
    html! {
        @if after == within {
            (fact("at most", &html! { (after) }))
        } @else {
            (fact("at most at the end of a turn", &html! { (after) }))
            (fact("at most within one", &html! { (within) }))
        }
    }
}

fn settings(view: &View<'_>) -> Markup {
    let header = &view.history.header;
    let levels: Vec<String> = view.history.levels().iter().map(u64::to_string).collect();
    let good = words::good(header.mode);
    html! {
        "Policy " (policy_name(&header.policy)) ", budget " (numbers::budget(header.budget))
        @if header.workers > 0 { ", " (numbers::of(header.workers, "worker")) }
        ". Trials pause at " (numbers::list(&levels)) " and stop at " (header.max_resource) "; a "
        (good) " " (view.folder.metric()) " is good."
    }
}

fn checkpoints(view: &View<'_>) -> Markup {
    let holdings = &view.history.holdings;
    over_time(
        view,
        &OverTime {
            id: "held",
            heading: "Checkpoints held over time",
            held: &holdings.checkpoints,
            most: |budget| budget.max_checkpoints,
            axis: "checkpoints held",
            length: 1.0,
            text: |number| numbers::whole(number as f64),
            caption: "Trials that hold a checkpoint, those in training included.",
        },
    )
}

/// Empty where the log tells no sizes.
fn bytes(view: &View<'_>) -> Markup {
    let holdings = &view.history.holdings;
    let most = holdings.bytes.most();
    if most == 0 {
        return html! {};
    }
    let limits = holdings.budgets.iter().filter_map(|at| at.1.max_bytes);
    let (unit, length) = numbers::byte_unit(limits.fold(most, u64::max));
    over_time(
        view,
        &OverTime {
            id: "bytes",
            heading: "Bytes held over time",
            held: &holdings.bytes,
            most: |budget| budget.max_bytes,
            axis: &format!("checkpoints ({unit})"),
            length,
            text: numbers::bytes,
            caption: "Complete checkpoints that were not removed. What was removed may take room for a moment longer, until its \
                      files are deleted.",
        },
    )
}

/// What is held over time, of one kind.
struct OverTime<'a> {
    id: &'a str,
    heading: &'a str,
    held: &'a Held,
    /// What the budget allows, if it says.
    most: fn(Budget) -> Option<u64>,
    axis: &'a str,
    /// What is one on the axis.
    length: f64,
    text: fn(u64) -> String,
    caption: &'a str,
}

fn over_time(view: &View<'_>, shown: &OverTime<'_>) -> Markup {
    let (moments, turns) = (palette::GOAL, palette::series(0));
    let within_turns = shown.held.moments.len() != shown.held.turns.len();
    let mut lines = Vec::new();
    let mut legend = vec![LegendEntry {
        name: "held",
        ink: turns,
        mark: Mark::Line,
    }];
    if within_turns {
        lines.push(line(
            view,
            shown,
            &shown.held.moments,
            (moments, Mark::Dotted),
        ));
        legend[0].name = "held after each turn";
        legend.push(LegendEntry {
            name: "within turns",
            ink: moments,
            mark: Mark::Dotted,
        });
    }
    lines.push(line(view, shown, &shown.held.turns, (turns, Mark::Line)));
    let limits = limits(view, shown);
    let limited = !limits.is_empty();
    lines.extend(limits);
    if limited {
        legend.push(LegendEntry {
            name: "budget",
            ink: palette::NEUTRAL,
            mark: Mark::Dashed,
        });
    }
    let figure = Figure {
        heading: shown.heading,
        svg: Axes::new(format!("time ({})", view.clock.unit), shown.axis).steps(&lines, None),
        label: &label(view, shown),
        legend: &legend,
        caption: html! { (shown.caption) @if !limited { " There is no limit." } },
    };
    figure.markup(shown.id)
}

fn line(
    view: &View<'_>,
    shown: &OverTime<'_>,
    held: &[(f64, u64)],
    (ink, mark): (Ink, Mark),
) -> Series {
    let at = |&(time, held): &(f64, u64)| (view.clock.value(time), held as f64 / shown.length);
    Series {
        ink,
        mark,
        points: held.iter().map(at).collect(),
    }
}

fn label(view: &View<'_>, shown: &OverTime<'_>) -> String {
    let last = shown.held.moments.last().map_or(0, |at| at.1);
    let budget = (shown.most)(view.history.holdings.budget());
    format!(
        "{}. At most {}, at the end {}; budget: {}.",
        shown.heading,
        (shown.text)(shown.held.most()),
        (shown.text)(last),
        budget.map_or("no limit".to_owned(), shown.text)
    )
}

/// The budget over time: a line for each stretch in which there is a limit.
fn limits(view: &View<'_>, shown: &OverTime<'_>) -> Vec<Series> {
    let history = view.history;
    let budgets = &history.holdings.budgets;
    let ends = budgets[1..].iter().map(|next| next.0);
    let stretches = budgets.iter().zip(ends.chain([history.elapsed]));
    let lines = stretches.filter_map(|(&(from, budget), to)| {
        let limit = (shown.most)(budget)? as f64 / shown.length;
        let points = [from, to].map(|time| (view.clock.value(time), limit));
        Some(Series {
            ink: palette::NEUTRAL,
            mark: Mark::Dashed,
            points: points.to_vec(),
        })
    });
    lines.collect()
}
