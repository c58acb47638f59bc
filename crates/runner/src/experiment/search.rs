//! Where the configurations of new trials come from.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::described;
use super::error::Problems;
use super::units::Seconds;

/// Time for an answer by default: the first comes once a program has read all that it imports.
const TIMEOUT: Duration = Duration::from_secs(300);

/// Where the configurations of new trials come from.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Search {
    /// They are drawn from the space.
    #[default]
    Random,
    /// A program proposes them.
    Program {
        /// Program and arguments, as they are: there are no placeholders.
        command: Vec<String>,
        /// How long an answer of it is waited for.
        timeout: Duration,
    },
}

/// `search` as it is written: `"random"`, or the table of a program.
#[derive(Default)]
pub(super) enum SearchTable {
    #[default]
    Random,
    Program(ProgramTable),
}

/// A program that proposes configurations.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SearchProgram")]
pub(super) struct ProgramTable {
    /// Program and arguments, as they are: there are no placeholders.
    #[schemars(with = "Vec<String>", length(min = 1))]
    command: Spanned<Vec<String>>,
    /// How long an answer is waited for; 5 minutes unless given.
    #[schemars(with = "Option<described::Time>")]
    timeout: Option<Spanned<Seconds>>,
}

/// Where the configurations of new trials come from.
#[derive(JsonSchema)]
#[schemars(untagged, rename = "Search")]
#[expect(dead_code, reason = "it describes what is read by hand")]
pub(super) enum Described {
    /// They are drawn from the space.
    Named(SearchName),
    /// A program proposes them.
    Program(ProgramTable),
}

/// A search that needs no program.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "it describes what is read by hand")]
pub(super) enum SearchName {
    Random,
}

impl<'de> Deserialize<'de> for SearchTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SearchVisitor)
    }
}

struct SearchVisitor;

impl<'de> Visitor<'de> for SearchVisitor {
    type Value = SearchTable;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"random\", or a table with the command of a program that proposes")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<SearchTable, E> {
        match name {
            "random" => Ok(SearchTable::Random),
            _ => Err(E::custom(format_args!(
                "the search `{name}` is unknown: it is \"random\", or a table with the command of a program that \
                 proposes"
            ))),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SearchTable, A::Error> {
        ProgramTable::deserialize(MapAccessDeserializer::new(map)).map(SearchTable::Program)
    }
}

pub(super) fn check(table: SearchTable, problems: &mut Problems<'_>) -> Search {
    let SearchTable::Program(table) = table else {
        return Search::Random;
    };
    if table.command.get_ref().is_empty() {
        let message = "command of [search] is empty: its first item is the program that proposes";
        problems.add(&table.command.span(), message);
    }
    let timeout = table.timeout.map_or(TIMEOUT, |timeout| {
        let duration = timeout.get_ref().duration();
        if duration.is_zero() {
            let message = "timeout of [search] is 0, but must be above: an answer takes a while";
            problems.add(&timeout.span(), message);
        }
        duration
    });
    Search::Program {
        command: table.command.into_inner(),
        timeout,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Experiment;
    use super::*;

    fn read(search: &str) -> Result<Search, String> {
        let text = format!(
            "name = \"n\"\ncommand = [\"sh\", \"{{x}}\"]\nmetric = \"loss\"\nresource = \"epoch\"\n{search}\n\
             [space]\nx = {{ type = \"uniform\", low = 0.0, high = 1.0 }}\n[scheduler]\nmax_resource = 9\n"
        );
        let read = Experiment::read(&text).map_err(|error| error.to_string())?;
        Ok(read.search)
    }

    #[test]
    fn random_or_a_program() {
        assert_eq!(read(""), Ok(Search::Random));
        assert_eq!(read("search = \"random\""), Ok(Search::Random));
        let program = |command: &[&str], seconds| Search::Program {
            command: command.iter().map(|&item| item.to_owned()).collect(),
            timeout: Duration::from_secs(seconds),
        };
        assert_eq!(
            read("[search]\ncommand = [\"tpe\", \"{x}\"]"),
            Ok(program(&["tpe", "{x}"], 300))
        );
        assert_eq!(
            read("search = { command = [\"tpe\"], timeout = \"1 min\" }"),
            Ok(program(&["tpe"], 60))
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (search, told) in [
            (
                "search = \"tpe\"",
                "line 5, column 10: the search `tpe` is unknown",
            ),
            ("search = 5", "\"random\", or a table with the command"),
            (
                "[search]\ntimeout = 5",
                "line 5, column 1: `command` is missing",
            ),
            (
                "[search]\ncommand = []",
                "line 6, column 11: command of [search] is empty",
            ),
            (
                "[search]\ncommand = [\"a\"]\ntimeuot = 5",
                "did you mean `timeout`?",
            ),
            (
                "[search]\ncommand = [\"a\"]\ntimeout = 0",
                "line 7, column 11: timeout of [search] is 0",
            ),
        ] {
            let error = read(search).unwrap_err();
            assert!(error.contains(told), "{search}: {error}");
        }
    }
}
