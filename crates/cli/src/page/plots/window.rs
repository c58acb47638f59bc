//! An axis of metrics that a few bad outliers do not squeeze.

use kuva::prelude::Layout;
use rungkeeper_tuner_hooks::Mode;

/// The values that an axis shows. What lies beyond is drawn at its edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) struct Window {
    low: f64,
    high: f64,
    outside: usize,
}

impl Window {
    /// How many times the distance between the quartiles a value may lie beyond the worse one: Tukey's (1977) fence for what
    /// is far out.
    const FENCE: f64 = 3.0;

    /// Shows all of the values. Those that are no finite number are nowhere.
    pub(in super::super) fn of_all(values: impl IntoIterator<Item = f64>) -> Self {
        let sorted = sorted(values);
        match (sorted.first(), sorted.last()) {
            (Some(&low), Some(&high)) => Self::between(low, high),
            _ => Self::between(0.0, 1.0),
        }
    }

    /// As [`Window::of_all`], without bad values that are far out.
    pub(in super::super) fn of(values: impl IntoIterator<Item = f64>, mode: Mode) -> Self {
        let sorted = sorted(values);
        let (Some(&least), Some(&largest)) = (sorted.first(), sorted.last()) else {
            return Self::between(0.0, 1.0);
        };
        let quarter = |quarters: usize| sorted[quarters * (sorted.len() - 1) / 4];
        let reach = Self::FENCE * (quarter(3) - quarter(1));
        let (mut low, mut high) = (least, largest);
        if reach > 0.0 {
            match mode {
                Mode::Min => high = high.min(quarter(3) + reach),
                Mode::Max => low = low.max(quarter(1) - reach),
            }
        }
        let outside = |value: &&f64| **value < low || **value > high;
        let outside = sorted.iter().filter(outside).count();
        Self { low, high, outside }
    }

    /// An axis from `low` to `high`.
    pub(in super::super) fn between(low: f64, high: f64) -> Self {
        Self {
            low,
            high,
            outside: 0,
        }
    }

    /// Number of values that are drawn at the edge.
    pub(in super::super) fn outside(self) -> usize {
        self.outside
    }

    pub(super) fn put(self, value: f64) -> f64 {
        value.clamp(self.low, self.high)
    }

    pub(super) fn of_axis(self, layout: Layout) -> Layout {
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

    #[test]
    fn only_bad_outliers_are_outside() {
        let values = [0.1, 0.2, 0.3, 0.4, 0.5, 1e9];
        let window = Window::of(values, Mode::Min);
        assert_eq!((window.low, window.outside()), (0.1, 1));
        assert!(window.high < 2.0 && window.put(1e9) == window.high);
        let window = Window::of(values, Mode::Max);
        assert_eq!((window.high, window.outside()), (1e9, 0), "it is the best");
    }

    #[test]
    fn what_is_no_number_is_nowhere() {
        let window = Window::of([f64::NAN, 0.5, f64::INFINITY], Mode::Min);
        assert_eq!((window.low, window.high, window.outside()), (0.5, 0.5, 0));
        assert_eq!(Window::of_all([f64::NAN, 0.5]), window);
        let window = Window::of([f64::NAN], Mode::Max);
        assert_eq!((window.low, window.high), (0.0, 1.0));
    }
}
