//! Reading a log: large parts of it at a time, side by side, in the order of its lines.

use std::fs::File;
use std::io::{self, BufReader, Seek};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread;

use rungkeeper_tuner::log::{LogError, parse_line_and_fields, read_texts};
use rungkeeper_tuner_hooks::log::{Event, Header};
use serde_json::{Map, Value};

use super::{JournalError, PART, io_error, whole_length};

/// Bytes of a part of the log that is parsed at a time.
#[cfg(not(test))]
const STRETCH: u64 = 1 << 18;
#[cfg(test)]
const STRETCH: u64 = 64;

/// Parts that each thread is ahead of whoever reads, at most.
const AHEAD: usize = 2;

/// Threads that parse, at most: whoever reads does not keep up with more.
const MOST_THREADS: usize = 4;

/// A recovered event, and the fields of its line that are not part of the event.
pub type Recorded = (Event, Map<String, Value>);

/// What a part of the log holds: events up to the first line that is none.
#[derive(Default)]
struct Part {
    events: Vec<Recorded>,
    /// Lines of the part, empty ones included.
    lines: usize,
    /// Its line is counted from the beginning of the part.
    error: Option<LogError>,
}

/// The header of a log and what follows it, one by one.
pub(super) fn read(
    path: &Path,
    file: File,
    wanted: fn(&str) -> bool,
) -> Result<(Header, Events), JournalError> {
    let length = whole_length(&file).map_err(|e| io_error(path, e))?;
    let mut reader = BufReader::new(&file);
    // The reader refuses a log without a header.
    let damaged = |source| JournalError::Log {
        path: path.to_owned(),
        source,
    };
    let first = match length {
        0 => read_texts(io::empty()).next(),
        _ => read_texts(&mut reader).next(),
    };
    let (line, header) = match first {
        Some(Ok((line, Event::Header(header), _))) => (line, *header),
        Some(Err(error)) => return Err(damaged(error)),
        _ => {
            let reason = "a log begins with a header";
            return Err(damaged(LogError::Header { line: 1, reason }));
        }
    };
    let begin = reader.stream_position().map_err(|e| io_error(path, e))?;
    let log = Log {
        file: Arc::new(file),
        begin,
        length,
        wanted,
    };
    Ok((
        header,
        Events {
            path: path.to_owned(),
            parts: Parts::of(log),
            part: Vec::new().into_iter(),
            lines: line,
            error: None,
        },
    ))
}

/// The events of a log, in their order, as [`Journal::read`](super::Journal::read) returns them.
pub struct Events {
    path: PathBuf,
    parts: Parts,
    /// What is left of the part that was taken last.
    part: std::vec::IntoIter<Recorded>,
    /// Lines before the next part.
    lines: usize,
    /// What ends the reading, once the part is through.
    error: Option<LogError>,
}

impl Iterator for Events {
    type Item = Result<Recorded, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(recorded) = self.part.next() {
                return Some(Ok(recorded));
            }
            if let Some(error) = self.error.take() {
                self.parts.next = self.parts.number;
                return Some(Err(self.damaged(error)));
            }
            let part = self.parts.take()?;
            self.part = part.events.into_iter();
            self.error = part.error.map(|error| error.further_down(self.lines));
            self.lines += part.lines;
        }
    }
}

impl Events {
    /// Shows all events, one after the other. Of a long log this takes less than to take them one by one, since the
    /// threads that made them clear them up.
    ///
    /// # Errors
    ///
    /// As the iterator; and the first one of `see`, which ends the reading.
    pub fn try_each<E: From<JournalError>>(
        mut self,
        mut see: impl FnMut(&Event, &Map<String, Value>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(part) = self.parts.take() {
            for (event, fields) in &part.events {
                see(event, fields)?;
            }
            if let Some(error) = part.error {
                return Err(self.damaged(error.further_down(self.lines)).into());
            }
            self.lines += part.lines;
            self.parts.give_back(part.events);
        }
        Ok(())
    }

    fn damaged(&self, source: LogError) -> JournalError {
        JournalError::Log {
            path: self.path.clone(),
            source,
        }
    }
}

/// The parts of a log, in their order. Those of a long one are parsed by threads, while whoever takes them works on what
/// came before.
struct Parts {
    log: Log,
    next: u64,
    number: u64,
    threads: Vec<Ahead>,
}

/// A thread that parses every n-th part.
struct Ahead {
    parts: Receiver<Part>,
    /// Where lists that are done with go.
    done: Sender<Vec<Recorded>>,
}

impl Parts {
    fn of(log: Log) -> Self {
        let number = log.length.saturating_sub(log.begin).div_ceil(STRETCH);
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let threads = threads.min(MOST_THREADS) as u64;
        let ahead = (0..threads).filter(|_| number > 1);
        Self {
            threads: ahead
                .map(|first| Ahead::start(log.clone(), first, threads, number))
                .collect(),
            log,
            next: 0,
            number,
        }
    }

    fn take(&mut self) -> Option<Part> {
        let number = self.next;
        self.next = (number < self.number).then_some(number + 1)?;
        let Some(thread) = self.thread_of(number) else {
            return Some(self.log.part(number, &mut Vec::new(), Vec::new()));
        };
        let ended = |_| Part::unread(io::Error::other("a thread that reads it ended"));
        Some(thread.parts.recv().unwrap_or_else(ended))
    }

    /// The events of the part that was taken last are done with.
    fn give_back(&self, events: Vec<Recorded>) {
        if let Some(thread) = self.thread_of(self.next - 1) {
            // One that has nothing left to parse needs them no more.
            let _ = thread.done.send(events);
        }
    }

    fn thread_of(&self, number: u64) -> Option<&Ahead> {
        let threads = self.threads.len().max(1) as u64;
        self.threads.get((number % threads) as usize)
    }
}

impl Ahead {
    /// A thread that parses every n-th part, from one on, for as long as somebody takes them. Memory goes round: to
    /// free it on another thread than it was taken on costs as much as parsing.
    fn start(log: Log, first: u64, every: u64, number: u64) -> Self {
        let (sender, parts) = sync_channel(AHEAD);
        let (done, spare) = channel::<Vec<Recorded>>();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            for number in (first..number).step_by(every as usize) {
                let mut events = spare.try_recv().unwrap_or_default();
                events.clear();
                if sender.send(log.part(number, &mut bytes, events)).is_err() {
                    return;
                }
            }
        });
        Self { parts, done }
    }
}

/// The lines of a log behind its header.
#[derive(Clone)]
struct Log {
    file: Arc<File>,
    begin: u64,
    length: u64,
    /// Of which events the fields are wanted that are not part of them.
    wanted: fn(&str) -> bool,
}

impl Log {
    /// The lines that begin in a part; room for their bytes and events is there already.
    fn part(&self, number: u64, bytes: &mut Vec<u8>, events: Vec<Recorded>) -> Part {
        match self.text(number, bytes) {
            Ok(begin) => Part::of(&bytes[begin..], self.wanted, events),
            Err(source) => Part::unread(source),
        }
    }

    /// Reads the bytes of the lines that begin in a part, of which the last may end behind it, and says where the first
    /// one begins.
    fn text(&self, number: u64, bytes: &mut Vec<u8>) -> io::Result<usize> {
        let begin = self.begin + number * STRETCH;
        let end = (begin + STRETCH).min(self.length);
        // A line begins at the first byte if the one before it, the end of the header at least, ends a line.
        bytes.resize((end - begin + 1) as usize, 0);
        self.file.read_exact_at(bytes, begin - 1)?;
        let before = bytes.iter().position(|&byte| byte == b'\n');
        let first = before.map_or(bytes.len(), |before| before + 1);
        let mut read = end;
        while first < bytes.len() && !bytes.ends_with(b"\n") && read < self.length {
            let more = PART.min(self.length - read);
            let known = bytes.len();
            bytes.resize(known + more as usize, 0);
            self.file.read_exact_at(&mut bytes[known..], read)?;
            read += more;
            if let Some(line_end) = bytes[known..].iter().position(|&byte| byte == b'\n') {
                bytes.truncate(known + line_end + 1);
            }
        }
        Ok(first)
    }
}

impl Part {
    /// Parses lines until one is none.
    fn of(bytes: &[u8], wanted: fn(&str) -> bool, events: Vec<Recorded>) -> Self {
        let mut part = Self {
            events,
            ..Self::default()
        };
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            part.lines += 1;
            if line.trim_ascii().is_empty() {
                continue;
            }
            match parse_line_and_fields(part.lines, line, wanted) {
                Ok(recorded) => part.events.push(recorded),
                Err(error) => {
                    part.error = Some(error);
                    break;
                }
            }
        }
        part
    }

    /// One that could not be read.
    fn unread(source: io::Error) -> Self {
        Self {
            error: Some(LogError::Io { line: 1, source }),
            ..Self::default()
        }
    }
}
