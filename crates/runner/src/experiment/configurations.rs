//! The configurations that are tried first.

use std::ops::Range;
use std::path::{Path, PathBuf};

use rungkeeper_tuner::curves::{Problem as CurveProblem, Rows};
use rungkeeper_tuner::known_names;
use rungkeeper_tuner::search_space::{Configuration, Domain, SearchSpace, SpaceError, Value};
use serde_json::{Map, Value as Json};
use toml::Spanned;

use super::error::Problems;
use super::file::{Configurations, Former};
use super::former;
use crate::plain::escaped;
use crate::whole;

/// Most configurations of a file: they stand in the first line of a run's log.
const MOST: usize = 10_000;

/// Most mistakes of a file that are reported one by one.
const SAID: usize = 5;

/// Most characters of a value in a message.
const VALUE: usize = 60;

/// Where the configurations come from that are tried first.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Source {
    /// They stand in the experiment file, or there are none.
    #[default]
    Listed,
    /// A file, relative to the experiment file.
    File(PathBuf),
    /// The best of another run.
    Former {
        /// Its directory, relative to the experiment file.
        run: PathBuf,
        /// How many.
        best: u64,
    },
}

/// The space with the configurations that were read; those of a file or a run only where its folder is given.
pub(super) fn check(
    written: Spanned<Configurations>,
    space: SearchSpace,
    folder: Option<&Path>,
    problems: &mut Problems<'_>,
) -> (Source, SearchSpace) {
    let place = written.span();
    let (source, given) = match written.into_inner() {
        Configurations::Listed(list) => (Source::Listed, listed(list, &space, problems)),
        Configurations::File(path) => {
            let file = folder.map(|folder| folder.join(&path));
            let given = file.map(|file| from_file(&file, &space, &place, problems));
            (Source::File(path), given.unwrap_or_default())
        }
        Configurations::Former(Former { run, best }) => {
            let given = folder.map(|folder| former::best(&folder.join(&run), best, &space));
            let given = given.unwrap_or_else(|| Ok(Vec::new()));
            let given = given.unwrap_or_else(|message| {
                problems.add(&place, message);
                Vec::new()
            });
            (Source::Former { run, best }, given)
        }
    };
    match space.clone().with_given(given) {
        Ok(space) => (source, space),
        Err(error) => {
            problems.add(&place, error.to_string());
            (source, space)
        }
    }
}

/// Those that are right; each other one is a problem at its own place.
fn listed(
    list: Vec<Spanned<Configuration>>,
    space: &SearchSpace,
    problems: &mut Problems<'_>,
) -> Vec<Configuration> {
    let mut given = Vec::with_capacity(list.len());
    for (index, configuration) in list.into_iter().enumerate() {
        let place = configuration.span();
        match space.accept(configuration.into_inner()) {
            Ok(configuration) => given.push(configuration),
            Err(error) => problems.add(&place, error.of_given(index).to_string()),
        }
    }
    given
}

/// What is wrong in a file, with lines and columns.
struct Mistakes {
    file: String,
    found: Vec<String>,
    more: usize,
}

impl Mistakes {
    fn add(&mut self, place: &str, what: &str) {
        self.push(format!("{}, {place}: {what}", self.file));
    }

    /// Takes one that begins with its place.
    fn push(&mut self, message: String) {
        if self.found.len() < SAID {
            self.found.push(message);
        } else {
            self.more += 1;
        }
    }
}

fn from_file(
    path: &Path,
    space: &SearchSpace,
    place: &Range<usize>,
    problems: &mut Problems<'_>,
) -> Vec<Configuration> {
    let file = path.display().to_string();
    let text = match whole::read_text(path) {
        Ok(text) => text,
        Err(error) => {
            problems.add(place, format!("cannot read {file}: {error}"));
            return Vec::new();
        }
    };
    let mut mistakes = Mistakes {
        file,
        found: Vec::new(),
        more: 0,
    };
    let given = match text.trim_start().chars().next() {
        Some('{') => of_json_lines(&text, space, &mut mistakes),
        Some('[') => {
            mistakes.add(
                "line 1",
                "it is a JSON list; write an object on each line, without [ and ]",
            );
            Vec::new()
        }
        _ => of_csv(&text, space, &mut mistakes),
    };
    if given.len() > MOST {
        let (file, number) = (&mistakes.file, given.len());
        let message =
            format!("{file} holds {number} configurations, but there may be at most {MOST}");
        problems.add(place, message);
    }
    if given.is_empty() && mistakes.found.is_empty() {
        let file = &mistakes.file;
        problems.add(place, format!("{file} holds no configuration"));
    }
    for message in mistakes.found {
        problems.add(place, message);
    }
    if mistakes.more > 0 {
        let (file, more) = (&mistakes.file, mistakes.more);
        problems.add(place, format!("{file}: {more} more mistakes"));
    }
    given
}

/// A column a parameter; an empty cell is drawn, or stands for a parameter that is not active.
fn of_csv(text: &str, space: &SearchSpace, mistakes: &mut Mistakes) -> Vec<Configuration> {
    let file = mistakes.file.clone();
    let mut rows = match Rows::new(&file, text.as_bytes()) {
        Ok(rows) => rows,
        // Its mistake is that it holds no configuration, which the caller finds.
        Err(error) if matches!(error.problem(), CurveProblem::Empty) => return Vec::new(),
        Err(error) => {
            mistakes.push(error.to_string());
            return Vec::new();
        }
    };
    let names = rows.names().to_vec();
    for (number, name) in names.iter().enumerate() {
        let place = rows.place_of_name(number);
        if names[..number].contains(name) {
            mistakes.push(format!("{place}: the column is there twice"));
        } else if space.domain(name).is_none() {
            mistakes.push(format!("{place}: {}", unknown(name, space)));
        }
    }
    if !mistakes.found.is_empty() {
        return Vec::new(); // each row would have the same mistakes
    }
    let mut given = Vec::new();
    while let Some(row) = rows.next() {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                mistakes.push(error.to_string());
                continue;
            }
        };
        let mut configuration = Configuration::default();
        let cells = names.iter().zip(&row.cells).enumerate();
        for (number, (name, cell)) in cells.filter(|(_, (_, cell))| !cell.is_empty()) {
            let Some(domain) = space.domain(name) else {
                continue;
            };
            if let Some(value) = read_cell(domain, cell, rows.decimal_comma()) {
                configuration.set(name, value);
            } else {
                let place = rows.place(row.line, number);
                let cell = shown(cell);
                mistakes.push(format!("{place}: it is {cell}, but must be {domain}"));
            }
        }
        let place = format!("line {}", row.line);
        take(configuration, &place, space, (&mut given, mistakes));
    }
    given
}

fn read_cell(domain: &Domain, cell: &str, decimal_comma: bool) -> Option<Value> {
    let with_point = || domain.accept_text(&cell.replacen(',', ".", 1));
    let read = domain.accept_text(cell);
    read.or_else(|| decimal_comma.then(with_point).flatten())
}

/// An object a line; `null` is as if it were not there.
fn of_json_lines(text: &str, space: &SearchSpace, mistakes: &mut Mistakes) -> Vec<Configuration> {
    let mut given = Vec::new();
    let lines = text.lines().enumerate();
    for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let place = format!("line {}", number + 1);
        let object: Map<String, Json> = match serde_json::from_str(line) {
            Ok(object) => object,
            Err(error) => {
                mistakes.add(&place, &format!("it is no JSON object: {error}"));
                continue;
            }
        };
        let mut configuration = Configuration::default();
        for (name, value) in object.into_iter().filter(|(_, value)| !value.is_null()) {
            let place = format!("{place}, key {}", shown(&name));
            let Some(domain) = space.domain(&name) else {
                mistakes.add(&place, &unknown(&name, space));
                continue;
            };
            let read: Option<Value> = serde_json::from_value(value.clone()).ok();
            if let Some(value) = read.and_then(|read| domain.accept(&read)) {
                configuration.set(&name, value);
            } else {
                let value = shown(&value.to_string());
                mistakes.add(&place, &format!("it is {value}, but must be {domain}"));
            }
        }
        take(configuration, &place, space, (&mut given, mistakes));
    }
    given
}

/// Takes a configuration whose values are right one by one, if they are so together.
fn take(
    configuration: Configuration,
    place: &str,
    space: &SearchSpace,
    (given, mistakes): (&mut Vec<Configuration>, &mut Mistakes),
) {
    match space.accept(configuration) {
        Ok(configuration) => given.push(configuration),
        Err(SpaceError::Inactive {
            name,
            parent,
            value,
        }) => {
            let message = format!("{name} is not active where {parent} is {value}; leave it empty");
            mistakes.add(place, &message);
        }
        Err(error) => mistakes.add(place, &error.to_string()),
    }
}

/// That there is no such parameter, what may be meant, and which ones there are.
fn unknown(name: &str, space: &SearchSpace) -> String {
    let known = known_names(name, &space.names());
    format!("there is no parameter {}{known}", shown(name))
}

fn shown(text: &str) -> String {
    escaped(text, VALUE)
}
