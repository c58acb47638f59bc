//! Numbers as a reader likes them.

use rungkeeper_tuner_hooks::Budget;

/// A share, given in per cent, with its unit. What is under 1 % never reads as 1 %.
pub(crate) fn percent(value: f64) -> String {
    format!("{}\u{a0}%", bare_percent(value))
}

/// A share that is a round number: a goal, a limit.
pub(super) fn percent_of_goal(value: f64) -> String {
    format!("{value}\u{a0}%")
}

/// As [`percent`], without the unit.
pub(super) fn bare_percent(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        v if v < 0.01 => "< 0.01".to_owned(),
        v if v < 1.0 => format!("{:.2}", v.min(0.99)),
        v if v < 9.95 => format!("{v:.1}"),
        v => whole(v),
    }
}

/// A number rounded to a whole one, with thin spaces between groups of three digits.
pub(super) fn whole(value: f64) -> String {
    let digits = format!("{:.0}", value.round());
    let (sign, digits) = digits
        .strip_prefix('-')
        .map_or(("", digits.as_str()), |rest| ("-", rest));
    let mut text = sign.to_owned();
    for (index, digit) in digits.chars().enumerate() {
        // Four digits are read without a space.
        if index > 0 && digits.len() > 4 && (digits.len() - index) % 3 == 0 {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A mean of counts: with one decimal where it is small and not whole.
pub(super) fn count(value: f64) -> String {
    if value < 100.0 && value.fract() != 0.0 {
        format!("{value:.1}")
    } else {
        whole(value)
    }
}

/// "1 checkpoint", "2 checkpoints".
pub(crate) fn of(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{}\u{a0}{noun}{plural}", whole(number as f64))
}

/// "a", "a and b", "a, b and c".
pub(crate) fn list(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// "10 checkpoints", "20 GB", "10 checkpoints and 20 GB", "no limit".
pub(crate) fn budget(budget: Budget) -> String {
    let number = budget.max_checkpoints.map(|most| of(most, "checkpoint"));
    let words: Vec<String> = number
        .into_iter()
        .chain(budget.max_bytes.map(bytes))
        .collect();
    if words.is_empty() {
        "no limit".to_owned()
    } else {
        list(&words)
    }
}

/// The unit of time in which `seconds` is read best, and its length in seconds.
pub(super) fn time_unit(seconds: f64) -> (&'static str, f64) {
    match seconds {
        s if s < 180.0 => ("seconds", 1.0),
        s if s < 3.0 * 3600.0 => ("minutes", 60.0),
        s if s < 3.0 * 86_400.0 => ("hours", 3600.0),
        _ => ("days", 86_400.0),
    }
}

/// Times of a run in the unit in which its length is read best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Clock {
    pub(crate) unit: &'static str,
    length: f64,
    decimals: usize,
}

impl Clock {
    /// For a run of that many seconds, with four digits for its end.
    pub(crate) fn of(seconds: f64) -> Self {
        let (unit, length) = time_unit(seconds);
        let digits = (seconds / length).max(1e-3).log10().ceil();
        Self {
            unit,
            length,
            decimals: (4.0 - digits).clamp(0.0, 3.0) as usize,
        }
    }

    /// Seconds as a number of units.
    pub(super) fn value(self, seconds: f64) -> f64 {
        seconds / self.length
    }

    /// Seconds in units, as text.
    pub(super) fn text(self, seconds: f64) -> String {
        format!("{:.*}", self.decimals, self.value(seconds))
    }

    /// Seconds with the name of the unit.
    pub(crate) fn with_unit(self, seconds: f64) -> String {
        let decimals = self.decimals.min(1);
        format!("{:.decimals$}\u{a0}{}", self.value(seconds), self.unit)
    }
}

/// The decimal unit in which `bytes` are read best, and how many bytes it is.
pub(super) fn byte_unit(bytes: u64) -> (&'static str, f64) {
    const UNITS: [(&str, f64); 5] = [
        ("bytes", 1.0),
        ("kB", 1e3),
        ("MB", 1e6),
        ("GB", 1e9),
        ("TB", 1e12),
    ];
    let fits = |unit: &&(&str, f64)| bytes as f64 >= unit.1;
    UNITS.iter().rev().find(fits).copied().unwrap_or(UNITS[0])
}

/// A size with its unit: 12.3 MB.
pub(crate) fn bytes(bytes: u64) -> String {
    let (unit, length) = byte_unit(bytes);
    format!("{}\u{a0}{unit}", significant(bytes as f64 / length, 3))
}

/// A number with `digits` significant digits, at least one, without zeros at its end.
pub(crate) fn significant(value: f64, digits: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    // Rounding may carry into another digit: the exponent is that of the rounded number.
    let scientific = format!("{value:.*e}", digits - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let short = |text: &str| {
        let text = text.trim_end_matches('0');
        text.trim_end_matches('.').to_owned()
    };
    let power: i32 = exponent.parse().unwrap_or(0);
    if !(-4..9).contains(&power) {
        return format!("{}e{exponent}", short(mantissa));
    }
    let decimals = if power < 0 {
        digits - 1 + power.unsigned_abs() as usize
    } else {
        (digits - 1).saturating_sub(power.unsigned_abs() as usize)
    };
    let text = format!("{value:.decimals$}");
    if decimals == 0 { text } else { short(&text) }
}

/// A metric: what is no finite number is a bad one.
pub(super) fn metric(value: f64) -> String {
    if value.is_finite() {
        significant(value, 6)
    } else {
        "bad".to_owned()
    }
}

/// An expected cost, which is often next to nothing.
pub(super) fn cost(value: f64) -> String {
    if value == 0.0 || value >= 1e-12 {
        significant(value, 3)
    } else {
        "<\u{a0}1e-12".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares() {
        let cases = [
            (0.0, "0"),
            (0.004, "< 0.01"),
            (0.126, "0.13"),
            (0.999, "0.99"),
            (1.0, "1.0"),
            (9.94, "9.9"),
            (9.96, "10"),
            (1234.0, "1234"),
        ];
        for (value, expected) in cases {
            assert_eq!(bare_percent(value), expected);
        }
        assert_eq!(percent(12.3), "12\u{a0}%");
    }

    #[test]
    fn whole_numbers_and_counts() {
        assert_eq!(whole(9999.4), "9999");
        assert_eq!(whole(1_234_567.0), "1\u{202f}234\u{202f}567");
        assert_eq!(whole(-12345.0), "-12\u{202f}345");
        assert_eq!(count(2.25), "2.2");
        assert_eq!(count(3.0), "3");
        assert_eq!(count(123.4), "123");
        assert_eq!(of(1, "worker"), "1\u{a0}worker");
        assert_eq!(of(10, "worker"), "10\u{a0}workers");
    }

    #[test]
    fn words_and_units() {
        let words = ["a", "b", "c"].map(String::from);
        assert_eq!(list(&words), "a, b and c");
        assert_eq!(list(&words[..2]), "a and b");
        assert_eq!(list(&words[..1]), "a");
        assert_eq!(list(&[]), "");
        assert_eq!(time_unit(179.0).0, "seconds");
        assert_eq!(time_unit(7200.0), ("minutes", 60.0));
        assert_eq!(time_unit(1e6).0, "days");
    }

    #[test]
    fn times_of_a_run() {
        let clock = Clock::of(5400.0);
        assert_eq!(clock.text(90.0), "1.50");
        assert_eq!(clock.with_unit(5400.0), "90.0\u{a0}minutes");
        assert_eq!(Clock::of(2.5).text(0.25), "0.250");
        assert_eq!(Clock::of(0.0).text(0.0), "0.000");
        assert_eq!(Clock::of(170.0).with_unit(170.0), "170.0\u{a0}seconds");
    }

    #[test]
    fn sizes() {
        assert_eq!(bytes(0), "0\u{a0}bytes");
        assert_eq!(bytes(999), "999\u{a0}bytes");
        assert_eq!(bytes(12_345_678), "12.3\u{a0}MB");
        assert_eq!(bytes(2_000_000_000_000), "2\u{a0}TB");
    }

    #[test]
    fn significant_digits() {
        let cases = [
            (0.0, "0"),
            (0.123_456_78, "0.123457"),
            (0.999_999_9, "1"),
            (-2.5, "-2.5"),
            (1234.5, "1234.5"),
            (123_456_789.0, "123456789"),
            (1e-7, "1e-7"),
            (3.25e20, "3.25e20"),
        ];
        for (value, expected) in cases {
            assert_eq!(metric(value), expected);
        }
        assert_eq!(metric(f64::NAN), "bad");
        assert_eq!(cost(0.0), "0");
        assert_eq!(cost(1.236e-9), "1.24e-9");
        assert_eq!(cost(1e-300), "<\u{a0}1e-12");
        assert_eq!(cost(0.012_34), "0.0123");
    }
}
