//! Variables of the environment that tell a program what it trains.

use super::{Protocol, ReportNames};

/// Names the folder of the trial's checkpoint.
pub const CHECKPOINT_DIR: &str = "RUNGKEEPER_CHECKPOINT_DIR";

/// Names the JSON file of the trial's hyper-parameters, where the command asks for it.
pub const CONFIG: &str = "RUNGKEEPER_CONFIG";

/// Whose trial it is, and how its reports are read.
///
/// ```
/// use rungkeeper_runner::protocol::{Protocol, ReportNames, variables};
///
/// let names = ReportNames {
///     metric: "loss".to_owned(),
///     resource: "epoch".to_owned(),
/// };
/// let told = variables(Protocol::Answered, &names, "7");
/// assert_eq!(told[0], ("RUNGKEEPER_TRIAL", "7"));
/// assert_eq!(told[1], ("RUNGKEEPER_PROTOCOL", "answered"));
/// assert_eq!(told[2], ("RUNGKEEPER_RESOURCE", "epoch"));
/// ```
#[must_use]
pub fn variables<'a>(
    protocol: Protocol,
    names: &'a ReportNames,
    trial: &'a str,
) -> [(&'static str, &'a str); 3] {
    [
        ("RUNGKEEPER_TRIAL", trial),
        ("RUNGKEEPER_PROTOCOL", protocol.name()),
        ("RUNGKEEPER_RESOURCE", &names.resource),
    ]
}
