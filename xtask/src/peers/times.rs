//! What the training programs wrote down: when they began, and when they reported.
use std::{
    collections::{HashMap, VecDeque},
    fs,
    path::Path,
};

use anyhow::{Context, Result, ensure};

use crate::overhead::Waits;

/// Times in seconds.
pub(super) struct Times {
    /// When programs began, ascending.
    begins: Vec<f64>,
    /// When each of them made its last report, ascending.
    ends: Vec<f64>,
}

impl Times {
    /// Reads a file of lines: program, `begin` or `report`, seconds.
    pub(super) fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        Self::of(&text).with_context(|| file.display().to_string())
    }

    fn of(text: &str) -> Result<Self> {
        let (mut begins, mut last) = (Vec::new(), HashMap::new());
        for line in text.lines() {
            let fields: Vec<&str> = line.split(' ').collect();
            let &[program, what, time] = fields.as_slice() else {
                anyhow::bail!("a line is \"{line}\"");
            };
            let time: f64 = time.parse()?;
            match what {
                "begin" => begins.push(time),
                _ => _ = last.insert(program, time),
            }
        }
        ensure!(
            !begins.is_empty() && !last.is_empty(),
            "nothing was trained"
        );
        let mut ends: Vec<f64> = last.into_values().collect();
        begins.sort_by(f64::total_cmp);
        ends.sort_by(f64::total_cmp);
        Ok(Self { begins, ends })
    }

    /// How many programs began.
    pub(super) fn started(&self) -> usize {
        self.begins.len()
    }

    /// From the first beginning to the last report.
    pub(super) fn seconds(&self) -> f64 {
        self.ends[self.ends.len() - 1] - self.begins[0]
    }

    /// From the last report of a program to the beginning of the one that comes in its place.
    pub(super) fn waits(&self) -> Waits {
        let mut free = VecDeque::new();
        let mut ends = self.ends.iter().copied().peekable();
        let mut waits = Vec::new();
        for &begin in &self.begins {
            while let Some(end) = ends.next_if(|&end| end <= begin) {
                free.push_back(end);
            }
            // Those that begin first are in nobody's place.
            waits.extend(free.pop_front().map(|end| 1e3 * (begin - end)));
        }
        Waits::of(waits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_beginning_follows_an_end() {
        let text = "a begin 1\nb begin 1.5\na report 2\nb report 2\na report 3\nc begin 3.25\nd begin 4\nd report 5\nc report 9\n";
        let times = Times::of(text).unwrap();
        assert_eq!((times.started(), times.seconds()), (4, 8.0));
        let waits = times.waits();
        // b ended at 2 and a at 3: c came after 1.25 s in the place of b, d after 1 s in that of a.
        assert_eq!((waits.within(0.5), waits.within(1.0)), (1000.0, 1250.0));
        assert!(Times::of("").is_err());
        assert!(Times::of("a begin\n").is_err());
    }
}
