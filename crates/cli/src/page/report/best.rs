//! The best configurations: what they are, how they learned, where their checkpoints lie.

use super::super::plots::{Axes, Series, Window};
use super::super::{Figure, LegendEntry, Mark, numbers, palette, table};
use super::View;
use crate::report::folder::Place;
use crate::report::standing;
use crate::report::trials::Trial;
use maud::{Markup, html};

/// Rows of the table.
const LISTED: usize = 10;

/// Lines in the plot: as many as there are inks.
const DRAWN: usize = 6;

/// Empty where no trial got anywhere.
pub(super) fn section(view: &View<'_>) -> Markup {
    let ranking = view.history.ranking();
    let best = &ranking[..LISTED.min(ranking.len())];
    html! {
        @if let Some(first) = best.first() {
            section id="best" {
                h2 { "The best configurations" }
                div.grid {
                    (first_of_all(view, first))
                    (curves(view, &best[..DRAWN.min(best.len())]))
                }
                (listed(view, best))
            }
        }
    }
}

/// The best one with every digit, to be copied.
fn first_of_all(view: &View<'_>, trial: &Trial) -> Markup {
    let (level, metric) = trial.highest().unwrap_or((0, f64::NAN));
    html! {
        div.card.config {
            h3 { "Trial " (trial.id) }
            p {
                (view.folder.metric()) " " strong { (metric) } " at " (view.folder.resource()) " " (level)
                @if trial.finished.is_none() { ", not finished" }
                @else if trial.by_itself { ", where it ended by itself" }
                "."
            }
            @if trial.configuration.is_empty() {
                p.soft { "The log does not tell its hyper-parameters." }
            } @else {
                pre tabindex="0" { code {
                    @for (name, value) in trial.configuration.iter() { (name) " = " (value) "\n" }
                } }
            }
            p.under { (place(view, trial)) }
        }
    }
}

fn place(view: &View<'_>, trial: &Trial) -> Markup {
    if !view.holds_checkpoint(&trial.id) {
        return html! { "Checkpoint: " (standing::checkpoint(view.history, view.folder, trial)) "." };
    }
    html! {
        @match view.folder.checkpoint(&trial.id) {
            Place::Folder(path) => { "Its checkpoint is in " code { (path.display()) } },
            Place::Store(address) => { "Its checkpoint is in the store at " code { (address) } },
            Place::Missing(path) => { "The log holds a checkpoint of it, but there is no whole one in " code { (path.display()) } },
            Place::Unknown => { "Its checkpoint is kept." },
        }
    }
}

fn listed(view: &View<'_>, best: &[&Trial]) -> Markup {
    let names = parameters(best);
    let (metric, resource) = (view.folder.metric(), view.folder.resource());
    let best_of_all = format!("best {metric}");
    let mut heads = vec!["trial", metric, resource, &best_of_all];
    heads.extend(["state", "checkpoint"]);
    heads.extend(names.iter().copied());
    let row = |trial: &&Trial| {
        let (level, metric) = trial.highest().unwrap_or((0, f64::NAN));
        let mut row = vec![
            html! { (trial.id) },
            html! { (numbers::metric(metric)) },
            html! { (numbers::whole(level as f64)) },
            html! { (best_value(view, trial)) },
            html! { (standing::status(view.history, trial)) },
            html! { (standing::checkpoint(view.history, view.folder, trial)) },
        ];
        row.extend(names.iter().map(|name| parameter(trial, name)));
        row
    };
    let caption = match best.len() {
        1 => "The only trial that reported".to_owned(),
        n => format!("The {n} best"),
    };
    html! {
        (table(&caption, &heads, &best.iter().map(row).collect::<Vec<_>>()))
        @if best.len() > 1 { p.soft.under { (order(view)) } }
    }
}

/// Why the table is sorted as it is.
fn order(view: &View<'_>) -> Markup {
    let (metric, resource) = (view.folder.metric(), view.folder.resource());
    html! {
        "Trials that finished come first, by the " (metric) " that they ended with. The others follow by how far they got, and by the "
        (metric) " there: at different values of " (resource) " it says little of who is better. “best " (metric) "” is the best that a "
        "trial ever reported, and the " (resource) " at which it did."
    }
}

/// "0.125 at 9".
fn best_value(view: &View<'_>, trial: &Trial) -> String {
    let best = trial.best_value(view.history.header.mode);
    best.map_or("–".to_owned(), |(resource, metric)| {
        format!("{} at {resource}", numbers::metric(metric))
    })
}

/// Names of all hyper-parameters, in the order in which they come.
fn parameters<'t>(trials: &[&'t Trial]) -> Vec<&'t str> {
    let mut names = Vec::new();
    for (name, _) in trials.iter().flat_map(|trial| trial.configuration.iter()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn parameter(trial: &Trial, name: &str) -> Markup {
    use rungkeeper_tuner::search_space::Value;
    html! {
        @match trial.configuration.get(name) {
            Some(Value::Float(number)) => (numbers::significant(*number, 5)),
            Some(value) => (value),
            None => "–",
        }
    }
}

/// Learning curves of the first few.
fn curves(view: &View<'_>, best: &[&Trial]) -> Markup {
    let (metric, resource) = (view.folder.metric(), view.folder.resource());
    let names: Vec<String> = best.iter().map(|t| format!("trial {}", t.id)).collect();
    let lines = best.iter().enumerate().map(|(index, trial)| {
        let points = trial.curve.iter().filter(|(_, metric)| metric.is_finite());
        Series {
            ink: palette::series(index),
            mark: Mark::Line,
            points: points.map(|&(x, y)| (x as f64, y)).collect(),
        }
    });
    let lines: Vec<Series> = lines.collect();
    let legend = names.iter().enumerate().map(|(index, name)| LegendEntry {
        name,
        ink: palette::series(index),
        mark: Mark::Line,
    });
    let values = lines.iter().flat_map(|line| &line.points);
    let window = Window::of_all(values.map(|point| point.1), view.history.header.mode);
    let last = best.iter().filter_map(|trial| {
        let (level, value) = trial.curve.last()?;
        Some(format!(
            "trial {} {} at {level}",
            trial.id,
            numbers::metric(*value)
        ))
    });
    let figure = Figure {
        heading: "How the best of them learned",
        svg: Axes::new(resource, metric).lines(&lines, window, true),
        label: &format!(
            "Learning curves: {metric} against {resource}. Last reports: {}.",
            numbers::list(&last.collect::<Vec<_>>())
        ),
        legend: &legend.collect::<Vec<_>>(),
        caption: html! {
            "What each reported first at each " (resource) "; on the horizontal axis each doubling takes the same width"
            @if window.by_factors() { ", and so does each factor on the vertical one" }
            "."
        },
    };
    figure.markup("curves")
}
