//! Rules about settings that all hosts share.

use better_auth_edge::base_url::{BaseUrl as CoreUrl, KeyUrl as CoreKeyUrl};
use better_auth_edge::crypto::Secret;
use better_auth_edge::jose::Algorithm;
use better_auth_edge::{DEFAULT_ALGORITHMS, similar};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// A base URL of a setting.
#[pyclass(frozen, module = "better_auth_edge._core")]
pub(crate) struct BaseUrl(CoreUrl);

#[pymethods]
impl BaseUrl {
    #[new]
    fn new(text: &str) -> PyResult<Self> {
        CoreUrl::parse(text).map(Self).map_err(PyValueError::new_err)
    }

    fn with_base_path(&self, base_path: &str) -> PyResult<Self> {
        self.0.clone().with_base_path(base_path).map(Self).map_err(PyValueError::new_err)
    }

    #[getter]
    fn origin(&self) -> &str {
        self.0.origin()
    }

    #[getter]
    fn path(&self) -> &str {
        self.0.path()
    }

    /// Better Auth's URL with its base path.
    #[getter]
    fn better_auth(&self) -> String {
        better_auth_edge::issuing_url(&self.0)
    }

    fn exposure(&self) -> Option<String> {
        self.0.exposure()
    }
}

/// The URL of a JWK Set.
#[pyclass(frozen, module = "better_auth_edge._core")]
pub(crate) struct KeyUrl(CoreKeyUrl);

#[pymethods]
impl KeyUrl {
    #[new]
    fn new(text: &str) -> PyResult<Self> {
        CoreKeyUrl::parse(text).map(Self).map_err(PyValueError::new_err)
    }

    #[getter]
    fn origin(&self) -> &str {
        self.0.origin()
    }

    /// The path with the query.
    #[getter]
    fn path(&self) -> String {
        self.0.path()
    }

    fn exposure(&self) -> Option<String> {
        self.0.exposure()
    }
}

/// The algorithms of published keys, or of secrets.
#[pyfunction]
#[pyo3(signature = (*, symmetric))]
pub(crate) fn algorithms(symmetric: bool) -> Vec<&'static str> {
    let all = Algorithm::ALL.iter().filter(|algorithm| algorithm.is_symmetric() == symmetric);
    all.map(|algorithm| algorithm.name()).collect()
}

/// The algorithms that Better Auth can sign with.
#[pyfunction]
pub(crate) fn default_algorithms() -> Vec<&'static str> {
    DEFAULT_ALGORITHMS.iter().map(|algorithm| algorithm.name()).collect()
}

/// The name of an algorithm that has several; an unknown name stays.
#[pyfunction]
pub(crate) fn canonical_algorithm(name: String) -> String {
    Algorithm::from_name(&name).map_or(name, |algorithm| algorithm.name().to_owned())
}

/// What is wrong with a secret for these algorithms.
#[pyfunction]
pub(crate) fn secret_error(secret: Vec<u8>, algorithms: Vec<String>) -> Option<String> {
    let algorithms: Vec<_> =
        algorithms.iter().filter_map(|name| Algorithm::from_name(name)).collect();
    Secret::new(&secret, &algorithms).err().map(|error| error.to_string())
}

#[pyfunction]
pub(crate) fn near_miss(written: &str, known: Vec<String>) -> Option<String> {
    similar::meant(written, known.iter().map(String::as_str)).map(str::to_owned)
}

#[pyfunction]
pub(crate) fn suggestion(written: &str, known: Vec<String>) -> Option<String> {
    similar::suggestion(written, known.iter().map(String::as_str)).map(str::to_owned)
}

#[pyfunction]
pub(crate) fn did_you_mean(written: &str, known: Vec<String>) -> String {
    similar::did_you_mean(written, known.iter().map(String::as_str))
}

#[pyfunction]
pub(crate) fn has_same_words(name: &str, other: &str) -> bool {
    similar::has_same_words(name, other)
}

#[pyfunction]
pub(crate) fn words(name: &str) -> Vec<String> {
    similar::words(name)
}
