//! Hostile variants of good input, from a seed.

use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};

/// Written in place of a number.
const NUMBERS: [&str; 16] = [
    "1e400",
    "-1e400",
    "-0",
    "0",
    "-1",
    "4.5",
    "18446744073709551615",
    "18446744073709551616",
    "9223372036854775807",
    "9007199254740993",
    "99999999999999999999999999999999999999",
    "1e-400",
    "NaN",
    "-Infinity",
    "0x7fffffffffffffff",
    "null",
];

/// Written in place of what stands between quotation marks.
const TEXTS: [&str; 16] = [
    "../../victim",
    "/etc/passwd",
    "..",
    ".",
    "",
    "a/b",
    "-rf",
    "\\u0000",
    "\\ud800",
    "\\udfff\\ud800",
    "\u{202e}\u{0}",
    "con",
    "{lr}{{",
    "18446744073709551616",
    "1e400",
    "\\",
];

/// Bytes that are put somewhere.
const BYTES: [&[u8]; 10] = [
    b"\0",
    b"\xff\xfe",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\r",
    b"\n",
    b"\"",
    b"}",
    b"\xef\xbb\xbf",
];

/// Depth of what is nested.
const DEPTH: usize = 10_000;
/// Length of a very long line.
const LONG: usize = 10_000_000;

/// Changes a text in one to four places.
#[must_use]
pub fn mutate(good: &[u8], random: &mut impl Rng) -> Vec<u8> {
    let mut text = good.to_vec();
    for _ in 0..random.random_range(1..=4) {
        change(&mut text, random);
    }
    text
}

fn change(text: &mut Vec<u8>, random: &mut impl Rng) {
    let at = random.random_range(0..=text.len());
    let (from, to) = part(text, random);
    match random.random_range(0..1000) {
        0..100 => text.truncate(at),
        100..250 if at < text.len() => text[at] ^= 1 << random.random_range(0..8),
        250..350 => insert(text, at, BYTES.choose(random).unwrap()),
        350..550 => {
            if let Some((from, to)) = number(text, at) {
                replace(text, from, to, NUMBERS.choose(random).unwrap().as_bytes());
            }
        }
        550..700 => {
            if let Some((from, to)) = quoted(text, at) {
                replace(text, from, to, TEXTS.choose(random).unwrap().as_bytes());
            }
        }
        // Twice the same keys, lines, brackets.
        700..800 => {
            let copy = text[from..to].to_vec();
            insert(text, at, &copy);
        }
        800..900 => replace(text, from, to, b""),
        900..990 => {
            let open = ["[", "{\"a\":", "{a=["].choose(random).unwrap();
            insert(text, at, open.repeat(DEPTH).as_bytes());
        }
        990..992 => insert(text, at, &vec![b'7'; LONG]),
        _ => text.reverse(),
    }
}

/// A part of at most 200 bytes.
fn part(text: &[u8], random: &mut impl Rng) -> (usize, usize) {
    let from = random.random_range(0..=text.len());
    let to = text.len().min(from + random.random_range(0..200));
    (from, to)
}

/// The first number from a place on.
fn number(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let from = at + text[at..].iter().position(u8::is_ascii_digit)?;
    let digits = |byte: &u8| byte.is_ascii_digit() || b".e-".contains(byte);
    let length = text[from..].iter().position(|byte| !digits(byte));
    Some((from, length.map_or(text.len(), |length| from + length)))
}

/// What stands between the next two quotation marks.
fn quoted(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let quote = |byte: &u8| *byte == b'"';
    let from = at + text[at..].iter().position(quote)? + 1;
    let length = text[from..].iter().position(quote)?;
    Some((from, from + length))
}

fn insert(text: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    replace(text, at, at, bytes);
}

fn replace(text: &mut Vec<u8>, from: usize, to: usize, bytes: &[u8]) {
    text.splice(from..to, bytes.iter().copied());
}
