//! A verification that waits for keys.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use better_auth_edge::{Error, Verified as CoreVerified};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::errors::{catch_panic, to_exception};
use crate::host::{Demand, PyHost};
use crate::verifier::Verified;

/// A verification in progress.
pub(crate) type Verification =
    Pin<Box<dyn Future<Output = Result<Arc<CoreVerified>, Error>> + Send>>;

/// A verification that waits for keys, which a task fetches. Any thread may poll it.
#[pyclass(frozen, module = "better_auth_edge._core")]
pub(crate) struct Pending {
    host: PyHost,
    /// `None` when it is done
    verification: Mutex<Option<Verification>>,
}

#[pymethods]
impl Pending {
    /// Seconds to wait before the next poll.
    #[getter]
    fn delay(&self) -> f64 {
        match self.host.exchange().demand {
            Some(Demand::Sleep(milliseconds)) => f64::from(milliseconds) / 1_000.0,
            _ => 0.0,
        }
    }

    fn poll<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (py, pending) = (slf.py(), slf.get());
        let taken = pending.verification.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut verification =
            taken.ok_or_else(|| PyRuntimeError::new_err("the verification is done"))?;
        if let Some(verified) = poll_once(py, &pending.host, &mut verification)? {
            return Ok(Bound::new(py, verified)?.into_any());
        }
        *pending.verification.lock().unwrap_or_else(PoisonError::into_inner) = Some(verification);
        Ok(slf.into_any())
    }
}

/// Polls a verification for the first time. Returns what it has verified, or `Pending`.
pub(crate) fn start<'py>(
    py: Python<'py>,
    host: PyHost,
    mut verification: Verification,
) -> PyResult<Bound<'py, PyAny>> {
    if let Some(verified) = poll_once(py, &host, &mut verification)? {
        return Ok(Bound::new(py, verified)?.into_any());
    }
    let pending = Pending { host, verification: Mutex::new(Some(verification)) };
    Ok(Bound::new(py, pending)?.into_any())
}

fn poll_once(
    py: Python<'_>,
    host: &PyHost,
    verification: &mut Verification,
) -> PyResult<Option<Verified>> {
    let mut context = Context::from_waker(Waker::noop());
    let result = catch_panic(|| verification.as_mut().poll(&mut context))?;
    let exception = host.exchange().exception.take();
    match (exception, result) {
        (Some(exception), _) => Err(exception),
        (None, Poll::Ready(Ok(verified))) => Ok(Some(Verified::new(verified))),
        (None, Poll::Ready(Err(error))) => Err(to_exception(py, &error)),
        (None, Poll::Pending) => Ok(None),
    }
}
