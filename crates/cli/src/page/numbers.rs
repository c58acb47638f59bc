//! Numbers as a reader likes them.

/// A share, given in per cent, with its unit. What is under 1 % never reads as 1 %.
pub(super) fn percent(value: f64) -> String {
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
pub(super) fn of(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{}\u{a0}{noun}{plural}", whole(number as f64))
}

/// "a", "a and b", "a, b and c".
pub(super) fn list(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
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
}
