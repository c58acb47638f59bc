//! The plots beside the page.

use std::sync::Arc;

use kuva::backend::svg::SvgBackend;
use kuva::plot::ForestPlot;
use kuva::prelude::{Layout, LinePlot, LineStyle, Plot, ScatterPlot, TickFormat};
use kuva::render::render::render_multiple;

use crate::runs::{OPTIMUM, POLICIES, PROVED, Part, REFERENCE};

/// Colours that stay apart for colour-blind readers (Okabe and Ito 2008), in the order of the
/// policies, and last that of the optimum.
const COLOURS: [&str; 5] = ["#0072b2", "#d55e00", "#009e73", "#b8608f", "#4f5863"];

/// Least share that the axis shows, in percent.
const FLOOR: f64 = 0.001;

/// Cost against the budget, on a logarithmic axis: a line for each policy and the optimum.
pub(crate) fn cost(part: &Part, group: &str) -> String {
    let spare = &part.plan.spare;
    let mut plots = Vec::new();
    for (policy, colour) in POLICIES.into_iter().chain([OPTIMUM]).zip(COLOURS) {
        let shares = spare.iter().map(|&spare| lost(part, group, spare, policy));
        let points = (1..).zip(shares.map(|share| (100.0 * share).max(FLOOR)));
        let points: Vec<(i32, f64)> = points.collect();
        let mut line = LinePlot::new().with_color(colour).with_stroke_width(2.0);
        if policy == OPTIMUM {
            line = line.with_line_style(LineStyle::Dashed);
        }
        plots.push(Plot::Line(
            line.with_legend(policy).with_data(points.clone()),
        ));
        let dots = ScatterPlot::new().with_data(points).with_size(3.0);
        plots.push(Plot::Scatter(dots.with_color(colour)));
    }
    let shown = |share: f64| {
        if share <= 1.001 * FLOOR {
            format!("≤ {FLOOR}")
        } else {
            share.to_string()
        }
    };
    let layout = Layout::auto_from_plots(&plots)
        .with_width(640.0)
        .with_height(400.0)
        .with_title(format!("Lost, {group} families"))
        .with_x_label("checkpoints beyond those of running trials")
        .with_y_label("% of resumed levels")
        .with_x_categories(spare.iter().map(ToString::to_string).collect())
        .with_x_axis_min(0.6)
        .with_x_axis_max(spare.len() as f64 + 0.4)
        .with_log_y()
        .with_y_tick_format(TickFormat::Custom(Arc::new(shown)));
    drawn(plots, layout)
}

/// Ratios of the proved policy to the reference with their intervals: two rows for each family.
pub(crate) fn ratios(part: &Part) -> String {
    let mut forest = ForestPlot::new().with_null_value(1.0).with_marker_size(4.0);
    for family in &part.plan.families {
        let found = part.over_reference(PROVED, |it, _| it.name == family.name);
        for (interval, name, colour) in [
            (found.geo, "geo", COLOURS[0]),
            (found.arith, "arith", COLOURS[1]),
        ] {
            let (label, estimate) = (format!("{} ({name})", family.name), interval.estimate);
            forest = forest.with_colored_row(label, estimate, interval.low, interval.high, colour);
        }
    }
    let height = 90.0 + 17.0 * forest.rows.len() as f64;
    let plots = vec![Plot::Forest(forest)];
    let layout = Layout::auto_from_plots(&plots)
        .with_width(720.0)
        .with_height(height)
        .with_tick_size(11)
        .with_title(format!("{PROVED} over {REFERENCE}"))
        .with_x_label("ratio, with 95 % intervals over seeds");
    drawn(plots, layout)
}

/// The largest share that the cost plot shows, for those who do not see it.
pub(crate) fn highest(part: &Part, group: &str) -> f64 {
    let shares = POLICIES.map(|policy| lost(part, group, part.plan.spare[0], policy));
    shares.into_iter().fold(0.0, f64::max)
}

/// The share of the resumed levels that a policy loses.
fn lost(part: &Part, group: &str, spare: u64, policy: &str) -> f64 {
    let found = part.over_reference(policy, |it, of| it.group == group && of == spare);
    found.share
}

/// As text that ends with a newline.
fn drawn(plots: Vec<Plot>, layout: Layout) -> String {
    let mut text = SvgBackend::new().render_scene(&render_multiple(plots, layout));
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}
