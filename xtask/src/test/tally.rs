//! Counts the tests from the lines of the test programs.
use std::fmt;

/// How many tests ran so far.
#[derive(Default)]
pub(super) struct Tally {
    programs: u64,
    passed: u64,
    ignored: u64,
}

impl Tally {
    /// Takes note of a line like `test result: ok. 3 passed; 0 failed; 1 ignored; ...`.
    pub(super) fn see(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else {
            return;
        };
        self.programs += 1;
        self.passed += count(result, "passed");
        self.ignored += count(result, "ignored");
    }

    /// Tests that ran and passed.
    pub(super) fn passed(&self) -> u64 {
        self.passed
    }
}

fn count(result: &str, what: &str) -> u64 {
    let words: Vec<_> = result
        .split([' ', ';'])
        .filter(|word| !word.is_empty())
        .collect();
    let pair = words.windows(2).find(|pair| pair[1] == what);
    pair.and_then(|pair| pair[0].parse().ok()).unwrap_or(0)
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.programs {
            0 => f.write_str("no tests were asked for"),
            n => write!(
                f,
                "{} tests passed in {n} test programs, {} ignored",
                self.passed, self.ignored
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_add_up() {
        let mut tally = Tally::default();
        assert_eq!(tally.to_string(), "no tests were asked for");
        for line in [
            "running 12 tests",
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test a::test result: ok",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 4 filtered out; finished in 0.00s",
        ] {
            tally.see(line);
        }
        assert_eq!(tally.passed(), 15);
        assert_eq!(
            tally.to_string(),
            "15 tests passed in 2 test programs, 1 ignored"
        );
    }
}
