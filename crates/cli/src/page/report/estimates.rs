//! The chances that an arrival at a rung ranks better: learned, or told by ranks.

use maud::{Markup, html};

use super::super::plots::{Axes, Series, Window};
use super::super::{Figure, LegendEntry, Mark, numbers, palette, table};
use super::View;
use crate::report::estimates::interval;

/// The share of the posterior distribution inside the interval.
const MASS: f64 = 0.9;

/// The policy that needs no estimates, by its name in the log.
const RANK_AWARE: &str = "rank_aware";

/// How lines are told apart once the inks repeat.
const MARKS: [Mark; 3] = [Mark::Line, Mark::Dashed, Mark::Dotted];

pub(super) fn section(view: &View<'_>) -> Markup {
    html! {
        section id="estimates" {
            h2 { "Chances at each rung" }
            @if view.history.policy().estimators().is_some() {
                p {
                    "p is the chance that a trial which arrives at a rung ranks no worse than one that is paused there with a checkpoint. \
                     The policy learns it from every arrival, and derives from it how likely a paused trial is to be promoted."
                }
                div.grid { (over_time(view)) }
                (listed(view))
            } @else if view.history.header.policy == RANK_AWARE {
                p {
                    "The policy of this run learns no chance, so there is no estimate to show: a trial's own rank tells how likely \
                     an arrival ranks better. The next one falls into each of the n + 1 gaps between the n trials of the rung with equal \
                     chance, k of which are ahead of a trial of rank k. So it is better with chance k of n + 1, and how many arrivals are \
                     still to come is taken as uncertain, most where rungs are short."
                }
            } @else {
                p { "The policy of this run estimates nothing: it does not ask how likely a trial is to be promoted." }
            }
        }
    }
}

/// What the expected cost of a removal is, by the policy that took it.
pub(super) fn expected_cost(view: &View<'_>) -> &'static str {
    if view.history.policy().estimators().is_some() {
        "What the policy expected to lose with a checkpoint when it removed it: the chance that the trial would be promoted in the time \
         that was left, times its level. The chance follows from the estimated p of its rung."
    } else if view.history.header.policy == RANK_AWARE {
        "What the policy expected to lose with a checkpoint when it removed it: the chance that the trial would be promoted in the time \
         that was left, times its level. The chance follows from the trial's rank and the length of its rung."
    } else {
        "What would be lost with a checkpoint in expectation. The policy of this run does not ask for it when it removes one."
    }
}

fn over_time(view: &View<'_>) -> Markup {
    let levels: Vec<(u64, &[(f64, f64)])> = view.history.estimates.over_time().collect();
    if levels.is_empty() {
        return html! {};
    }
    let style = |index: usize| {
        let inks = palette::NUMBER;
        (palette::series(index), MARKS[index / inks % MARKS.len()])
    };
    let names: Vec<String> = levels.iter().map(|at| format!("level {}", at.0)).collect();
    let legend = names.iter().enumerate().map(|(index, name)| {
        let (ink, mark) = style(index);
        LegendEntry { name, ink, mark }
    });
    let end = view.history.elapsed;
    let lines = levels.iter().enumerate().map(|(index, (_, points))| {
        let (ink, mark) = style(index);
        let points = held(points, end).into_iter();
        let points = points.map(|(time, p)| (view.clock.value(time), p));
        Series {
            ink,
            mark,
            points: points.collect(),
        }
    });
    let lines: Vec<Series> = lines.collect();
    let last = levels
        .iter()
        .filter_map(|(level, points)| Some(format!("{:.2} at level {level}", points.last()?.1)));
    let figure = Figure {
        heading: "Estimates over time",
        svg: Axes::new(format!("time ({})", view.clock.unit), "estimated p").lines(
            &lines,
            Window::between(0.0, 1.0),
            false,
        ),
        label: &format!(
            "Estimated p of each rung over time. At the end: {}.",
            numbers::list(&last.collect::<Vec<_>>())
        ),
        legend: &legend.collect::<Vec<_>>(),
        caption: html! {
            "A line begins when its rung has seen enough to be estimated by itself ("
            (view.history.header.settings.estimators.min_data_at_rung) " observations). Until then the estimate over all rungs serves."
        },
    };
    figure.markup("p-over-time")
}

/// Each value holds from its time until the next, the last until the end.
fn held(points: &[(f64, f64)], end: f64) -> Vec<(f64, f64)> {
    let untils = points[1..].iter().map(|next| next.0).chain([end]);
    let stretches = points.iter().zip(untils);
    stretches
        .flat_map(|(&(from, value), until)| [(from, value), (until, value)])
        .collect()
}

fn listed(view: &View<'_>) -> Markup {
    let Some(estimators) = view.history.policy().estimators() else {
        return html! {};
    };
    let row = |level: u64| {
        let (own, used) = (estimators.at_level(level), estimators.in_charge(level));
        let (a, b) = used.posterior_parameters();
        let (low, high) = interval(a, b, MASS);
        vec![
            html! { (level) },
            html! { (format!("{:.3}", used.posterior_mean())) },
            html! { (format!("{low:.3} – {high:.3}")) },
            html! { (numbers::whole(own.num_total() as f64)) },
            html! { (numbers::whole(own.num_one() as f64)) },
            html! { @if std::ptr::eq(own, used) { "this rung" } @else { "all rungs" } },
        ]
    };
    let mass = format!("{:.0} % interval", 100.0 * MASS);
    let heads = [
        "level",
        "p",
        &mass,
        "observations",
        "of them no worse",
        "estimated from",
    ];
    let rows: Vec<Vec<Markup>> = view.history.levels().into_iter().map(row).collect();
    html! {
        (table("Estimates at the end", &heads, &rows))
        p.soft.under {
            "The interval is that of the Beta posterior, which takes observations as independent. An arrival is compared with every trial \
             that is paused, so the true uncertainty is larger."
        }
    }
}
