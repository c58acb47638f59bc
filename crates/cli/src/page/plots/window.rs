//! An axis of metrics that bad values do not squeeze.

use kuva::prelude::Layout;
use rungkeeper_tuner_hooks::Mode;

/// The values that an axis shows, and whether it grows by factors. What lies beyond is drawn at its
/// edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) struct Window {
    low: f64,
    high: f64,
    outside: usize,
    by_factors: bool,
}

impl Window {
    /// How many times the distance between the quartiles a value may lie beyond the worse one: Tukey's (1977) fence for what
    /// is far out.
    const FENCE: f64 = 3.0;

    /// Where the largest value is that many times the smallest, small ones cannot be told apart on an axis that does not
    /// grow by factors.
    const WIDE: f64 = 20.0;

    /// Shows all of the values. Those that are no finite number are nowhere.
    pub(in super::super) fn of_all(values: impl IntoIterator<Item = f64>, mode: Mode) -> Self {
        let sorted = sorted(values);
        match (sorted.first(), sorted.last()) {
            (Some(&low), Some(&high)) => Self {
                by_factors: is_wide(low, high, mode),
                ..Self::between(low, high)
            },
            _ => Self::between(0.0, 1.0),
        }
    }

    /// The values of trials at each level, the lowest first, so that those at the upper levels can be told apart: without bad
    /// ones that are far out, and without the worse half of the lowest level, which most trials do not leave. Small values
    /// that differ by factors are shown by factors, and then all but what is far out.
    pub(in super::super) fn of_levels(levels: &[Vec<f64>], mode: Mode) -> Self {
        let all = sorted(levels.iter().flatten().copied());
        let (low, high) = inside(&all, mode);
        if is_wide(low, high, mode) {
            let logarithms: Vec<f64> = all.iter().map(|value| value.ln()).collect();
            let (low, high) = inside(&logarithms, mode);
            return Self {
                by_factors: true,
                // Back from a logarithm a value may be one that is next to it.
                ..Self::between(low.exp().min(all[0]), high.exp() * (1.0 + 1e-12))
            }
            .counting(&all);
        }
        let reached = levels.iter().position(|level| !level.is_empty());
        let (lowest, upper) = levels.split_at(reached.map_or(0, |lowest| lowest + 1));
        let mut shown = sorted(upper.iter().flatten().copied());
        if shown.is_empty() {
            shown.clone_from(&all);
        } else {
            let lowest = sorted(lowest.iter().flatten().copied());
            let half = lowest.len().div_ceil(2);
            shown.extend(match mode {
                Mode::Min => &lowest[..half],
                Mode::Max => &lowest[lowest.len() - half..],
            });
            shown.sort_by(f64::total_cmp);
        }
        let (low, high) = inside(&shown, mode);
        Self::between(low, high).counting(&all)
    }

    /// An axis from `low` to `high`.
    pub(in super::super) fn between(low: f64, high: f64) -> Self {
        Self {
            low,
            high,
            outside: 0,
            by_factors: false,
        }
    }

    /// Number of values that are drawn at the edge.
    pub(in super::super) fn outside(self) -> usize {
        self.outside
    }

    /// Each step on the axis is a factor.
    pub(in super::super) fn by_factors(self) -> bool {
        self.by_factors
    }

    pub(super) fn put(self, value: f64) -> f64 {
        value.clamp(self.low, self.high)
    }

    /// Where a value is drawn, from 0 at the lower edge to 1 at the upper one.
    pub(super) fn share(self, value: f64) -> f64 {
        let on_axis = |value: f64| if self.by_factors { value.ln() } else { value };
        let length = on_axis(self.high) - on_axis(self.low);
        if length > 0.0 {
            (on_axis(self.put(value)) - on_axis(self.low)) / length
        } else {
            0.5
        }
    }

    pub(super) fn of_axis(self, layout: Layout) -> Layout {
        if self.by_factors {
            let margin = (self.high / self.low).powf(0.05);
            return layout
                .with_log_y()
                .with_y_axis_min(self.low / margin)
                .with_y_axis_max(self.high * margin);
        }
        let length = self.high - self.low;
        // One value has an axis around it.
        let margin = if length > 0.0 {
            0.05 * length
        } else {
            self.low.abs().max(1.0) * 0.05
        };
        layout
            .with_y_axis_min(self.low - margin)
            .with_y_axis_max(self.high + margin)
    }

    fn counting(self, all: &[f64]) -> Self {
        let outside = |value: &&f64| **value < self.low || **value > self.high;
        Self {
            outside: all.iter().filter(outside).count(),
            ..self
        }
    }
}

/// Of values in ascending order the least and the largest that is not far out on the bad side.
fn inside(sorted: &[f64], mode: Mode) -> (f64, f64) {
    let (Some(&least), Some(&largest)) = (sorted.first(), sorted.last()) else {
        return (0.0, 1.0);
    };
    let quarter = |quarters: usize| sorted[quarters * (sorted.len() - 1) / 4];
    let reach = Window::FENCE * (quarter(3) - quarter(1));
    let (mut low, mut high) = (least, largest);
    if reach > 0.0 {
        match mode {
            Mode::Min => high = high.min(quarter(3) + reach),
            Mode::Max => low = low.max(quarter(1) - reach),
        }
    }
    (low, high)
}

/// Where large values are the good ones, an axis by factors would squeeze those.
fn is_wide(low: f64, high: f64, mode: Mode) -> bool {
    mode == Mode::Min && low > 0.0 && high / low >= Window::WIDE
}

/// The finite ones.
fn sorted(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let values = values.into_iter().filter(|value| value.is_finite());
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64], mode: Mode) -> Window {
        Window::of_levels(&[values.to_vec()], mode)
    }

    #[test]
    fn only_bad_outliers_are_outside() {
        let values = [0.1, 0.2, 0.3, 0.4, 0.5, 1e9];
        let window = of(&values, Mode::Min);
        assert_eq!((window.low, window.outside()), (0.1, 1));
        assert!(window.high < 2.0 && window.put(1e9) == window.high);
        let window = of(&values, Mode::Max);
        assert_eq!((window.high, window.outside()), (1e9, 0), "it is the best");
    }

    #[test]
    fn what_is_no_number_is_nowhere() {
        let window = of(&[f64::NAN, 0.5, f64::INFINITY], Mode::Min);
        assert_eq!((window.low, window.high, window.outside()), (0.5, 0.5, 0));
        assert_eq!(Window::of_all([f64::NAN, 0.5], Mode::Min), window);
        let window = of(&[f64::NAN], Mode::Max);
        assert_eq!((window.low, window.high), (0.0, 1.0));
        assert_eq!(Window::of_levels(&[], Mode::Max), window);
    }

    /// Accuracies: what the upper levels differ by takes at least a third of the axis.
    #[test]
    fn the_upper_levels_can_be_told_apart() {
        let lowest: Vec<f64> = (0..81).map(|n| 0.1 + 0.01 * f64::from(n)).collect();
        let levels = [lowest, vec![0.85, 0.88, 0.9, 0.92], vec![0.93, 0.95]];
        let window = Window::of_levels(&levels, Mode::Max);
        assert!(!window.by_factors() && window.outside() > 30);
        let share = window.share(0.95) - window.share(0.85);
        assert!(share > 0.2, "{share}");
        assert_eq!(window.share(0.1), 0.0);
    }

    #[test]
    fn small_values_are_shown_by_factors() {
        let lowest: Vec<f64> = (1..=100).map(|n| 0.02 * f64::from(n)).collect();
        let window = Window::of_levels(&[lowest, vec![0.01, 0.02], vec![0.005]], Mode::Min);
        assert!(window.by_factors());
        assert_eq!(window.outside(), 0);
        let share = window.share(0.02) - window.share(0.005);
        assert!(share > 0.2, "{share}");
        assert!(!Window::of_all([-1.0, 100.0], Mode::Min).by_factors());
        assert!(!Window::of_all([0.01, 100.0], Mode::Max).by_factors());
    }
}
