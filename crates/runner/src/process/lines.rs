//! The lines that a program prints, in parts of bounded length.

use std::io::{BufRead, BufReader, Read};

/// Longest line that is read as one, with its end. It bounds the memory that lines in the queue take.
pub(crate) const LONGEST_LINE: u64 = 1 << 16;

/// Reads what a program prints.
pub(crate) struct Lines<R> {
    reader: BufReader<R>,
    bytes: Vec<u8>,
    within_a_line: bool,
}

/// A line, or a part of one that is too long.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    /// A whole line; the last one may have no end.
    Line,
    /// The beginning of a line that is too long.
    Beginning,
    /// What is behind such a beginning, up to the end of the line.
    Rest,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(printed: R) -> Self {
        Self {
            reader: BufReader::new(printed),
            bytes: Vec::new(),
            within_a_line: false,
        }
    }

    /// What comes next; nothing once the program prints no more.
    pub(crate) fn next(&mut self) -> Option<(Part, &[u8])> {
        self.bytes.clear();
        let mut reader = self.reader.by_ref().take(LONGEST_LINE);
        let read = reader.read_until(b'\n', &mut self.bytes);
        if !matches!(read, Ok(1..)) {
            return None;
        }
        let is_complete = self.bytes.ends_with(b"\n");
        let is_full = self.bytes.len() as u64 == LONGEST_LINE;
        let part = if std::mem::replace(&mut self.within_a_line, !is_complete) {
            Part::Rest
        } else if is_full && !is_complete {
            Part::Beginning
        } else {
            Part::Line
        };
        Some((part, &self.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_come_in_parts() {
        let longest = LONGEST_LINE as usize;
        let long = "x".repeat(2 * longest + 3);
        let fits = "y".repeat(longest - 1);
        let printed = format!("a\n{fits}\n{long}\nb\n\nend");
        let mut lines = Lines::new(printed.as_bytes());
        let mut parts = Vec::new();
        while let Some((part, bytes)) = lines.next() {
            parts.push((part, bytes.len()));
        }
        let expected = [
            (Part::Line, 2),
            (Part::Line, longest),
            (Part::Beginning, longest),
            (Part::Rest, longest),
            (Part::Rest, 4),
            (Part::Line, 2),
            (Part::Line, 1),
            (Part::Line, 3),
        ];
        assert_eq!(parts, expected);
    }
}
