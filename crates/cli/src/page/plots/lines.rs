//! Lines over numbers.

use kuva::prelude::{Plot, ScatterPlot};

use super::super::svg::Svg;
use super::{Axes, COLUMNS, Series, Window, draw, line, short_ticks, thinned};

impl Axes {
    /// Lines over numbers; those from left to right grow by factors where `by_factors` is set.
    pub(in super::super) fn lines(
        &self,
        lines: &[Series],
        window: Window,
        by_factors: bool,
    ) -> Svg {
        let mut plots = Vec::new();
        for series in lines {
            let points = thinned::steps(&series.points, COLUMNS);
            let points = points.into_iter().map(|(x, value)| (x, window.put(value)));
            let points: Vec<(f64, f64)> = points.collect();
            if let [only] = points[..] {
                // A single point has no line.
                let dot = ScatterPlot::new().with_data([only]).with_size(3.0);
                plots.push(Plot::Scatter(dot.with_color(series.ink.light())));
            }
            let drawn = line(series.ink, series.mark);
            plots.push(Plot::Line(drawn.with_data(points)));
        }
        let ends = lines.iter().flat_map(|series| &series.points);
        let (first, last) = ends.fold((f64::INFINITY, 0.0_f64), |(first, last), &(x, _)| {
            (first.min(x), last.max(x))
        });
        let layout = window.of_axis(self.layout(&plots));
        let layout = layout.with_tick_format(short_ticks());
        draw(
            plots,
            match (by_factors, first < last) {
                (true, true) if first > 0.0 => layout
                    .with_log_x()
                    .with_x_axis_min(first)
                    .with_x_axis_max(last),
                (false, true) => layout.with_x_axis_min(0.0).with_x_axis_max(last),
                _ => layout,
            },
        )
    }
}
