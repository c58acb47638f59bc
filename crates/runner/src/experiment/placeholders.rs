use rungkeeper_tuner::search_space::Configuration;

/// What a placeholder in the training command stands for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Placeholder {
    /// `{checkpoint_dir}`: the folder to read and write checkpoints in.
    CheckpointDir,
    /// `{trial}`: the id of the trial.
    Trial,
    /// `{slot}`: the number of the worker, from 0.
    Slot,
    /// `{name}`: a hyper-parameter.
    Parameter(String),
}

impl Placeholder {
    /// Names that are no hyper-parameters.
    pub(super) const RESERVED: [&'static str; 3] = ["checkpoint_dir", "trial", "slot"];

    fn named(name: &str) -> Self {
        match name {
            "checkpoint_dir" => Self::CheckpointDir,
            "trial" => Self::Trial,
            "slot" => Self::Slot,
            _ => Self::Parameter(name.to_owned()),
        }
    }
}

/// A piece of an argument.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Piece {
    Text(String),
    Placeholder(Placeholder),
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

/// Fills the placeholders of a command that was checked: those of the trial, and its
/// hyper-parameters.
///
/// ```
/// use rungkeeper_runner::experiment::fill;
/// use rungkeeper_tuner::search_space::{Configuration, Value};
///
/// let configuration: Configuration = [("lr", Value::Float(0.1))].into_iter().collect();
/// let command = ["train", "--lr={lr}", "{checkpoint_dir}/model", "{{trial}}"].map(str::to_owned);
/// let filled = fill(&command, &configuration, "7", 0, "/tmp/c");
/// assert_eq!(filled, ["train", "--lr=0.1", "/tmp/c/model", "{trial}"]);
/// ```
#[must_use]
pub fn fill(
    command: &[String],
    configuration: &Configuration,
    trial: &str,
    slot: usize,
    checkpoint_dir: &str,
) -> Vec<String> {
    let value = |placeholder: &Placeholder| match placeholder {
        Placeholder::CheckpointDir => checkpoint_dir.to_owned(),
        Placeholder::Trial => trial.to_owned(),
        Placeholder::Slot => slot.to_string(),
        Placeholder::Parameter(name) => configuration
            .get(name)
            .map(ToString::to_string)
            .unwrap_or_default(),
    };
    let argument = |text: &String| {
        let pieces = pieces(text).unwrap_or_else(|_| vec![Piece::Text(text.clone())]);
        let filled = pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Placeholder(placeholder) => value(placeholder),
        });
        filled.collect()
    };
    command.iter().map(argument).collect()
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
