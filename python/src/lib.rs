//! The Rust core for the Python package: the module `better_auth_edge._core`.
#![allow(missing_docs)]

mod host;

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use better_auth_edge::{
    Error, Verified as CoreVerified, Verifier as CoreVerifier, VerifierOptions,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use host::PyHost;

#[pyclass(frozen)]
struct Verifier {
    core: Arc<CoreVerifier>,
}

#[pyclass(frozen)]
struct Verified {
    core: Arc<CoreVerified>,
}

#[pymethods]
impl Verified {
    #[getter]
    fn user(&self) -> &str {
        self.core.user()
    }
    #[getter]
    fn json(&self) -> &str {
        self.core.claims().as_json()
    }
    #[getter]
    fn expires(&self) -> f64 {
        self.core.expires()
    }
}

fn raise(error: Error) -> PyErr {
    PyValueError::new_err((error.code().as_str().to_owned(), error.detail().to_owned()))
}

#[pymethods]
impl Verifier {
    #[new]
    #[pyo3(signature = (*, base_url, jwks=None, profile=None))]
    fn new(base_url: String, jwks: Option<String>, profile: Option<String>) -> PyResult<Self> {
        let options = VerifierOptions {
            base_url: Some(base_url),
            jwks,
            profile,
            ..VerifierOptions::default()
        };
        match options.build() {
            Ok(core) => Ok(Self { core: Arc::new(core) }),
            Err(errors) => {
                let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
                Err(PyValueError::new_err(errors))
            }
        }
    }

    /// Verifies a token if the keys are at hand.
    fn verify(&self, py: Python<'_>, token: &str) -> PyResult<Py<PyAny>> {
        let host = PyHost::default();
        let mut context = Context::from_waker(Waker::noop());
        let mut future: Pin<Box<dyn Future<Output = Result<Arc<CoreVerified>, Error>>>> = {
            let core = Arc::clone(&self.core);
            let token = token.to_owned();
            let host = host.clone();
            Box::pin(async move { core.verify(&token, &host).await })
        };
        match future.as_mut().poll(&mut context) {
            Poll::Ready(Ok(core)) => Ok(Py::new(py, Verified { core })?.into_any()),
            Poll::Ready(Err(error)) => Err(raise(error)),
            Poll::Pending => {
                let job = Job { host, future };
                Ok(Py::new(py, job)?.into_any())
            }
        }
    }

    fn verify_borrowed(&self, py: Python<'_>, token: &str) -> PyResult<Option<Py<Verified>>> {
        let host = PyHost::default();
        let mut context = Context::from_waker(Waker::noop());
        let future = pin!(self.core.verify(token, &host));
        match future.poll(&mut context) {
            Poll::Ready(Ok(core)) => Ok(Some(Py::new(py, Verified { core })?)),
            Poll::Ready(Err(error)) => Err(raise(error)),
            Poll::Pending => Ok(None),
        }
    }
}

#[pyclass(unsendable)]
struct Job {
    host: PyHost,
    future: Pin<Box<dyn Future<Output = Result<Arc<CoreVerified>, Error>>>>,
}

#[pymethods]
impl Job {
    fn request(&self) -> Option<String> {
        self.host.demands().borrow().request.as_ref().map(|request| request.url.clone())
    }
    fn poll(&mut self) -> bool {
        self.future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }
}

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Verifier>()?;
    module.add_class::<Verified>()
}
