//! Whether the command and the hyper-parameters belong together.

use rungkeeper_tuner::known_names;
use rungkeeper_tuner::search_space::{Domain, SearchSpace};
use toml::Spanned;

use super::error::Problems;
use super::lenient::Unread;
use super::placeholders::{Piece, Placeholder, pieces};

/// Every placeholder has a meaning, and every hyper-parameter reaches the program.
pub(super) fn check(
    command: &Spanned<Vec<Spanned<String>>>,
    space: &SearchSpace,
    unread: &Unread,
    problems: &mut Problems<'_>,
) {
    let place = command.span();
    let arguments = command.get_ref();
    if arguments.is_empty() {
        let message = "command is empty: its first item is the program to run";
        problems.add(&place, message);
    }
    let (mut used, mut all_are_given, before) = (Vec::new(), false, problems.len());
    for argument in arguments {
        let pieces = match pieces(argument.get_ref()) {
            Ok(pieces) => pieces,
            Err(message) => {
                problems.add(&argument.span(), message);
                continue;
            }
        };
        let is_alone = pieces.iter().all(Piece::is_nothing_but_a_placeholder);
        for piece in pieces {
            let Piece::Placeholder(placeholder) = piece else {
                continue;
            };
            let Some(name) = placeholder.parameter(space) else {
                all_are_given |= placeholder == Placeholder::Config;
                continue;
            };
            check_parameter(name, is_alone, argument, (space, unread), problems);
            used.push(name.to_owned());
        }
    }
    if problems.len() > before || all_are_given {
        // Where a placeholder is misspelt, that is the problem, not that its name is unused.
        return;
    }
    for (name, _) in space.parameters() {
        let has_meaning = Placeholder::RESERVED.contains(&name);
        if !has_meaning && !used.iter().any(|used| used == name) {
            let message = format!(
                "the command does not use the hyper-parameter {{{name}}}; write it there, or {{config}} \
                 for a JSON file of all"
            );
            problems.add(&place, message);
        }
    }
}

fn check_parameter(
    name: &str,
    is_alone: bool,
    argument: &Spanned<String>,
    (space, unread): (&SearchSpace, &Unread),
    problems: &mut Problems<'_>,
) {
    match space.domain(name) {
        Some(Domain::Flag { .. }) if !is_alone => {
            let message = format!(
                "{{{name}}} is a flag, and must be an argument by itself: \"{{{name}}}\" stands for the \
                 flag, or for nothing"
            );
            problems.add(&argument.span(), message);
        }
        Some(_) => {}
        None if unread.has(&format!("space.{name}")) => {}
        None => {
            let reserved = Placeholder::RESERVED
                .into_iter()
                .chain([Placeholder::CONFIG]);
            let all: Vec<&str> = space.names().into_iter().chain(reserved).collect();
            let message = format!("{{{name}}} is unknown{}", known_names(name, &all));
            problems.add(&argument.span(), message);
        }
    }
}
