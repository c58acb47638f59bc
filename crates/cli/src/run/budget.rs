//! A budget on the command line.

use rungkeeper_tuner_hooks::Budget;

use crate::input;

/// What is given replaces that part of the budget; the rest stays as it is.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct BudgetArguments {
    /// Most checkpoints; `none`: any number.
    #[arg(long, value_name = "NUMBER", value_parser = checkpoints)]
    max_checkpoints: Option<Most>,
    /// Most bytes of checkpoints, as "20 GB"; `none`: any number.
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    max_bytes: Option<Most>,
}

/// `None`: any number.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Most(Option<u64>);

impl BudgetArguments {
    /// Whether anything was given.
    pub(super) fn is_given(&self) -> bool {
        self.max_checkpoints.is_some() || self.max_bytes.is_some()
    }

    /// The budget with what was given.
    pub(super) fn change(&self, budget: Budget) -> Budget {
        let or = |given: Option<Most>, before| given.map_or(before, |most| most.0);
        Budget {
            max_checkpoints: or(self.max_checkpoints, budget.max_checkpoints),
            max_bytes: or(self.max_bytes, budget.max_bytes),
        }
    }
}

fn checkpoints(text: &str) -> Result<Most, String> {
    most(text, |text| text.parse().ok()).ok_or_else(|| "it is a whole number, or `none`".to_owned())
}

fn bytes(text: &str) -> Result<Most, String> {
    most(text, input::size).ok_or_else(|| "it is a size such as \"20 GB\", or `none`".to_owned())
}

fn most(text: &str, read: impl Fn(&str) -> Option<u64>) -> Option<Most> {
    match text {
        "none" => Some(Most(None)),
        _ => read(text).map(|number| Most(Some(number))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_given_stays() {
        let budget = Budget {
            max_checkpoints: Some(8),
            max_bytes: Some(100),
        };
        let change = |checkpoints, bytes| {
            let arguments = BudgetArguments {
                max_checkpoints: checkpoints,
                max_bytes: bytes,
            };
            (arguments.is_given(), arguments.change(budget))
        };
        assert_eq!(change(None, None), (false, budget));
        let fewer = Budget {
            max_checkpoints: Some(4),
            ..budget
        };
        assert_eq!(change(checkpoints("4").ok(), None), (true, fewer));
        let lifted = Budget {
            max_bytes: None,
            ..budget
        };
        assert_eq!(change(None, bytes("none").ok()), (true, lifted));
        assert_eq!(bytes("2 GB"), Ok(Most(Some(2_000_000_000))));
        assert!(checkpoints("-1").is_err() && bytes("much").is_err());
    }
}
