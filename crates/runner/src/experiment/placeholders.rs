use rungkeeper_tuner::search_space::{Configuration, Domain, SearchSpace, Value};

/// What a placeholder in the training command stands for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Placeholder {
    /// `{checkpoint_dir}`: the folder to read and write checkpoints in.
    CheckpointDir,
    /// `{trial}`: the id of the trial.
    Trial,
    /// `{slot}`: the number of the worker, from 0.
    Slot,
    /// `{config}`: the path of a JSON file of all hyper-parameters, unless one of them has that name.
    Config,
    /// `{name}`: a hyper-parameter.
    Parameter(String),
}

impl Placeholder {
    /// Names that are no hyper-parameters.
    pub(super) const RESERVED: [&'static str; 3] = ["checkpoint_dir", "trial", "slot"];

    /// What stands for the file, unless a hyper-parameter has that name.
    pub(super) const CONFIG: &'static str = "config";

    fn named(name: &str) -> Self {
        match name {
            "checkpoint_dir" => Self::CheckpointDir,
            "trial" => Self::Trial,
            "slot" => Self::Slot,
            Self::CONFIG => Self::Config,
            _ => Self::Parameter(name.to_owned()),
        }
    }

    /// The hyper-parameter that it stands for, if it stands for one.
    pub(super) fn parameter(&self, space: &SearchSpace) -> Option<&str> {
        match self {
            Self::Parameter(name) => Some(name),
            // Files of earlier versions may call one so.
            Self::Config => space.domain(Self::CONFIG).map(|_| Self::CONFIG),
            _ => None,
        }
    }
}

/// A piece of an argument.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Piece {
    Text(String),
    Placeholder(Placeholder),
}

impl Piece {
    /// Whether it adds nothing to a placeholder beside it.
    pub(super) fn is_nothing_but_a_placeholder(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Placeholder(_) => true,
        }
    }
}

/// Takes an argument apart. `{{` and `}}` stand for braces.
pub(super) fn pieces(argument: &str) -> Result<Vec<Piece>, String> {
    let (mut pieces, mut text) = (Vec::new(), String::new());
    let mut rest = argument.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '{' if rest.next_if_eq(&'{').is_some() => text.push('{'),
            '}' if rest.next_if_eq(&'}').is_some() => text.push('}'),
            '}' => return Err("a } without its {; write }} for a brace".to_owned()),
            '{' => {
                let name: String = rest.by_ref().take_while(|&c| c != '}').collect();
                if !argument.contains(&format!("{{{name}}}")) || name.is_empty() {
                    return Err("a { without a name and }; write {{ for a brace".to_owned());
                }
                pieces.push(Piece::Text(std::mem::take(&mut text)));
                pieces.push(Piece::Placeholder(Placeholder::named(&name)));
            }
            _ => text.push(c),
        }
    }
    pieces.push(Piece::Text(text));
    Ok(pieces)
}

/// What the placeholders of a command stand for.
#[derive(Clone, Copy, Debug)]
pub struct Filling<'f> {
    /// The space of the experiment: it tells flags, and which hyper-parameters may be not active.
    pub space: &'f SearchSpace,
    /// The hyper-parameters of the trial.
    pub configuration: &'f Configuration,
    /// Its id.
    pub trial: &'f str,
    /// The number of the worker.
    pub slot: usize,
    /// The folder to read and write checkpoints in.
    pub checkpoint_dir: &'f str,
    /// The path of the JSON file of the hyper-parameters.
    pub config: &'f str,
}

/// Whether a command asks for the JSON file of all hyper-parameters.
#[must_use]
pub fn uses_config(command: &[String], space: &SearchSpace) -> bool {
    let pieces = command.iter().filter_map(|argument| pieces(argument).ok());
    pieces.flatten().any(|piece| match piece {
        Piece::Placeholder(Placeholder::Config) => Placeholder::Config.parameter(space).is_none(),
        _ => false,
    })
}

/// Fills the placeholders of a command that was checked.
///
/// An argument of a hyper-parameter that is not active is left out. If it is nothing but the
/// placeholder, so is the option before it: an argument that begins with `-` and has neither `=` nor a
/// placeholder. A flag stands for its argument where it is true, and is left out where it is false.
///
/// ```
/// use rungkeeper_runner::experiment::{Filling, fill};
/// use rungkeeper_tuner::search_space::{Condition, Domain, Parameter, SearchSpace, Value};
///
/// let optimizer = Domain::Choice { values: vec!["sgd".into(), "adam".into()] };
/// let momentum = Parameter {
///     domain: Domain::Uniform { low: 0.0, high: 1.0 },
///     when: Condition::new([("optimizer", vec!["sgd".into()])]),
/// };
/// let space = SearchSpace::of([
///     ("optimizer".to_owned(), optimizer.into()),
///     ("momentum".to_owned(), momentum),
///     ("amp".to_owned(), Domain::Flag { argument: None }.into()),
/// ]).unwrap();
/// let command = [
///     "train", "--optimizer={optimizer}", "--momentum", "{momentum}", "{amp}", "{checkpoint_dir}/m", "{{trial}}",
/// ].map(str::to_owned);
/// let fill = |values: &[(&str, Value)]| {
///     let configuration = values.iter().cloned().collect();
///     let (trial, checkpoint_dir, config) = ("7", "/tmp/c", "/tmp/7.json");
///     let configuration = &configuration;
///     fill(&command, &Filling { space: &space, configuration, trial, slot: 0, checkpoint_dir, config })
/// };
/// assert_eq!(
///     fill(&[("optimizer", "adam".into()), ("amp", true.into())]),
///     ["train", "--optimizer=adam", "--amp", "/tmp/c/m", "{trial}"]
/// );
/// assert_eq!(
///     fill(&[("optimizer", "sgd".into()), ("momentum", 0.5.into()), ("amp", false.into())]),
///     ["train", "--optimizer=sgd", "--momentum", "0.5", "/tmp/c/m", "{trial}"]
/// );
/// ```
#[must_use]
pub fn fill(command: &[String], with: &Filling<'_>) -> Vec<String> {
    let mut filled: Vec<String> = Vec::with_capacity(command.len());
    // Whether the last one may be the option of the next.
    let mut option_before = false;
    for argument in command {
        let pieces = pieces(argument).unwrap_or_else(|_| vec![Piece::Text(argument.clone())]);
        let is_alone = pieces.iter().all(Piece::is_nothing_but_a_placeholder);
        let is_plain = |piece: &Piece| matches!(piece, Piece::Text(_));
        if let Some(text) = with.argument(&pieces) {
            option_before = pieces.iter().all(is_plain)
                && text.starts_with('-')
                && !text.contains('=')
                && !filled.is_empty();
            filled.push(text);
        } else {
            if option_before && is_alone && !with.is_flag(&pieces) {
                filled.pop();
            }
            option_before = false;
        }
    }
    filled
}

impl Filling<'_> {
    /// The argument; none where it is left out.
    fn argument(&self, pieces: &[Piece]) -> Option<String> {
        let mut argument = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => argument.push_str(text),
                Piece::Placeholder(placeholder) => argument.push_str(&self.value(placeholder)?),
            }
        }
        Some(argument)
    }

    fn value(&self, placeholder: &Placeholder) -> Option<String> {
        if let Some(name) = placeholder.parameter(self.space) {
            return self.parameter(name);
        }
        Some(match placeholder {
            Placeholder::CheckpointDir => self.checkpoint_dir.to_owned(),
            Placeholder::Trial => self.trial.to_owned(),
            Placeholder::Slot => self.slot.to_string(),
            Placeholder::Config | Placeholder::Parameter(_) => self.config.to_owned(),
        })
    }

    fn parameter(&self, name: &str) -> Option<String> {
        let parameter = self.space.parameter(name);
        let value = self.configuration.get(name);
        match (parameter.map(|own| &own.domain), value) {
            (Some(Domain::Flag { argument }), Some(Value::Bool(true))) => {
                Some(argument.clone().unwrap_or_else(|| format!("--{name}")))
            }
            (Some(Domain::Flag { .. }), _) => None,
            (_, Some(value)) => Some(value.to_string()),
            (_, None) if parameter.is_some_and(|own| !own.when.is_always()) => None,
            // A log of somebody else's may not tell it.
            (_, None) => Some(String::new()),
        }
    }

    /// Whether an argument is a flag.
    fn is_flag(&self, pieces: &[Piece]) -> bool {
        pieces.iter().any(|piece| match piece {
            Piece::Placeholder(placeholder) => {
                let domain = placeholder
                    .parameter(self.space)
                    .and_then(|name| self.space.domain(name));
                matches!(domain, Some(Domain::Flag { .. }))
            }
            Piece::Text(_) => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_are_doubled() {
        let text = |text: &str| Piece::Text(text.to_owned());
        assert_eq!(pieces("{{a}}").unwrap(), [text("{a}")]);
        let expected = [text("x"), Piece::Placeholder(Placeholder::Slot), text("y}")];
        assert_eq!(pieces("x{slot}y}}").unwrap(), expected);
        for bad in ["{", "{slot", "}", "a}b", "{}"] {
            assert!(pieces(bad).is_err(), "{bad}");
        }
    }
}
