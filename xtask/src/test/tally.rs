//! Counts the tests from the lines of the test programs.

/// How many tests passed so far.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) programs: u64,
    pub(super) passed: u64,
}

impl Tally {
    /// Takes note of a line like `test result: ok. 3 passed; 0 failed; 1 ignored; ...`.
    pub(super) fn see(&mut self, line: &str) {
        let result = line.strip_prefix("test result: ok. ");
        let passed = result.and_then(|result| result.split_once(" passed"));
        if let Some(number) = passed.and_then(|(number, _)| number.parse::<u64>().ok()) {
            self.programs += 1;
            self.passed += number;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_add_up() {
        let mut tally = Tally::default();
        for line in [
            "running 12 tests",
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test a::test result: ok",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 4 filtered out; finished in 0.00s",
        ] {
            tally.see(line);
        }
        assert_eq!((tally.passed, tally.programs), (15, 2));
    }
}
