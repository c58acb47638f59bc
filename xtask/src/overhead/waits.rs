//! How long trials wait for their answers.
use std::fmt;

use anyhow::{Result, ensure};

/// Times that a trial waited for its answers, in milliseconds, the shortest first.
pub(crate) struct Waits(Vec<f64>);

impl Waits {
    /// Reads a time a line, in microseconds.
    pub(crate) fn of(text: &str) -> Result<Self> {
        let waits = text.lines().map(|line| Ok(line.parse::<f64>()? / 1e3));
        let mut waits = waits.collect::<Result<Vec<f64>>>()?;
        ensure!(!waits.is_empty(), "no report was answered");
        waits.sort_by(f64::total_cmp);
        Ok(Self(waits))
    }

    /// The time within which this share of all answers came; all of them with 1.
    pub(crate) fn within(&self, share: f64) -> f64 {
        let number = (share * self.0.len() as f64).ceil() as usize;
        self.0[number.clamp(1, self.0.len()) - 1]
    }
}

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (median, most, all) = (self.within(0.5), self.within(0.99), self.within(1.0));
        let number = self.0.len();
        write!(
            f,
            "median {median:.1} ms, 99 % within {most:.1} ms, longest {all:.1} ms ({number} answers)"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_all_answers() {
        let text: Vec<_> = (1..=200).rev().map(|i| format!("{i}000")).collect();
        let waits = Waits::of(&text.join("\n")).unwrap();
        assert_eq!(waits.within(0.5), 100.0);
        assert_eq!(waits.within(0.99), 198.0);
        assert_eq!(waits.within(1.0), 200.0);
        assert_eq!(waits.within(0.0), 1.0);
        let expected = "median 100.0 ms, 99 % within 198.0 ms, longest 200.0 ms (200 answers)";
        assert_eq!(waits.to_string(), expected);
        assert!(Waits::of("").is_err());
    }
}
