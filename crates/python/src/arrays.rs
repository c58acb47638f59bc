//! Arguments that are arrays of `NumPy`, or what can be made one.

use numpy::ndarray::iter::Iter;
use numpy::ndarray::{ArrayViewD, IxDyn};
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

    /// The arrays as they were given; [`Rows`] brings them to the shape.
    pub(crate) fn views(&self) -> [ArrayViewD<'_, f64>; N] {
        self.arrays.each_ref().map(PyReadonlyArrayDyn::as_array)
    }
}

/// The rows that broadcast arrays make, to be taken bit by bit.
pub(crate) struct Rows<'a, const N: usize>([Column<'a>; N]);

impl<'a, const N: usize> Rows<'a, N> {
    /// The elements at each place of the shape, in the order of the arrays.
    pub(crate) fn new(arrays: &'a [ArrayViewD<'a, f64>; N], shape: &[usize]) -> Self {
        Self(arrays.each_ref().map(|array| Column::of(array, shape)))
    }

    /// The next rows, `most` of them unless there are less.
    pub(crate) fn take(&mut self, most: usize) -> Vec<[f64; N]> {
        let mut rows = vec![[0.0; N]; most];
        let mut taken = most;
        for (place, column) in self.0.iter_mut().enumerate() {
            let mut filled = 0;
            for (row, value) in rows[..taken].iter_mut().zip(column) {
                row[place] = value;
                filled += 1;
            }
            taken = filled;
        }
        rows.truncate(taken);
        rows
    }
}

/// The elements of an array that was brought to a shape.
enum Column<'a> {
    Slice(std::slice::Iter<'a, f64>),
    /// None never, as the shape is one that fits.
    Any(Option<Iter<'a, f64, IxDyn>>),
    /// The same value, repeated this number of times.
    Same(f64, usize),
}

impl<'a> Column<'a> {
    fn of(array: &'a ArrayViewD<'a, f64>, shape: &[usize]) -> Self {
        let length = shape.iter().product();
        match (array.as_slice(), array.first()) {
            (Some(slice), _) if array.shape() == shape => Self::Slice(slice.iter()),
            (_, Some(&value)) if array.len() == 1 => Self::Same(value, length),
            _ => Self::Any(array.broadcast(shape).map(IntoIterator::into_iter)),
        }
    }
}

impl Iterator for Column<'_> {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        match self {
            Self::Slice(values) => values.next().copied(),
            Self::Any(values) => values.as_mut()?.next().copied(),
            Self::Same(value, left) => {
                *left = left.checked_sub(1)?;
                Some(*value)
            }
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
