//! Reading a file that has mistakes, so that all of them are reported at once.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::error::Problems;
use super::file::File;
use super::words::{in_words, meant};

/// Most mistakes that are looked for: whoever has more mends these first.
const MOST: usize = 50;

/// Keys whose values could not be read, such as `workers` or `space.lr`. What depends on them is not said to be wrong.
#[derive(Debug, Default)]
pub(super) struct Unread(BTreeSet<String>);

impl Unread {
    /// Whether a key is one of them, or within one.
    pub(super) fn has(&self, key: &str) -> bool {
        let is_within = |of: &String| {
            let rest = key.strip_prefix(of.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.0.iter().any(is_within)
    }

    /// Whether one within this key is.
    pub(super) fn within(&self, key: &str) -> bool {
        self.0.iter().any(|own| own.starts_with(&format!("{key}.")))
    }
}

/// Reads a file. What cannot be read in it is added to the problems and passed over; nothing comes of a file that is
/// no TOML.
pub(super) fn read(text: &str, problems: &mut Problems<'_>) -> Option<(File, Unread)> {
    let mut tree = match DeTable::parse(text) {
        Ok(tree) => tree,
        Err(error) => {
            problems.add_reading(&error);
            return None;
        }
    };
    check_table(tree.get_ref(), problems);
    let mut unread = Unread::default();
    for _ in 0..MOST {
        let error = match File::deserialize(Deserializer::from(tree.clone())) {
            Ok(file) => return Some((file, unread)),
            Err(error) => error,
        };
        problems.add_reading(&error);
        let key = take_away(tree.get_mut(), &error.span()?, "")?;
        // What is misspelt is not missing.
        if let Some(meant) = meant(&in_words(error.message())) {
            let table = key.rsplit_once('.').map(|(table, _)| format!("{table}."));
            unread.0.insert(table.unwrap_or_default() + meant);
        }
        unread.0.insert(key);
    }
    None
}

/// No text of a file may hold a null character, in whatever it may end: no system passes one on in an argument, a
/// variable or a path.
fn check_table(table: &DeTable<'_>, problems: &mut Problems<'_>) {
    for (key, value) in table {
        check_text(key.get_ref(), &key.span(), problems);
        check_value(value, problems);
    }
}

fn check_value(value: &Spanned<DeValue<'_>>, problems: &mut Problems<'_>) {
    match value.get_ref() {
        DeValue::String(text) => check_text(text, &value.span(), problems),
        DeValue::Array(list) => list.iter().for_each(|item| check_value(item, problems)),
        DeValue::Table(table) => check_table(table, problems),
        _ => {}
    }
}

fn check_text(text: &str, place: &Range<usize>, problems: &mut Problems<'_>) {
    if text.contains('\0') {
        // It may be a secret: it is not shown.
        let message =
            "it holds a null character, which no argument, variable or path can; leave that out";
        problems.add(place, message);
    }
}

/// Takes the innermost key away whose name or value covers a place, and returns its full name, which begins with that of
/// the table, `within`. A hyper-parameter goes as a whole, and so does a list.
fn take_away(table: &mut DeTable<'_>, span: &Range<usize>, within: &str) -> Option<String> {
    let covers = |of: &Range<usize>| of.start <= span.start && span.end <= of.end;
    let mut found = None;
    for (key, value) in table.iter_mut() {
        let name = format!("{within}{}", key.get_ref());
        // Tables of dotted keys have no place of their own, so all are looked into.
        if let (DeValue::Table(inner), true) = (value.get_mut(), within != "space.") {
            let taken = take_away(inner, span, &format!("{name}."));
            if taken.is_some() {
                return taken;
            }
        }
        if covers(&key.span()) || covers(&value.span()) {
            found = Some((Spanned::clone(key), name));
        }
    }
    let (key, name) = found?;
    table.remove(&key);
    Some(name)
}
