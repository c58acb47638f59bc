//! Plots: curves over named positions on a logarithmic axis, steps over time, grouped bars, dots over
//! named positions, lines.
//!
//! Legends are the page's and not the plot's: text there wraps on a narrow screen.

mod dots;
mod lines;
mod thinned;
mod window;

use std::sync::Arc;

use kuva::prelude::{
    BandPlot, BarPlot, Layout, LinePlot, LineStyle, Plot, ReferenceLine, ScatterPlot, Theme,
    TickFormat,
};
use kuva::render::render::render_multiple;

use super::palette::{AXIS, GOAL, GRID, Ink, TEXT};
use super::svg::Svg;
use super::{Mark, numbers};

pub(super) use dots::Dots;
pub(super) use window::Window;

/// Small enough that text of size 14 is still read when a phone shows the plot, large enough for a desk.
const SIZE: (f64, f64) = (420.0, 310.0);

/// As many as the columns of pixels that a plot has.
const COLUMNS: usize = 400;

/// A line with a value at each position, and the spread around it.
pub(super) struct Curve {
    pub(super) ink: Ink,
    pub(super) mark: Mark,
    pub(super) values: Vec<f64>,
    /// Lower and upper ends at each position; empty for none.
    pub(super) band: Vec<(f64, f64)>,
}

/// Points from left to right: joined by a line, or values that hold from their time until the next.
pub(super) struct Series {
    pub(super) ink: Ink,
    pub(super) mark: Mark,
    pub(super) points: Vec<(f64, f64)>,
}

/// A logarithmic axis of shares in per cent. What lies under its floor is drawn there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LogAxis {
    floor: f64,
    top: f64,
    /// Something lies under the floor.
    clipped: bool,
}

impl LogAxis {
    /// Nobody chooses by what costs less than this.
    const LOWEST: f64 = 0.01;

    /// An axis that holds `goal` and the values, as far as they are not under the lowest floor.
    pub(super) fn holding(goal: f64, values: impl IntoIterator<Item = f64>) -> Self {
        let (mut low, mut high) = (goal, goal);
        let mut clipped = false;
        for value in values {
            clipped |= value < Self::LOWEST;
            low = low.min(value.max(Self::LOWEST));
            high = high.max(value);
        }
        let floor = decades().take_while(|decade| *decade <= low / 2.0).last();
        let mut tops = decades().flat_map(|decade| [decade, 2.0 * decade, 5.0 * decade]);
        Self {
            floor: floor.unwrap_or(Self::LOWEST),
            top: tops.find(|top| *top > high).unwrap_or(high),
            clipped,
        }
    }

    /// The value under which all is drawn on the bottom line; none if nothing is.
    pub(super) fn clipped_at(self) -> Option<f64> {
        self.clipped.then_some(self.floor)
    }

    fn put(self, value: f64) -> f64 {
        value.max(self.floor)
    }

    fn format(self) -> TickFormat {
        TickFormat::Custom(Arc::new(move |value| {
            let under = self.clipped && value <= self.floor * 1.000_001;
            let digits = if value < 0.095 {
                2
            } else {
                usize::from(value < 0.95)
            };
            format!("{}{value:.digits$}", if under { "≤ " } else { "" })
        }))
    }
}

/// 0.01, 0.1, 1, 10 and so on.
fn decades() -> impl Iterator<Item = f64> {
    std::iter::successors(Some(LogAxis::LOWEST), |decade| Some(10.0 * decade)).take(20)
}

/// Axes with their names.
pub(super) struct Axes {
    x: String,
    y: String,
}

impl Axes {
    pub(super) fn new(x: impl Into<String>, y: impl Into<String>) -> Self {
        Self {
            x: x.into(),
            y: y.into(),
        }
    }

    /// Curves over evenly spaced positions with names, and a horizontal line at `goal`.
    pub(super) fn curves(
        &self,
        positions: &[String],
        curves: &[Curve],
        axis: LogAxis,
        goal: f64,
    ) -> Svg {
        let at = |index: usize| (index + 1) as f64;
        let mut plots = Vec::new();
        for curve in curves.iter().filter(|curve| !curve.band.is_empty()) {
            let x = (0..curve.band.len()).map(at);
            let low = curve.band.iter().map(|&(low, _)| axis.put(low));
            let high = curve.band.iter().map(|&(_, high)| axis.put(high));
            let band = BandPlot::new(x, low, high);
            plots.push(Plot::Band(
                band.with_color(curve.ink.light()).with_opacity(0.16),
            ));
        }
        for curve in curves {
            let points = curve.values.iter().enumerate();
            let points = points.map(|(index, &value)| (at(index), axis.put(value)));
            plots.push(Plot::Line(
                line(curve.ink, curve.mark).with_data(points.clone()),
            ));
            // A single position has no line.
            let dots = ScatterPlot::new().with_data(points).with_size(3.0);
            plots.push(Plot::Scatter(dots.with_color(curve.ink.light())));
        }
        let layout = self.layout(&plots);
        let layout = layout
            .with_x_categories(names_with_room(positions))
            .with_x_axis_min(0.6)
            .with_x_axis_max(positions.len() as f64 + 0.4)
            .with_log_y()
            .with_y_axis_min(axis.floor)
            .with_y_axis_max(axis.top)
            .with_y_tick_format(axis.format())
            .with_reference_line(reference(goal, GOAL));
        draw(plots, layout)
    }

    /// Values over time, from 0 on, and a horizontal line at `limit`, if any. Where lines coincide, they lie one inside the
    /// other.
    pub(super) fn steps(&self, steps: &[Series], limit: Option<f64>) -> Svg {
        let is_line = |steps: &&Series| steps.mark == Mark::Line;
        let lines = steps.iter().enumerate().map(|(index, one)| {
            let points = thinned::steps(&one.points, COLUMNS);
            let line = line(one.ink, one.mark);
            let line = line.with_data(points).with_step();
            // The last is drawn on top and is the thinnest. Dots are lost in a wide line.
            let inside = if is_line(&one) {
                steps[index + 1..].iter().filter(is_line).count()
            } else {
                0
            };
            Plot::Line(line.with_stroke_width(1.75 + 1.75 * inside as f64))
        });
        let plots: Vec<Plot> = lines.collect();
        let highest = steps.iter().flat_map(|steps| &steps.points);
        let highest = highest.fold(limit.unwrap_or(0.0), |highest, &(_, value)| {
            highest.max(value)
        });
        // Nothing at all over time is a line at the bottom of an axis.
        let highest = if highest > 0.0 { highest } else { 1.0 };
        let ends = steps.iter().filter_map(|steps| steps.points.last());
        let end = ends.fold(0.0_f64, |end, last| end.max(last.0));
        let layout = self.layout(&plots);
        let layout = layout
            .with_y_axis_min(0.0)
            .with_y_axis_max(highest * 1.1)
            .with_x_axis_min(0.0)
            .with_x_axis_max(if end > 0.0 { end } else { 1.0 })
            .with_tick_format(short_ticks());
        let layout = match limit {
            Some(limit) => layout.with_reference_line(reference(limit, GOAL)),
            None => layout,
        };
        draw(plots, layout)
    }

    /// Bars side by side in groups with names.
    pub(super) fn bars(&self, groups: &[(String, Vec<(f64, Ink)>)]) -> Svg {
        let mut plot = BarPlot::new().with_gap(0.25);
        let names = names_with_room(groups.iter().map(|(name, _)| name));
        for ((_, bars), name) in groups.iter().zip(names) {
            plot = plot.with_group(name, bars.iter().map(|&(value, ink)| (value, ink.light())));
        }
        let plots = vec![Plot::Bar(plot)];
        let layout = self
            .layout(&plots)
            .with_y_axis_min(0.0)
            .with_y_tick_format(short_ticks());
        draw(plots, layout)
    }

    fn layout(&self, plots: &[Plot]) -> Layout {
        let theme = Theme {
            background: "none".into(),
            axis_color: AXIS.light().into(),
            grid_color: GRID.light().into(),
            tick_color: AXIS.light().into(),
            text_color: TEXT.light().into(),
            ..Theme::light()
        };
        let layout = if plots.is_empty() {
            Layout::new((0.0, 1.0), (0.1, 1.0))
        } else {
            Layout::auto_from_plots(plots)
        };
        layout
            .with_width(SIZE.0)
            .with_height(SIZE.1)
            .with_theme(theme)
            .with_tick_size(14)
            .with_label_size(14)
            .with_x_label(&self.x)
            .with_y_label(&self.y)
    }
}

fn line(ink: Ink, mark: Mark) -> LinePlot {
    let style = match mark {
        Mark::Line | Mark::Box => LineStyle::Solid,
        Mark::Dashed => LineStyle::Dashed,
        Mark::Dotted => LineStyle::Dotted,
    };
    LinePlot::new()
        .with_color(ink.light())
        .with_stroke_width(2.0)
        .with_line_style(style)
}

fn reference(at: f64, ink: Ink) -> ReferenceLine {
    ReferenceLine::horizontal(at)
        .with_color(ink.light())
        .with_stroke_width(1.5)
}

/// The names as far as there is room for them below a plot; the others stay empty.
fn names_with_room<'a>(
    names: impl IntoIterator<Item = &'a String, IntoIter: ExactSizeIterator + Clone>,
) -> Vec<String> {
    const ROOM: usize = 40;
    let names = names.into_iter();
    let longest = names
        .clone()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0);
    let step = (names.len() * (longest + 1)).div_ceil(ROOM).max(1);
    let shown = |(index, name): (usize, &String)| {
        if index % step == 0 {
            name.clone()
        } else {
            String::new()
        }
    };
    names.enumerate().map(shown).collect()
}

/// Numbers as short as they can be told apart: 0.5, 20, 3000, 40k, 2M.
fn short_ticks() -> TickFormat {
    TickFormat::Custom(Arc::new(|value| match value {
        v if v.abs() >= 1e9 || (v != 0.0 && v.abs() < 1e-3) => format!("{v:.1e}"),
        v if v.abs() >= 1e6 => format!("{}M", v / 1e6),
        v if v.abs() >= 1e4 => format!("{}k", v / 1e3),
        v if v.fract() == 0.0 => numbers::whole(v),
        v => format!("{}", (v * 1000.0).round() / 1000.0),
    }))
}

fn draw(plots: Vec<Plot>, layout: Layout) -> Svg {
    Svg::new(&render_multiple(plots, layout))
}

#[cfg(test)]
mod tests {
    use rungkeeper_tuner_hooks::Mode;

    use super::super::palette;
    use super::*;

    #[test]
    fn the_axis_holds_the_goal_and_the_values() {
        let axis = LogAxis::holding(1.0, [0.3, 12.0]);
        assert_eq!((axis.floor, axis.top), (0.1, 20.0));
        assert_eq!(axis.clipped_at(), None);
        let axis = LogAxis::holding(1.0, [5.0]);
        assert_eq!((axis.floor, axis.top), (0.1, 10.0));
    }

    #[test]
    fn what_is_under_the_lowest_floor_is_put_there() {
        let axis = LogAxis::holding(1.0, [0.0, 0.5]);
        assert_eq!(axis.clipped_at(), Some(0.01));
        assert_eq!(axis.put(0.0), 0.01);
        assert_eq!(axis.put(0.5), 0.5);
        let TickFormat::Custom(format) = axis.format() else {
            panic!("ticks have a format of their own")
        };
        assert_eq!(
            [0.01, 0.1, 10.0].map(|tick| format(tick)),
            ["≤ 0.01", "0.1", "10"]
        );
    }

    #[test]
    fn names_are_thinned_to_the_room_there_is() {
        let names = |count: u64| {
            (0..count)
                .map(|n| (1u64 << n).to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(names_with_room(&names(6)), names(6));
        let shown = names_with_room(&names(13));
        assert_eq!(shown.iter().filter(|name| !name.is_empty()).count(), 7);
        assert_eq!(shown.len(), 13);
        assert_eq!(names_with_room(&[]), [""; 0]);
    }

    #[test]
    fn one_position_is_a_dot() {
        let curve = |values: Vec<f64>| Curve {
            ink: palette::series(0),
            mark: Mark::Line,
            values,
            band: Vec::new(),
        };
        let axis = LogAxis::holding(1.0, [2.0]);
        let plot = Axes::new("x", "y").curves(&["8".to_owned()], &[curve(vec![2.0])], axis, 1.0);
        assert!(plot.inline("f", "").contains("<circle"));
    }

    #[test]
    fn nothing_to_show_is_no_reason_to_fail() {
        let axes = Axes::new("x", "y");
        for plot in [
            axes.bars(&[]),
            axes.steps(&[], Some(5.0)),
            axes.steps(&[], None),
            axes.lines(&[], Window::of_all([], Mode::Min), true),
            axes.dots(
                &[],
                &[],
                &Series {
                    ink: palette::NEUTRAL,
                    mark: Mark::Line,
                    points: Vec::new(),
                },
                Window::of_levels(&[], Mode::Min),
            ),
            axes.curves(&[], &[], LogAxis::holding(1.0, []), 1.0),
        ] {
            let text = plot.inline("f", "");
            assert!(text.contains("</svg>") && !text.contains("NaN"));
        }
    }
}
