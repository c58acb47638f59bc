//! CSV records with the lines they stand on.

use std::io::{self, Read};

use csv::{ByteRecord, Position, ReaderBuilder, StringRecord, Terminator};

use super::{CurveError, Place, Problem};

/// Put behind the text: ends the last line like the others, and shows whether a quote is still open
/// there, since it is then part of a field and not a record of its own.
const END: &[u8] = b"\n\0\n";

/// The records of a file; their positions hold the line on which they begin.
///
/// The `csv` crate counts blank lines and the second half of a Windows line end to the record that
/// follows, so that its own line numbers can fall behind. Here a line ends with `\n` alone, and the
/// line of a record is found from where its text ends; the `\r` goes with the white space around
/// the fields.
pub(super) struct Lines<'a, R> {
    file: &'a str,
    reader: csv::Reader<io::Chain<R, &'static [u8]>>,
    record: ByteRecord,
}

impl<'a, R: Read> Lines<'a, R> {
    pub(super) fn new(file: &'a str, source: R) -> Self {
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .terminator(Terminator::Any(b'\n'))
            .from_reader(source.chain(END));
        let record = ByteRecord::new();
        Self {
            file,
            reader,
            record,
        }
    }

    /// The file as a whole.
    pub(super) fn whole(&self) -> Place {
        Place {
            file: self.file.to_owned(),
            line: None,
            column: None,
        }
    }

    fn error(&self, line: u64, problem: Problem) -> CurveError {
        let place = Place {
            line: Some(line),
            ..self.whole()
        };
        CurveError::new(place, problem)
    }

    fn read(&mut self) -> Result<Option<StringRecord>, CurveError> {
        let found = self.reader.read_byte_record(&mut self.record);
        let end = self.reader.position().line();
        let found = found.map_err(|error| self.error(end, Problem::Unreadable(error.into())))?;
        if !found {
            return Ok(None);
        }
        let newlines = self
            .record
            .iter()
            .flatten()
            .filter(|&&byte| byte == b'\n')
            .count();
        let start = end - newlines as u64;
        if self
            .record
            .iter()
            .next_back()
            .is_some_and(|field| field.ends_with(END))
        {
            return Err(self.error(start, Problem::OpenQuote));
        }
        self.record.trim();
        self.text_at(start - 1).map(Some) // one more line end is behind the record
    }

    /// The record just read, as text that stands on `line`.
    fn text_at(&self, line: u64) -> Result<StringRecord, CurveError> {
        let mut text = StringRecord::from_byte_record(self.record.clone()).map_err(|error| {
            let bytes = error.into_byte_record();
            let text = String::from_utf8_lossy(bytes.as_slice()).into_owned();
            self.error(line, Problem::NotUtf8 { text })
        })?;
        let mut position = Position::new();
        position.set_line(line);
        text.set_position(Some(position));
        Ok(text)
    }
}

impl<R: Read> Iterator for Lines<'_, R> {
    type Item = Result<StringRecord, CurveError>;

    /// The next record that is not blank.
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.read().transpose()? {
                Ok(record) if record.len() == 1 && matches!(&record[0], "" | "\0") => {}
                other => return Some(other),
            }
        }
    }
}

/// The line on which a record begins.
pub(super) fn line_of(record: &StringRecord) -> u64 {
    record.position().map_or(0, Position::line)
}
