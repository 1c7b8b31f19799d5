//! JSON between the core and Python.

use better_auth_edge::jose::{Json, Number, Object};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

/// An object as a new dictionary, by the types of Python's `json`.
pub(crate) fn to_dict<'py>(py: Python<'py>, object: &Object) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (name, value) in object.members() {
        // interned, as those that the application looks up
        dict.set_item(PyString::intern(py, name), to_python(py, value)?)?;
    }
    Ok(dict)
}

/// An object as a dictionary, of which each result is a deep copy.
pub(crate) struct CopiedObject {
    dict: Py<PyDict>,
    /// Whether no value can change, as those of most tokens
    is_flat: bool,
}

impl CopiedObject {
    pub(crate) fn new(py: Python<'_>, object: &Object) -> PyResult<Self> {
        let can_change = |value: &Json| matches!(value, Json::Array(_) | Json::Object(_));
        let is_flat = !object.members().any(|(_, value)| can_change(value));
        Ok(Self { dict: to_dict(py, object)?.unbind(), is_flat })
    }

    pub(crate) fn copy(&self, py: Python<'_>) -> PyResult<Py<PyDict>> {
        let dict = self.dict.bind(py);
        let copy = if self.is_flat { dict.copy() } else { copy_dict(dict) };
        copy.map(Bound::unbind)
    }
}

fn copy_dict<'py>(dict: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyDict>> {
    let copy = dict.copy()?;
    for (name, value) in dict {
        if let Some(inner) = copied(&value)? {
            copy.set_item(name, inner)?;
        }
    }
    Ok(copy)
}

/// A copy of a list or a dictionary. `None` for values that cannot change.
fn copied<'py>(value: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    if let Ok(dict) = value.cast::<PyDict>() {
        return Ok(Some(copy_dict(dict)?.into_any()));
    }
    let Ok(list) = value.cast::<PyList>() else { return Ok(None) };
    let copy = PyList::empty(value.py());
    for element in list {
        copy.append(copied(&element)?.unwrap_or(element))?;
    }
    Ok(Some(copy.into_any()))
}

/// A value as a new object.
pub(crate) fn to_python<'py>(py: Python<'py>, value: &Json) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Json::Null => py.None().into_bound(py),
        Json::Bool(value) => PyBool::new(py, *value).to_owned().into_any(),
        Json::Number(number) => to_number(py, number)?,
        Json::String(text) => PyString::new(py, text).into_any(),
        Json::Array(elements) => {
            let elements = elements.iter().map(|element| to_python(py, element));
            PyList::new(py, elements.collect::<PyResult<Vec<_>>>()?)?.into_any()
        }
        Json::Object(object) => to_dict(py, object)?.into_any(),
    })
}

fn to_number<'py>(py: Python<'py>, number: &Number) -> PyResult<Bound<'py, PyAny>> {
    let text = number.as_str();
    if let Ok(whole) = text.parse::<i64>() {
        return Ok(whole.into_pyobject(py)?.into_any());
    }
    let is_whole = !text.contains(['.', 'e', 'E']);
    if is_whole && text.len() <= MAX_DIGITS {
        return py.get_type::<PyInt>().call1((text,));
    }
    // infinite beyond the range of a float
    Ok(PyFloat::new(py, text.parse().unwrap_or(f64::INFINITY)).into_any())
}

/// Python refuses to read integers of more than 4,300 digits.
const MAX_DIGITS: usize = 1_000;

/// A value of Python as JSON. `None` for what JSON cannot express.
pub(crate) fn from_python(value: &Bound<'_, PyAny>, depth: usize) -> PyResult<Option<Json>> {
    if depth == 0 {
        return Ok(None);
    }
    if value.is_none() {
        return Ok(Some(Json::Null));
    }
    if let Ok(value) = value.cast::<PyBool>() {
        return Ok(Some(Json::Bool(value.is_true())));
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(text.to_str().ok().map(|text| Json::String(text.to_owned())));
    }
    // by the value: a subclass, such as an enumeration, can have any representation
    if value.is_instance_of::<PyInt>() {
        let text = value.py().get_type::<PyInt>().call_method1("__repr__", (value,))?;
        return Ok(Json::parse(text.extract::<&str>()?).ok());
    }
    if let Ok(number) = value.cast::<PyFloat>() {
        return Ok(Json::parse(&format!("{:?}", number.value())).ok());
    }
    if let Ok(dict) = value.cast::<PyDict>() {
        let members = dict.iter().map(|(name, value)| {
            let Ok(name) = name.extract::<String>() else { return Ok(None) };
            Ok(from_python(&value, depth - 1)?.map(|value| (name, value)))
        });
        let members: PyResult<Option<Vec<_>>> = members.collect();
        return Ok(members?.and_then(Object::from_members).map(Json::Object));
    }
    if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        let elements = value.try_iter()?.map(|element| from_python(&element?, depth - 1));
        let elements: PyResult<Option<Vec<_>>> = elements.collect();
        return Ok(elements?.map(Json::Array));
    }
    Ok(None)
}

/// Claims as an object. Omits a claim that JSON cannot express, with all that is in it.
pub(crate) fn from_claims(claims: &Bound<'_, PyDict>, depth: usize) -> PyResult<Object> {
    let mut members = Vec::with_capacity(claims.len());
    for (name, value) in claims {
        if let (Ok(name), Some(value)) = (name.extract::<String>(), from_python(&value, depth)?) {
            members.push((name, value));
        }
    }
    // names of a dictionary are distinct
    Ok(Object::from_members(members).unwrap_or_default())
}

/// Whether a value contains a number beyond the range of a float, such as `1e999`.
pub(crate) fn has_too_large_number(value: &Bound<'_, PyAny>, depth: usize) -> PyResult<bool> {
    if let Ok(number) = value.cast::<PyFloat>() {
        return Ok(number.value().is_infinite());
    }
    if let Ok(number) = value.cast::<PyInt>() {
        return Ok(number.extract::<i64>().is_err() && number.extract::<f64>().is_err());
    }
    let is_inside = |inner: Bound<'_, PyAny>| has_too_large_number(&inner, depth - 1);
    if depth == 0 {
        return Ok(false);
    }
    if let Ok(dict) = value.cast::<PyDict>() {
        return any(dict.iter().map(|(_, inner)| is_inside(inner)));
    }
    match value.cast::<PyList>() {
        Ok(list) => any(list.iter().map(is_inside)),
        Err(_) => Ok(false),
    }
}

fn any(mut results: impl Iterator<Item = PyResult<bool>>) -> PyResult<bool> {
    results.find(|result| !matches!(result, Ok(false))).unwrap_or(Ok(false))
}
