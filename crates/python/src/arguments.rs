//! Single arguments: what is no number, no trial, no name is refused with the argument's name.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};
use rungkeeper_score::PromotionQuantile;
use rungkeeper_tuner_hooks::log::MOST_SECONDS;

use crate::interrupt::answered;

/// Levels, counts and sizes stay below it, so that every one of them is exact as a double.
pub(crate) const LARGEST: u64 = 1 << 53;

/// A `ValueError`.
pub(crate) fn refused(error: impl fmt::Display) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// A `ValueError` about an argument.
pub(crate) fn bad_value(name: &str, value: &Bound<'_, PyAny>, allowed: &str) -> PyErr {
    PyValueError::new_err(format!("{name} is {}, but must be {allowed}", shown(value)))
}

/// A `TypeError` about an argument.
pub(crate) fn bad_type(name: &str, value: &Bound<'_, PyAny>, allowed: &str) -> PyErr {
    PyTypeError::new_err(format!("{name} must be {allowed}, not {}", kind(value)))
}

/// The name of a value's type.
pub(crate) fn kind(value: &Bound<'_, PyAny>) -> String {
    // Its `Display` would ask Python for the text, which answers an interrupt there, where nobody hears it.
    let name = value.get_type().name();
    let name = name.map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|_| "something else".to_owned())
}

/// A value as a person knows it, cut where it is long.
fn shown(value: &Bound<'_, PyAny>) -> String {
    const MOST: usize = 60;
    let text = value.repr().map(|text| text.to_string_lossy().into_owned());
    let text = text.unwrap_or_else(|_| "a value without representation".to_owned());
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// The id of a trial: text, or a whole number as its decimal text.
pub(crate) fn trial_id(value: &Bound<'_, PyAny>) -> PyResult<String> {
    if value.is_instance_of::<PyString>() {
        let text = value.extract();
        return text.map_err(|_| bad_value("trial", value, "text that is Unicode"));
    }
    if value.is_exact_instance_of::<PyInt>()
        && let Ok(number) = value.extract::<i64>()
    {
        return Ok(number.to_string());
    }
    // Subclasses may have a text of their own.
    match whole("trial", "a str or an int", value)?.str()?.extract() {
        Ok(text) => Ok(text),
        Err(_) => Err(bad_type("trial", value, "a str or an int")),
    }
}

/// A whole number from 0 to 2^53.
pub(crate) fn unsigned(name: &str, value: &Bound<'_, PyAny>) -> PyResult<u64> {
    let number = whole(name, "an int", value)?.extract::<u64>();
    number
        .ok()
        .filter(|&number| number <= LARGEST)
        .ok_or_else(|| bad_value(name, value, "an int from 0 to 2**53"))
}

/// As [`unsigned`], for what fits into 32 bits.
pub(crate) fn small(name: &str, value: &Bound<'_, PyAny>) -> PyResult<u32> {
    u32::try_from(unsigned(name, value)?)
        .map_err(|_| bad_value(name, value, "an int from 0 to 2**32 - 1"))
}

/// As [`unsigned`]; a float that is a whole number stands for it: 3.0, of `NumPy` too.
fn integral(name: &str, value: &Bound<'_, PyAny>) -> PyResult<u64> {
    let is_int = value.is_instance_of::<PyInt>();
    if is_int || answered(value.py(), value.call_method0("__index__"))?.is_some() {
        return unsigned(name, value);
    }
    let number = match number(name, value) {
        Err(error) if error.is_instance_of::<PyTypeError>(value.py()) => {
            return Err(bad_type(name, value, "an int"));
        }
        number => number?,
    };
    if number.fract() == 0.0 && (0.0..=LARGEST as f64).contains(&number) {
        Ok(number as u64)
    } else {
        Err(bad_value(name, value, "a whole number: 2, 3 or 4, say"))
    }
}

/// As [`integral`], at least 2: a reduction factor.
pub(crate) fn factor(name: &str, value: &Bound<'_, PyAny>) -> PyResult<u64> {
    let number = integral(name, value)?;
    if number >= 2 {
        Ok(number)
    } else {
        Err(bad_value(name, value, "at least 2"))
    }
}

/// A whole number from 1 to `most`.
pub(crate) fn up_to(most: u64, name: &str, value: &Bound<'_, PyAny>) -> PyResult<u64> {
    let number = unsigned(name, value)?;
    if (1..=most).contains(&number) {
        Ok(number)
    } else {
        Err(bad_value(name, value, &format!("an int from 1 to {most}")))
    }
}

/// A whole number from 1 to 2^53.
pub(crate) fn positive(name: &str, value: &Bound<'_, PyAny>) -> PyResult<u64> {
    match unsigned(name, value)? {
        0 => Err(bad_value(name, value, "an int from 1 to 2**53")),
        number => Ok(number),
    }
}

/// A whole number of any 64 bits, the seed of a stream.
pub(crate) fn seed(name: &str, value: &Bound<'_, PyAny>) -> PyResult<u64> {
    let number = whole(name, "an int", value)?.extract();
    number.map_err(|_| bad_value(name, value, "an int from 0 to 2**64 - 1"))
}

/// An `int`, or what Python takes as an index (the integers of `NumPy`); no truth value.
fn whole<'py>(name: &str, allowed: &str, value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    if is_truth(value)? {
        return Err(bad_type(name, value, allowed));
    }
    if value.is_instance_of::<PyInt>() {
        return Ok(value.clone());
    }
    let index = answered(value.py(), value.call_method0("__index__"))?;
    index.ok_or_else(|| bad_type(name, value, allowed))
}

/// Whether it is a truth value of Python or `NumPy`: no number, though it could be taken for one.
pub(crate) fn is_truth(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    if value.is_instance_of::<PyBool>() {
        return Ok(true);
    }
    if value.is_exact_instance_of::<PyFloat>() || value.is_exact_instance_of::<PyInt>() {
        return Ok(false);
    }
    let kind = value
        .getattr("dtype")
        .and_then(|dtype| dtype.getattr("kind")?.extract::<String>());
    Ok(answered(value.py(), kind)?.is_some_and(|kind| kind == "b"))
}

/// A number.
pub(crate) fn number(name: &str, value: &Bound<'_, PyAny>) -> PyResult<f64> {
    if value.is_instance_of::<PyString>() || is_truth(value)? {
        return Err(bad_type(name, value, "a number"));
    }
    match value.extract::<f64>() {
        Err(error) if error.is_instance_of::<pyo3::exceptions::PyOverflowError>(value.py()) => Err(
            bad_value(name, value, "a number within the range of floats"),
        ),
        other => answered(value.py(), other)?.ok_or_else(|| bad_type(name, value, "a number")),
    }
}

/// Seconds of a run: a finite number, not negative.
pub(crate) fn seconds(name: &str, value: &Bound<'_, PyAny>) -> PyResult<f64> {
    let seconds = number(name, value)?;
    // What is beyond could not be read back from the log.
    if (0.0..=MOST_SECONDS).contains(&seconds) {
        Ok(seconds)
    } else {
        Err(bad_value(
            name,
            value,
            "finite and not negative, and at most 1e12",
        ))
    }
}

/// Seconds after which a run ends.
pub(crate) fn limit_in_seconds(name: &str, value: &Bound<'_, PyAny>) -> PyResult<f64> {
    let seconds = number(name, value)?;
    if seconds > 0.0 && seconds.is_finite() {
        Ok(seconds)
    } else {
        Err(bad_value(name, value, "positive and finite, or None"))
    }
}

/// A metric. What is missing, text or beyond all numbers is a bad metric, NaN; what can be no metric
/// at all is refused.
pub(crate) fn metric(value: &Bound<'_, PyAny>) -> PyResult<f64> {
    if value.is_none() || value.is_instance_of::<PyString>() {
        return Ok(f64::NAN);
    }
    match number("metric", value) {
        Err(error) if error.is_instance_of::<PyValueError>(value.py()) => Ok(f64::NAN),
        other => other,
    }
}

/// A truth value.
pub(crate) fn flag(name: &str, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    let yes = answered(value.py(), value.extract())?;
    yes.ok_or_else(|| bad_type(name, value, "a bool"))
}

/// Text.
pub(crate) fn text(name: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    value.extract().map_err(|_| bad_type(name, value, "a str"))
}

/// Text, or that of the file at a path.
pub(crate) fn text_or_file(name: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    if value.is_instance_of::<PyString>() {
        let text = without_mark(text(name, value)?);
        // A path is a line that does not begin as a log does.
        let is_line = !text.is_empty() && !text.contains('\n');
        if is_line && !text.trim_start().starts_with('{') {
            let allowed = "the text of an event log; the path of a file is a pathlib.Path";
            return Err(bad_value(name, value, allowed));
        }
        return Ok(text);
    }
    let path = value.extract::<PathBuf>();
    let path = path.map_err(|_| bad_type(name, value, "a str, or the path of a file"))?;
    let read = value.py().detach(|| std::fs::read_to_string(&path));
    read.map(without_mark).map_err(|error| {
        let error = std::io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        PyErr::from(error)
    })
}

/// A text without the byte order mark that some editors put before it.
fn without_mark(mut text: String) -> String {
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    text
}

/// One of the names that a type knows.
pub(crate) fn named<T: FromStr>(
    name: &str,
    value: &Bound<'_, PyAny>,
    allowed: &str,
) -> PyResult<T> {
    let text = text(name, value)?;
    text.parse().map_err(|_| bad_value(name, value, allowed))
}

/// `None`, or what `read` makes of the value.
pub(crate) fn optional<'py, T>(
    name: &str,
    value: &Bound<'py, PyAny>,
    read: impl FnOnce(&str, &Bound<'py, PyAny>) -> PyResult<T>,
) -> PyResult<Option<T>> {
    if value.is_none() {
        return Ok(None);
    }
    read(name, value).map(Some)
}

/// What `read` makes of each element of a sequence.
pub(crate) fn list<'py, T>(
    name: &str,
    value: &Bound<'py, PyAny>,
    allowed: &str,
    read: impl Fn(&str, &Bound<'py, PyAny>) -> PyResult<T>,
) -> PyResult<Vec<T>> {
    let elements = match value.try_iter() {
        Ok(elements) if !value.is_instance_of::<PyString>() => elements,
        _ => return Err(bad_type(name, value, allowed)),
    };
    elements
        .enumerate()
        .map(|(index, element)| read(&format!("{name}[{index}]"), &element?))
        .collect()
}

/// A promotion quantile: a pair (a, b) for a/b, or a float next to such a fraction.
pub(crate) fn quantile(name: &str, value: &Bound<'_, PyAny>) -> PyResult<PromotionQuantile> {
    const ALLOWED: &str = "a pair (a, b) with 0 < a <= b, or a float in (0, 1] next to a fraction \
                           with a denominator of at most 2**31";
    if let Some((a, b)) = pair(value) {
        let (a, b) = (unsigned(name, &a)?, unsigned(name, &b)?);
        return PromotionQuantile::new(a, b).map_err(|_| bad_value(name, value, ALLOWED));
    }
    let quantile = PromotionQuantile::from_f64(number(name, value)?);
    quantile.map_err(|_| bad_value(name, value, ALLOWED))
}

/// The elements of a sequence of two; text is none.
pub(crate) fn pair<'py>(
    value: &Bound<'py, PyAny>,
) -> Option<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    if value.is_instance_of::<PyString>() || value.len().ok()? != 2 {
        return None;
    }
    Some((value.get_item(0).ok()?, value.get_item(1).ok()?))
}
