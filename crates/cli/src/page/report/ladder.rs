//! The rungs, and what became of the trials in them.

use maud::{Markup, html};
use rungkeeper_rung_model::MetricKey;
use rungkeeper_tuner_hooks::TrialStatus;

use super::super::palette::{self, Ink};
use super::super::plots::{Axes, Dots, Series, Window};
use super::super::{Figure, LegendEntry, Mark, numbers, table};
use super::View;

/// Dots of a level in the plot: more cannot be told apart.
const DOTS: usize = 200;

/// What became of the trials that reached a level. The last level is the max resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Level {
    /// In resource units.
    pub(super) resource: u64,
    /// Trials that reached it.
    pub(super) reached: usize,
    /// Those that were resumed from it.
    pub(super) promoted: usize,
    /// Those of them that train at this moment, on their way to the next level.
    pub(super) running: usize,
    pub(super) with_checkpoint: usize,
    pub(super) without: usize,
    /// Finished, crashed, or ended by themselves.
    pub(super) ended: usize,
    /// Finite metrics by what became of the trial there, best first.
    metrics: [Vec<f64>; Fate::ALL.len()],
}

/// What became of a trial at a level.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fate {
    Stayed,
    Promoted,
    Finished,
}

impl Fate {
    const ALL: [Self; 3] = [Self::Stayed, Self::Promoted, Self::Finished];

    fn name(self) -> &'static str {
        match self {
            Self::Stayed => "not promoted",
            Self::Promoted => "promoted",
            Self::Finished => "finished",
        }
    }

    fn ink(self) -> Ink {
        palette::series(match self {
            Self::Promoted => 0,
            Self::Stayed => 1,
            Self::Finished => 2,
        })
    }
}

pub(super) fn section(view: &View<'_>) -> Markup {
    let levels = levels(view);
    html! {
        section id="ladder" {
            h2 { "The ladder of rungs" }
            div.grid {
                (metrics(view, &levels))
                (fates(view, &levels))
            }
            (listed(view, &levels))
        }
    }
}

/// All levels, the lowest first.
pub(super) fn levels(view: &View<'_>) -> Vec<Level> {
    let history = view.history;
    let rungs = history.levels().into_iter();
    let mut levels: Vec<Level> = rungs
        .chain([history.header.max_resource])
        .map(|level| Level {
            resource: level,
            ..Level::default()
        })
        .collect();
    let top = levels.len() - 1;
    for trial in &history.trials {
        for (index, &(level, metric)) in trial.rungs.iter().enumerate() {
            let Some(row) = levels[..top].iter_mut().find(|row| row.resource == level) else {
                continue;
            };
            let promoted = trial.left_upwards(level);
            row.count(
                metric,
                if promoted {
                    Fate::Promoted
                } else {
                    Fate::Stayed
                },
            );
            if index + 1 == trial.rungs.len() && trial.at_max_resource().is_none() {
                row.stands(history.model().status(&trial.id), promoted);
            }
        }
        if let Some((_, metric)) = trial.at_max_resource() {
            levels[top].count(metric, Fate::Finished);
            levels[top].ended += 1;
        }
    }
    for row in &mut levels {
        for metrics in &mut row.metrics {
            metrics.sort_by_key(|&metric| MetricKey::new(metric, history.header.mode));
        }
    }
    levels
}

impl Level {
    fn count(&mut self, metric: f64, fate: Fate) {
        self.reached += 1;
        self.promoted += usize::from(fate == Fate::Promoted);
        if metric.is_finite() {
            self.metrics[fate as usize].push(metric);
        }
    }

    /// A trial got no higher than this level.
    fn stands(&mut self, status: Option<TrialStatus>, promoted: bool) {
        match status {
            Some(TrialStatus::Running) => self.running += 1,
            Some(TrialStatus::PausedWithCheckpoint) => self.with_checkpoint += 1,
            Some(TrialStatus::PausedNoCheckpoint) => self.without += 1,
            // A promoted trial that crashed did not end here.
            _ => self.ended += usize::from(!promoted),
        }
    }

    /// Best first.
    fn all_metrics(&self, view: &View<'_>) -> Vec<f64> {
        let mut metrics = self.metrics.concat();
        metrics.sort_by_key(|&metric| MetricKey::new(metric, view.history.header.mode));
        metrics
    }
}

fn listed(view: &View<'_>, levels: &[Level]) -> Markup {
    let best = format!("best {}", view.folder.metric());
    let median = format!("median {}", view.folder.metric());
    let heads = [
        view.folder.resource(),
        "trials that reached it",
        "promoted",
        "share",
        "on their way up",
        "paused with checkpoint",
        "paused without",
        "ended here",
        &best,
        &median,
    ];
    let row = |(index, row): (usize, &Level)| {
        let is_rung = index + 1 < levels.len();
        let metrics = row.all_metrics(view);
        let share = 100.0 * row.promoted as f64 / row.reached.max(1) as f64;
        let text = |number: usize| html! { (numbers::whole(number as f64)) };
        let of_rung = |number: usize| {
            if is_rung {
                text(number)
            } else {
                html! { "–" }
            }
        };
        let metric = |metric: Option<&f64>| html! { (metric.map_or("–".to_owned(), |m| numbers::metric(*m))) };
        vec![
            html! { (row.resource) @if !is_rung { " (the end)" } },
            text(row.reached),
            of_rung(row.promoted),
            html! { @if is_rung && row.reached > 0 { (numbers::percent(share)) } @else { "–" } },
            of_rung(row.running),
            of_rung(row.with_checkpoint),
            of_rung(row.without),
            text(row.ended),
            metric(metrics.first()),
            metric(metrics.get(metrics.len() / 2)),
        ]
    };
    let rows: Vec<Vec<Markup>> = levels.iter().enumerate().map(row).collect();
    table("Trials by level", &heads, &rows)
}

/// The metric of each trial at each level that it reached.
fn metrics(view: &View<'_>, levels: &[Level]) -> Markup {
    let all: Vec<Vec<f64>> = levels.iter().map(|level| level.all_metrics(view)).collect();
    if all.iter().all(Vec::is_empty) {
        return html! {};
    }
    let window = Window::of_levels(&all, view.history.header.mode);
    let dots = Fate::ALL.map(|fate| Dots {
        ink: fate.ink(),
        points: levels
            .iter()
            .enumerate()
            .flat_map(|(at, level)| {
                spread(&level.metrics[fate as usize]).map(move |metric| (at, metric))
            })
            .collect(),
    });
    let firsts = all.iter().enumerate();
    let over = Series {
        ink: palette::NEUTRAL,
        mark: Mark::Dashed,
        points: firsts
            .filter_map(|(at, metrics)| Some((at as f64, *metrics.first()?)))
            .collect(),
    };
    let positions: Vec<String> = levels
        .iter()
        .map(|level| level.resource.to_string())
        .collect();
    let (metric, resource) = (view.folder.metric(), view.folder.resource());
    let axes = Axes::new(format!("level ({resource})"), metric);
    let entry = |name, ink, mark| LegendEntry { name, ink, mark };
    let mut legend = Fate::ALL.map(|fate| entry(fate.name(), fate.ink(), Mark::Box));
    legend.swap(0, 1);
    let best = entry("best", palette::NEUTRAL, Mark::Dashed);
    let thinned = levels.iter().flat_map(|level| &level.metrics);
    let thinned = thinned.map(Vec::len).any(|count| count > DOTS);
    let figure = Figure {
        heading: "Metrics at each level",
        svg: axes.dots(&positions, &dots, &over, window),
        label: &label(metric, levels, &all),
        legend: &legend.into_iter().chain([best]).collect::<Vec<_>>(),
        caption: html! {
            "A dot for each trial that reached the level"
            @if thinned { ", at most " (DOTS) " of each colour, evenly chosen by rank" }
            "."
            @if window.by_factors() { " Each step on the vertical axis is a factor." }
            (beyond(window))
        },
    };
    figure.markup("metrics")
}

/// How many of the trials that reached a level became one thing or another.
type Count = fn(&Level) -> usize;

/// What became of the trials at each level.
fn fates(view: &View<'_>, levels: &[Level]) -> Markup {
    if levels.iter().all(|level| level.reached == 0) {
        return html! {};
    }
    let kinds: [(&str, Count); 5] = [
        ("promoted", |level| {
            level.promoted.saturating_sub(level.running)
        }),
        ("on their way up", |level| level.running),
        ("paused with checkpoint", |level| level.with_checkpoint),
        ("paused without", |level| level.without),
        ("ended", |level| level.ended),
    ];
    // Those that are nowhere leave their place to the others.
    let kinds: Vec<_> = kinds
        .into_iter()
        .zip([0, 5, 2, 1, 3])
        .filter(|((_, count), _)| levels.iter().any(|level| count(level) > 0))
        .collect();
    let groups = levels.iter().map(|level| {
        let bars = kinds.iter();
        let bars = bars.map(|((_, count), ink)| (count(level) as f64, palette::series(*ink)));
        (level.resource.to_string(), bars.collect())
    });
    let words = levels.iter().map(|level| {
        let counts = kinds
            .iter()
            .map(|((name, count), _)| format!("{} {name}", count(level)));
        format!(
            "at {} {}",
            level.resource,
            numbers::list(&counts.collect::<Vec<_>>())
        )
    });
    let legend = kinds.iter().map(|((name, _), ink)| LegendEntry {
        name,
        ink: palette::series(*ink),
        mark: Mark::Box,
    });
    let figure = Figure {
        heading: "What became of them",
        svg: Axes::new(format!("level ({})", view.folder.resource()), "trials")
            .bars(&groups.collect::<Vec<_>>()),
        label: &format!("Trials by level: {}.", words.collect::<Vec<_>>().join("; ")),
        legend: &legend.collect::<Vec<_>>(),
        caption: html! { "Of the trials that reached the level; the last level is the end." },
    };
    figure.markup("fates")
}

/// The note about values that do not fit the plot.
fn beyond(window: Window) -> Markup {
    html! {
        @match window.outside() {
            0 => "",
            1 => " One value is worse than what is shown and is drawn at the edge.",
            n => { " " (n) " values are worse than what is shown and are drawn at the edge." },
        }
    }
}

fn label(metric: &str, levels: &[Level], all: &[Vec<f64>]) -> String {
    let best = levels.iter().zip(all).filter_map(|(level, metrics)| {
        let best = numbers::metric(*metrics.first()?);
        Some(format!(
            "{best} of {} trials at {}",
            level.reached, level.resource
        ))
    });
    let best = numbers::list(&best.collect::<Vec<_>>());
    format!("The {metric} of the trials at each level. Best: {best}.")
}

/// As many as can be told apart, the first and the last among them.
fn spread(metrics: &[f64]) -> impl Iterator<Item = f64> {
    let count = metrics.len().min(DOTS);
    let last = metrics.len().saturating_sub(1);
    (0..count).map(move |index| metrics[index * last / (count - 1).max(1)])
}
