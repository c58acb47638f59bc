//! Ids of trials as names of files and objects.

use std::fmt::Write as _;

/// Longest name that is not shortened, in bytes.
const LONGEST: usize = 64;
/// How much of a long name stays readable.
const READABLE: usize = 24;
/// Bytes of the hash that stands for the rest: 128 bits, so that two of 10^9 ids meet with a chance
/// of about 10^-21.
const HASH_BYTES: usize = 16;

/// The name of a trial's directory.
///
/// Different ids have different names, also where a file system ignores case; a name consists of
/// `a`–`z`, `0`–`9`, `-`, `_` and `=`, has 1 to 64 of them, does not begin with `-`, and is no name
/// that a system reserves. `=` stands before the two hexadecimal digits of each other byte; a name
/// that would be longer ends in `==` and a hash.
///
/// ```
/// use rungkeeper_checkpoints::trial_name;
///
/// assert_eq!(trial_name("0007"), "0007");
/// assert_eq!(trial_name("a/b"), "a=2fb");
/// assert_eq!(trial_name("A"), "=41");
/// assert_eq!(trial_name(".."), "=2e=2e");
/// assert_eq!(trial_name("con"), "=63on");
/// assert_eq!(trial_name(""), "=");
/// assert!(trial_name(&"x".repeat(500)).len() <= 64);
/// ```
#[must_use]
pub fn trial_name(trial: &str) -> String {
    if trial.is_empty() {
        return "=".to_owned();
    }
    let escape_first = is_reserved(trial) || trial.starts_with('-');
    let mut name = String::with_capacity(trial.len());
    let mut readable = 0;
    for (place, byte) in trial.bytes().enumerate() {
        let plain = matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        if plain && !(place == 0 && escape_first) {
            name.push(char::from(byte));
        } else {
            push_escaped(&mut name, byte);
        }
        if name.len() <= READABLE {
            readable = name.len();
        } else if name.len() > LONGEST {
            return shortened(&name[..readable], trial);
        }
    }
    name
}

/// The id of the trial whose directory has this name; none for a name that was shortened or that
/// [`trial_name`] does not give.
///
/// ```
/// use rungkeeper_checkpoints::{trial_id, trial_name};
///
/// assert_eq!(trial_id(&trial_name("größe/1")).as_deref(), Some("größe/1"));
/// assert_eq!(trial_id("A"), None);
/// assert_eq!(trial_id(&trial_name(&"x".repeat(500))), None);
/// ```
#[must_use]
pub fn trial_id(name: &str) -> Option<String> {
    if name == "=" {
        return Some(String::new());
    }
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'=' {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    let trial = String::from_utf8(bytes).ok()?;
    (trial_name(&trial) == name).then_some(trial)
}

/// Whether a name may be that of a trial's directory.
pub(crate) fn is_trial_name(name: &str) -> bool {
    trial_id(name).is_some() || is_shortened(name)
}

fn shortened(readable: &str, trial: &str) -> String {
    let hash = blake3::hash(trial.as_bytes()).to_hex();
    format!("{readable}=={}", &hash[..2 * HASH_BYTES])
}

fn is_shortened(name: &str) -> bool {
    let plain = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'=');
    let hexadecimal = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    name.split_once("==").is_some_and(|(readable, hash)| {
        !readable.is_empty()
            && readable.len() <= READABLE
            && readable.bytes().all(plain)
            && hash.len() == 2 * HASH_BYTES
            && hash.bytes().all(hexadecimal)
    })
}

fn push_escaped(name: &mut String, byte: u8) {
    // Writing to a string cannot fail.
    let _ = write!(name, "={byte:02x}");
}

/// Names of devices on Windows, whatever directory they are in.
fn is_reserved(trial: &str) -> bool {
    let numbered = |prefix| {
        trial
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit())
    };
    matches!(trial, "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}
