//! Background tasks, each in a thread of Python.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};

use better_auth_edge::host::{GetError, GetRequest, GetResponse};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::errors::catch_panic;
use crate::host::{Demand, Functions, PyHost, StartTask};

/// A background task. It is abandoned if it never begins, and when its thread ends.
#[pyclass(frozen, module = "better_auth_edge._core")]
pub(crate) struct Task {
    functions: Arc<Functions>,
    start: Mutex<Option<StartTask>>,
}

impl Task {
    pub(crate) fn new(functions: &Arc<Functions>, start: StartTask) -> Self {
        Self { functions: Arc::clone(functions), start: Mutex::new(Some(start)) }
    }

    /// Runs the task to its end. Each of its fetches fails for this reason.
    pub(crate) fn run_without_network(&self, why: &str) -> PyResult<()> {
        let Some(start) = self.take() else { return Ok(()) };
        let host = PyHost::new(&self.functions);
        let mut future = start(host.clone());
        let mut context = Context::from_waker(Waker::noop());
        while catch_panic(|| future.as_mut().poll(&mut context))?.is_pending() {
            host.exchange().response = Some(Err(GetError::Other(why.to_owned())));
        }
        Ok(())
    }

    fn take(&self) -> Option<StartTask> {
        self.start.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Python drives the task, and not the reverse: when the interpreter exits, it ends the threads
/// that wait, and frames of Rust on their stacks would abort the process.
#[pymethods]
impl Task {
    fn begin(&self) -> PyResult<()> {
        let start = self.take().ok_or_else(|| PyRuntimeError::new_err("the task has begun"))?;
        let host = PyHost::new(&self.functions);
        let future = start(host.clone());
        RUNNING.set(Some(Running { host, future }));
        Ok(())
    }

    #[pyo3(signature = (now, response=None))]
    fn step<'py>(
        &self,
        py: Python<'py>,
        now: f64,
        response: Option<Response>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let running = RUNNING.take();
        let mut running = running.ok_or_else(|| PyRuntimeError::new_err("no task has begun"))?;
        running.host.exchange().now = Some(now);
        running.host.exchange().response = response.map(Response::read);
        let mut context = Context::from_waker(Waker::noop());
        if catch_panic(|| running.future.as_mut().poll(&mut context))?.is_ready() {
            return Ok(None);
        }
        let demand = running.host.exchange().demand.take();
        RUNNING.set(Some(running));
        match demand {
            Some(Demand::Fetch(request)) => Ok(Some(Bound::new(py, Request(request))?.into_any())),
            Some(Demand::Sleep(milliseconds)) => {
                Ok(Some((f64::from(milliseconds) / 1_000.0).into_pyobject(py)?.into_any()))
            }
            None => Err(PyRuntimeError::new_err("the task demands nothing")),
        }
    }
}

thread_local! {
    /// The task of this thread. It stays here, because its future must not change threads, as an
    /// object of Python can.
    static RUNNING: Cell<Option<Running>> = const { Cell::new(None) };
}

struct Running {
    host: PyHost,
    future: Pin<Box<dyn Future<Output = ()>>>,
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

/// What Python answers to a request: status, headers and body; why there is no response; or why the
/// body of a response with status 200 is unusable.
#[derive(FromPyObject)]
enum Response {
    Got((u16, Vec<(String, String)>, Vec<u8>)),
    Unusable((u16, String)),
    Failed(String),
}

impl Response {
    fn read(self) -> Result<GetResponse, GetError> {
        match self {
            Self::Got((status, headers, body)) => Ok(GetResponse { status, headers, body }),
            Self::Unusable((_, why)) => Err(GetError::Unusable(why)),
            Self::Failed(why) => Err(GetError::Other(why)),
        }
    }
}
