//! CSV records with the lines they stand on.

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use csv::{ByteRecord, Position, ReaderBuilder, StringRecord, Terminator};

use super::{CurveError, Place, Problem};

/// Put behind the text: ends the last line like the others, and shows whether a quote is still open
/// there, since it is then part of a field and not a record of its own.
const END: &[u8] = b"\n\0\n";

/// The records of a file below its header, each as long as that; their positions hold the line on which they begin.
///
/// The `csv` crate counts blank lines and the second half of a Windows line end to the record that
/// follows, so that its own line numbers can fall behind. Here a line ends with `\n` alone, and the
/// line of a record is found from where its text ends; the `\r` goes with the white space around
/// the fields.
pub(super) struct Lines<'a, R> {
    file: &'a str,
    reader: csv::Reader<Text<R>>,
    record: ByteRecord,
    delimiter: u8,
    /// Number of fields of the header, once it was read.
    width: Option<usize>,
}

/// The lines up to the header, which tell what separates the fields, then the rest.
type Text<R> = Chain<Chain<Cursor<Vec<u8>>, BufReader<R>>, &'static [u8]>;

impl<'a, R: Read> Lines<'a, R> {
    /// The header, and what is below it.
    ///
    /// # Errors
    ///
    /// A source that cannot be read, or holds nothing.
    pub(super) fn new(file: &'a str, source: R) -> Result<(StringRecord, Self), CurveError> {
        let mut source = BufReader::new(source);
        let start = to_header(&mut source).map_err(|error| {
            let place = Place {
                file: file.to_owned(),
                line: None,
                column: None,
            };
            CurveError::new(place, Problem::Unreadable(error))
        })?;
        let delimiter = delimiter(&start);
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .terminator(Terminator::Any(b'\n'))
            .from_reader(Cursor::new(start).chain(source).chain(END));
        let mut lines = Self {
            file,
            reader,
            record: ByteRecord::new(),
            delimiter,
            width: None,
        };
        let Some(header) = lines.next().transpose()? else {
            return Err(CurveError::new(lines.whole(), Problem::Empty));
        };
        lines.width = Some(header.len());
        Ok((header, lines))
    }

    /// Refuses a record that is longer or shorter than the header.
    fn check_width(&self, record: StringRecord) -> Result<StringRecord, CurveError> {
        match (record.len(), self.width) {
            (found, Some(expected)) if found != expected => {
                let problem = Problem::FieldCount { found, expected };
                Err(self.error(line_of(&record), problem))
            }
            _ => Ok(record),
        }
    }

    /// Whether numbers may have a decimal comma: where a semicolon separates the fields, as spreadsheets write them in
    /// the countries that have it.
    pub(super) fn decimal_comma(&self) -> bool {
        self.delimiter == b';'
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
        let text = self.record.as_slice();
        let lines = text.split(|&byte| byte == b'\n').count();
        let start = end + 1 - lines as u64;
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
                Ok(record) => return Some(self.check_width(record)),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// The line on which a record begins.
pub(super) fn line_of(record: &StringRecord) -> u64 {
    record.position().map_or(0, Position::line)
}

/// Reads to the end of the first line that is not blank.
fn to_header(source: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    let mut line = 0;
    while start[line..].trim_ascii().is_empty() {
        line = start.len();
        if source.read_until(b'\n', &mut start)? == 0 {
            break;
        }
    }
    Ok(start)
}

/// What separates the fields of a header: of comma, semicolon and tab the one that it has most of outside of quotes; a comma
/// if it has none.
fn delimiter(header: &[u8]) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for &byte in header.trim_ascii() {
        quoted ^= byte == b'"';
        for (delimiter, count) in &mut counts {
            *count += usize::from(!quoted && byte == *delimiter);
        }
    }
    let mut most = counts[0];
    for other in &counts[1..] {
        if other.1 > most.1 {
            most = *other;
        }
    }
    most.0
}
