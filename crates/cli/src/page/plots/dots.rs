//! Dots over named positions.

use std::collections::HashMap;

use kuva::prelude::{Plot, ScatterPlot};

use super::super::palette::Ink;
use super::super::svg::Svg;
use super::{Axes, Series, Window, draw, line, names_with_room, short_ticks};

/// Rows of dots that do not touch each other, from the lower edge of a plot to the upper one.
const ROWS: f64 = 55.0;

/// Dots side by side that do not touch each other, over the width of a plot.
const COLUMNS: f64 = 65.0;

/// How far beside its position a dot may lie, as a share of the distance between two.
const MOST_BESIDE: f64 = 0.42;

/// Values at named positions, of one kind.
pub(in super::super) struct Dots {
    pub(in super::super) ink: Ink,
    /// Position, from 0, and value.
    pub(in super::super) points: Vec<(usize, f64)>,
}

impl Axes {
    /// Dots over evenly spaced positions with names, and a line over them. A dot stands right above its position, and only
    /// beside it where others with nearly the same value are.
    pub(in super::super) fn dots(
        &self,
        positions: &[String],
        dots: &[Dots],
        over: &Series,
        window: Window,
    ) -> Svg {
        let mut plots = Vec::new();
        let mut places = Places {
            taken: HashMap::new(),
            width: positions.len() as f64 / COLUMNS,
        };
        for dots in dots {
            let points = dots.points.iter();
            let points = points.map(|&(position, value)| {
                let row = (window.share(value) * ROWS) as usize;
                let beside = places.beside(position, row);
                ((position + 1) as f64 + beside, window.put(value))
            });
            let plot = ScatterPlot::new().with_data(points).with_size(2.5);
            let plot = plot.with_color(dots.ink.light()).with_marker_opacity(0.7);
            plots.push(Plot::Scatter(plot));
        }
        let points = over.points.iter();
        let points = points.map(|&(position, value)| (position + 1.0, window.put(value)));
        plots.push(Plot::Line(line(over.ink, over.mark).with_data(points)));
        let layout = self.layout(&plots);
        let layout = window.of_axis(layout);
        let layout = layout
            .with_x_categories(names_with_room(positions))
            .with_x_axis_min(0.5)
            .with_x_axis_max(positions.len() as f64 + 0.5)
            .with_y_tick_format(short_ticks());
        draw(plots, layout)
    }
}

/// Where dots lie, each kind beside those before.
struct Places {
    /// Number of dots by position and row.
    taken: HashMap<(usize, usize), u32>,
    /// The width of a dot.
    width: f64,
}

impl Places {
    /// In the middle, then to the right and to the left in turn. Where there is no more room, dots begin anew.
    fn beside(&mut self, position: usize, row: usize) -> f64 {
        let taken = self.taken.entry((position, row)).or_default();
        let number = *taken;
        *taken += 1;
        let room = (MOST_BESIDE / self.width) as u32;
        let number = number % (2 * room + 1);
        let steps = f64::from(number.div_ceil(2)) * self.width;
        if number % 2 == 1 { steps } else { -steps }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_stand_on_their_level() {
        let mut places = Places {
            taken: HashMap::new(),
            width: 0.2,
        };
        let mut beside = |row| places.beside(1, row);
        assert_eq!([beside(3), beside(4), beside(9)], [0.0; 3]);
        assert_eq!(
            [beside(3), beside(3), beside(3), beside(3), beside(3)],
            [0.2, -0.2, 0.4, -0.4, 0.0]
        );
    }
}
