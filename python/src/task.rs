//! Background tasks, each in a thread of Python.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use better_auth_edge::host::{GetError, GetRequest, GetResponse};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::errors::catch_panic;
use crate::host::{Demand, Functions, PyHost, StartTask};

/// A background task that has not run. It is abandoned if it never runs.
#[pyclass(frozen, module = "better_auth_edge._core")]
pub(crate) struct Task {
    functions: Arc<Functions>,
    start: Mutex<Option<StartTask>>,
}

impl Task {
    pub(crate) fn new(functions: &Arc<Functions>, start: StartTask) -> Self {
        Self { functions: Arc::clone(functions), start: Mutex::new(Some(start)) }
    }
}

#[pymethods]
impl Task {
    fn run(&self, py: Python<'_>, fetch: &Bound<'_, PyAny>) -> PyResult<()> {
        let start = self.start.lock().unwrap_or_else(PoisonError::into_inner).take();
        let start = start.ok_or_else(|| PyRuntimeError::new_err("the task has run"))?;
        let host = PyHost::new(&self.functions);
        let mut task = start(host.clone());
        let mut context = Context::from_waker(Waker::noop());
        while catch_panic(|| task.as_mut().poll(&mut context))?.is_pending() {
            let demand = host.exchange().demand.take();
            match demand {
                Some(Demand::Fetch(request)) => {
                    let response = fetch.call1((Request(request),))?.extract::<Response>()?;
                    host.exchange().response = Some(response.read());
                }
                Some(Demand::Sleep(milliseconds)) => {
                    let time = Duration::from_millis(milliseconds.into());
                    py.detach(|| std::thread::sleep(time));
                }
                None => return Err(PyRuntimeError::new_err("the task demands nothing")),
            }
        }
        Ok(())
    }
}

/// A request for a small document.
#[pyclass(frozen, module = "better_auth_edge._core")]
pub(crate) struct Request(GetRequest);

#[pymethods]
impl Request {
    #[getter]
    fn url(&self) -> &str {
        &self.0.url
    }

    #[getter]
    fn headers(&self) -> Vec<(&str, &str)> {
        self.0.headers().collect()
    }

    #[getter]
    fn max_bytes(&self) -> usize {
        self.0.max_bytes
    }

    #[getter]
    fn timeout(&self) -> f64 {
        f64::from(self.0.timeout) / 1_000.0
    }
}

/// What Python answers to a request: status, headers and body, or why there is no response.
#[derive(FromPyObject)]
enum Response {
    Got((u16, Vec<(String, String)>, Vec<u8>)),
    Failed(String),
}

impl Response {
    fn read(self) -> Result<GetResponse, GetError> {
        match self {
            Self::Got((status, headers, body)) => Ok(GetResponse { status, headers, body }),
            Self::Failed(why) => Err(GetError::Other(why)),
        }
    }
}
