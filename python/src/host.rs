//! The host of the core in Python: requests, timers and background tasks become values that Python
//! carries out.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use better_auth_edge::host::{
    Clock, Fetch, GetError, GetRequest, GetResponse, KeyStore, Random, RateLimiter,
    SignatureVerifier, Tasks, Telemetry, Timer, native,
};
use better_auth_edge::jose::{Algorithm, PublicKey};

/// The host of one task.
#[derive(Clone, Default)]
pub(crate) struct PyHost {
    demands: Rc<RefCell<Demands>>,
}

/// What a task waits for, and the tasks that it has started.
#[derive(Default)]
pub(crate) struct Demands {
    pub(crate) request: Option<GetRequest>,
    pub(crate) response: Option<Result<GetResponse, GetError>>,
    pub(crate) wake_at: Option<Instant>,
    pub(crate) started: VecDeque<(PyHost, Pin<Box<dyn Future<Output = ()>>>)>,
}

impl PyHost {
    pub(crate) fn demands(&self) -> &RefCell<Demands> {
        &self.demands
    }
}

impl Clock for PyHost {
    fn now(&self) -> f64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
    }
}

impl Random for PyHost {
    fn random(&self) -> f64 {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).expect("the system has random numbers");
        (u64::from_le_bytes(bytes) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn request_id(&self) -> String {
        String::new()
    }
}

impl Timer for PyHost {
    async fn sleep(&self, milliseconds: u32) {
        let wake_at = Instant::now() + Duration::from_millis(milliseconds.into());
        poll_fn(|_| {
            if Instant::now() >= wake_at {
                return Poll::Ready(());
            }
            self.demands.borrow_mut().wake_at = Some(wake_at);
            Poll::Pending
        })
        .await;
    }
}

impl Fetch for PyHost {
    async fn get(&self, request: GetRequest) -> Result<GetResponse, GetError> {
        self.demands.borrow_mut().request = Some(request);
        poll_fn(|_| match self.demands.borrow_mut().response.take() {
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
        native::verify(key, algorithm, message, signature)
    }
}

impl Tasks for PyHost {
    fn background<F: Future<Output = ()> + 'static>(&self, task: impl FnOnce(Self) -> F) {
        let host = Self::default();
        let task = Box::pin(task(host.clone()));
        self.demands.borrow_mut().started.push_back((host, task));
    }
}

impl KeyStore for PyHost {}
impl Telemetry for PyHost {}
impl RateLimiter for PyHost {}
