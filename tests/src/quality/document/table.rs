//! Tables in Markdown, and the numbers in them.

use crate::quality::measures::Interval;

/// A table that grows row by row.
pub(super) struct Table {
    text: String,
}

impl Table {
    /// A table with these column heads.
    pub(super) fn new<S: AsRef<str>>(heads: &[S]) -> Self {
        let text = String::new();
        let mut table = Self { text };
        table.row(heads);
        table.text += &format!("|{}\n", "---|".repeat(heads.len()));
        table
    }

    pub(super) fn row<S: AsRef<str>>(&mut self, cells: &[S]) {
        for cell in cells {
            self.text += &format!("| {} ", cell.as_ref());
        }
        self.text += "|\n";
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// A ratio: 0.92.
pub(super) fn ratio(value: f64) -> String {
    if value.is_finite() {
        format!("{value:.2}")
    } else {
        "–".to_owned()
    }
}

/// A ratio with its interval: 0.92 [0.91, 0.94].
pub(super) fn with_interval(interval: &Interval) -> String {
    let Interval {
        estimate,
        low,
        high,
    } = *interval;
    format!("{} [{}, {}]", ratio(estimate), ratio(low), ratio(high))
}

/// A share in percent: 2.35.
pub(super) fn percent(share: f64) -> String {
    format!("{:.2}", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_heads_a_line_and_rows() {
        let mut table = Table::new(&["a", "b"]);
        table.row(&[ratio(0.918), percent(0.0235)]);
        assert_eq!(table.finish(), "| a | b |\n|---|---|\n| 0.92 | 2.35 |\n");
    }

    #[test]
    fn ratios_of_nothing_are_a_dash() {
        assert_eq!(ratio(f64::NAN), "–");
        let interval = Interval {
            estimate: 0.5,
            low: 0.25,
            high: 1.0,
        };
        assert_eq!(with_interval(&interval), "0.50 [0.25, 1.00]");
    }
}
