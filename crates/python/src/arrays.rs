//! Arguments that are arrays of `NumPy`, or what can be made one.

use numpy::ndarray::ArrayViewD;
use numpy::{PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

/// The array of doubles that an argument stands for, or its `TypeError`.
fn of_numbers<'py>(
    name: &str,
    value: &Bound<'py, PyAny>,
) -> PyResult<PyReadonlyArrayDyn<'py, f64>> {
    if let Ok(array) = value.cast::<PyArrayDyn<f64>>() {
        return Ok(array.readonly());
    }
    let numpy = value.py().import("numpy")?;
    let refused = |what: &dyn std::fmt::Display| {
        PyTypeError::new_err(format!("{name} must be an array of numbers, not {what}"))
    };
    let array = numpy.call_method1("asarray", (value,));
    let array = array.map_err(|error| refused(&error))?;
    let dtype = array.getattr("dtype")?;
    let kind: String = dtype.getattr("kind")?.extract()?;
    if !matches!(kind.as_str(), "i" | "u" | "f") {
        let mut found = format!("of dtype {dtype}");
        if array.getattr("size")?.extract::<usize>()? == 0 {
            found.push_str(" (empty)");
        }
        return Err(refused(&found));
    }
    let array = numpy.call_method1("asarray", (array, numpy.getattr("float64")?))?;
    Ok(array.cast::<PyArrayDyn<f64>>()?.readonly())
}

/// Arguments brought to one shape.
pub(crate) struct Broadcast<'py, const N: usize> {
    arrays: [PyReadonlyArrayDyn<'py, f64>; N],
    shape: Vec<usize>,
}

impl<'py, const N: usize> Broadcast<'py, N> {
    /// `arguments` are names and values.
    pub(crate) fn new(arguments: [(&'static str, &Bound<'py, PyAny>); N]) -> PyResult<Self> {
        let mut arrays = Vec::with_capacity(N);
        let mut shape = Some(Vec::new());
        for (name, value) in arguments {
            let array = of_numbers(name, value)?;
            shape = shape.and_then(|shape| common_shape(shape, array.shape()));
            arrays.push(array);
        }
        let Some(shape) = shape else {
            return Err(no_common_shape(&arguments.map(|(name, _)| name), &arrays));
        };
        let arrays = arrays.try_into();
        let arrays = arrays.map_err(|_| PyValueError::new_err("an array was lost"))?;
        Ok(Self { arrays, shape })
    }

    /// The common shape.
    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The elements at each place, in the order of the arguments.
    pub(crate) fn rows(&self) -> Vec<[f64; N]> {
        let mut rows = vec![[0.0; N]; self.shape.iter().product()];
        for (column, array) in self.arrays.iter().enumerate() {
            fill(&mut rows, column, &array.as_array(), &self.shape);
        }
        rows
    }
}

/// Writes an array, brought to the shape, into a column.
fn fill<const N: usize>(
    rows: &mut [[f64; N]],
    column: usize,
    array: &ArrayViewD<'_, f64>,
    shape: &[usize],
) {
    if let (Some(slice), true) = (array.as_slice(), array.shape() == shape) {
        for (row, value) in rows.iter_mut().zip(slice) {
            row[column] = *value;
        }
    } else if let (Some(value), 1) = (array.first(), array.len()) {
        for row in rows {
            row[column] = *value;
        }
    } else if let Some(view) = array.broadcast(shape) {
        for (row, value) in rows.iter_mut().zip(view.iter()) {
            row[column] = *value;
        }
    }
}

/// The shape that arrays of both shapes are brought to by the rules of `NumPy`.
fn common_shape(mut one: Vec<usize>, other: &[usize]) -> Option<Vec<usize>> {
    let missing = other.len().saturating_sub(one.len());
    one.splice(0..0, std::iter::repeat_n(1, missing));
    let behind = one.len() - other.len();
    for (length, &wanted) in one[behind..].iter_mut().zip(other) {
        match (*length, wanted) {
            (_, 1) => {}
            (1, _) => *length = wanted,
            (length, wanted) if length == wanted => {}
            _ => return None,
        }
    }
    Some(one)
}

fn no_common_shape(names: &[&str], arrays: &[PyReadonlyArrayDyn<'_, f64>]) -> PyErr {
    let shape = |(name, array): (&&str, &PyReadonlyArrayDyn<'_, f64>)| {
        format!("{name} {:?}", array.shape())
    };
    let shapes: Vec<String> = names.iter().zip(arrays).map(shape).collect();
    let shapes = shapes.join(", ");
    PyValueError::new_err(format!("these shapes do not fit together: {shapes}"))
}

/// The place of an element, as one writes it behind the name of the array.
pub(crate) fn place(mut flat: usize, shape: &[usize]) -> String {
    let mut place = Vec::new();
    for &length in shape.iter().rev() {
        place.push((flat % length).to_string());
        flat /= length;
    }
    place.reverse();
    if place.is_empty() {
        String::new()
    } else {
        format!("[{}]", place.join(", "))
    }
}
