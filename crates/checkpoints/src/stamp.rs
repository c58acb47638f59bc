use std::fmt;

/// The name of one checkpoint below its trial: when it was committed, and at which level.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Stamp {
    pub(crate) sequence: u64,
    pub(crate) level: u64,
}

impl Stamp {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (sequence, level) = name.split_once(".level-")?;
        let stamp = Self {
            sequence: parse_number(sequence)?,
            level: level.parse().ok()?,
        };
        (stamp.to_string() == name).then_some(stamp)
    }
}

/// Numbers that no run reaches are none of the store's: a directory with a name made up could
/// otherwise use the numbers up.
const LIMIT: u64 = 1 << 53;

/// Reads the number of a commit or staging directory.
pub(crate) fn parse_number(text: &str) -> Option<u64> {
    let number = text.parse().ok().filter(|&number| number < LIMIT)?;
    (format!("{number:010}") == text).then_some(number)
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:010}.level-{}", self.sequence, self.level)
    }
}
