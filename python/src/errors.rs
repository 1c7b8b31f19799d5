//! Errors of the core as exceptions of the package.

use std::error::Error as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use better_auth_edge::host::FetchError;
use better_auth_edge::{Code, Error};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{IntoPyDict, PyType};

const MODULE: &str = "better_auth_edge.errors";

/// The `EdgeAuthError` for an error of the core. Its cause is the `KeyFetchError`, if there is one.
pub(crate) fn to_exception(py: Python<'_>, error: &Error) -> PyErr {
    match edge_auth_error(py, error) {
        Ok(exception) | Err(exception) => exception,
    }
}

fn edge_auth_error(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let class = CLASS.import(py, MODULE, "EdgeAuthError")?;
    let scopes: Vec<_> = error.scopes().into_iter().flat_map(|text| text.split(' ')).collect();
    let optional = [
        ("retry_after", error.retry_after().into_pyobject(py)?.into_any()),
        ("scopes", scopes.into_pyobject(py)?),
        ("max_age", error.max_age().into_pyobject(py)?.into_any()),
    ];
    let arguments = (error.code().as_str(), error.detail());
    let exception = PyErr::from_value(class.call(arguments, Some(&optional.into_py_dict(py)?))?);
    let source = error.source().and_then(|source| source.downcast_ref::<Arc<FetchError>>());
    if let Some(failure) = source {
        exception.set_cause(py, Some(PyErr::from_value(key_fetch_error(py, failure)?)));
    }
    Ok(exception)
}

/// The `KeyFetchError` for a fetch that has failed.
fn key_fetch_error<'py>(py: Python<'py>, failure: &FetchError) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let class = CLASS.import(py, MODULE, "KeyFetchError")?;
    let optional = [("retry_after", failure.retry_after())].into_py_dict(py)?;
    class.call((failure.url(), failure.reason(), failure.status_code()), Some(&optional))
}

/// Runs code of the core. A panic becomes a `RuntimeError`: PyO3's own exception for it is no
/// `Exception`, so it would pass the handlers of most servers.
pub(crate) fn catch_panic<T>(run: impl FnOnce() -> T) -> PyResult<T> {
    // the core's locks survive a panic, and the caller drops what it has passed
    catch_unwind(AssertUnwindSafe(run))
        .map_err(|_| PyRuntimeError::new_err("the core of better-auth-edge panicked: see stderr"))
}

/// Panics, for the test that a panic becomes an exception.
#[pyfunction]
pub(crate) fn panics() -> PyResult<()> {
    catch_panic(|| panic!("for the test of panics"))
}

/// All codes, each with its status and title.
#[pyfunction]
pub(crate) fn problems() -> Vec<(&'static str, u16, &'static str)> {
    Code::ALL.iter().map(|code| (code.as_str(), code.status(), code.title())).collect()
}
