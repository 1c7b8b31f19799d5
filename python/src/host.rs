//! The host of the core in Python. It performs no I/O: requests and timers become demands, which
//! Python meets between two polls, and background tasks get threads of Python.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use better_auth_edge::host::{
    Clock, Fetch, GetError, GetRequest, GetResponse, KeyStore, Level, Random, RateLimiter,
    RevocationStore, SignatureVerifier, Tasks, Telemetry, Timer,
};
use better_auth_edge::jose::{Algorithm, PublicKey};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::task::Task;

/// Functions of Python that the core calls.
pub(crate) struct Functions {
    /// Returns seconds since 1970
    pub(crate) clock: Py<PyAny>,
    /// Verifies a signature by an RSA or EC key: takes the JWK, the algorithm, the message and the
    /// signature
    pub(crate) verify_signature: Py<PyAny>,
    /// Runs a task in a thread
    pub(crate) start_task: Py<PyAny>,
}

/// The host of one verification or of one background task.
#[derive(Clone)]
pub(crate) struct PyHost {
    functions: Arc<Functions>,
    exchange: Arc<Mutex<Exchange>>,
}

/// What the core demands, and what Python answers.
#[derive(Default)]
pub(crate) struct Exchange {
    pub(crate) demand: Option<Demand>,
    pub(crate) response: Option<Result<GetResponse, GetError>>,
    /// The time. Python passes it to a background task, whose thread the interpreter can end
    /// wherever Python runs
    pub(crate) now: Option<f64>,
    /// The exception of a function of Python, which replaces the result
    pub(crate) exception: Option<PyErr>,
}

/// What must happen before the next poll.
pub(crate) enum Demand {
    /// Python fetches a document
    Fetch(GetRequest),
    /// Python waits for this number of milliseconds
    Sleep(u32),
}

/// Makes a background task, on the thread that runs it.
pub(crate) type StartTask = Box<dyn FnOnce(PyHost) -> Pin<Box<dyn Future<Output = ()>>> + Send>;

impl PyHost {
    pub(crate) fn new(functions: &Arc<Functions>) -> Self {
        Self { functions: Arc::clone(functions), exchange: Arc::default() }
    }

    /// Calls Python. Keeps its exception for the caller of the core.
    fn call<T>(&self, call: impl FnOnce(Python<'_>) -> PyResult<T>) -> Option<T> {
        Python::attach(call).map_err(|error| self.exchange().exception = Some(error)).ok()
    }

    pub(crate) fn exchange(&self) -> MutexGuard<'_, Exchange> {
        self.exchange.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for PyHost {
    fn now(&self) -> f64 {
        let passed = self.exchange().now;
        if let Some(now) = passed {
            return now;
        }
        let now = self.call(|py| self.functions.clock.bind(py).call0()?.extract::<f64>());
        // by a clock that fails, every token has expired
        now.filter(|now| !now.is_nan()).unwrap_or(f64::INFINITY)
    }
}

impl Random for PyHost {
    fn random(&self) -> f64 {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).expect("the system has random numbers");
        // the 53 bits of a fraction
        (u64::from_le_bytes(bytes) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Verifiers make no requests that have an id.
    fn request_id(&self) -> String {
        String::new()
    }
}

impl Timer for PyHost {
    /// Completes at the next poll.
    async fn sleep(&self, milliseconds: u32) {
        let mut is_demanded = false;
        poll_fn(|_| {
            if is_demanded {
                return Poll::Ready(());
            }
            is_demanded = true;
            self.exchange().demand = Some(Demand::Sleep(milliseconds));
            Poll::Pending
        })
        .await;
    }
}

impl Fetch for PyHost {
    async fn get(&self, request: GetRequest) -> Result<GetResponse, GetError> {
        self.exchange().demand = Some(Demand::Fetch(request));
        poll_fn(|_| match self.exchange().response.take() {
            Some(response) => Poll::Ready(response),
            None => Poll::Pending,
        })
        .await
    }
}

impl SignatureVerifier for PyHost {
    async fn verify(
        &self,
        key: &PublicKey,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let verified = self.call(|py| {
            let (message, signature) = (PyBytes::new(py, message), PyBytes::new(py, signature));
            let arguments = (key.jwk(), algorithm.name(), message, signature);
            self.functions.verify_signature.bind(py).call1(arguments)?.extract::<bool>()
        });
        verified.unwrap_or(false)
    }
}

impl Tasks for PyHost {
    /// A task whose thread cannot start runs here, and its fetches fail.
    fn background<F: Future<Output = ()> + 'static>(
        &self,
        task: impl FnOnce(Self) -> F + Send + 'static,
    ) {
        let task = Task::new(&self.functions, Box::new(|host| Box::pin(task(host))));
        Python::attach(|py| {
            let started = Bound::new(py, task).and_then(|task| {
                let started = self.functions.start_task.bind(py).call1((&task,));
                if started.is_err() {
                    task.get().run_without_network("no thread could be started for the fetch")?;
                }
                started
            });
            match started {
                // Python has no further thread
                Err(error) if error.is_instance_of::<PyRuntimeError>(py) => {
                    error.write_unraisable(py, None);
                }
                // the exception of a signal handler
                Err(error) => self.exchange().exception = Some(error),
                Ok(_) => {}
            }
        });
    }

    /// Waits longer than a fetch may take, but not for a thread that never ends.
    async fn run_to_end<F: Future<Output = ()> + 'static>(
        &self,
        task: impl FnOnce(Self) -> F + Send + 'static,
    ) {
        let running = Arc::new(());
        let ended = Arc::downgrade(&running);
        self.background(|host| {
            let task = task(host);
            async move {
                // dropped together with the task
                let _running = running;
                task.await;
            }
        });
        let began = Instant::now();
        while ended.strong_count() > 0 && began.elapsed() < MAX_RUN {
            self.sleep(POLL_INTERVAL).await;
        }
    }
}

const MAX_RUN: Duration = Duration::from_secs(6);

/// Milliseconds.
const POLL_INTERVAL: u32 = 5;

impl KeyStore for PyHost {}
impl Telemetry for PyHost {
    fn log(&self, level: Level, line: &str) {
        self.call(|py| {
            let level = match level {
                Level::Error => "error",
                Level::Warn => "warning",
                Level::Info => "info",
            };
            let logger = py.import("logging")?.call_method1("getLogger", ("better_auth_edge",))?;
            logger.call_method1(level, ("%s", line)).map(|_| ())
        });
    }
}

impl RateLimiter for PyHost {}
impl RevocationStore for PyHost {}
