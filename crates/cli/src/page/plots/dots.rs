//! Dots over named positions.

use kuva::prelude::{Plot, ScatterPlot};

use super::super::palette::Ink;
use super::super::svg::Svg;
use super::{Axes, Series, Window, draw, line, names_with_room, short_ticks};

/// Values at named positions, of one kind.
pub(in super::super) struct Dots {
    pub(in super::super) ink: Ink,
    /// Position, from 0, and value.
    pub(in super::super) points: Vec<(usize, f64)>,
}

impl Axes {
    /// Dots over evenly spaced positions with names, beside each other where there are many, and a line over them.
    pub(in super::super) fn dots(
        &self,
        positions: &[String],
        dots: &[Dots],
        over: &Series,
        window: Window,
    ) -> Svg {
        let mut plots = Vec::new();
        for dots in dots {
            let points = dots.points.iter().enumerate();
            let points = points.map(|(index, &(position, value))| {
                let x = (position + 1) as f64 + scattered(index);
                (x, window.put(value))
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

/// Where the dot at `index` lies beside the middle of its position: spread evenly, the same each time.
fn scattered(index: usize) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    ((index as f64 * GOLDEN).fract() - 0.5) * 0.6
}
