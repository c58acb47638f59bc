//! What programs reported beside the metric.

use std::collections::BTreeSet;

use maud::{Markup, html};
use rungkeeper_tuner_hooks::Mode;

use super::super::plots::{Axes, Series, Window};
use super::super::{Figure, LegendEntry, Mark, numbers, palette};
use super::View;
use crate::report::trials::Trial;

/// Lines in a plot: as many as there are inks.
const DRAWN: usize = 6;

/// Figures that are shown at once.
const OPEN: usize = 2;

/// Figures of a page at most.
const MOST: usize = 40;

/// Empty where nothing else was reported.
pub(super) fn section(view: &View<'_>) -> Markup {
    let ranking = view.history.ranking();
    let best = &ranking[..DRAWN.min(ranking.len())];
    let names = best.iter().flat_map(|trial| trial.values.keys());
    let names: BTreeSet<&str> = names.map(String::as_str).collect();
    let figures: Vec<Markup> = names
        .iter()
        .take(MOST)
        .enumerate()
        .map(|(index, name)| figure(view, name, best).markup(&format!("value-{index}")))
        .collect();
    let (shown, folded) = figures.split_at(OPEN.min(figures.len()));
    html! {
        @if !names.is_empty() {
            section id="values" {
                h2 { "What else was reported" }
                p { "By the best trials, in their colours above. " code { "rungkeeper export" } " has what every trial reported." }
                (grid(shown))
                @if !folded.is_empty() {
                    details {
                        summary { "Show the other " (numbers::whole(folded.len() as f64)) }
                        (grid(folded))
                    }
                }
                @if names.len() > MOST {
                    p.soft.under { (numbers::of((names.len() - MOST) as u64, "more value")) " were reported." }
                }
            }
        }
    }
}

fn grid(figures: &[Markup]) -> Markup {
    html! { div.grid { @for figure in figures { (figure) } } }
}

fn figure<'a>(view: &View<'_>, name: &'a str, best: &[&Trial]) -> OwnedFigure<'a> {
    let of = |trial: &&Trial| trial.values.get(name).cloned().unwrap_or_default();
    let lines = best.iter().enumerate().map(|(index, trial)| {
        let points = of(trial).into_iter();
        Series {
            ink: palette::series(index),
            mark: Mark::Line,
            points: points.map(|(x, y)| (x as f64, y)).collect(),
        }
    });
    let lines: Vec<Series> = lines.filter(|line| !line.points.is_empty()).collect();
    let values = lines
        .iter()
        .flat_map(|line| line.points.iter().map(|at| at.1));
    // Small values by factors, as of a learning rate; which direction is good is not known.
    let window = Window::of_all(values, Mode::Min);
    let names = best.iter().enumerate();
    let names = names.filter(|(_, trial)| trial.values.contains_key(name));
    let last = names.clone().filter_map(|(_, trial)| {
        let (level, value) = trial.values.get(name)?.last()?;
        let value = numbers::metric(*value);
        Some(format!("trial {} {value} at {level}", trial.id))
    });
    OwnedFigure {
        name,
        // Its name is the heading, and may be too long for an axis.
        svg: Axes::new(view.folder.resource(), "").lines(&lines, window, true),
        label: format!(
            "{name} against {}. Last reports: {}.",
            view.folder.resource(),
            numbers::list(&last.collect::<Vec<_>>())
        ),
        legend: names
            .map(|(index, trial)| (format!("trial {}", trial.id), index))
            .collect(),
        resource: view.folder.resource().to_owned(),
    }
}

/// A figure with its words.
struct OwnedFigure<'a> {
    name: &'a str,
    svg: super::super::svg::Svg,
    label: String,
    legend: Vec<(String, usize)>,
    resource: String,
}

impl OwnedFigure<'_> {
    fn markup(self, id: &str) -> Markup {
        let legend = self.legend.iter().map(|(name, index)| LegendEntry {
            name,
            ink: palette::series(*index),
            mark: Mark::Line,
        });
        let figure = Figure {
            heading: self.name,
            svg: self.svg,
            label: &self.label,
            legend: &legend.collect::<Vec<_>>(),
            caption: html! { "What each reported first at each " (self.resource) "." },
        };
        figure.markup(id)
    }
}
