//! The plots beside the page.

use kuva::backend::svg::SvgBackend;
use kuva::plot::ForestPlot;
use kuva::prelude::{Layout, LinePlot, LineStyle, Plot, ScatterPlot, TickFormat};
use kuva::render::render::render_multiple;

use super::table::percent;
use crate::quality::{Column, Group, Of, POLICIES, Part};

/// Colours that stay apart for colour-blind readers (Okabe and Ito 2008), in the order of the
/// policies, and last that of the optimum.
const COLOURS: [&str; 5] = ["#0072b2", "#d55e00", "#009e73", "#b8608f", "#4f5863"];

/// Least share that the axis shows, in percent.
const FLOOR: f64 = 0.001;

/// Cost against the budget, on a logarithmic axis: a line for each policy and the optimum.
pub(super) fn cost(part: &Part, group: Group) -> String {
    let spare = &part.plan.spare;
    let columns = (0..POLICIES.len()).map(Column::Policy);
    let mut plots = Vec::new();
    for (column, colour) in columns.chain([Column::Optimum]).zip(COLOURS) {
        let points: Vec<(f64, f64)> = (1..)
            .zip(spare)
            .filter_map(|(place, &spare)| {
                let of = Of::group(group).with_spare(Some(spare));
                let share = part.compare(of, column, column)?.share;
                Some((f64::from(place), (100.0 * share).max(FLOOR)))
            })
            .collect();
        let line = LinePlot::new().with_color(colour).with_stroke_width(2.0);
        let line = match column {
            Column::Optimum => line.with_line_style(LineStyle::Dashed),
            Column::Policy(_) => line,
        };
        plots.push(Plot::Line(
            line.with_legend(column.to_string())
                .with_data(points.clone()),
        ));
        let dots = ScatterPlot::new().with_data(points).with_size(3.0);
        plots.push(Plot::Scatter(dots.with_color(colour)));
    }
    let names = spare.iter().map(ToString::to_string).collect();
    let layout = Layout::auto_from_plots(&plots)
        .with_width(640.0)
        .with_height(400.0)
        .with_title(format!("Lost, {}", group.name()))
        .with_x_label("checkpoints beyond those of running trials")
        .with_y_label("% of resumed levels")
        .with_x_categories(names)
        .with_x_axis_min(0.6)
        .with_x_axis_max(spare.len() as f64 + 0.4)
        .with_log_y()
        .with_y_tick_format(TickFormat::Custom(std::sync::Arc::new(|share| {
            if share <= 1.001 * FLOOR {
                format!("≤ {FLOOR}")
            } else {
                format!("{share}")
            }
        })));
    SvgBackend::new().render_scene(&render_multiple(plots, layout))
}

/// Ratios to the reference with their intervals: a row for each family, and what they are of.
pub(super) fn ratios(part: &Part, column: Column, reference: Column) -> String {
    let mut forest = ForestPlot::new().with_null_value(1.0).with_marker_size(4.0);
    for (place, family) in part.plan.families.iter().enumerate() {
        let Some(found) = part.compare(Of::family(place), column, reference) else {
            continue;
        };
        for (interval, label, colour) in [
            (found.geo, format!("{} (geo)", family.name), COLOURS[0]),
            (found.arith, format!("{} (arith)", family.name), COLOURS[1]),
        ] {
            let (estimate, low, high) = (interval.estimate, interval.low, interval.high);
            forest = forest.with_colored_row(label, estimate, low, high, colour);
        }
    }
    let height = 90.0 + 17.0 * forest.rows.len() as f64;
    let plots = vec![Plot::Forest(forest)];
    let layout = Layout::auto_from_plots(&plots)
        .with_width(720.0)
        .with_height(height)
        .with_tick_size(11)
        .with_title(format!("{column} over {reference}"))
        .with_x_label("ratio, with 95 % intervals over seeds");
    SvgBackend::new().render_scene(&render_multiple(plots, layout))
}

/// The largest share that the cost plot shows, for those who do not see it.
pub(super) fn highest(part: &Part, group: Group) -> String {
    let spare = part.plan.spare.iter().min().copied();
    let of = Of::group(group).with_spare(spare);
    let shares = (0..POLICIES.len()).filter_map(|place| {
        let column = Column::Policy(place);
        Some(part.compare(of, column, column)?.share)
    });
    percent(shares.fold(0.0, f64::max))
}
