//! What was measured, as plots with logarithmic axes.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use kuva::backend::svg::SvgBackend;
use kuva::prelude::{
    Layout, LegendPosition, LinePlot, LineStyle, Plot, ScatterPlot, Theme, TickFormat,
};
use kuva::render::render::render_multiple;

const SIZE: (f64, f64) = (680.0, 420.0);
const TEXT: u32 = 15;

/// A row of the table: callback, trials, microseconds a report, bytes, bytes with rungs.
type Row = (String, f64, f64, f64, f64);

struct Line {
    name: String,
    color: &'static str,
    style: LineStyle,
    points: Vec<(f64, f64)>,
}

/// Draws `growth-time.svg` and `growth-memory.svg`.
pub(crate) fn draw(table: &Path, folder: &Path) -> Result<(), Box<dyn Error>> {
    let rows = csv::Reader::from_path(table)?
        .into_deserialize()
        .collect::<Result<Vec<Row>, _>>()?;
    let mut callbacks: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in &rows {
        callbacks.entry(&row.0).or_default().push(row);
    }
    let (mut time, mut memory) = (Vec::new(), Vec::new());
    for ((name, rows), color) in callbacks.into_iter().zip(["#d55e00", "#0072b2"]) {
        let line = |of: &str, style, figure: fn(&Row) -> f64| Line {
            name: format!("{name}{of}"),
            color,
            style,
            points: rows.iter().map(|row| (row.1, figure(row))).collect(),
        };
        time.push(line("", LineStyle::Solid, |row| row.2));
        memory.push(line("", LineStyle::Solid, |row| row.3));
        if rows.iter().any(|row| row.4 > row.3) {
            let of = ", with the rungs that it reads";
            memory.push(line(of, LineStyle::Dashed, |row| row.4));
        }
    }
    let plots = [
        (
            "growth-time.svg",
            "time a report, with its loop end",
            &time,
            duration as fn(f64) -> String,
        ),
        ("growth-memory.svg", "memory of the callback", &memory, size),
    ];
    for (file, y, lines, ticks) in plots {
        fs::write(folder.join(file), plot(y, lines, ticks))?;
    }
    Ok(())
}

fn plot(y: &str, lines: &[Line], ticks: fn(f64) -> String) -> String {
    let mut plots = Vec::new();
    for line in lines {
        let dots = ScatterPlot::new().with_data(line.points.clone());
        plots.push(Plot::Scatter(dots.with_color(line.color).with_size(3.0)));
        let drawn = LinePlot::new().with_data(line.points.clone());
        let drawn = drawn.with_color(line.color).with_stroke_width(2.0);
        let drawn = drawn.with_line_style(line.style.clone());
        plots.push(Plot::Line(drawn.with_legend(&line.name)));
    }
    let points = || lines.iter().flat_map(|line| &line.points);
    let (left, right) = decades(points().map(|point| point.0));
    let (bottom, top) = decades(points().map(|point| point.1));
    let layout = Layout::auto_from_plots(&plots)
        .with_width(SIZE.0)
        .with_height(SIZE.1)
        .with_theme(Theme::light())
        .with_tick_size(TEXT)
        .with_label_size(TEXT)
        .with_log_scale()
        .with_x_axis_min(left * 0.8)
        .with_x_axis_max(right * 1.8) // room for the last number
        .with_y_axis_min(bottom)
        .with_y_axis_max(top)
        .with_x_label("trials")
        .with_y_label(y)
        .with_x_tick_format(ticks_of(count))
        .with_y_tick_format(ticks_of(ticks))
        .with_legend_position(LegendPosition::InsideTopLeft);
    let text = SvgBackend::new().render_scene(&render_multiple(plots, layout));
    let lines = text.lines().map(|line| format!("{}\n", line.trim_end()));
    lines.collect()
}

/// The powers of ten around positive values.
fn decades(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let least = values.clone().fold(f64::INFINITY, f64::min);
    let most = values.fold(0.0, f64::max);
    (
        10f64.powf(least.log10().floor()),
        10f64.powf(most.log10().ceil()),
    )
}

fn ticks_of(format: fn(f64) -> String) -> TickFormat {
    TickFormat::Custom(Arc::new(format))
}

/// A power of ten with its thousands apart; nothing for others, between which there is no room.
fn count(value: f64) -> String {
    if value.log10().fract().abs() > 1e-9 {
        return String::new();
    }
    let digits = format!("{value:.0}");
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups: Vec<_> = groups.map(String::from_utf8_lossy).collect();
    groups.join(",")
}

/// Microseconds, in the unit that fits.
fn duration(microseconds: f64) -> String {
    in_units(microseconds, &[" µs", " ms", " s"])
}

/// Bytes, likewise.
fn size(bytes: f64) -> String {
    in_units(bytes, &[" B", " kB", " MB", " GB"])
}

/// A value with the first unit of which there are less than a thousand; each is a thousand of the one before.
fn in_units(value: f64, units: &[&str]) -> String {
    let mut value = value;
    let (last, others) = units.split_last().expect("there are units");
    for unit in others {
        if value < 999.5 {
            return format!("{}{unit}", (value * 100.0).round() / 100.0);
        }
        value /= 1_000.0;
    }
    format!("{}{last}", (value * 100.0).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_powers_of_ten() {
        assert_eq!(decades([1_000.0, 3.5, 40_000.0].into_iter()), (1.0, 1e5));
    }

    #[test]
    fn ticks_have_units() {
        assert_eq!(
            [0.1, 10.0, 1e5, 1e7].map(duration),
            ["0.1 µs", "10 µs", "100 ms", "10 s"]
        );
        assert_eq!([1e3, 1e5, 1e9].map(size), ["1 kB", "100 kB", "1 GB"]);
        assert_eq!([1_000.0, 1e6, 200.0].map(count), ["1,000", "1,000,000", ""]);
    }
}
