//! Keyword arguments of functions that take many, each with a default.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

/// Keyword arguments, taken one by one.
pub(crate) struct Keywords<'py> {
    function: &'static str,
    left: Bound<'py, PyDict>,
}

impl<'py> Keywords<'py> {
    /// The arguments that `function` was given.
    pub(crate) fn new(
        py: Python<'py>,
        function: &'static str,
        given: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Self> {
        let left = given.map_or_else(|| Ok(PyDict::new(py)), PyDictMethods::copy)?;
        Ok(Self { function, left })
    }

    /// What `read` makes of an argument, or the default.
    pub(crate) fn take<T>(
        &self,
        name: &str,
        default: T,
        read: impl FnOnce(&str, &Bound<'py, PyAny>) -> PyResult<T>,
    ) -> PyResult<T> {
        match self.left.get_item(name)? {
            None => Ok(default),
            Some(value) => {
                self.left.del_item(name)?;
                read(name, &value)
            }
        }
    }

    /// What `read` makes of an argument that must be there.
    pub(crate) fn need<T>(
        &self,
        name: &str,
        read: impl FnOnce(&str, &Bound<'py, PyAny>) -> PyResult<T>,
    ) -> PyResult<T> {
        let value = self.take(name, None, |name, value| read(name, value).map(Some))?;
        let function = self.function;
        let missing = || format!("{function} needs the keyword argument {name}");
        value.ok_or_else(|| PyTypeError::new_err(missing()))
    }

    /// Refuses what nobody took.
    pub(crate) fn end(self) -> PyResult<()> {
        let Some((name, _)) = self.left.iter().next() else {
            return Ok(());
        };
        let name = name.cast::<PyString>()?.to_string_lossy().into_owned();
        let function = self.function;
        Err(PyTypeError::new_err(format!(
            "{function} has no keyword argument {name}"
        )))
    }
}
