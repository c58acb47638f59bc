//! The three figures of a grid.

use std::collections::BTreeSet;

use maud::{Markup, html};
use rungkeeper_tuner::simulation::CellResult;

use super::super::palette::{self, Ink};
use super::super::plots::{Axes, Curve, LogAxis, Series};
use super::super::svg::Svg;
use super::super::{Figure, LegendEntry, Mark, numbers, policy_name};
use super::GOAL;
use super::grid::{Grid, Policy};

fn legend<'a>(grid: &'a Grid<'_>, mark: Mark) -> Vec<LegendEntry<'a>> {
    let policies = grid.policies.iter();
    policies
        .map(|policy| LegendEntry {
            name: &policy.name,
            ink: policy.ink,
            mark,
        })
        .collect()
}

/// Cost against budget: mean and spread of each policy, over the optimum.
pub(super) fn cost(grid: &Grid<'_>, section: &str) -> Markup {
    let policies = grid
        .policies
        .iter()
        .filter_map(|policy| curve(grid, policy));
    let mut curves: Vec<Curve> = policies.collect();
    let mut legend = legend(grid, Mark::Line);
    let optima: Option<Vec<f64>> = grid
        .budgets
        .iter()
        .map(|&budget| grid.optimum(budget))
        .collect();
    if let Some(values) = optima {
        curves.push(Curve {
            ink: palette::NEUTRAL,
            mark: Mark::Dashed,
            values,
            band: Vec::new(),
        });
        legend.push(LegendEntry {
            name: "optimum",
            ink: palette::NEUTRAL,
            mark: Mark::Dashed,
        });
    }
    let goal = format!("{} of the training", numbers::percent_of_goal(GOAL));
    legend.push(LegendEntry {
        name: &goal,
        ink: palette::GOAL,
        mark: Mark::Dashed,
    });

    let band = curves
        .iter()
        .flat_map(|curve| &curve.band)
        .flat_map(|&(low, high)| [low, high]);
    let axis = LogAxis::holding(
        GOAL,
        band.chain(curves.iter().flat_map(|curve| curve.values.iter().copied())),
    );
    let positions: Vec<String> = grid.budgets.iter().map(u64::to_string).collect();
    let axes = Axes::new("budget (checkpoints)", "cost (% of the training)");
    let figure = Figure {
        heading: "What a budget costs",
        svg: axes.curves(&positions, &curves, axis, GOAL),
        label: &cost_label(grid),
        legend: &legend,
        caption: cost_caption(grid, axis),
    };
    figure.markup(&format!("{section}-cost"))
}

/// Without a gap: a policy that lacks a budget has no curve.
fn curve(grid: &Grid<'_>, policy: &Policy<'_>) -> Option<Curve> {
    let spreads: Option<Vec<_>> = grid
        .budgets
        .iter()
        .map(|&budget| grid.cost(policy, budget))
        .collect();
    let spreads = spreads?;
    let band = if grid.seeds.len() > 1 {
        spreads.iter().map(|s| (s.least, s.most)).collect()
    } else {
        Vec::new()
    };
    Some(Curve {
        ink: policy.ink,
        mark: Mark::Line,
        values: spreads.iter().map(|s| s.mean).collect(),
        band,
    })
}

fn cost_caption(grid: &Grid<'_>, axis: LogAxis) -> Markup {
    html! {
        "Lower is better: the share of the training that had to be done again. "
        @if grid.seeds.len() > 1 {
            "Lines are " (grid.seeds_in_words()) ", bands reach from the smallest to the largest. "
        }
        "Budgets are evenly spaced; on the vertical axis each factor of ten takes the same height."
        @if let Some(floor) = axis.clipped_at() {
            " What costs " (numbers::percent_of_goal(floor)) " or less, nothing included, is drawn on the bottom line."
        }
    }
}

fn cost_label(grid: &Grid<'_>) -> String {
    let policies = grid.policies.iter().map(|policy| {
        let costs = grid.budgets.iter().filter_map(|&budget| {
            let cost = grid.cost(policy, budget)?.mean;
            Some(format!("{} at {budget}", numbers::percent(cost)))
        });
        format!(
            "{}: {}",
            policy.name,
            numbers::list(&costs.collect::<Vec<_>>())
        )
    });
    format!(
        "Mean cost against the budget. {}.",
        policies.collect::<Vec<_>>().join("; ")
    )
}

/// Checkpoints held over time at one budget, in the runs of one seed, and what is held with the largest budget.
pub(super) fn held(grid: &Grid<'_>, section: &str) -> Markup {
    let budget = grid.focus();
    let runs = courses(grid, budget);
    let loosest = loosest(grid, budget);
    let entries = runs.iter().map(|course| LegendEntry {
        name: &course.names,
        ink: course.ink,
        mark: Mark::Line,
    });
    let mut legend: Vec<LegendEntry<'_>> = entries.collect();
    let limit = format!("budget of {budget}");
    legend.push(LegendEntry {
        name: &limit,
        ink: palette::GOAL,
        mark: Mark::Dashed,
    });
    let above =
        loosest.map(|cell| format!("budget of {} ({})", cell.budget, policy_name(&cell.policy)));
    if let Some(name) = &above {
        legend.push(LegendEntry {
            name,
            ink: palette::NEUTRAL,
            mark: Mark::Dotted,
        });
    }
    let most = runs
        .iter()
        .map(|course| format!("{} {}", course.names, highest(course.cell)));
    let most = numbers::list(&most.collect::<Vec<_>>());
    let figure = Figure {
        heading: "Checkpoints held over time",
        svg: held_lines(&runs, loosest, budget),
        label: &format!(
            "Checkpoints held over time with a budget of {budget}. Most at once: {most}."
        ),
        legend: &legend,
        caption: html! {
            "Runs of the first seed with a budget of " (budget) "."
            @if runs.len() > 1 { " Where policies hold the same number, their lines lie one inside the other." }
            @if above.is_some() { " The dotted line shows how many more a larger budget would hold." }
        },
    };
    figure.markup(&format!("{section}-held"))
}

/// A line that one policy or several share.
struct Course<'a> {
    names: String,
    ink: Ink,
    cell: &'a CellResult,
}

/// What each policy holds in the run of the first seed. Policies that hold the same all the time, as they mostly do on
/// one and the same schedule, share a line.
fn courses<'a>(grid: &'a Grid<'_>, budget: u64) -> Vec<Course<'a>> {
    let mut shared: Vec<(Vec<String>, Ink, &CellResult)> = Vec::new();
    for policy in &grid.policies {
        let Some(cell) = grid.cells(policy, budget).next() else {
            continue;
        };
        let same = shared
            .iter_mut()
            .find(|(.., other)| other.held_over_time == cell.held_over_time);
        match same {
            Some((names, ..)) => names.push(policy.name.clone()),
            None => shared.push((vec![policy.name.clone()], policy.ink, cell)),
        }
    }
    let course = |(names, ink, cell): (Vec<String>, Ink, _)| Course {
        names: numbers::list(&names),
        ink,
        cell,
    };
    shared.into_iter().map(course).collect()
}

fn held_lines(runs: &[Course<'_>], loosest: Option<&CellResult>, budget: u64) -> Svg {
    let policies = runs
        .iter()
        .map(|course| (course.cell, course.ink, Mark::Line));
    let above = loosest.map(|cell| (cell, palette::NEUTRAL, Mark::Dotted));
    let drawn: Vec<_> = above.into_iter().chain(policies).collect();
    let ends = drawn
        .iter()
        .filter_map(|(cell, ..)| Some(cell.held_over_time.last()?.0));
    let (unit, length) = numbers::time_unit(ends.fold(0.0, f64::max));
    let lines = drawn.iter().map(|&(cell, ink, mark)| {
        let held = cell.held_over_time.iter();
        let points = held
            .map(|&(time, held)| (time / length, held as f64))
            .collect();
        Series { ink, mark, points }
    });
    let axes = Axes::new(format!("time ({unit})"), "checkpoints held");
    axes.steps(&lines.collect::<Vec<_>>(), Some(budget as f64))
}

/// The run of the first policy with the largest budget, if that is larger than `budget`.
fn loosest<'a>(grid: &Grid<'a>, budget: u64) -> Option<&'a CellResult> {
    let largest = grid
        .budgets
        .last()
        .copied()
        .filter(|largest| *largest > budget)?;
    grid.cells(grid.policies.first()?, largest).next()
}

fn highest(cell: &CellResult) -> u64 {
    cell.held_over_time
        .iter()
        .map(|&(_, held)| held)
        .max()
        .unwrap_or(0)
}

/// Resource trained again by the level at which the checkpoint was removed, at one budget.
pub(super) fn losses(grid: &Grid<'_>, section: &str) -> Markup {
    let budget = grid.focus();
    let bars = loss_bars(grid, budget);
    let is_free = bars
        .iter()
        .flat_map(|(_, bars)| bars)
        .all(|&(lost, _)| lost == 0.0);
    let totals = grid.policies.iter().map(|policy| {
        let lost = grid.mean(policy, budget, |cell| cell.cost_resources as f64);
        format!("{} {}", policy.name, numbers::count(lost))
    });
    let axes = Axes::new(
        "level at which the checkpoint was removed",
        "resource trained again",
    );
    let figure = Figure {
        heading: "Where the losses happened",
        svg: axes.bars(&bars),
        label: &format!(
            "Resource trained again by level with a budget of {budget}. In all: {}.",
            numbers::list(&totals.collect::<Vec<_>>())
        ),
        legend: &legend(grid, Mark::Box),
        caption: html! {
            "The budget is " (budget) " here (" (grid.seeds_in_words()) "). "
            @if is_free {
                "Nothing had to be trained again."
            } @else {
                "A trial that lost its checkpoint at a level trains that much again when it is resumed, so losses at high levels are expensive."
            }
        },
    };
    figure.markup(&format!("{section}-losses"))
}

/// What each policy lost at each level.
fn loss_bars(grid: &Grid<'_>, budget: u64) -> Vec<(String, Vec<(f64, Ink)>)> {
    let policies = grid.policies.iter();
    let losses = policies
        .flat_map(|policy| grid.cells(policy, budget))
        .flat_map(|cell| &cell.losses_by_level);
    let levels: BTreeSet<u64> = losses.map(|loss| loss.level).collect();
    let bars_at = |level| {
        let policies = grid.policies.iter();
        policies.map(move |policy| (lost_at(grid, policy, budget, level), policy.ink))
    };
    let levels = levels.into_iter();
    levels
        .map(|level| (numbers::whole(level as f64), bars_at(level).collect()))
        .collect()
}

fn lost_at(grid: &Grid<'_>, policy: &Policy<'_>, budget: u64, level: u64) -> f64 {
    let lost = |cell: &CellResult| {
        let losses = cell
            .losses_by_level
            .iter()
            .filter(|loss| loss.level == level);
        losses.map(|loss| loss.resources as f64).sum()
    };
    grid.mean(policy, budget, lost)
}
