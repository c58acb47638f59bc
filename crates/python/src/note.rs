//! What a person should know.

use pyo3::prelude::*;

const LOGGER: &str = "rungkeeper";

/// What a person should know: a record of the logger `rungkeeper`. What happened has happened, so an error of a handler is
/// told as one of no caller.
pub(crate) fn say(py: Python<'_>, note: &str) {
    let logged = || -> PyResult<()> {
        let logger = py.import("logging")?.call_method1("getLogger", (LOGGER,))?;
        logger.call_method1("warning", ("%s", note))?;
        Ok(())
    };
    if let Err(error) = logged() {
        error.write_unraisable(py, None);
    }
}
