//! Operations that need the network: Python takes them step by step.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use better_auth_edge::host::{GetError, GetRequest, GetResponse};
use better_auth_edge::{Error, Verified as CoreVerified};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::errors::{catch_panic, to_exception};
use crate::host::{Demand, Functions, PyHost, StartTask};
use crate::verifier::Verified;

/// The result of an operation: a verified token, or nothing for a background task.
type Outcome = Result<Option<Arc<CoreVerified>>, Error>;

/// A verification, or a background task. Only the thread that made it may use it.
#[pyclass(unsendable, module = "better_auth_edge._core")]
pub(crate) struct Operation {
    host: PyHost,
    state: State,
}

enum State {
    Running(Pin<Box<dyn Future<Output = Outcome>>>),
    Done(Outcome),
    Closed,
}

impl Operation {
    /// Starts an operation, and polls it once.
    pub(crate) fn start(
        host: PyHost,
        operation: impl Future<Output = Outcome> + 'static,
    ) -> PyResult<Self> {
        let mut operation = Self { host, state: State::Running(Box::pin(operation)) };
        operation.poll()?;
        Ok(operation)
    }

    /// The verified token, or the error. `None` if the operation is not done, or has started tasks.
    pub(crate) fn only_result(&mut self, py: Python<'_>) -> Option<PyResult<Verified>> {
        if !self.host.exchange().borrow().tasks.is_empty() {
            return None;
        }
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Done(Ok(Some(verified))) => Some(Ok(Verified::new(verified))),
            State::Done(Err(error)) => Some(Err(to_exception(py, &error))),
            other => {
                self.state = other;
                None
            }
        }
    }

    fn poll(&mut self) -> PyResult<()> {
        let State::Running(operation) = &mut self.state else { return Ok(()) };
        let mut context = Context::from_waker(Waker::noop());
        match catch_panic(|| operation.as_mut().poll(&mut context)) {
            Ok(Poll::Ready(outcome)) => self.state = State::Done(outcome),
            Ok(Poll::Pending) => {}
            Err(panic) => {
                self.state = State::Closed;
                return Err(panic);
            }
        }
        Ok(())
    }
}

#[pymethods]
impl Operation {
    #[pyo3(signature = (response=None))]
    fn step<'py>(
        &mut self,
        py: Python<'py>,
        response: Option<Response>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut demand = self.host.exchange().borrow_mut().demand.take();
        // the first poll has left a demand
        if demand.is_none() {
            self.host.exchange().borrow_mut().response = response.map(Response::read);
            self.poll()?;
            demand = self.host.exchange().borrow_mut().demand.take();
        }
        match (&self.state, demand) {
            (State::Done(Ok(None)), _) => Ok(py.None().into_bound(py)),
            (State::Done(Ok(Some(verified))), _) => {
                Ok(Bound::new(py, Verified::new(Arc::clone(verified)))?.into_any())
            }
            (State::Done(Err(error)), _) => Err(to_exception(py, error)),
            (State::Running(_), Some(Demand::Fetch(request))) => {
                Ok(Bound::new(py, Request(request))?.into_any())
            }
            (State::Running(_), Some(Demand::Sleep(milliseconds))) => {
                Ok((f64::from(milliseconds) / 1_000.0).into_pyobject(py)?.into_any())
            }
            (State::Running(_), None) => Err(PyRuntimeError::new_err("the response is missing")),
            (State::Closed, _) => Err(PyRuntimeError::new_err("the operation is closed")),
        }
    }

    fn take_tasks(&self) -> Vec<Task> {
        let tasks = std::mem::take(&mut self.host.exchange().borrow_mut().tasks);
        let functions = self.host.functions();
        tasks.into_iter().map(|start| Task::new(functions, start)).collect()
    }

    fn close(&mut self) {
        self.state = State::Closed;
    }
}

/// A background task that has not begun. Any thread may begin it; without that, it is abandoned.
#[pyclass(frozen, module = "better_auth_edge._core")]
pub(crate) struct Task {
    functions: Arc<Functions>,
    start: Mutex<Option<StartTask>>,
}

impl Task {
    fn new(functions: &Arc<Functions>, start: StartTask) -> Self {
        Self { functions: Arc::clone(functions), start: Mutex::new(Some(start)) }
    }

    fn take(&self) -> Option<StartTask> {
        self.start.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[pymethods]
impl Task {
    fn begin(&self) -> PyResult<Operation> {
        let start = self.take().ok_or_else(|| PyRuntimeError::new_err("the task has begun"))?;
        let host = PyHost::new(&self.functions);
        let task = start(host.clone());
        Operation::start(host, async move {
            task.await;
            Ok(None)
        })
    }

    fn abandon(&self) {
        drop(self.take());
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
